//! What a cycle costs: charges, tax, and changes of both.

use serde_json::{Value, json};

use super::{Till, charge};
use crate::support::fixture::{a_till, a_till_selling};

async fn invoice(till: &Till, number: u64) -> Value {
    let path = till.console(&format!("invoices/{number}"));
    till.shop.api.get(path).await.expect(200)
}

#[tokio::test]
async fn tax_is_inside_the_price_or_on_top() {
    let till = a_till_selling(json!({"charges": [
        {"type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD", "taxRate": 20},
        {"type": "RECURRING", "title": "Box", "amount": "1.00", "currency": "USD", "taxRate": "7.5",
         "taxIncluded": false},
        {"type": "ONE_TIME", "title": "Set-up", "amount": "5.00", "currency": "USD"},
    ]}))
    .await;
    till.pay("100").await;
    till.order().await;
    till.days(30).await;
    let first = invoice(&till, 1).await;
    assert_eq!(first["total"], "18.08");
    assert_eq!(first["tax"], "2.08");
    let lines: Vec<String> = crate::alphaott::given::list(first["lines"].clone())
        .iter()
        .map(|line| {
            format!(
                "{} {} {} {} {}",
                line["title"], line["net"], line["tax_rate"], line["tax"], line["gross"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "TV 10.00 20 2.00 12.00",
            "Box 1.00 7.5 0.08 1.08",
            "Set-up 5.00 0 0.00 5.00"
        ]
    );
    assert_eq!(invoice(&till, 2).await["total"], "13.08", "set up once");
    till.prove();
}

/// Edge 25: a rate that changes within a period holds from the first cycle that begins after it.
#[tokio::test]
async fn a_dated_rate_holds_for_cycles_that_begin_from_then_on() {
    let till = a_till_selling(json!({"charges": [
        {"type": "RECURRING", "amount": "12.00", "currency": "USD", "taxRate": 20,
         "taxRates": [{"from": "2026-02-15", "rate": 21}]},
    ]}))
    .await;
    till.pay("100").await;
    till.order().await;
    till.days(30).await;
    assert_eq!(invoice(&till, 1).await["tax"], "2.00");
    assert_eq!(invoice(&till, 2).await["tax"], "2.08");
}

#[tokio::test]
async fn a_new_price_holds_from_the_next_cycle_or_for_new_orders_only() {
    for (word, second) in [("NEXT_CYCLE", "15.00"), ("NEW_ORDERS", "10.00")] {
        let till = a_till().await;
        till.pay("100").await;
        till.order().await;
        till.days(5).await;
        let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
        let body = json!({"charges": [charge("15.00")], "priceChange": word});
        till.shop.api.put(&path, body).await.expect(200);
        till.days(25).await;
        assert_eq!(invoice(&till, 1).await["total"], "10.00");
        assert_eq!(invoice(&till, 2).await["total"], second, "{word}");
        till.order().await;
        assert_eq!(invoice(&till, 3).await["total"], "15.00", "{word}");
        till.prove();
    }
}

/// A discount of just the price makes the cycle free.
#[tokio::test]
async fn nobody_is_paid_for_watching() {
    let discount =
        json!({"type": "RECURRING", "title": "Friend", "amount": "-10.00", "currency": "USD"});
    let till = a_till_selling(json!({"charges": [charge("10.00"), discount]})).await;
    let order = till.order().await;
    till.days(30).await;
    assert!(till.invoices().await.is_empty());
    assert_eq!(till.shop.order(&order).await["status"], "ACTTIVE");
}

/// Edge 24: thirds round half away from zero, and the parts sum to the whole.
#[tokio::test]
async fn parts_sum_to_the_whole() {
    let odd = |amount: &str| {
        json!({
            "type": "RECURRING", "amount": amount, "currency": "USD", "taxRate": 19,
        })
    };
    let till = a_till_selling(json!({"charges": [odd("3.33"), odd("3.33"), odd("3.34")]})).await;
    till.pay("100").await;
    let order = till.order().await;
    till.days(9).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    let note = invoice(&till, 2).await;
    // 18 of 28 days of 10.00, and of the tax in it.
    assert_eq!(note["total"], "-6.43");
    till.prove();
}

#[tokio::test]
async fn a_price_that_cannot_be_read_is_refused_by_its_field() {
    let till = a_till().await;
    let path = till.shop.of_product("offers");
    for (charge, field) in [
        (
            json!({"type": "RECURRING", "amount": 1, "currency": "USD", "taxRate": -1}),
            "charges[0].taxRate",
        ),
        (
            json!({"type": "RECURRING", "amount": 1, "currency": "USD", "taxRate": "much"}),
            "charges[0].taxRate",
        ),
        (
            json!({"type": "RECURRING", "amount": 1, "currency": "USD",
                "taxRates": [{"from": "2026-13-01", "rate": 1}]}),
            "charges[0].taxRates[0].from",
        ),
    ] {
        let answer = till
            .shop
            .api
            .post(&path, json!({"charges": [charge]}))
            .await;
        answer.expect_error(400, "BadRequestError", field);
    }
    let ladder = json!({"dunning": {"grace_days": 99_999}});
    let answer = till.shop.api.post(&path, ladder).await;
    answer.expect_error(400, "BadRequestError", "dunning.grace_days");
}
