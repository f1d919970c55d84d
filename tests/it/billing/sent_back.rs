//! What is sent back as it was read moves nothing, whatever state the order is in.

use boxoffice::app::clock::Clock;
use boxoffice::domain::values::time::Timestamp;
use serde_json::{Value, json};

use super::Till;
use crate::alphaott::{given, id_of};
use crate::support::fixture::a_till_selling;

/// A box whose clock stands between two milliseconds, as clocks do.
async fn till(folder: &std::path::Path, offer: Value) -> Till {
    let start = Timestamp::parse("2026-01-31T10:00:00.123456Z").expect("an instant");
    a_till_selling(offer)
        .in_folder(folder)
        .seed(31)
        .by_clock(Clock::test(start))
        .await
}

/// The order less when it was changed, and its services' ends.
async fn shown(till: &Till, order: &Value) -> Value {
    let mut order = till.shop.order(order).await;
    order.as_object_mut().expect("an object").remove("updated");
    let services = till.shop.services().await;
    let ends: Vec<Value> = services
        .iter()
        .map(|of| json!([of["status"], of["expires"]]))
        .collect();
    json!({"order": order, "services": ends})
}

#[tokio::test]
async fn an_order_in_any_state_is_sent_back_and_stays_as_it_is() {
    for state in [
        "runs",
        "moved",
        "given time",
        "paused",
        "canceled",
        "over",
        "canceled and over",
        "frozen",
        "overdue",
        "owing",
        "in its last cycle",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut offer = json!({"dunning": {"grace_days": 5}});
        match state {
            "owing" => offer = json!({"billing": "POSTPAID", "numberOfBillingCycles": 1}),
            "over" | "in its last cycle" => offer = json!({"numberOfBillingCycles": 1}),
            _ => {}
        }
        let till = till(folder.path(), offer).await;
        if state != "owing" {
            till.pay("10").await;
        }
        let order = till.order().await;
        let put = async |body: Value| {
            let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
            till.shop.api.put(path, body).await.expect(200);
        };
        match state {
            "moved" => {
                put(json!({"expires": "2026-04-15T10:00:00.5Z"})).await;
                put(json!({"nextBillingCycle": "2026-03-01T10:00:00.5Z"})).await;
            }
            "given time" => put(json!({"expires": "2026-04-15T10:00:00.5Z"})).await,
            "paused" => drop(till.act(&order, "pause", json!({})).await.expect(200)),
            "canceled" | "canceled and over" => put(json!({"status": "CANCELED"})).await,
            _ => {}
        }
        till.days(match state {
            "over" | "canceled and over" => 30,
            "frozen" => 35,
            "overdue" | "owing" => 29,
            _ => 3,
        })
        .await;
        let before = shown(&till, &order).await;
        let customer = till.customer_status().await;
        let mut whole = till.shop.order(&order).await;
        put(whole.clone()).await;
        assert_eq!(shown(&till, &order).await, before, "{state}");
        // In whole seconds, too, and only its dates.
        for key in ["expires", "nextBillingCycle"] {
            if let Some(at) = whole[key].as_str() {
                whole[key] = format!("{}Z", &at[..19]).into();
            }
        }
        let dates = json!({
            "expires": whole["expires"], "nextBillingCycle": whole["nextBillingCycle"],
        });
        put(dates).await;
        assert_eq!(shown(&till, &order).await, before, "{state}");
        assert_eq!(till.customer_status().await, customer, "{state}");
        let invoices = till.invoices().await;
        till.days(1).await;
        assert_eq!(till.invoices().await, invoices, "{state}");
        if state == "owing" {
            assert_eq!(customer, "SUSPENDED_BY_BILLING");
            assert_eq!(till.unpaid().await, ["10.00"]);
        }
        till.prove();
    }
}

/// Resumed by its status, with the dates that were read: what is left of the paid time runs from
/// now.
#[tokio::test]
async fn a_paused_order_is_switched_on_with_the_dates_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let till = till(folder.path(), json!({})).await;
    till.pay("20").await;
    let order = till.order().await;
    till.days(8).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(10).await;
    let whole = till.shop.order(&order).await;
    let resumed = given::merged(whole, json!({"status": "ACTTIVE"}));
    till.shop.change(&order, resumed).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
    // It is billed on.
    till.days(21).await;
    assert_eq!(till.invoices().await.len(), 2);
    till.prove();
}
