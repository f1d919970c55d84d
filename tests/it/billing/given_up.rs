//! What was not rendered is not owed: invoices that are voided, orders that are given back whole,
//! debts that are written off, and what is given back by the day.

use serde_json::{Value, json};

use super::pages::Page;
use super::{DAY, Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_page, a_till, a_till_selling};

impl Till {
    async fn void(&self, number: u64) -> Answer {
        let path = self.console(&format!("invoices/{number}/void"));
        let body = json!({"reason": "billed in error"});
        self.shop.api.post(path, body).await
    }

    async fn write_off(&self, amount: &str) -> Answer {
        let path = self.of_customer("write-offs");
        let body = json!({"amount": amount, "reason": "moved away"});
        self.shop.api.post(path, body).await
    }
}

fn setup() -> Value {
    json!({"type": "ONE_TIME", "title": "Installation", "amount": "50.00", "currency": "USD"})
}

// ---- void

#[tokio::test]
async fn an_invoice_that_nobody_paid_is_voided() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    let note = till.void(1).await.expect(201);
    assert_eq!(
        (&note["kind"], &note["of"]),
        (&json!("CREDIT_NOTE"), &json!(1))
    );
    assert_eq!(note["total"], "-10.00");
    assert_eq!(till.unpaid().await, ["0.00", "0.00"]);
    assert_eq!(till.balance().await, "0.00");
    // The order goes on, and nothing is asked for.
    till.days(20).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.void(1).await.status, 409, "once");
    assert_eq!(till.void(2).await.status, 409, "no credit note");
    assert_eq!(till.void(9).await.status, 404);
    till.prove();
}

/// One that froze its order lets it go on; the reason stands in the journal.
#[tokio::test]
async fn a_voided_invoice_thaws_its_order() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    till.days(15).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    till.void(1).await.expect(201);
    assert_eq!(&till.state(&order).await[..7], "ACTTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

#[tokio::test]
async fn what_is_partly_paid_or_credited_is_not_voided() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    till.pay("1").await;
    let refused = till.void(1).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("invoice 1"), "{}", refused.text);
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.void(1).await.status, 409);
    let path = till.console("invoices/1/void");
    for body in [json!({}), json!({"reason": " "}), json!({"reason": 1})] {
        let refused = till.shop.api.post(&path, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
    }
    assert_eq!(till.invoices().await.len(), 2);
    till.prove();
}

// ---- given back whole

#[tokio::test]
async fn an_order_is_given_back_whole_within_a_day() {
    let charges = json!({"charges": [charge("10.00"), setup()]});
    for (paid, hours, status) in [(true, 23, 200), (false, 24, 200), (true, 25, 409)] {
        let till = a_till_selling(charges.clone()).await;
        if paid {
            till.pay("60").await;
        }
        let order = till.order().await;
        till.shop.bx.advance(hours * 3_600).await;
        let answer = till.act(&order, "end", json!({"credit": "WHOLE"})).await;
        assert_eq!(answer.status, status, "{hours}: {}", answer.text);
        if status == 200 {
            assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -60.00");
            let left = if paid { "60.00" } else { "0.00" };
            assert_eq!(till.balance().await, left, "{hours}");
            assert_eq!(till.unpaid().await[0], "0.00");
            assert_eq!(&till.state(&order).await[..7], "EXPIRED");
        } else {
            assert_eq!(&till.state(&order).await[..7], "ACTTIVE");
            assert!(answer.text.contains("24 hours"), "{}", answer.text);
        }
        till.prove();
    }
    let till = a_till().await;
    let order = till.order().await;
    for credit in [json!("whole"), json!(1), json!("PART")] {
        let body = json!({"credit": credit});
        assert_eq!(till.act(&order, "end", body).await.status, 400, "{credit}");
    }
}

// ---- written off

#[tokio::test]
async fn a_debt_that_is_written_off_is_no_payment() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    till.days(15).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    let more = till.write_off("10.01").await;
    assert_eq!(more.status, 409);
    assert!(more.text.contains("10.00 USD"), "{}", more.text);
    till.write_off("4").await.expect(201);
    assert_eq!(till.unpaid().await, ["6.00"]);
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    let done = till.write_off("6").await.expect(201);
    assert_eq!(done["balance"], "0.00");
    // The frozen order ends, and nobody is suspended who owes nothing.
    assert_eq!(&till.state(&order).await[..7], "EXPIRED");
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert!(till.unpaid().await.iter().all(|open| open == "0.00"));
    till.days(60).await;
    assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert_eq!(till.write_off("1").await.status, 409, "nothing is owed");
    till.prove();
}

