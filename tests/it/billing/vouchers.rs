//! Vouchers are a debt from their sale to their use. What is used and was never sold was given
//! away.

use serde_json::{Value, json};

use super::Till;
use crate::support::Answer;

async fn batch(till: &Till, count: u32) -> (String, Vec<String>) {
    let wish = json!({"title": "Kiosk", "amount": "10", "count": count});
    let made = till
        .shop
        .api
        .post(till.console("voucher-batches"), wish)
        .await
        .expect(201);
    let codes = crate::alphaott::given::list(made["codes"].clone());
    let code = |code: &Value| code.as_str().expect("a code").to_owned();
    (made["id"].to_string(), codes.iter().map(code).collect())
}

async fn trade(till: &Till, batch: &str, what: &str, body: Value) -> Answer {
    let path = till.console(&format!("voucher-batches/{batch}/{what}"));
    till.shop.api.post(path, body).await
}

async fn redeem(till: &Till, code: &str) {
    let path = till.of_customer("vouchers");
    till.shop
        .api
        .post(path, json!({"code": code}))
        .await
        .expect(201);
}

/// `sold redeemed given_away outstanding` of a batch.
async fn state(till: &Till, batch: &str) -> String {
    let all = till
        .shop
        .api
        .get(till.console("voucher-batches"))
        .await
        .expect(200);
    let all = crate::alphaott::given::list(all);
    let found = all
        .iter()
        .find(|of| of["id"].as_u64() == batch.parse().ok())
        .expect("the batch");
    ["sold", "redeemed", "given_away", "outstanding"]
        .map(|key| found[key].as_str().expect("an amount").to_owned())
        .join(" ")
}

/// What an account holds, to its debit.
fn held(till: &Till, account: &str) -> String {
    use boxoffice::ops::exports::{Format, What, Wish, page};
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    let lines = page(&ctx, &Wish::all(What::Journal, Format::Csv), 0)
        .expect("a page")
        .lines;
    let of = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[4] == account).then(|| fields[5].replace('.', "").parse::<i64>().expect("cents"))
    };
    let sum: i64 = lines.iter().skip(1).filter_map(of).sum();
    format!("{}.{:02}", sum / 100, sum.abs() % 100)
}

#[tokio::test]
async fn a_sale_is_a_debt_until_its_vouchers_are_used() {
    let till = Till::open().await;
    let (id, codes) = batch(&till, 3).await;
    let sale = json!({"count": 2, "method": "cash", "note": "kiosk 7"});
    trade(&till, &id, "sales", sale).await.expect(201);
    assert_eq!(state(&till, &id).await, "20.00 0.00 0.00 20.00");
    assert_eq!(held(&till, "cash:cash"), "20.00");
    assert_eq!(held(&till, "vouchers"), "-20.00");
    redeem(&till, &codes[0]).await;
    assert_eq!(state(&till, &id).await, "20.00 10.00 0.00 10.00");
    assert_eq!(held(&till, "vouchers"), "-10.00");
    assert_eq!(held(&till, "cash:voucher"), "0.00");
    assert_eq!(till.balance().await, "10.00");
    redeem(&till, &codes[1]).await;
    redeem(&till, &codes[2]).await;
    assert_eq!(state(&till, &id).await, "20.00 30.00 10.00 0.00");
    assert_eq!(held(&till, "vouchers"), "10.00");
    till.prove();
}

#[tokio::test]
async fn what_was_never_sold_was_given_away() {
    let till = Till::open().await;
    let (id, codes) = batch(&till, 1).await;
    redeem(&till, &codes[0]).await;
    assert_eq!(state(&till, &id).await, "0.00 10.00 10.00 0.00");
    assert_eq!(held(&till, "cash:cash"), "0.00");
    till.prove();
}

/// Sold below their value, taken back, sold twice, and what cannot be.
#[tokio::test]
async fn sales_are_counted() {
    let till = Till::open().await;
    let (id, _) = batch(&till, 10).await;
    let sale = json!({"count": 8, "amount": "72.50", "method": "bank"});
    let made = trade(&till, &id, "sales", sale).await.expect(201);
    assert_eq!(made["sold_count"], 8);
    assert_eq!(held(&till, "cash:bank"), "72.50");
    let more = trade(&till, &id, "sales", json!({"count": 3, "method": "cash"})).await;
    assert_eq!(more.status, 409);
    assert!(more.text.contains("only 2"), "{}", more.text);
    let back = json!({"count": 8, "amount": "72.50", "method": "bank"});
    trade(&till, &id, "returns", back.clone()).await.expect(201);
    assert_eq!(trade(&till, &id, "returns", back).await.status, 409);
    assert_eq!(held(&till, "vouchers"), "0.00");
    for (body, field) in [
        (json!({"count": 0, "method": "cash"}), "count"),
        (json!({"count": 1, "method": "gold"}), "method"),
        (
            json!({"count": 1, "method": "cash", "amount": "-1"}),
            "amount",
        ),
    ] {
        let answer = trade(&till, &id, "sales", body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains(field), "{}", answer.text);
    }
    assert_eq!(
        trade(&till, "99", "sales", json!({"count": 1, "method": "cash"}))
            .await
            .status,
        404
    );
    till.prove();
}

/// A repeat under its key books once.
#[tokio::test]
async fn a_sale_is_booked_once() {
    let till = Till::open().await;
    let (id, _) = batch(&till, 10).await;
    let path = till.console(&format!("voucher-batches/{id}/sales"));
    let body = json!({"count": 1, "method": "cash"})
        .to_string()
        .into_bytes();
    for _ in 0..2 {
        let key = [
            ("Idempotency-Key", "sale-1"),
            ("Content-Type", "application/json"),
        ];
        let answer = till
            .shop
            .api
            .send("POST", &path, Some(body.clone()), &key)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    assert_eq!(state(&till, &id).await, "10.00 0.00 0.00 10.00");
    till.prove();
}

#[tokio::test]
async fn who_made_a_batch_stands_on_it() {
    let till = Till::open().await;
    batch(&till, 1).await;
    let all = till
        .shop
        .api
        .get(till.console("voucher-batches"))
        .await
        .expect(200);
    assert!(
        all[0]["by"].as_str().expect("a name").contains("manager"),
        "{all}"
    );
    assert_eq!(all[0]["booked_by"], "SALE");
}

/// A voucher that is given back is a debt again, and no cash.
#[tokio::test]
async fn a_refund_of_a_voucher_moves_no_cash() {
    let till = Till::open().await;
    let (id, codes) = batch(&till, 1).await;
    trade(&till, &id, "sales", json!({"count": 1, "method": "cash"}))
        .await
        .expect(201);
    redeem(&till, &codes[0]).await;
    let payments = till
        .shop
        .api
        .get(till.of_customer("payments"))
        .await
        .expect(200);
    let path = till.console(&format!("payments/{}/refunds", payments[0]["id"]));
    till.shop
        .api
        .post(path, json!({"amount": "10"}))
        .await
        .expect(201);
    assert_eq!(held(&till, "vouchers"), "-10.00");
    assert_eq!(held(&till, "cash:voucher"), "0.00");
    till.prove();
}
