//! Debts that outlive what they are for, grace that does not begin anew, vouchers and opening
//! balances as money like any other.

use serde_json::json;

use super::pages::Page;
use super::{DAY, Till, charge};
use crate::alphaott::{given, id_of};
use crate::support::fixture::{a_till, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";

async fn voucher(till: &Till, amount: &str) -> String {
    let batch = json!({"title": "V", "amount": amount, "count": 1});
    let path = till.console("voucher-batches");
    let batch = till.shop.api.post(path, batch).await.expect(201);
    batch["codes"][0].as_str().expect("a code").to_owned()
}

/// Who pays one cycle late, again and again, is not in the grace for ever: it counts from when the
/// oldest cycle was due that is not paid.
#[tokio::test]
async fn paying_late_does_not_begin_the_ladder_anew() {
    let daily = json!({
        "duration": 1, "period": "DAY", "charges": [charge("1.00")],
        "dunning": {"grace_days": 3, "reminder_days": [1, 2]},
    });
    let till = a_till_selling(daily).await;
    till.pay("1").await;
    let order = till.order().await;
    // The first of February is not paid.
    till.shop.bx.advance(DAY + 69 * 3_600).await;
    till.pay("1").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-02 2026-02-02");
    assert_eq!(till.services().await, "ACTIVE");
    // The second of February is not paid either, and its grace is over on the fifth.
    till.shop.bx.advance(69 * 3_600).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-02-02 2026-02-02");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.prove();
}

/// "invoiced, then dunned": the end of an order is not the end of what is owed for it.
#[tokio::test]
async fn the_ladder_goes_on_when_a_postpaid_order_has_ended() {
    for wish in [
        json!({"numberOfBillingCycles": 1}),
        json!({"type": "ONE_TIME", "charges": [
            {"type": "ONE_TIME", "amount": "10.00", "currency": "USD"},
        ]}),
    ] {
        let offer = json!({"billing": "POSTPAID", "duration": 7, "period": "DAY"});
        let till = a_till_selling(given::merged(offer, wish.clone()))
            .taking_cards()
            .await;
        let order = till.order().await;
        till.days(8).await;
        assert_eq!(&till.state(&order).await[..7], "EXPIRED", "{wish}");
        assert_eq!(till.customer_status().await, "ACTIVE", "{wish}");
        till.days(7).await;
        assert_eq!(
            till.customer_status().await,
            "SUSPENDED_BY_BILLING",
            "{wish}"
        );
        // It can be paid on a page, and that is the end of it.
        let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
        let shown = page.show().await.text;
        assert!(shown.contains("Invoice 1"), "{shown}");
        assert_eq!(page.submit("10.00", CARD).await.status, 303, "{wish}");
        assert!(
            page.show().await.text.contains("Paid. Thank you."),
            "{wish}"
        );
        assert_eq!(page.till.customer_status().await, "ACTIVE", "{wish}");
        assert_eq!(&page.till.state(&order).await[..7], "EXPIRED", "{wish}");
        assert_eq!(page.till.balance().await, "0.00", "{wish}");
        page.till.days(40).await;
        assert_eq!(page.till.customer_status().await, "ACTIVE", "{wish}");
        page.till.prove();
    }
}

#[tokio::test]
async fn the_ladder_goes_on_when_an_unpaid_order_is_canceled_or_ended() {
    for verb in ["cancel", "end"] {
        let offer = json!({"billing": "POSTPAID", "duration": 7, "period": "DAY"});
        let till = a_till_selling(offer).taking_cards().await;
        let order = till.order().await;
        if verb == "end" {
            till.act(&order, "end", json!({})).await.expect(200);
        } else {
            let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
            till.shop
                .api
                .put(path, json!({"status": "CANCELED"}))
                .await
                .expect(200);
        }
        till.days(8).await;
        assert_eq!(till.services().await, "EXPIRED", "{verb}");
        assert_eq!(till.customer_status().await, "ACTIVE", "{verb}");
        till.days(7).await;
        assert_eq!(
            till.customer_status().await,
            "SUSPENDED_BY_BILLING",
            "{verb}"
        );
        till.pay("10").await;
        assert_eq!(till.customer_status().await, "ACTIVE", "{verb}");
        till.prove();
    }
}

/// With a credit note that covers what is owed nothing is left to be asked for.
#[tokio::test]
async fn an_order_that_is_ended_with_its_credit_owes_the_used_days_only() {
    let till =
        a_till_selling(json!({"billing": "POSTPAID", "duration": 10, "period": "DAY"})).await;
    let order = till.order().await;
    till.days(4).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.balance().await, "-5.00");
    till.days(20).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("5").await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// A voucher that is worth the price, more, or much more lets a frozen order run again like any
/// other money.
#[tokio::test]
async fn a_voucher_pays_on_the_page_of_a_frozen_order() {
    for (billing, value, left) in [
        ("PREPAID", "10", "0.00"),
        ("PREPAID", "15", "5.00"),
        ("PREPAID", "25", "15.00"),
        ("POSTPAID", "15", "5.00"),
    ] {
        let till = a_till_selling(json!({"billing": billing}))
            .taking_cards()
            .await;
        if billing == "PREPAID" {
            till.pay("10").await;
        }
        let order = till.order().await;
        till.days(35).await;
        assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
        let code = voucher(&till, value).await;
        let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
        let paid = page
            .submit("10.00", &format!("voucher&voucher={code}"))
            .await;
        assert_eq!(paid.status, 303, "{billing} {value}: {}", paid.text);
        let target = paid.headers["location"].to_str().expect("text");
        assert_eq!(target, format!("/pay/{}", page.code), "{billing} {value}");
        assert!(
            page.show().await.text.contains("Paid. Thank you."),
            "{billing} {value}"
        );
        assert_eq!(
            page.till.customer_status().await,
            "ACTIVE",
            "{billing} {value}"
        );
        assert_eq!(page.till.services().await, "ACTIVE", "{billing} {value}");
        // A postpaid one is billed for the time since as well.
        if billing == "PREPAID" {
            assert_eq!(page.till.balance().await, left, "{value}");
        }
        page.till.prove();
    }
}

/// A voucher on a page is money for that page's order, as a card is.
#[tokio::test]
async fn a_voucher_opens_the_order_of_its_page() {
    let till = a_till().taking_cards().await;
    let dear = super::monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    till.pay("30").await;
    let cheap = till.order().await;
    let dear = till.order_of(json!({"offer": dear})).await;
    till.days(35).await;
    assert_eq!(&till.state(&cheap).await[..8], "INACTIVE");
    let code = voucher(&till, "20").await;
    let page = Page::asked(till, json!({"orderId": id_of(&dear)})).await;
    let paid = page
        .submit("20.00", &format!("voucher&voucher={code}"))
        .await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    assert_eq!(&page.till.state(&dear).await[..7], "ACTTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// Money that an apply document brings pays what is open, and opens what waits for it.
#[tokio::test]
async fn an_opening_balance_pays_open_invoices() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    let customer = format!("/customers/{}", till.shop.customer);
    let login = json!({"login": "open"});
    till.shop.api.put(customer, login).await.expect(200);
    let bring = |amount: &str| json!({"customers": [{"login": "open", "opening_balance": amount}]});
    till.shop.bx.apply(bring("100.00")).await;
    assert_eq!(till.balance().await, "90.00");
    till.prove();
    till.days(20).await;
    assert_eq!(&till.state(&order).await[..7], "ACTTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    // A correction of it is one of the balance, not of what was paid.
    till.shop.bx.apply(bring("40.00")).await;
    assert_eq!(till.balance().await, "30.00");
    till.prove();
}

/// What the payer saw of an order that runs again is what is billed, as for one that begins.
#[tokio::test]
async fn a_frozen_order_runs_again_at_the_price_that_was_shown() {
    let till = a_till().taking_cards().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(35).await;
    let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
    page.submit("10.00", "manual").await;
    let shop = &page.till.shop;
    let path = shop.of_product(&format!("offers/{}", shop.offer));
    let dearer = json!({"charges": [charge("12.00")], "priceChange": "NEXT_CYCLE"});
    shop.api.put(path, dearer).await.expect(200);
    let shown = page.show().await.text;
    assert!(
        shown.contains("10.00\u{a0}USD") && !shown.contains("12.00"),
        "{shown}"
    );
    let open = given::list(
        shop.api
            .get(page.till.console("payments/open"))
            .await
            .expect(200),
    );
    let confirm = page
        .till
        .console(&format!("payments/{}/confirm", open[0]["id"]));
    shop.api.post(confirm, json!({})).await.expect(200);
    assert_eq!(&page.till.state(&order).await[..7], "ACTTIVE");
    assert_eq!(page.till.customer_status().await, "ACTIVE");
    assert_eq!(
        page.till.invoices().await,
        ["1 INVOICE 0 10.00", "2 INVOICE 1 10.00"]
    );
    // From the next cycle on it costs what it does then.
    page.till.pay("12").await;
    page.till.days(32).await;
    assert_eq!(page.till.invoices().await[2], "3 INVOICE 2 12.00");
    page.till.prove();
}

/// However an order is ended that is not paid: what is owed of it is asked for on.
#[tokio::test]
async fn an_order_that_is_set_expired_is_dunned_on() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let expired = json!({"status": "EXPIRED"});
    till.shop.api.put(path, expired).await.expect(200);
    assert_eq!(till.services().await, "EXPIRED");
    till.days(15).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("10").await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// A voucher on the page of an order that runs and is owed: worth as much, or far more.
#[tokio::test]
async fn a_voucher_pays_an_open_invoice_on_a_page() {
    for (value, left) in [("10", "0.00"), ("100", "90.00")] {
        let till = a_till().taking_cards().await;
        let order = till.order().await;
        let code = voucher(&till, value).await;
        let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
        let paid = page
            .submit("10.00", &format!("voucher&voucher={code}"))
            .await;
        assert_eq!(paid.status, 303, "{value}: {}", paid.text);
        assert!(
            page.show().await.text.contains("Paid. Thank you."),
            "{value}"
        );
        assert_eq!(page.till.balance().await, left);
        page.till.prove();
    }
    // One that is worth less leaves the rest to be paid.
    let till = a_till().taking_cards().await;
    let order = till.order().await;
    let code = voucher(&till, "4").await;
    let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
    page.submit("10.00", &format!("voucher&voucher={code}"))
        .await;
    assert!(page.show().await.text.contains("6.00\u{a0}USD"));
    assert_eq!(page.submit("6.00", CARD).await.status, 303);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}
