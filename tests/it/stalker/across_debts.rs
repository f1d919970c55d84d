//! A plan that our engine bills and that is not paid, seen and set by billing scripts.

use serde_json::{Value, json};

use super::across::Both;
use super::{Says, fixture};
use crate::support::fixture::a_house_with_both_apis;

const DAY: i64 = 86_400;

/// Nobody's plan is billed by us for 10.00 a month and not paid: after a month it is frozen.
async fn with_frozen_plan() -> Both {
    let mut document = fixture();
    document["offers"] = json!([{
        "id": "standard-monthly", "product": "STANDART", "title": "Standart, monthly",
        "type": "RECURRING", "duration": 1, "period": "MONTH", "billing": "PREPAID",
        "charges": [{"type": "RECURRING", "title": "TV", "amount": "10.00", "currency": "USD"}],
    }]);
    document["customers"][3]["opening_balance"] = json!("10.00");
    document["customers"][3]["account_number"] = json!("N-1");
    let both = a_house_with_both_apis().holding(document).await;
    let path = both.path("nobox", "/orders").await;
    let body = json!({"offer": "standard-monthly", "createCustomerServices": true});
    both.api.post(&path, body).await.expect(201);
    both.house.bx.advance(30 * DAY).await;
    assert_eq!(status(&both).await, "SUSPENDED_BY_BILLING");
    both
}

async fn status(both: &Both) -> String {
    let customer = both.customer("nobox").await;
    customer["status"].as_str().expect("a status").to_owned()
}

async fn orders(both: &Both) -> Vec<String> {
    let all = both
        .list("nobox", "orders?status=ACTTIVE,INACTIVE,EXPIRED,CANCELED")
        .await;
    let word = |order: &Value| order["status"].as_str().expect("a status").to_owned();
    all.iter().map(word).collect()
}

async fn pay(both: &Both, amount: &str) {
    let id = both.customer("nobox").await["_id"].clone();
    let id = id.as_str().expect("an id");
    let path = both
        .house
        .bx
        .url(&format!("/console/api/customers/{id}/payments"));
    let body = json!({"amount": amount, "method": "cash"});
    both.api.post(path, body).await.expect(201);
}

/// "Setting the plan it already has changes nothing", also while it is frozen.
#[tokio::test]
async fn a_script_that_sends_whole_rows_gives_nobody_a_frozen_plan() {
    let both = with_frozen_plan().await;
    let row = both.house.account("nobox").await;
    assert_eq!(row["tariff_plan"], "STANDART");
    assert_eq!(row["account_balance"], "0.00");
    let end = row["tariff_expired_date"].as_str().expect("an end");
    let form = format!("tariff_plan=STANDART&tariff_expired_date={end}&full_name=X");
    both.house.rest.put("/users/nobox", &form).await.ok();
    assert_eq!(orders(&both).await, ["INACTIVE"]);
    assert_eq!(status(&both).await, "SUSPENDED_BY_BILLING");
    // Nor does choosing a package.
    let path = "/account_subscription/N-1";
    assert_eq!(
        both.house.rest.put(path, "subscribed[]=tv_3").await.ok(),
        true
    );
    assert_eq!(orders(&both).await, ["INACTIVE"]);
    assert_eq!(status(&both).await, "SUSPENDED_BY_BILLING");
    assert!(both.services("nobox").await.is_empty());
    // It comes with the money.
    pay(&both, "10").await;
    assert_eq!(orders(&both).await, ["ACTTIVE"]);
    assert_eq!(status(&both).await, "ACTIVE");
    assert_eq!(both.services("nobox").await.len(), 2);
}

/// "`tariff_plan=X` ends the primary order", also one that is frozen: it takes no later money.
#[tokio::test]
async fn another_plan_ends_a_frozen_one() {
    let both = with_frozen_plan().await;
    both.house
        .rest
        .put("/users/nobox", "tariff_plan=FULL")
        .await
        .ok();
    assert_eq!(orders(&both).await, ["CANCELED", "ACTTIVE"]);
    pay(&both, "15").await;
    both.house.bx.advance(40 * DAY).await;
    assert_eq!(orders(&both).await, ["CANCELED", "ACTTIVE"]);
    assert_eq!(both.house.account("nobox").await["tariff_plan"], "FULL");
    let balance = both.path("nobox", "/account/balance").await;
    let balance = both.api.get(balance).await.expect(200)["amount"].as_f64();
    assert_eq!(balance, Some(15.0));
}

/// Ends are shown in whole seconds; one that is sent back as it was shown ends nothing early.
#[tokio::test]
async fn an_end_that_is_sent_back_as_it_was_shown_moves_nothing() {
    let both = with_frozen_plan().await;
    // The new cycle begins within a second.
    let order = both.list("nobox", "orders?status=INACTIVE").await[0].clone();
    let path = both.path("nobox", "/orders").await;
    let path = format!("{path}/{}", order["_id"].as_str().expect("an id"));
    let dates = json!({"status": "ACTTIVE", "expires": "2026-03-20T10:00:00.750Z",
        "nextBillingCycle": "2026-03-20T10:00:00.750Z"});
    both.api.put(&path, dates).await.expect(200);
    pay(&both, "30").await;
    let before = both.api.get(&path).await.expect(200);
    let end = both.house.account("nobox").await["tariff_expired_date"].clone();
    let form = format!("tariff_expired_date={}", end.as_str().expect("an end"));
    both.house.rest.put("/users/nobox", &form).await.ok();
    let after = both.api.get(&path).await.expect(200);
    assert_eq!(after["expires"], before["expires"]);
    assert_eq!(after["nextBillingCycle"], before["nextBillingCycle"]);
    both.house.bx.advance(60 * DAY).await;
    assert_eq!(orders(&both).await, ["ACTTIVE"]);
}
