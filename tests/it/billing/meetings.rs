//! Where two rules of billing meet: two orders at one instant, an end and a credit, a gift and a
//! freeze, a page and a change of what it is for.

use serde_json::{Value, json};

use super::pages::Page;
use super::{DAY, Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::fixture::{a_till, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";

/// A page for a new order of the offer.
async fn offered(till: Till) -> Page {
    let wish = json!({"offerId": till.shop.offer});
    Page::asked(till, wish).await
}

async fn put(till: &Till, order: &Value, body: Value) -> Value {
    let path = till.shop.of_customer(&format!("orders/{}", id_of(order)));
    till.shop.api.put(path, body).await.expect(200)
}

async fn change_offer(till: &Till, body: Value) {
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    till.shop.api.put(path, body).await.expect(200);
}

/// Confirms the one payment that is under way.
async fn confirm(till: &Till) {
    let open = given::list(
        till.shop
            .api
            .get(till.console("payments/open"))
            .await
            .expect(200),
    );
    let path = till.console(&format!("payments/{}/confirm", open[0]["id"]));
    till.shop.api.post(path, json!({})).await.expect(200);
}

/// Of two orders that are due at one instant the first is not paid and the second is.
#[tokio::test]
async fn who_pays_for_one_of_two_orders_is_not_suspended() {
    let till = a_till().await;
    let dear = monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    till.pay("40").await;
    let dear = till.order_of(json!({"offer": dear})).await;
    let cheap = till.order().await;
    till.days(28).await;
    assert_eq!(&till.state(&dear).await[..8], "INACTIVE");
    assert_eq!(till.state(&cheap).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert_eq!(till.balance().await, "0.00");
    // Nothing is paid then, and that is that.
    till.days(32).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.prove();
}

/// What was given back by a credit note is not given again by changing the status to and fro.
#[tokio::test]
async fn credited_time_does_not_come_back() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(1).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    let credit = till.balance().await;
    assert_eq!(credit, "9.29");
    put(&till, &order, json!({"status": "CANCELED"})).await;
    assert_eq!(till.services().await, "EXPIRED");
    put(&till, &order, json!({"status": "ACTTIVE"})).await;
    // It begins anew, with a cycle of its own that is billed.
    let invoices = till.invoices().await;
    assert_eq!(invoices.len(), 3, "{invoices:?}");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-01 2026-03-01");
    assert_eq!(till.balance().await, "-0.71");
    till.prove();
}

#[tokio::test]
async fn an_order_that_never_began_is_billed_for_its_first_cycle_whenever_it_begins() {
    let setup = json!({"charges": [charge("10.00"),
        {"type": "ONE_TIME", "amount": "50.00", "currency": "USD"}]});
    for way in ["opened expired", "set expired", "ended"] {
        let till = a_till_selling(setup.clone()).taking_cards().await;
        let order = if way == "opened expired" {
            till.order_of(json!({"status": "EXPIRED"})).await
        } else {
            let made = till.shop.of_customer("orders/hosted-page");
            let wish = json!({"offerId": till.shop.offer});
            let made = till.shop.api.post(made, wish).await.expect(201);
            json!({"_id": made["orderId"]})
        };
        match way {
            "set expired" => {
                put(&till, &order, json!({"status": "EXPIRED"})).await;
            }
            "ended" => {
                till.act(&order, "end", json!({})).await.expect(200);
            }
            _ => {}
        }
        till.days(3).await;
        put(&till, &order, json!({"status": "ACTTIVE"})).await;
        assert_eq!(till.invoices().await, ["1 INVOICE 0 60.00"], "{way}");
        assert_eq!(
            till.state(&order).await,
            "ACTTIVE 2026-03-03 2026-03-03",
            "{way}"
        );
        till.prove();
    }
}

/// Dates that a waiting order was given and that are over when it is paid take nothing away.
#[tokio::test]
async fn a_waiting_order_that_is_paid_late_has_its_whole_cycle() {
    for dates in [
        json!({"expires": "2026-02-02T10:00:00.000Z"}),
        json!({"nextBillingCycle": "2026-02-04T10:00:00.000Z"}),
    ] {
        let page = offered(a_till().taking_cards().await).await;
        let orders = page.till.shop.of_customer("orders");
        let order = given::list(page.till.shop.api.get(orders).await.expect(200))[0].clone();
        put(&page.till, &order, dates.clone()).await;
        page.submit("10.00", "manual").await;
        page.till.days(8).await;
        confirm(&page.till).await;
        assert!(
            page.show().await.text.contains("Paid. Thank you."),
            "{dates}"
        );
        assert_eq!(
            page.till.state(&order).await,
            "ACTTIVE 2026-03-08 2026-03-08",
            "{dates}"
        );
        assert_eq!(page.till.balance().await, "0.00", "{dates}");
        page.till.prove();
    }
}

/// A price is for a term: orders with another one keep theirs, now and at later changes.
#[tokio::test]
async fn a_price_for_another_term_is_for_new_orders() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    change_offer(
        &till,
        json!({"duration": 1, "period": "YEAR", "charges": [charge("90.00")]}),
    )
    .await;
    till.days(28).await;
    change_offer(&till, json!({"charges": [charge("95.00")]})).await;
    till.days(31).await;
    assert_eq!(
        till.invoices().await,
        [
            "1 INVOICE 0 10.00",
            "2 INVOICE 1 10.00",
            "3 INVOICE 2 10.00"
        ]
    );
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-30 2026-04-30");
    till.pay("100").await;
    till.order().await;
    assert_eq!(till.invoices().await[3], "4 INVOICE 0 95.00");
    till.prove();
}

/// A price with another tax rate than the payer saw is another price.
#[tokio::test]
async fn a_tax_rate_that_changes_while_a_page_is_paid_is_not_billed() {
    let taxed = json!({
        "type": "RECURRING", "amount": "10.00", "currency": "USD",
        "taxRate": "19", "taxIncluded": false, "taxRates": [{"from": "2026-02-01", "rate": "21"}],
    });
    let page = offered(
        a_till_selling(json!({"charges": [taxed]}))
            .taking_cards()
            .await,
    )
    .await;
    let shown = page.show().await.text;
    assert!(shown.contains("11.90\u{a0}USD"), "{shown}");
    page.submit("11.90", "manual").await;
    page.till.days(2).await;
    let shown = page.show().await.text;
    assert!(
        shown.contains("11.90\u{a0}USD") && !shown.contains("12.10"),
        "{shown}"
    );
    confirm(&page.till).await;
    assert!(page.show().await.text.contains("Paid. Thank you."));
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 11.90"]);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// Time that was given to a frozen order is not billed when it is paid again.
#[tokio::test]
async fn time_given_to_a_frozen_order_is_not_billed() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-02-28 2026-02-28");
    put(
        &till,
        &order,
        json!({"expires": "2026-05-05T10:00:00.000Z"}),
    )
    .await;
    till.days(3).await;
    till.pay("30").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-06-05 2026-06-05");
    assert_eq!(
        till.invoices().await,
        ["1 INVOICE 0 10.00", "2 INVOICE 1 10.00"]
    );
    assert_eq!(till.balance().await, "20.00");
    till.prove();
}

/// The first cycle is billed until the next one begins, so it ends there.
#[tokio::test]
async fn an_order_with_a_near_next_cycle_ends_there() {
    let till = a_till().await;
    till.pay("10").await;
    let next = "2026-02-10T10:00:00.000Z";
    let order = till.order_of(json!({"nextBillingCycle": next})).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-10 2026-02-10");
    put(&till, &order, json!({"status": "CANCELED"})).await;
    till.days(11).await;
    assert_eq!(till.services().await, "EXPIRED");
    till.prove();
}

/// Money of a postpaid customer that goes back is owed again, and asked for.
#[tokio::test]
async fn a_refund_is_owed_again() {
    let till = a_till_selling(json!({"billing": "POSTPAID"}))
        .taking_cards()
        .await;
    let order = till.order().await;
    let payment = till.pay("10").await;
    let back = till.console(&format!("payments/{}/refunds", payment["id"]));
    till.shop
        .api
        .post(back, json!({"amount": "4", "as": "RETURNED"}))
        .await
        .expect(201);
    assert_eq!(till.balance().await, "-4.00");
    till.prove();
    till.days(15).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
    assert_eq!(page.submit("4.00", CARD).await.status, 303);
    assert_eq!(page.till.customer_status().await, "ACTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// What was credited is no longer owed, whatever goes back.
#[tokio::test]
async fn a_refund_of_what_was_credited_is_owed_by_nobody() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let payment = till.pay("10").await;
    let order = till.order().await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    let credit = till.balance().await;
    let back = till.console(&format!("payments/{}/refunds", payment["id"]));
    till.shop
        .api
        .post(back, json!({"amount": credit}))
        .await
        .expect(201);
    assert_eq!(till.balance().await, "0.00");
    till.days(40).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// A second payment for an order that runs again already lies on the balance, and its page says so.
#[tokio::test]
async fn a_late_second_payment_is_on_the_balance() {
    let till = a_till().taking_cards().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(35).await;
    let wish = json!({"orderId": id_of(&order)});
    let first = Page::asked(till, wish.clone()).await;
    first.submit("10.00", "manual").await;
    let second = Page::asked(first.till, wish).await;
    assert_eq!(second.submit("10.00", CARD).await.status, 303);
    confirm(&second.till).await;
    assert_eq!(second.till.balance().await, "10.00");
    let first = Page {
        till: second.till,
        code: first.code,
    };
    let shown = first.show().await.text;
    assert!(
        shown.contains("has arrived and is on your balance"),
        "{shown}"
    );
    assert!(
        shown.contains("paid already") && !shown.contains("Thank you"),
        "{shown}"
    );
    first.till.prove();
}

/// An order that staff opened and that is owed is paid on a page;
/// no second one is sold in its place.
#[tokio::test]
async fn an_order_that_runs_and_is_owed_is_paid_on_a_page() {
    let till = a_till().taking_cards().await;
    let order = till.order().await;
    assert_eq!(till.balance().await, "-10.00");
    let wish = json!({"offerId": till.shop.offer});
    let page = Page::asked(till, wish).await;
    assert_eq!(page.submit("10.00", CARD).await.status, 303);
    assert!(page.show().await.text.contains("Paid. Thank you."));
    let orders = page.till.shop.of_customer("orders");
    assert_eq!(
        given::list(page.till.shop.api.get(orders).await.expect(200)).len(),
        1
    );
    assert_eq!(
        page.till.state(&order).await,
        "ACTTIVE 2026-02-28 2026-02-28"
    );
    assert_eq!(page.till.balance().await, "0.00");
    page.till.shop.bx.advance(DAY).await;
    page.till.prove();
}

/// An order that waited, was canceled and ended, begins with its first cycle when it is switched on
/// after all: from then on, to the date that is given with it.
#[tokio::test]
async fn an_order_that_is_switched_on_after_all_is_billed_from_then() {
    let page = offered(
        a_till_selling(json!({"billing": "POSTPAID"}))
            .taking_cards()
            .await,
    )
    .await;
    let orders = page.till.shop.of_customer("orders");
    let order = given::list(page.till.shop.api.get(orders).await.expect(200))[0].clone();
    page.till.days(3).await;
    put(&page.till, &order, json!({"status": "CANCELED"})).await;
    page.till.days(90).await;
    page.till.act(&order, "end", json!({})).await.expect(200);
    let wish = json!({"status": "ACTTIVE", "nextBillingCycle": "2026-05-12T10:00:00.000Z"});
    put(&page.till, &order, wish).await;
    assert_eq!(
        page.till.state(&order).await,
        "ACTTIVE 2026-05-12 2026-05-12"
    );
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    let path = page.till.of_customer("invoices");
    let invoices = given::list(page.till.shop.api.get(path).await.expect(200));
    assert_eq!(invoices[0]["from"], "2026-05-04T10:00:00.000Z");
    page.till.prove();
}
