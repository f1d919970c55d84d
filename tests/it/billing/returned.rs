//! Money that went back: asked for again where it was returned, given where it was goodwill; for
//! prepaid and postpaid orders alike.

use serde_json::{Value, json};

use super::pages::Page;
use super::{Till, charge};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_till, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";

impl Till {
    /// Gives money of a payment back.
    pub async fn refund(&self, payment: &Value, body: Value) -> Answer {
        let path = self.console(&format!("payments/{}/refunds", payment["id"]));
        self.shop.api.post(path, body).await
    }

    async fn returned(&self, payment: &Value, amount: &str) {
        let body = json!({"amount": amount, "as": "RETURNED"});
        self.refund(payment, body).await.expect(201);
    }

    /// What is open of every invoice and credit note, oldest first.
    pub async fn unpaid(&self) -> Vec<String> {
        let path = self.of_customer("invoices");
        let invoices = given::list(self.shop.api.get(path).await.expect(200));
        let open = |of: &Value| of["open"].as_str().expect("an amount").to_owned();
        invoices.iter().rev().map(open).collect()
    }
}

/// A prepaid order with so many days of grace, paid for its first cycle, and three days later.
async fn paid(grace: u32) -> (Till, Value, Value) {
    let dunning = json!({"grace_days": grace, "reminder_days": [1, 3]});
    let till = a_till_selling(json!({"dunning": dunning}))
        .taking_cards()
        .await;
    let payment = till.pay("10").await;
    let order = till.order().await;
    till.days(3).await;
    (till, order, payment)
}

#[tokio::test]
async fn a_prepaid_order_whose_money_went_back_is_overdue_and_keeps_its_dates() {
    let (till, order, payment) = paid(5).await;
    till.returned(&payment, "10").await;
    assert_eq!(till.balance().await, "-10.00");
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.unpaid().await, ["10.00"]);
    till.days(4).await;
    assert_eq!(till.services().await, "ACTIVE");
    till.pay("9.99").await;
    till.pay("0.01").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    till.days(7).await;
    assert_eq!(till.services().await, "ACTIVE", "it is paid");
    assert_eq!(till.invoices().await.len(), 1);
    till.prove();
}

#[tokio::test]
async fn days_of_a_freeze_are_added_when_it_is_paid_again() {
    for grace in [5, 0] {
        let (till, order, payment) = paid(grace).await;
        till.returned(&payment, "10").await;
        till.days(i64::from(grace)).await;
        assert_eq!(
            till.state(&order).await,
            "INACTIVE 2026-02-28 2026-02-28",
            "{grace}"
        );
        assert_eq!(till.services().await, "FROZEN");
        assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
        // Time stands still: the end passes and the order does not end.
        till.days(40).await;
        assert_eq!(&till.state(&order).await[..8], "INACTIVE");
        till.pay("10").await;
        // Forty days later than it was, however long the grace.
        assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-09 2026-04-09");
        assert_eq!(till.services().await, "ACTIVE");
        assert_eq!(till.customer_status().await, "ACTIVE");
        assert_eq!(till.invoices().await.len(), 1);
        assert_eq!(till.balance().await, "0.00");
        till.prove();
    }
}

/// The days that were not used are given back, and not those of the freeze.
#[tokio::test]
async fn a_frozen_order_is_credited_from_its_freeze() {
    let (till, order, payment) = paid(5).await;
    till.returned(&payment, "10").await;
    till.days(10).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    // Of 28 days eight were used, and the day of the freeze.
    assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -6.79");
    assert_eq!(till.unpaid().await[0], "3.21");
    till.prove();
}

