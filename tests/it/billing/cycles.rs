//! Orders that renew by themselves.

use serde_json::json;

use super::{DAY, charge};
use crate::support::fixture::{a_till, a_till_selling};

#[tokio::test]
async fn an_order_renews_from_the_balance_month_after_month() {
    let till = a_till().await;
    till.pay("40").await;
    let order = till.order().await;
    assert_eq!(till.balance().await, "30.00");
    // 31 January, 28 February, 31 March, 30 April: counted from the anchor, clamped.
    let mut states = Vec::new();
    for _ in 0..3 {
        till.days(30).await;
        states.push(till.state(&order).await);
    }
    assert_eq!(
        states,
        [
            "ACTTIVE 2026-03-31 2026-03-31",
            "ACTTIVE 2026-04-30 2026-04-30",
            "ACTTIVE 2026-05-31 2026-05-31",
        ]
    );
    assert_eq!(till.balance().await, "0.00");
    assert_eq!(
        till.invoices().await,
        [
            "1 INVOICE 0 10.00",
            "2 INVOICE 1 10.00",
            "3 INVOICE 2 10.00",
            "4 INVOICE 3 10.00"
        ]
    );
    till.prove();
}

/// A jump over years works every cycle that was missed, one by one, in its turn.
#[tokio::test]
async fn every_missed_cycle_is_billed_once() {
    let mut till = a_till().await;
    till.stay().await;
    till.pay("1000").await;
    till.order().await;
    till.days(365 * 5 + 2).await;
    assert_eq!(till.invoices().await.len(), 61);
    assert_eq!(till.balance().await, "390.00");
    till.days(1).await;
    assert_eq!(till.invoices().await.len(), 61, "asked again, nothing more");
    till.prove();
}

/// Edge 2: free renewals neither stop nor hide what costs money.
#[tokio::test]
async fn a_free_order_renews_without_invoices() {
    let till = a_till_selling(json!({"charges": []})).await;
    let order = till.order().await;
    till.days(100).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-05-31 2026-05-31");
    assert!(till.invoices().await.is_empty());
    till.prove();
}

#[tokio::test]
async fn after_its_last_cycle_an_order_ends() {
    let till = a_till_selling(json!({"numberOfBillingCycles": 2})).await;
    till.pay("50").await;
    let order = till.order().await;
    till.days(40).await;
    assert_eq!(till.state(&order).await, "ACTTIVE - 2026-03-31");
    till.days(30).await;
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-03-31");
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.invoices().await.len(), 2);
    assert_eq!(till.balance().await, "30.00");
}

#[tokio::test]
async fn what_is_paid_once_ends_by_itself() {
    let till = a_till_selling(json!({"type": "ONE_TIME"})).await;
    let order = till.order().await;
    assert_eq!(till.balance().await, "-10.00");
    till.days(40).await;
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-02-28");
    assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
}

/// Edge 5: canceled on the instant of the renewal, and taken back on it.
#[tokio::test]
async fn canceled_before_its_renewal_it_is_not_billed() {
    let till = a_till().await;
    till.pay("50").await;
    let order = till.order().await;
    till.shop.bx.advance(28 * DAY - 1).await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    till.shop.bx.advance(1).await;
    assert_eq!(till.state(&order).await, "CANCELED - 2026-02-28");
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.invoices().await.len(), 1);

    let till = a_till().await;
    till.pay("50").await;
    let order = till.order().await;
    till.shop.bx.advance(28 * DAY - 1).await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    till.shop.bx.advance(1).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.invoices().await.len(), 2);
    till.prove();
}

/// Edge 6: an order that ended before its renewal came is not renewed.
#[tokio::test]
async fn an_order_that_ended_is_not_renewed() {
    let till = a_till().await;
    till.pay("50").await;
    let order = till.order().await;
    till.days(5).await;
    till.shop.change(&order, json!({"status": "EXPIRED"})).await;
    till.days(100).await;
    assert_eq!(till.invoices().await.len(), 1);
}

/// Edge 7: extended a moment before the end, it is not cut off at the old one.
#[tokio::test]
async fn an_extension_outruns_the_end() {
    let till = a_till().await;
    let order = till.order().await;
    till.shop.bx.advance(28 * DAY - 1).await;
    let later = json!({"expires": "2026-03-10T10:00:00Z"});
    till.shop.change(&order, later).await;
    till.shop.bx.advance(DAY).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(
        till.invoices().await.len(),
        1,
        "time that is given is not billed"
    );
    till.days(10).await;
    assert_eq!(till.services().await, "FROZEN");
}

/// Edge 10: a date that an operator sets is where the cycles are counted from.
#[tokio::test]
async fn a_date_from_outside_moves_the_anchor() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let moved = json!({"nextBillingCycle": "2026-02-15T00:00:00Z"});
    till.shop.change(&order, moved).await;
    till.days(40).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-15 2026-03-15");
    till.days(10).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-15 2026-04-15");
}

