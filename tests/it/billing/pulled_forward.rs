//! A next cycle that begins before the billed one is over: the days that are billed twice are given
//! back.

use serde_json::{Value, json};

use super::{Till, charge};
use crate::alphaott::{given, id_of};
use crate::support::fixture::a_till_selling;

/// An offer of 28.00 for a month: one day of February is 1.00.
fn a_unit_a_day() -> Value {
    json!({"charges": [charge("28.00")]})
}

impl Till {
    /// Sets the next cycle of an order to this day of February or March 2026, at ten o'clock.
    async fn pull(&self, order: &Value, day: &str) {
        let next = json!({"nextBillingCycle": format!("2026-{day}T10:00:00Z")});
        self.shop.change(order, next).await;
    }

    /// The times of all invoices and credit notes, oldest first.
    async fn spans(&self) -> Vec<String> {
        let path = self.of_customer("invoices");
        let invoices = given::list(self.shop.api.get(path).await.expect(200));
        let day = |of: &Value, key: &str| of[key].as_str().unwrap()[5..10].to_owned();
        let line = |of: &Value| format!("{} {}", day(of, "from"), day(of, "to"));
        invoices.iter().rev().map(line).collect()
    }
}

#[tokio::test]
async fn days_that_would_be_billed_twice_are_given_back() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("28").await;
    let order = till.order().await;
    till.days(1).await;
    till.pull(&order, "02-10").await;
    // The tenth belongs to the next cycle: 18 of 28 days.
    assert_eq!(
        till.invoices().await,
        ["1 INVOICE 0 28.00", "2 CREDIT_NOTE - -18.00"]
    );
    assert_eq!(till.spans().await, ["01-31 02-28", "02-10 02-28"]);
    assert_eq!(till.balance().await, "18.00");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-10 2026-02-10");
    // Sent back as it is read it is given back no second time.
    let shown = till.shop.order(&order).await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let same = json!({"nextBillingCycle": shown["nextBillingCycle"], "expires": shown["expires"]});
    till.shop.api.put(&path, same).await.expect(200);
    assert_eq!(till.invoices().await.len(), 2);
    // Further forward: of the ten days that are left, those from the fifth on.
    till.pull(&order, "02-05").await;
    assert_eq!(till.invoices().await[2], "3 CREDIT_NOTE - -5.00");
    assert_eq!(till.spans().await[2], "02-05 02-10");
    // From then on it is an ordinary cycle, each day of which is billed once.
    till.pay("5").await;
    till.days(4).await;
    assert_eq!(till.invoices().await[3], "4 INVOICE 1 28.00");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-05 2026-03-05");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// What is given back later of a cycle that ends earlier counts the days that it has left.
#[tokio::test]
async fn an_end_after_it_gives_back_the_rest_and_no_more() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("28").await;
    let order = till.order().await;
    till.pull(&order, "02-10").await;
    till.days(4).await;
    // The 31st to the fourth are used; the fifth to the ninth are not.
    let body = json!({"credit": true});
    till.act(&order, "end", body).await.expect(200);
    assert_eq!(
        till.invoices().await[1..],
        ["2 CREDIT_NOTE - -18.00", "3 CREDIT_NOTE - -5.00"]
    );
    assert_eq!(till.balance().await, "23.00");
    till.prove();
}

/// Pulled back into the past it is billed at once, and the credit pays for that.
#[tokio::test]
async fn a_cycle_that_has_begun_by_it_is_billed_at_once() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("38").await;
    let order = till.order().await;
    till.days(10).await;
    till.pull(&order, "02-10").await;
    assert_eq!(
        till.invoices().await[1..],
        ["2 CREDIT_NOTE - -18.00", "3 INVOICE 1 28.00"]
    );
    assert_eq!(till.balance().await, "0.00");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
    till.prove();
}