/// The next cycle comes due while the last one is unpaid again: nothing is billed on credit, and
/// the ladder counts from what is unpaid longest.
#[tokio::test]
async fn a_cycle_that_comes_due_meanwhile_is_paid_after_it() {
    let (till, order, payment) = paid(30).await;
    till.days(17).await;
    till.returned(&payment, "10").await;
    till.days(13).await;
    assert_eq!(till.invoices().await.len(), 1);
    // 5 March: the first cycle. The grace counts from 28 February now, and not from the 20th.
    till.pay("10").await;
    till.days(20).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    till.pay("10").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

#[tokio::test]
async fn money_that_went_back_is_paid_on_a_page() {
    for wait in [1, 10] {
        let (till, order, payment) = paid(5).await;
        till.returned(&payment, "10").await;
        till.days(wait).await;
        let page = Page::asked(till, json!({"orderId": id_of(&order)})).await;
        let shown = page.show().await.text;
        assert!(shown.contains("10.00\u{a0}USD"), "{shown}");
        assert_eq!(page.submit("10.00", CARD).await.status, 303, "{wait}");
        assert!(page.show().await.text.contains("Thank you"), "{wait}");
        assert_eq!(&page.till.state(&order).await[..7], "ACTTIVE", "{wait}");
        assert_eq!(page.till.services().await, "ACTIVE");
        assert_eq!(page.till.invoices().await.len(), 1, "no second cycle");
        assert_eq!(page.till.balance().await, "0.00");
        page.till.prove();
    }
}

/// Whatever becomes of the order: what went back is asked for.
#[tokio::test]
async fn a_debt_outlives_what_becomes_of_its_order() {
    for verb in ["cancel", "end", "remove", "expire", "pause first"] {
        let (till, order, payment) = paid(5).await;
        let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
        if verb == "pause first" {
            till.act(&order, "pause", json!({})).await.expect(200);
        }
        till.returned(&payment, "10").await;
        let put = async |body: Value| {
            till.shop.api.put(&path, body).await.expect(200);
        };
        match verb {
            "cancel" => put(json!({"status": "CANCELED"})).await,
            "expire" => put(json!({"status": "EXPIRED"})).await,
            "end" => drop(till.act(&order, "end", json!({})).await.expect(200)),
            "remove" => {
                let answer = till.shop.api.delete(&path).await;
                assert!(answer.status < 300, "{}", answer.told());
            }
            _ => drop(till.act(&order, "resume", json!({})).await.expect(200)),
        }
        assert_eq!(till.customer_status().await, "ACTIVE", "{verb}");
        till.days(6).await;
        let suspended = till.customer_status().await;
        assert_eq!(suspended, "SUSPENDED_BY_BILLING", "{verb}");
        till.pay("10").await;
        assert_eq!(till.customer_status().await, "ACTIVE", "{verb}");
        if matches!(verb, "cancel" | "pause first") {
            assert_eq!(till.services().await, "ACTIVE", "{verb}");
        }
        till.days(60).await;
        till.prove();
    }
}

/// An order that is removed leaves its bill behind, which is dunned on, or from then on.
#[tokio::test]
async fn the_bill_of_a_removed_order_is_dunned_on() {
    for (billing, days) in [("POSTPAID", 14), ("PREPAID", 1)] {
        let till = a_till_selling(json!({"billing": billing})).await;
        let order = till.order().await;
        let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
        till.shop.api.delete(path).await;
        assert_eq!(till.customer_status().await, "ACTIVE", "{billing}");
        till.days(days).await;
        let suspended = till.customer_status().await;
        assert_eq!(suspended, "SUSPENDED_BY_BILLING", "{billing}");
        till.pay("10").await;
        assert_eq!(till.customer_status().await, "ACTIVE", "{billing}");
        till.prove();
    }
}

// ---- goodwill

/// Nothing is owed by it, the order goes on, and what was billed is less by as much.
#[tokio::test]
async fn goodwill_is_owed_by_nobody() {
    for billing in ["PREPAID", "POSTPAID"] {
        let till = a_till_selling(json!({"billing": billing})).await;
        let payment = till.pay("10").await;
        let order = till.order().await;
        for (amount, body) in [
            ("4", json!({"amount": "4"})),
            ("6", json!({"amount": "6", "as": "GOODWILL"})),
        ] {
            till.refund(&payment, body).await.expect(201);
            assert_eq!(till.balance().await, "0.00", "{billing} {amount}");
        }
        let more = till.refund(&payment, json!({"amount": "0.01"})).await;
        assert_eq!(more.status, 409);
        assert_eq!(
            till.invoices().await,
            [
                "1 INVOICE 0 10.00",
                "2 CREDIT_NOTE - -4.00",
                "3 CREDIT_NOTE - -6.00"
            ]
        );
        till.days(27).await;
        assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
        assert_eq!(till.customer_status().await, "ACTIVE");
        till.prove();
    }
}

#[tokio::test]
async fn what_lay_on_the_balance_just_goes_back() {
    let till = a_till().await;
    let payment = till.pay("15").await;
    till.order().await;
    till.refund(&payment, json!({"amount": "5"}))
        .await
        .expect(201);
    assert_eq!(till.invoices().await.len(), 1);
    till.refund(&payment, json!({"amount": "2"}))
        .await
        .expect(201);
    assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -2.00");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

#[tokio::test]
async fn a_refund_is_called_by_a_word_that_is_known() {
    let till = a_till().await;
    let payment = till.pay("15").await;
    let body = json!({"amount": "5", "as": "returned"});
    let refused = till.refund(&payment, body).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("as: "), "{}", refused.text);
    assert_eq!(till.balance().await, "15.00");
}

/// Unused days are of what was billed in the end; and credit notes never exceed their invoice, nor
/// its tax.
#[tokio::test]
async fn credit_notes_of_one_invoice_add_up_to_it_and_no_more() {
    let taxed = json!({"type": "RECURRING", "title": "TV", "amount": "9.99", "currency": "USD",
        "taxRate": 20});
    let till = a_till_selling(json!({"charges": [taxed]})).await;
    let payment = till.pay("9.99").await;
    let order = till.order().await;
    for _ in 0..3 {
        till.refund(&payment, json!({"amount": "3.33"}))
            .await
            .expect(201);
    }
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    let path = till.of_customer("invoices");
    let papers = given::list(till.shop.api.get(path).await.expect(200));
    assert_eq!(papers.len(), 4);
    let cents = |of: &Value| {
        of.as_str()
            .unwrap()
            .replace('.', "")
            .parse::<i64>()
            .unwrap()
    };
    for key in ["total", "tax"] {
        let sum: i64 = papers.iter().map(|of| cents(&of[key])).sum();
        assert_eq!(sum, 0, "{key}");
    }
    till.prove();
    // Half of 28.00 was given back; 20 of 28 days are left of the other half.
    let till = a_till_selling(json!({"charges": [charge("28.00")]})).await;
    let payment = till.pay("28").await;
    let order = till.order().await;
    till.refund(&payment, json!({"amount": "14"}))
        .await
        .expect(201);
    till.days(7).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.invoices().await[2], "3 CREDIT_NOTE - -10.00");
    assert_eq!(till.balance().await, "10.00");
    till.prove();
}

