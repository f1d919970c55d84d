//! Orders that wait for money, paid on a page; and which of several money opens first.

use serde_json::{Value, json};

use super::pages::Page;
use super::{Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_till, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";

async fn till(offer: Value) -> Till {
    a_till_selling(offer)
        .set(|config| config.payments.sandbox = true)
        .await
}

async fn make(till: &Till, wish: Value) -> Answer {
    let path = till.shop.of_customer("orders/hosted-page");
    till.shop.api.post(path, wish).await
}

/// The page for a wish, and the order that it names.
async fn page(till: Till, wish: Value) -> (Page, String) {
    let made = make(&till, wish).await.expect(201);
    let text = |key: &str| made[key].as_str().expect("a text").to_owned();
    let (code, order) = (text("id"), text("orderId"));
    (Page { till, code }, order)
}

async fn orders(till: &Till) -> Vec<String> {
    let path = till.shop.of_customer("orders");
    let orders = given::list(till.shop.api.get(path).await.expect(200));
    let word = |order: &Value| order["status"].as_str().expect("a status").to_owned();
    orders.iter().map(word).collect()
}

#[tokio::test]
async fn a_frozen_order_is_paid_on_a_page() {
    let till = till(json!({})).await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    till.pay("4").await;
    let offer = till.shop.offer.clone();
    let (page, named) = page(till, json!({"offerId": offer})).await;
    assert_eq!(named, id_of(&order), "no second order");
    let shown = page.show().await.text;
    assert!(shown.contains("6.00\u{a0}USD"), "{shown}");
    assert_eq!(page.submit("10.00", CARD).await.status, 409);
    assert_eq!(page.submit("6.00", CARD).await.status, 303);
    assert!(page.show().await.text.contains("Paid"));
    assert_eq!(orders(&page.till).await, ["ACTTIVE"]);
    assert_eq!(
        page.till.state(&order).await,
        "ACTTIVE 2026-04-02 2026-04-02"
    );
    assert_eq!(page.till.services().await, "ACTIVE");
    assert_eq!(page.till.customer_status().await, "ACTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// An order says more than its offer.
#[tokio::test]
async fn a_page_can_name_the_order() {
    let till = till(json!({"dunning": {"grace_days": 5}})).await;
    till.pay("10").await;
    let order = till.order().await;
    let wish = json!({"orderId": id_of(&order)});
    let nothing = make(&till, json!({"orderId": "nothing"})).await;
    nothing.expect_error(404, "NotFoundError", "nothing");
    till.days(30).await;
    // The first of two pages is paid; the other one has nothing to do any more.
    let second = make(&till, wish.clone()).await.expect(201);
    let (page, named) = page(till, wish).await;
    assert_eq!(named, id_of(&order));
    assert_eq!(page.submit("10.00", CARD).await.status, 303);
    assert_eq!(
        page.till.state(&order).await,
        "ACTTIVE 2026-03-31 2026-03-31"
    );
    let code = second["id"].as_str().expect("a code").to_owned();
    let second = Page {
        till: page.till,
        code,
    };
    let late = second.submit("10.00", CARD).await;
    assert_eq!(late.status, 410);
    assert!(late.text.contains("paid already"), "{}", late.text);
    assert_eq!(second.till.balance().await, "0.00");
    second.till.prove();
}

/// What re-opens a prepaid order is a balance that covers it: older debts are in the way.
#[tokio::test]
async fn a_page_shows_older_debts() {
    let till = till(json!({})).await;
    let order = till.order().await;
    till.days(30).await;
    assert_eq!(till.balance().await, "-10.00");
    let (page, _) = page(till, json!({"orderId": id_of(&order)})).await;
    let shown = page.show().await.text;
    assert!(shown.contains("Owed from before"), "{shown}");
    assert_eq!(page.submit("20.00", CARD).await.status, 303);
    assert_eq!(page.till.services().await, "ACTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn a_postpaid_order_is_paid_by_its_open_invoices() {
    let dunning = json!({"grace_days": 5});
    let till = till(json!({"billing": "POSTPAID", "dunning": dunning})).await;
    // Another debt, which this page is not about.
    let other = json!({"type": "ONE_TIME", "charges": [charge("50.00")]});
    let other = monthly(&till.shop, other).await;
    till.order_of(json!({"offer": other})).await;
    let order = till.order().await;
    till.days(6).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-02-28 2026-02-28");
    let offer = till.shop.offer.clone();
    let (page, named) = page(till, json!({"offerId": offer})).await;
    assert_eq!(named, id_of(&order));
    let shown = page.show().await.text;
    assert!(shown.contains("Invoice 2"), "{shown}");
    assert_eq!(page.submit("10.00", CARD).await.status, 303);
    assert_eq!(
        page.till.state(&order).await,
        "ACTTIVE 2026-02-28 2026-02-28"
    );
    assert_eq!(page.till.balance().await, "-50.00");
    page.till.prove();
}

/// Who pays for a product has done with a frozen order of it: it takes no later money.
#[tokio::test]
async fn a_frozen_order_does_not_eat_the_money_for_its_successor() {
    let mut till = till(json!({})).await;
    till.pay("10").await;
    let old = till.order().await;
    till.days(30).await;
    let cheaper = json!({"charges": [charge("8.00")]});
    till.shop.offer = monthly(&till.shop, cheaper).await;
    let page = Page::of(till).await;
    assert_eq!(page.submit("8.00", CARD).await.status, 303);
    assert_eq!(page.till.state(&old).await, "EXPIRED - 2026-02-28");
    assert_eq!(orders(&page.till).await, ["EXPIRED", "ACTTIVE"]);
    page.till.days(20).await;
    page.till.pay("8").await;
    page.till.pay("2").await;
    page.till.days(20).await;
    assert_eq!(orders(&page.till).await, ["EXPIRED", "ACTTIVE"]);
    assert_eq!(page.till.services().await, "ACTIVE EXPIRED");
    assert_eq!(
        page.till.invoices().await,
        ["1 INVOICE 0 10.00", "2 INVOICE 0 8.00", "3 INVOICE 1 8.00"]
    );
    page.till.prove();
}

/// Money lets go on what still runs, before it opens again what does not.
#[tokio::test]
async fn money_keeps_running_what_runs() {
    let till = a_till().await;
    till.pay("20").await;
    let frozen = till.order().await;
    let patient = json!({"dunning": {"grace_days": 10}});
    let patient = monthly(&till.shop, patient).await;
    let overdue = till.order_of(json!({"offer": patient})).await;
    till.days(30).await;
    assert_eq!(till.state(&frozen).await, "INACTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.state(&overdue).await, "ACTTIVE 2026-02-28 2026-02-28");
    till.pay("10").await;
    assert_eq!(till.state(&overdue).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.state(&frozen).await, "INACTIVE 2026-02-28 2026-02-28");
    // Cash is for both.
    till.pay("10").await;
    assert_eq!(till.state(&frozen).await, "ACTTIVE 2026-04-02 2026-04-02");
    till.prove();
}
