//! Dates that are set from outside: what they give away, and what they never do.

use boxoffice::app::clock::Clock;
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::values::id::OrderId;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{Read as _, StoreError};
use serde_json::{Value, json};

use super::{DAY, Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_page, a_till, a_till_selling};

async fn put(till: &Till, order: &Value, body: Value) -> Answer {
    let path = till.shop.of_customer(&format!("orders/{}", id_of(order)));
    till.shop.api.put(path, body).await
}

/// From and to of every invoice, oldest first.
async fn times(till: &Till) -> Vec<String> {
    let path = till.of_customer("invoices");
    let invoices = given::list(till.shop.api.get(path).await.expect(200));
    let day = |of: &Value| of.as_str().map_or("-", |at| &at[..10]).to_owned();
    let time = |of: &Value| format!("{} {}", day(&of["from"]), day(&of["to"]));
    invoices.iter().rev().map(time).collect()
}

const GIFT: &str = "2026-04-15T10:00:00Z";

#[tokio::test]
async fn time_given_to_a_canceled_order_is_not_billed() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    till.shop.change(&order, json!({"expires": GIFT})).await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-15 2026-04-15");
    till.days(76).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-05-15 2026-05-15");
    assert_eq!(
        times(&till).await,
        ["2026-01-31 2026-02-28", "2026-04-15 2026-05-15"]
    );
    till.prove();
}

#[tokio::test]
async fn time_given_to_an_order_of_some_cycles_is_not_billed() {
    let till = a_till_selling(json!({"numberOfBillingCycles": 1})).await;
    till.pay("100").await;
    let order = till.order().await;
    till.shop.change(&order, json!({"expires": GIFT})).await;
    let more = json!({"numberOfBillingCycles": 6});
    till.shop.change(&order, more).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-15 2026-04-15");
    till.days(76).await;
    assert_eq!(
        times(&till).await,
        ["2026-01-31 2026-02-28", "2026-04-15 2026-05-15"]
    );
    till.prove();
}

/// A caller sends the whole order back, with a later end only.
#[tokio::test]
async fn time_given_with_the_whole_order_is_not_billed() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let mut whole = till.shop.order(&order).await;
    whole["expires"] = GIFT.into();
    till.shop.change(&order, whole).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-15 2026-04-15");
    // And with one that is opened so.
    let opened = till.order_of(json!({"expires": GIFT})).await;
    assert_eq!(till.state(&opened).await, "ACTTIVE 2026-04-15 2026-04-15");
    till.days(70).await;
    assert_eq!(till.invoices().await.len(), 2);
}

/// An order that is sent back as it was moves nothing, though clients see milliseconds only: its
/// cycles stay where they are, and what it owes stays owed.
#[tokio::test]
async fn an_order_that_is_sent_back_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let start = Timestamp::parse("2026-01-31T10:00:00.000456Z").expect("an instant");
    let till = a_till_selling(json!({"billing": "POSTPAID"}))
        .in_folder(folder.path())
        .seed(31)
        .by_clock(Clock::test(start))
        .await;
    till.pay("10").await;
    let order = till.order().await;
    let send_back = async || {
        let whole = till.shop.order(&order).await;
        till.shop.change(&order, whole).await;
    };
    send_back().await;
    till.days(29).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    send_back().await;
    till.days(14).await;
    assert_eq!(till.services().await, "FROZEN");
    till.prove();
}

/// Shortened and canceled, then taken back: what is paid is not paid again.
#[tokio::test]
async fn what_is_paid_is_not_billed_again_after_a_cut() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let cut = json!({"status": "CANCELED", "expires": "2026-02-10T10:00:00Z"});
    till.shop.change(&order, cut).await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    till.days(30).await;
    assert_eq!(
        times(&till).await,
        ["2026-01-31 2026-02-28", "2026-02-28 2026-03-31"]
    );
}

#[tokio::test]
async fn a_later_cycle_moves_the_end_along() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let later = json!({"nextBillingCycle": "2026-03-15T10:00:00Z"});
    till.shop.change(&order, later.clone()).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-15 2026-03-15");
    let opened = till.order_of(later).await;
    assert_eq!(till.state(&opened).await, "ACTTIVE 2026-03-15 2026-03-15");
    till.days(40).await;
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.invoices().await.len(), 2);
    till.days(5).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-15 2026-04-15");
    // An end that is set before the next cycle is meant.
    let sooner = json!({"expires": "2026-03-20T10:00:00Z"});
    till.shop.change(&order, sooner).await;
    till.days(7).await;
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-03-20");
    till.prove();
}