// ---- whose grace counts from when

/// Days of grace count from the oldest invoice that is open still, whatever was paid meanwhile.
#[tokio::test]
async fn the_grace_counts_from_the_oldest_open_invoice() {
    let dunning = json!({"grace_days": 40});
    let till = a_till_selling(json!({"billing": "POSTPAID", "dunning": dunning})).await;
    let order = till.order().await;
    // 5 March: the invoice of 31 January is paid, that of 28 February is not.
    till.days(33).await;
    till.pay("10").await;
    assert_eq!(till.unpaid().await, ["0.00", "10.00"]);
    till.days(30).await;
    assert_eq!(&till.state(&order).await[..7], "ACTTIVE");
    // 9 April, forty days after 28 February.
    till.days(5).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    assert_eq!(till.balance().await, "-20.00");
    till.pay("19.99").await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    till.pay("0.01").await;
    assert_eq!(&till.state(&order).await[..7], "ACTTIVE");
    till.prove();
}

/// A part of the oldest invoice is not the oldest invoice.
#[tokio::test]
async fn a_part_payment_does_not_begin_the_grace_anew() {
    let dunning = json!({"grace_days": 10});
    let till = a_till_selling(json!({"billing": "POSTPAID", "dunning": dunning})).await;
    let order = till.order().await;
    till.days(9).await;
    till.pay("9.99").await;
    till.days(1).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    till.prove();
}
