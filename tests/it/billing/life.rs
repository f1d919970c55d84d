//! Orders that are paused, changed, renewed before their time, ended at once.

use serde_json::json;

use super::{charge, monthly};
use crate::support::fixture::{a_till, a_till_selling};

#[tokio::test]
async fn a_pause_keeps_the_rest_of_the_paid_time() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    till.days(10).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    assert_eq!(till.state(&order).await, "INACTIVE - 2026-02-28");
    assert_eq!(till.services().await, "FROZEN");
    till.days(100).await;
    assert_eq!(till.invoices().await.len(), 1);
    till.act(&order, "resume", json!({})).await.expect(200);
    // 18 days were left on 10 February; it is 21 May.
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-06-08 2026-06-08");
    assert_eq!(till.services().await, "ACTIVE");
    till.days(18).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-07-08 2026-07-08");
    till.prove();
}

/// Edge 12: paused and resumed twice on a yearly order, the paid time stays what it is.
#[tokio::test]
async fn two_pauses_on_a_year_overlap_nothing() {
    let till = a_till_selling(json!({"period": "YEAR", "charges": [charge("100.00")]})).await;
    till.pay("1000").await;
    let order = till.order().await;
    for _ in 0..2 {
        till.days(30).await;
        till.act(&order, "pause", json!({})).await.expect(200);
        till.days(10).await;
        till.act(&order, "resume", json!({})).await.expect(200);
    }
    assert_eq!(till.state(&order).await, "ACTTIVE 2027-02-20 2027-02-20");
    till.days(340).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2028-02-20 2028-02-20");
    assert_eq!(till.invoices().await.len(), 2);
    assert_eq!(till.act(&order, "resume", json!({})).await.status, 409);
    till.prove();
}

#[tokio::test]
async fn a_change_of_plan_gives_back_what_is_not_used() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let better = monthly(&till.shop, json!({"charges": [charge("28.00")]})).await;
    till.days(14).await;
    // 31 January to 28 February: 28 days, 14 begun and the day of the change; 13 are left.
    let new = till
        .act(&order, "change", json!({"offer": better}))
        .await
        .expect(201);
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-02-14");
    assert_eq!(new["status"], "ACTIVE");
    assert_eq!(
        till.invoices().await,
        [
            "1 INVOICE 0 10.00",
            "2 CREDIT_NOTE - -4.64",
            "3 INVOICE 0 28.00"
        ]
    );
    assert_eq!(till.balance().await, "66.64");
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    till.prove();
}

/// Edge 3 and 4: changed twice in a day, and back again.
#[tokio::test]
async fn changing_twice_a_day_costs_no_day_twice() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let other = monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    let new = till
        .act(&order, "change", json!({"offer": other}))
        .await
        .expect(201);
    let new = json!({"_id": format!("{:024x}", new["id"].as_u64().expect("an id"))});
    till.act(&new, "change", json!({"offer": till.shop.offer}))
        .await
        .expect(201);
    assert_eq!(
        till.invoices().await,
        [
            "1 INVOICE 0 10.00",
            "2 CREDIT_NOTE - -9.64",
            "3 INVOICE 0 20.00",
            "4 CREDIT_NOTE - -19.29",
            "5 INVOICE 0 10.00",
        ]
    );
    // Each change costs the day on which it was made.
    assert_eq!(till.balance().await, "88.93");
    till.prove();
}

/// Edge 1: from a free plan to a paid one on the same day.
#[tokio::test]
async fn from_free_to_paid_on_one_day() {
    let till = a_till_selling(json!({"charges": []})).await;
    let order = till.order().await;
    let paid = monthly(&till.shop, json!({})).await;
    till.act(&order, "change", json!({"offer": paid}))
        .await
        .expect(201);
    assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
    till.prove();
}

#[tokio::test]
async fn renewing_early_adds_to_the_end() {
    let till = a_till().await;
    till.pay("25").await;
    let order = till.order().await;
    till.days(5).await;
    till.act(&order, "renew", json!({})).await.expect(200);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "5.00");
    let short = till.act(&order, "renew", json!({})).await;
    assert_eq!(short.status, 409);
    assert!(short.text.contains("short by 5.00 USD"), "{}", short.text);
    till.days(24).await;
    assert_eq!(
        till.invoices().await.len(),
        2,
        "what was renewed early is not billed again"
    );
    assert_eq!(till.services().await, "ACTIVE");
    till.prove();
}