/// Who owes something else stays suspended; what runs goes on.
#[tokio::test]
async fn what_else_is_owed_stays_owed() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let first = till.order().await;
    let dear = json!({"billing": "POSTPAID", "charges": [charge("20.00")]});
    let dear = monthly(&till.shop, dear).await;
    till.order_of(json!({"offer": dear})).await;
    till.days(15).await;
    till.write_off("10").await.expect(201);
    assert_eq!(&till.state(&first).await[..7], "EXPIRED");
    assert_eq!(till.unpaid().await, ["0.00", "20.00"]);
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.write_off("20").await.expect(201);
    assert_eq!(till.customer_status().await, "ACTIVE");
    // In the grace, nothing ends.
    let running = till.order().await;
    till.write_off("10").await.expect(201);
    till.days(20).await;
    assert_eq!(&till.state(&running).await[..7], "ACTTIVE");
    till.prove();
}

#[tokio::test]
async fn only_those_give_up_debts_who_may() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    let bx = &till.shop.bx;
    for role in ["cashier", "dealer", "support"] {
        let api = bx.client_of(role).await;
        let end = format!("orders/{}/end", id_of(&order));
        for (path, body) in [
            (till.console("invoices/1/void"), json!({"reason": "x"})),
            (
                till.of_customer("write-offs"),
                json!({"amount": "1", "reason": "x"}),
            ),
            (till.of_customer(&end), json!({"credit": "WHOLE"})),
        ] {
            assert_eq!(api.post(&path, body).await.status, 403, "{role} {path}");
        }
    }
    assert_eq!(till.unpaid().await, ["10.00"]);
    till.prove();
}

// ---- whose credit note pays what

/// A credit note pays its own invoice before older ones of others.
#[tokio::test]
async fn a_credit_note_pays_its_own_invoice_first() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    till.order().await;
    let dear = json!({"billing": "POSTPAID", "charges": [charge("28.00")]});
    let dear = monthly(&till.shop, dear).await;
    let second = till.order_of(json!({"offer": dear})).await;
    till.days(7).await;
    till.act(&second, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.unpaid().await, ["10.00", "8.00", "0.00"]);
    till.prove();
    // What is paid already frees money for what else is open.
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    till.pay("28").await;
    let dear = json!({"billing": "POSTPAID", "charges": [charge("28.00")]});
    let dear = monthly(&till.shop, dear).await;
    let paid = till.order_of(json!({"offer": dear})).await;
    till.order().await;
    till.days(21).await;
    till.act(&paid, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.unpaid().await, ["0.00", "4.00", "0.00"]);
    till.prove();
}

/// A credited invoice is never open beyond its net: A 10, B 10 with credit 4, and the 20.00 taken
/// back.
#[tokio::test]
async fn a_credited_invoice_is_open_for_its_net_at_most() {
    let till =
        a_till_selling(json!({"billing": "POSTPAID", "duration": 10, "period": "DAY"})).await;
    let first = till.order().await;
    let second = till.order().await;
    let payment = till.pay("20").await;
    till.days(5).await;
    till.act(&second, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.invoices().await[2], "3 CREDIT_NOTE - -4.00");
    let body = json!({"amount": "20", "as": "RETURNED"});
    till.refund(&payment, body).await.expect(201);
    assert_eq!(till.unpaid().await, ["10.00", "6.00", "0.00"]);
    assert_eq!(till.balance().await, "-16.00");
    assert_eq!(&till.state(&first).await[..7], "ACTTIVE");
    till.prove();
}

// ---- what is given back by the day

#[tokio::test]
async fn an_installation_is_not_given_back_by_the_day() {
    let refundable = given::merged(setup(), json!({"refundable": true}));
    let once = json!({"type": "ONE_TIME"});
    for (offer, back) in [
        (json!({"charges": [charge("28.00"), setup()]}), "-20.00"),
        (json!({"charges": [setup(), charge("28.00")]}), "-20.00"),
        // 78.00 less seven days and the one of the end.
        (json!({"charges": [charge("28.00"), refundable]}), "-55.71"),
        (
            given::merged(once, json!({"charges": [charge("28.00"), setup()]})),
            "-55.71",
        ),
    ] {
        let till = a_till_selling(offer.clone()).await;
        till.pay("78").await;
        let order = till.order().await;
        till.days(7).await;
        till.act(&order, "end", json!({"credit": true}))
            .await
            .expect(200);
        assert_eq!(
            till.invoices().await[1],
            format!("2 CREDIT_NOTE - {back}"),
            "{offer}"
        );
        till.prove();
    }
    // It says so over the API as well, and nothing else.
    let till = a_till().await;
    let wrong = given::merged(setup(), json!({"refundable": "yes"}));
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    let refused = till.shop.api.put(path, json!({"charges": [wrong]})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("refundable"), "{}", refused.text);
}

