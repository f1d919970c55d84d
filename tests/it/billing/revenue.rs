//! The monthly recurring revenue: counted once a day from the orders themselves, never moved again.

use boxoffice::ops::billing::revenue;
use serde_json::{Value, json};

use super::{Till, charge};
use crate::alphaott::id_of;
use crate::support::fixture::{a_till, a_till_selling};

/// The counted days, newest first.
async fn days(till: &Till) -> Vec<Value> {
    let path = till.console("revenue");
    let answer = till.shop.api.get(path).await.expect(200);
    answer["days"].as_array().expect("days").clone()
}

/// `starting new expansion contraction churn ending paying` of the newest day.
async fn newest(till: &Till) -> String {
    let days = days(till).await;
    let movement = &days[0]["movements"][0];
    let parts = [
        "starting",
        "new",
        "expansion",
        "contraction",
        "churn",
        "ending",
    ];
    let sums: Vec<&str> = parts
        .map(|part| movement[part].as_str().expect("a sum"))
        .into();
    format!("{} {}", sums.join(" "), movement["paying"])
}

#[tokio::test]
async fn a_customer_comes_pays_more_and_leaves() {
    let till = a_till().await;
    till.days(1).await;
    // There is nothing to be told of yet, and a first count.
    let first = days(&till).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["day"], "2026-01-31");
    assert_eq!(first[0]["movements"], json!([]));
    till.pay("100").await;
    let order = till.order().await;
    till.days(1).await;
    assert_eq!(newest(&till).await, "0.00 10.00 0.00 0.00 0.00 10.00 1");
    let second = till.order().await;
    till.days(1).await;
    assert_eq!(newest(&till).await, "10.00 0.00 10.00 0.00 0.00 20.00 1");
    till.act(&second, "end", json!({})).await.expect(200);
    till.days(1).await;
    assert_eq!(newest(&till).await, "20.00 0.00 0.00 10.00 0.00 10.00 1");
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(1).await;
    assert_eq!(newest(&till).await, "10.00 0.00 0.00 0.00 10.00 0.00 0");
    // Pages of it, and the bounds of what is asked.
    let page = till.console("revenue?limit=2&before=2026-02-03");
    let page = till.shop.api.get(page).await.expect(200);
    let listed: Vec<&Value> = page["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| &day["day"])
        .collect();
    assert_eq!(listed, [&json!("2026-02-02"), &json!("2026-02-01")]);
    for query in ["limit=0", "limit=401", "before=yesterday", "currency=USD"] {
        let path = till.console(&format!("revenue?{query}"));
        let refused = till.shop.api.get(path).await.expect(400);
        assert_eq!(
            refused["field"],
            query.split('=').next().unwrap(),
            "{query}"
        );
    }
}

/// A day is counted once, however often the clock moves in it; days that the box was off for are
/// missing, and nothing of them is lost.
#[tokio::test]
async fn a_day_is_counted_once_and_stays() {
    let till = a_till_selling(json!({"charges": [charge("12.50")]})).await;
    till.pay("100").await;
    till.order().await;
    till.days(1).await;
    let first = days(&till).await;
    till.order().await;
    till.shop.bx.advance(60).await;
    till.shop.bx.advance(60).await;
    assert_eq!(days(&till).await, first);
    till.days(5).await;
    let later = days(&till).await;
    assert_eq!(later.len(), 2);
    assert_eq!(later[1], first[0]);
    assert_eq!(newest(&till).await, "12.50 0.00 12.50 0.00 0.00 25.00 1");
}

/// Counts do not depend on how many customers fit one commit.
#[tokio::test]
async fn many_customers_are_counted_in_several_commits() {
    let till = a_till().await;
    till.pay("30").await;
    let many = 7;
    let api = &till.shop.api;
    for _ in 0..many {
        let customer = id_of(&api.post("/customers", json!({})).await.expect(201));
        let path = till.console(&format!("customers/{customer}/payments"));
        let paid = json!({"amount": "10", "method": "cash"});
        api.post(path, paid).await.expect(201);
        let path = format!("/customers/{customer}/orders");
        let order = json!({"offer": till.shop.offer});
        api.post(&path, order).await.expect(201);
    }
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    revenue::count_in_chunks(&ctx, 2).await.expect("counted");
    let day = &days(&till).await[0];
    assert_eq!(day["movements"][0]["ending"], format!("{many}0.00"));
    assert_eq!(day["movements"][0]["paying"], many);
}