/// Edge 15: the price changed between looking and buying.
#[tokio::test]
async fn a_price_that_changed_meanwhile_is_not_taken() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    let dearer = json!({"charges": [charge("12.00")]});
    till.shop.bx.advance(1).await;
    till.shop.api.put(&path, dearer).await.expect(200);
    let answer = till.act(&order, "renew", json!({"amount": "10.00"})).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("12.00 USD"), "{}", answer.text);
    till.act(&order, "renew", json!({"amount": "12.00"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn ended_at_once_with_and_without_credit() {
    for (credit, invoices, balance) in [(true, 2, "95.36"), (false, 1, "90.00")] {
        let till = a_till().await;
        till.pay("100").await;
        let order = till.order().await;
        till.days(12).await;
        till.act(&order, "end", json!({"credit": credit}))
            .await
            .expect(200);
        assert_eq!(till.services().await, "EXPIRED");
        assert_eq!(till.invoices().await.len(), invoices);
        assert_eq!(till.balance().await, balance);
        assert_eq!(
            till.act(&order, "end", json!({"credit": true}))
                .await
                .status,
            409
        );
        till.prove();
    }
}

/// A credit note is money: it pays what is open, and what is frozen runs again.
#[tokio::test]
async fn a_credit_note_pays_what_is_open() {
    let till = a_till_selling(json!({"billing": "POSTPAID", "dunning": {"grace_days": 0}})).await;
    let year = json!({"type": "ONE_TIME", "period": "YEAR", "charges": [charge("365.00")]});
    let year = monthly(&till.shop, year).await;
    till.pay("365").await;
    let long = till.order_of(json!({"offer": year})).await;
    let short = till.order().await;
    assert_eq!(till.shop.order(&short).await["status"], "INACTIVE");
    till.act(&long, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.shop.order(&short).await["status"], "ACTTIVE");
    assert_eq!(till.balance().await, "354.00");
    till.prove();
}

/// Edge 13: a credit, a refund and another price: nothing is given back twice.
#[tokio::test]
async fn credit_refund_and_a_new_price_do_not_mix() {
    let till = a_till().await;
    let paid = till.pay("10").await;
    let order = till.order().await;
    till.days(10).await;
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    till.shop
        .api
        .put(&path, json!({"charges": [charge("99.00")]}))
        .await
        .expect(200);
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -6.07");
    let refund = till.console(&format!("payments/{}/refunds", paid["id"]));
    till.shop
        .api
        .post(refund, json!({"amount": "6.07"}))
        .await
        .expect(201);
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// Edge 11: time that is given away runs over a month's end; it is not billed, and cycles count
/// from its end.
#[tokio::test]
async fn time_given_away_over_a_months_end_moves_the_cycles() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    // Paid from 31 January to 28 February; ten days more, in two steps, the second over the border.
    till.shop
        .change(&order, json!({"expires": "2026-03-01T10:00:00Z"}))
        .await;
    till.shop
        .change(&order, json!({"expires": "2026-03-10T10:00:00Z"}))
        .await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
    till.days(37).await;
    assert_eq!(till.invoices().await.len(), 1);
    assert_eq!(till.services().await, "ACTIVE");
    till.days(1).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-10 2026-04-10");
    assert_eq!(
        till.invoices().await,
        ["1 INVOICE 0 10.00", "2 INVOICE 1 10.00"]
    );
    till.prove();
}

/// Edge 14: the latest invoice is taken back and made anew. Both stand in the books, and the number
/// is not used again.
#[tokio::test]
async fn an_invoice_that_is_taken_back_keeps_its_number() {
    let till = a_till().await;
    till.pay("10").await;
    let wrong = till.order().await;
    till.act(&wrong, "end", json!({"credit": true}))
        .await
        .expect(200);
    // The day it began is used.
    let left = till.balance().await;
    assert_eq!(left, "9.64");
    till.pay("0.36").await;
    let order = till.order().await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    assert_eq!(
        till.invoices().await,
        [
            "1 INVOICE 0 10.00",
            "2 CREDIT_NOTE - -9.64",
            "3 INVOICE 0 10.00"
        ]
    );
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}