// ---- held money, other currencies, late payments

#[tokio::test]
async fn a_late_payment_opens_no_page_that_another_one_is_under_way_on() {
    let page = a_page().await;
    let till = &page.till;
    till.pay("5").await;
    page.submit("5.00", "manual").await;
    let say = async |payment: &Value, how: &str| {
        let path = till.console(&format!("payments/{payment}/{how}"));
        till.shop.api.post(path, json!({})).await.expect(200)
    };
    let open = till.console("payments/open");
    let first = given::list(till.shop.api.get(&open).await.expect(200))[0]["id"].clone();
    say(&first, "fail").await;
    page.submit("5.00", "manual").await;
    // The balance is spent on something else; then the first payment comes and does not suffice.
    let other = json!({"type": "ONE_TIME", "charges": [charge("5.00")]});
    let other = monthly(&till.shop, other).await;
    till.order_of(json!({"offer": other})).await;
    say(&first, "confirm").await;
    let again = page.submit("5.00", "manual").await;
    assert_ne!(again.status, 200, "{}", again.text);
    let waiting = given::list(till.shop.api.get(&open).await.expect(200));
    assert_eq!(waiting.len(), 1, "the second one is under way still");
    till.shop.bx.advance(DAY).await;
    say(&waiting[0]["id"].clone(), "confirm").await;
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// Money of one currency pays what is owed in that currency only.
#[tokio::test]
async fn euros_pay_no_dollars() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    let euros = json!({"amount": "10", "currency": "EUR", "method": "cash"});
    // Whether it is taken at all is another question.
    till.shop
        .api
        .post(till.of_customer("payments"), euros)
        .await;
    assert_eq!(till.unpaid().await, ["10.00"]);
    assert_eq!(till.balance().await, "-10.00");
    till.days(15).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    till.prove();
}

// ---- what was owed before the first bill

async fn brought(offer: Value, amount: &str) -> Till {
    let till = a_till_selling(offer).taking_cards().await;
    let customer = format!("/customers/{}", till.shop.customer);
    let login = json!({"login": "brought", "email": "b@example.com"});
    till.shop.api.put(customer, login).await.expect(200);
    let bring = json!({"customers": [{"login": "brought", "opening_balance": amount}]});
    till.shop.bx.apply(bring).await;
    till
}

/// A negative opening balance is a debt like an invoice: the customer is reminded after a week and
/// suspended after two, if nothing of theirs runs.
#[tokio::test]
async fn a_debt_that_was_brought_along_is_dunned() {
    let till = brought(json!({}), "-20.00").await;
    assert_eq!(till.balance().await, "-20.00");
    till.days(13).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.days(1).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("19.99").await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("0.01").await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.days(40).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
    // It can be written off like any other.
    let till = brought(json!({}), "-20.00").await;
    till.days(15).await;
    till.write_off("20").await.expect(201);
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// It is older than any invoice and paid before them; it stands on the page of a postpaid order.
#[tokio::test]
async fn a_debt_that_was_brought_along_is_paid_first() {
    let till = brought(json!({"billing": "POSTPAID"}), "-20.00").await;
    let order = till.order().await;
    till.pay("25").await;
    assert_eq!(till.unpaid().await, ["5.00"]);
    till.pay("5").await;
    assert_eq!(till.unpaid().await, ["0.00"]);
    till.prove();
    // A later document that says more brings the difference.
    let bring = json!({"customers": [{"login": "brought", "opening_balance": "-27.00"}]});
    till.shop.bx.apply(bring).await;
    assert_eq!(till.balance().await, "-7.00");
    till.prove();
    let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
    let shown = page.show().await.text;
    assert!(shown.contains("Owed from before"), "{shown}");
    let paid = page.submit("7.00", "sandbox&card=4242424242424242").await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    assert!(page.show().await.text.contains("Thank you"));
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// Money that paid it and was returned is owed again; a document that takes it back ends it.
#[tokio::test]
async fn a_debt_that_was_brought_along_comes_and_goes_with_the_money() {
    let till = brought(json!({}), "-20.00").await;
    let payment = till.pay("20").await;
    till.days(20).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    let body = json!({"amount": "20", "as": "RETURNED"});
    till.refund(&payment, body).await.expect(201);
    till.days(14).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.prove();
    let none = json!({"customers": [{"login": "brought", "opening_balance": "0.00"}]});
    till.shop.bx.apply(none).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}