#[tokio::test]
async fn without_a_further_cycle_nothing_more_is_billed() {
    let next = json!({"nextBillingCycle": "2026-02-10T10:00:00Z"});
    for offer in [
        json!({"type": "ONE_TIME"}),
        json!({"numberOfBillingCycles": 1}),
    ] {
        let till = a_till_selling(offer).await;
        till.pay("100").await;
        let order = till.order_of(next.clone()).await;
        assert_eq!(till.state(&order).await, "ACTTIVE - 2026-02-28");
        let refused = put(&till, &order, next.clone()).await;
        refused.expect_error(409, "ConflictError", "no further cycle");
        till.days(70).await;
        assert_eq!(till.state(&order).await, "EXPIRED - 2026-02-28");
        assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
        till.prove();
    }
    // Fewer cycles than it has had, while it waits for money.
    let till = a_till_selling(json!({"numberOfBillingCycles": 5})).await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    let fewer = json!({"numberOfBillingCycles": 1});
    till.shop.change(&order, fewer).await;
    till.pay("10").await;
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-02-28");
    assert_eq!(till.invoices().await.len(), 1);
    till.prove();
}

#[tokio::test]
async fn a_slip_of_the_pen_bills_no_years() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    till.pay("20").await;
    let order = till.order().await;
    till.days(30).await;
    for slip in ["2016-03-05T00:00:00Z", "2026-02-28T10:00:00Z"] {
        let slip = json!({"nextBillingCycle": slip});
        let refused = put(&till, &order, slip.clone()).await;
        refused.expect_error(409, "ConflictError", "later than 2026-02-28T10:00:00.000Z");
        let body = given::merged(slip, json!({"offer": till.shop.offer}));
        let path = till.shop.of_customer("orders");
        let refused = till.shop.api.post(path, body).await;
        refused.expect_error(409, "ConflictError", "nextBillingCycle");
    }
    assert_eq!(till.invoices().await.len(), 2);
    till.prove();
}

/// The term of an order that waits begins when it is paid, however many cycles it is to have.
#[tokio::test]
async fn a_waiting_order_keeps_its_term() {
    let page = a_page().await;
    let path = page.till.shop.of_customer("orders");
    let orders = page.till.shop.api.get(path).await.expect(200);
    let once = json!({"numberOfBillingCycles": 1});
    page.till.shop.change(&orders[0], once).await;
    page.till.shop.bx.advance(20 * 3_600).await;
    let paid = page.submit("10.00", "sandbox&card=4242424242424242").await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    let order = page.till.shop.order(&orders[0]).await;
    assert_eq!(order["expires"], "2026-03-01T06:00:00.000Z");
}

/// No bill is made for a time that ends before it begins: such an order is left alone, named, and
/// all others are worked.
#[tokio::test]
async fn an_order_of_broken_dates_is_parked() {
    let till = a_till().await;
    till.pay("100").await;
    let broken = till.order().await;
    let dearer = monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    let good = till.order_of(json!({"offer": dearer})).await;
    let app = till.shop.bx.app();
    let done: Result<(), StoreError> = app
        .store
        .write(|tx| {
            let mut order = tx.get::<Order>(&OrderId(1))?.expect("an order");
            order.anchor_at = order.anchor_at.saturating_add_seconds(-400 * DAY);
            tx.put(&order)
        })
        .await;
    done.expect("a write");
    let preview = till.console("preview?until=2026-03-01T00:00:00Z");
    let preview = till.shop.api.get(preview).await.expect(200);
    assert_eq!(preview["counts"]["failed"], 1);
    assert_eq!(preview["counts"]["renewed"], 1);
    till.days(30).await;
    assert_eq!(till.state(&good).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.invoices().await.len(), 3);
    let runs = given::list(till.shop.api.get(till.console("runs")).await.expect(200));
    let failures: Vec<&Value> = runs.iter().map(|run| &run["failures"][0]).collect();
    let failure = failures.iter().find(|failure| failure["order"] == 1);
    let reason = failure.expect("a failure")["reason"].to_string();
    assert!(reason.contains("before it begins"), "{reason}");
    assert_eq!(till.shop.order(&broken).await["status"], "ACTTIVE");
    till.prove();
}