/// Nobody is served for days that were given back: not after a pause, not to the end of a canceled
/// order.
#[tokio::test]
async fn days_that_were_given_back_are_not_served() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("28").await;
    let order = till.order().await;
    till.pull(&order, "02-10").await;
    till.days(5).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(3).await;
    till.act(&order, "resume", json!({})).await.expect(200);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-13 2026-02-13");
    // 18 days came back; of the ten that were paid, five and the day of the change are used.
    till.pull(&order, "02-11").await;
    assert_eq!(till.invoices().await[2], "3 CREDIT_NOTE - -2.00");
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    assert_eq!(till.state(&order).await, "CANCELED - 2026-02-11");
    till.days(3).await;
    assert_eq!(till.services().await, "EXPIRED");
    till.prove();
}

/// An end that is given with it is meant; a date after what is billed gives nothing back.
#[tokio::test]
async fn dates_that_bill_nothing_twice_give_nothing_back() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("100").await;
    let order = till.order().await;
    till.pull(&order, "03-10").await;
    till.pull(&order, "03-01").await;
    assert_eq!(till.invoices().await, ["1 INVOICE 0 28.00"]);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-01 2026-03-10");
    let both =
        json!({"nextBillingCycle": "2026-02-20T10:00:00Z", "expires": "2026-02-25T10:00:00Z"});
    till.shop.change(&order, both).await;
    assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -8.00");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-20 2026-02-25");
    till.prove();
    // What is for no time, free, or another system's.
    let installation = json!({
        "type": "ONE_TIME", "title": "Visit", "amount": "28.00", "currency": "USD",
    });
    for offer in [
        json!({"charges": [installation]}),
        json!({"charges": [charge("0.00")]}),
        json!({"charges": [charge("28.00")], "billing": "EXTERNAL"}),
    ] {
        let till = a_till_selling(offer.clone()).await;
        till.pay("28").await;
        let order = till.order().await;
        let before = till.invoices().await;
        till.pull(&order, "02-10").await;
        assert_eq!(till.invoices().await, before, "{offer}");
        till.prove();
    }
}

/// What is given back pays its own invoice first, and re-opens what waits for money.
#[tokio::test]
async fn the_credit_pays_what_is_open_and_what_waits() {
    let till = a_till_selling(json!({"charges": [charge("28.00")], "billing": "POSTPAID"})).await;
    let order = till.order().await;
    assert_eq!(till.balance().await, "-28.00");
    till.pull(&order, "02-10").await;
    let path = till.of_customer("invoices");
    let invoices = given::list(till.shop.api.get(path).await.expect(200));
    assert_eq!(invoices[1]["open"], "10.00");
    till.prove();

    let till = a_till_selling(a_unit_a_day()).await;
    let ten_days = json!({"duration": 10, "period": "DAY", "charges": [charge("5.00")]});
    let small = super::monthly(&till.shop, ten_days).await;
    till.pay("33").await;
    let large = till.order().await;
    let waits = till.order_of(json!({"offer": small})).await;
    till.days(11).await;
    assert_eq!(till.state(&waits).await, "INACTIVE 2026-02-10 2026-02-10");
    till.pull(&large, "02-20").await;
    assert_eq!(till.state(&waits).await, "ACTTIVE 2026-02-21 2026-02-21");
    assert_eq!(till.balance().await, "3.00");
    till.prove();
}

/// A credit is money: whoever may only change orders gives none.
#[tokio::test]
async fn who_may_book_no_money_gives_no_credit() {
    let till = a_till_selling(a_unit_a_day()).await;
    till.pay("28").await;
    let order = till.order().await;
    let dealer = till.shop.bx.client_of("dealer").await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let next = json!({"nextBillingCycle": "2026-02-10T10:00:00Z"});
    let refused = dealer.put(&path, next).await;
    assert_eq!(refused.status, 403, "{}", refused.told());
    assert!(refused.text.contains("book payments"), "{}", refused.text);
    assert_eq!(till.invoices().await.len(), 1);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
}
