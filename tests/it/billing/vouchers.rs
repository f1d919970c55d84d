//! Vouchers are a debt from their sale to their use. What is used and was never sold was given
//! away.

use serde_json::{Value, json};

use super::Till;
use crate::support::Answer;
use crate::support::fixture::a_till;

async fn batch(till: &Till, count: u32) -> (String, Vec<String>) {
    let request = json!({"title": "Kiosk", "amount": "10", "count": count});
    let made = till
        .shop
        .api
        .post(till.console("voucher-batches"), request)
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
    use boxoffice::ops::exports::page;
    use boxoffice::ops::exports::request::{ExportRequest, Format, What};
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    let lines = page(&ctx, &ExportRequest::all(What::Journal, Format::Csv), 0)
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
    let till = a_till().await;
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
    let till = a_till().await;
    let (id, codes) = batch(&till, 1).await;
    redeem(&till, &codes[0]).await;
    assert_eq!(state(&till, &id).await, "0.00 10.00 10.00 0.00");
    assert_eq!(held(&till, "cash:cash"), "0.00");
    till.prove();
}

/// Sold below their value, taken back, sold twice, and what cannot be.
#[tokio::test]
async fn sales_are_counted() {
    let till = a_till().await;
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

/// Whoever may not make vouchers sells them for what they are worth, or for more, and takes them
/// back for less.
#[tokio::test]
async fn vouchers_are_sold_below_their_value_by_those_who_may_make_them() {
    let till = a_till().await;
    let (id, _) = batch(&till, 10).await;
    let cashier = till.shop.bx.client_of("cashier").await;
    let trade = async |what: &str, amount: &str| {
        let path = till.console(&format!("voucher-batches/{id}/{what}"));
        let body = json!({"count": 2, "amount": amount, "method": "cash"});
        cashier.post(path, body).await.status
    };
    assert_eq!(trade("sales", "19.99").await, 403);
    assert_eq!(state(&till, &id).await, "0.00 0.00 0.00 0.00");
    assert_eq!(trade("sales", "20").await, 201);
    assert_eq!(trade("sales", "20.01").await, 201);
    assert_eq!(trade("returns", "15").await, 201);
    assert_eq!(state(&till, &id).await, "25.01 0.00 0.00 25.01");
    till.prove();
}

/// A repeat under its key books once.
#[tokio::test]
async fn a_sale_is_booked_once() {
    let till = a_till().await;
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
    let till = a_till().await;
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

/// The account of vouchers is what is outstanding less what was given away.
async fn adds_up(till: &Till, batch: &str) {
    let words = state(till, batch).await;
    let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("cents");
    let amounts: Vec<i64> = words.split(' ').map(cents).collect();
    let held = cents(&held(till, "vouchers"));
    assert_eq!(-held, amounts[3] - amounts[2], "{words}");
    till.prove();
}

async fn refund(till: &Till, body: Value) -> Answer {
    let path = till.of_customer("payments");
    let payments = till.shop.api.get(path).await.expect(200);
    let payments = crate::alphaott::given::list(payments);
    let paid = |of: &&Value| of["kind"] == "PAYMENT" && of["refunded"] == "0.00";
    let last = payments.iter().rfind(paid).expect("a payment");
    let path = till.console(&format!("payments/{}/refunds", last["id"]));
    till.shop.api.post(path, body).await
}

/// A voucher that is given back is a debt again, and no cash; its code is good again.
#[tokio::test]
async fn a_refund_of_a_voucher_makes_its_code_good_again() {
    let till = a_till().await;
    let (id, codes) = batch(&till, 5).await;
    let sale = json!({"count": 5, "method": "cash"});
    trade(&till, &id, "sales", sale).await.expect(201);
    for round in 0..3 {
        redeem(&till, &codes[0]).await;
        assert_eq!(state(&till, &id).await, "50.00 10.00 0.00 40.00", "{round}");
        adds_up(&till, &id).await;
        let part = refund(&till, json!({"amount": "4"})).await;
        assert_eq!(part.status, 409, "{}", part.text);
        assert!(part.text.contains("10.00"), "{}", part.text);
        refund(&till, json!({"amount": "10"})).await.expect(201);
        assert_eq!(till.balance().await, "0.00");
        assert_eq!(state(&till, &id).await, "50.00 0.00 0.00 50.00", "{round}");
        assert_eq!(held(&till, "vouchers"), "-50.00");
        assert_eq!(held(&till, "cash:voucher"), "0.00");
        assert_eq!(held(&till, "cash:cash"), "50.00");
        adds_up(&till, &id).await;
    }
}

/// Also one that nobody bought, and one whose money was spent.
#[tokio::test]
async fn a_refund_of_a_voucher_that_was_given_away_or_spent_adds_up() {
    let till = a_till().await;
    let (id, codes) = batch(&till, 2).await;
    redeem(&till, &codes[0]).await;
    till.order().await;
    assert_eq!(till.balance().await, "0.00");
    assert_eq!(state(&till, &id).await, "0.00 10.00 10.00 0.00");
    refund(&till, json!({"amount": "10"})).await.expect(201);
    assert_eq!(state(&till, &id).await, "0.00 0.00 0.00 0.00");
    adds_up(&till, &id).await;
    redeem(&till, &codes[0]).await;
    adds_up(&till, &id).await;
}

/// Where the code could not be used again the money would be nobody's: it stays, unless it was the
/// wrong customer's.
#[tokio::test]
async fn money_of_a_revoked_voucher_is_not_lost() {
    let till = a_till().await;
    let (id, codes) = batch(&till, 2).await;
    let sale = json!({"count": 2, "method": "cash"});
    trade(&till, &id, "sales", sale).await.expect(201);
    redeem(&till, &codes[0]).await;
    let path = till.console(&format!("voucher-batches/{id}"));
    assert_eq!(till.shop.api.delete(path).await.status, 204);
    let kind = refund(&till, json!({"amount": "10"})).await;
    assert_eq!(kind.status, 409, "{}", kind.text);
    assert_eq!(till.balance().await, "10.00");
    adds_up(&till, &id).await;
    refund(&till, json!({"amount": "10", "as": "RETURNED"}))
        .await
        .expect(201);
    assert_eq!(state(&till, &id).await, "20.00 0.00 0.00 20.00");
    adds_up(&till, &id).await;
    let path = till.of_customer("vouchers");
    let again = till.shop.api.post(path, json!({"code": codes[0]})).await;
    assert_eq!(again.status, 409);
}

/// What is used cannot come back, and what came back cannot be used.
#[tokio::test]
async fn only_unused_vouchers_come_back() {
    let till = a_till().await;
    let (id, codes) = batch(&till, 5).await;
    let of = |count: u32| json!({"count": count, "method": "cash"});
    trade(&till, &id, "sales", of(5)).await.expect(201);
    redeem(&till, &codes[0]).await;
    let all = trade(&till, &id, "returns", of(5)).await;
    assert_eq!(all.status, 409, "{}", all.text);
    assert!(all.text.contains("only 4"), "{}", all.text);
    assert_eq!(held(&till, "cash:cash"), "50.00");
    trade(&till, &id, "returns", of(4)).await.expect(201);
    assert_eq!(held(&till, "cash:cash"), "10.00");
    assert_eq!(state(&till, &id).await, "10.00 10.00 0.00 0.00");
    for code in &codes {
        let path = till.of_customer("vouchers");
        let used = till.shop.api.post(path, json!({"code": code})).await;
        assert_eq!(used.status, 409, "{}", used.text);
    }
    adds_up(&till, &id).await;
    // Sold again, as many are good again.
    trade(&till, &id, "sales", of(1)).await.expect(201);
    redeem(&till, &codes[1]).await;
    adds_up(&till, &id).await;
    let path = till.of_customer("vouchers");
    let more = till.shop.api.post(path, json!({"code": codes[2]})).await;
    assert_eq!(more.status, 409, "{}", more.text);
}

/// No more money goes back than was paid, and without an amount just that.
#[tokio::test]
async fn what_was_paid_for_vouchers_is_what_goes_back() {
    let till = a_till().await;
    let (id, _) = batch(&till, 10).await;
    let sale = json!({"count": 8, "amount": "72.00", "method": "cash"});
    trade(&till, &id, "sales", sale).await.expect(201);
    let much = json!({"count": 2, "amount": "20.01", "method": "cash"});
    let answer = trade(&till, &id, "returns", much).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains("20.00"), "{}", answer.text);
    let back = json!({"count": 4, "method": "cash"});
    trade(&till, &id, "returns", back.clone()).await.expect(201);
    assert_eq!(held(&till, "cash:cash"), "36.00");
    trade(&till, &id, "returns", back).await.expect(201);
    assert_eq!(state(&till, &id).await, "0.00 0.00 0.00 0.00");
    adds_up(&till, &id).await;
}

#[tokio::test]
async fn vouchers_that_are_worth_nothing_are_not_sold() {
    let mut till = a_till().await;
    till.stay().await;
    let (revoked, _) = batch(&till, 1).await;
    let path = till.console(&format!("voucher-batches/{revoked}"));
    assert_eq!(till.shop.api.delete(path).await.status, 204);
    let now = boxoffice::app::Ctx::system(till.shop.bx.app()).now;
    let soon = now.saturating_add_seconds(60).to_rfc3339_millis();
    let request = json!({"title": "Soon", "amount": "10", "count": 1, "expires": soon});
    let path = till.console("voucher-batches");
    let made = till.shop.api.post(path, request).await.expect(201);
    till.days(1).await;
    for id in [revoked, made["id"].to_string()] {
        let sale = json!({"count": 1, "method": "cash"});
        let answer = trade(&till, &id, "sales", sale).await;
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert!(answer.text.contains("revoked"), "{}", answer.text);
        assert_eq!(state(&till, &id).await, "0.00 0.00 0.00 0.00");
    }
    till.prove();
}