/// Edge 23: one balance, two orders, one second: it is spent once.
#[tokio::test]
async fn two_orders_share_one_balance() {
    let till = a_till().await;
    till.pay("30").await;
    let first = till.order().await;
    let second = till.order().await;
    till.days(30).await;
    assert_eq!(till.state(&first).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.state(&second).await, "INACTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// Edge 8 and 9: the operator's wall clock counts, also across the change of the clocks.
#[tokio::test]
async fn cycles_follow_the_operators_wall_clock() {
    for (zone, next) in [
        ("Pacific/Auckland", "2026-02-28T10:00:00.000Z"),
        ("Pacific/Pago_Pago", "2026-03-01T10:00:00.000Z"),
        ("Europe/Berlin", "2026-02-28T10:00:00.000Z"),
    ] {
        let till = a_till()
            .set(|config| config.provider.time_zone = zone.to_owned())
            .await;
        let order = till.order().await;
        // 31 January 10:00 UTC is 23:00 in Auckland, and 23:00 of the day before in Pago Pago.
        assert_eq!(order["nextBillingCycle"], next, "{zone}");
    }
    let till = a_till()
        .set(|config| config.provider.time_zone = "Europe/Berlin".to_owned())
        .await;
    till.pay("100").await;
    let order = till.order().await;
    till.days(70).await;
    let order = till.shop.order(&order).await;
    // Winter 11:00 is 10:00 UTC, summer 11:00 is 09:00 UTC.
    assert_eq!(order["nextBillingCycle"], "2026-04-30T09:00:00.000Z");
}

/// Edge 30: many orders in one second, all of them once.
#[tokio::test]
async fn a_crowd_renews_in_one_second() {
    let till = a_till().await;
    till.pay("100000").await;
    for _ in 0..200 {
        till.order().await;
    }
    till.days(28).await;
    assert_eq!(till.invoices().await.len(), 400);
    assert_eq!(till.balance().await, "96000.00");
    till.prove();
}

/// What takes the place of a plan that ended: the operator's default plan, in the same moment.
#[tokio::test]
async fn the_default_plan_takes_the_place_of_one_that_ended() {
    let till = a_till_selling(json!({"numberOfBillingCycles": 1})).await;
    let free = json!({
        "packages": [{"id": 900, "external_id": "free", "name": "Free", "type": "tv",
            "service_type": "periodic", "services": "all"}],
        "products": [{"id": 900, "external_id": "FREE", "name": "Free", "user_default": true,
            "days_to_expires": 10, "packages": [{"id": 900}]}],
    });
    till.shop.bx.apply(free).await;
    till.order().await;
    till.days(29).await;
    let orders = till.shop.api.get(till.shop.of_customer("orders")).await;
    let orders = crate::alphaott::given::list(orders.expect(200));
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[1]["status"], "ACTTIVE");
    assert_eq!(orders[1]["expires"], "2026-03-10T10:00:00.000Z");
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    till.days(20).await;
    assert_eq!(
        till.services().await,
        "EXPIRED",
        "one default after the other is none"
    );
    till.prove();
}

/// Edge 34: nobody is billed who is gone.
#[tokio::test]
async fn a_customer_who_is_deleted_is_not_billed() {
    let till = a_till().await;
    till.pay("50").await;
    till.order().await;
    let path = format!("/customers/{}", till.shop.customer);
    till.shop.api.delete(path).await;
    till.days(100).await;
    let app = till.shop.bx.app();
    let ctx = boxoffice::app::Ctx::system(app);
    let runs = boxoffice::ops::billing::run::runs(&ctx, 10).expect("runs");
    assert!(runs.iter().all(|run| run.counts.renewed == 0), "{runs:?}");
    till.prove();
}

/// Edge 24: currencies without decimals and with three.
#[tokio::test]
async fn currencies_keep_their_decimals() {
    for (currency, amount, shown) in [("JPY", "1000", "1000"), ("KWD", "3.125", "3.125")] {
        let charge =
            json!({"type": "RECURRING", "amount": amount, "currency": currency, "taxRate": 10});
        let till = a_till_selling(json!({"charges": [charge]}))
            .set(|config| config.provider.currency = currency.to_owned())
            .await;
        till.order().await;
        assert_eq!(
            till.invoices().await,
            [format!("1 INVOICE 0 {shown}")],
            "{currency}"
        );
        till.prove();
    }
}

#[tokio::test]
async fn charges_of_one_offer_have_one_currency() {
    let till = a_till().await;
    let euros = json!({"type": "RECURRING", "amount": 5, "currency": "EUR"});
    let body = json!({"charges": [charge("1.00"), euros]});
    let path = till.shop.of_product("offers");
    let answer = till.shop.api.post(path, body).await;
    answer.expect_error(409, "ConflictError", "one currency");
}

/// Edge 26: fifty invoices at once, numbers without gaps.
#[tokio::test]
async fn numbers_have_no_gaps() {
    let till = a_till().await;
    let body = json!({"offer": till.shop.offer});
    let mut all = Vec::new();
    for _ in 0..50 {
        let (api, path) = (till.shop.api.clone(), till.shop.of_customer("orders"));
        let body = body.clone();
        all.push(tokio::spawn(async move {
            api.post(path, body).await.expect(201)
        }));
    }
    // Refused ones in between take no number.
    let refused = json!({"offer": "nothing"});
    till.shop
        .api
        .post(till.shop.of_customer("orders"), refused)
        .await;
    for one in all {
        one.await.expect("an order");
    }
    let numbers: Vec<u64> = till
        .invoices()
        .await
        .iter()
        .filter_map(|line| line.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    till.prove();
}

/// An offer that another system bills: we never charge, and it ends where that system leaves it.
#[tokio::test]
async fn what_others_bill_is_left_alone() {
    let till = a_till_selling(json!({"billing": "EXTERNAL"})).await;
    let order = till.order().await;
    assert!(till.invoices().await.is_empty());
    let moved =
        json!({"expires": "2026-03-31T10:00:00Z", "nextBillingCycle": "2026-03-31T10:00:00Z"});
    till.shop.change(&order, moved).await;
    till.days(40).await;
    assert_eq!(till.services().await, "ACTIVE");
    till.days(40).await;
    assert_eq!(till.services().await, "EXPIRED");
    assert!(till.invoices().await.is_empty());
}
