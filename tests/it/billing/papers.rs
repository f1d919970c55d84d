//! Invoices say what the law wants of them, in the operator's language; HTML, PDF and JSON agree,
//! and what was issued does not change.

use serde_json::{Value, json};

use super::Till;
use crate::support::fixture::{Fixture, a_box};
use crate::support::{Answer, TestBox};

fn invoicing_in(locale: &str) -> Fixture<'_, TestBox> {
    let locale = locale.to_owned();
    a_box().set(|config| {
        config.payments.sandbox = true;
        config.provider.locale = locale;
        "Nordlicht TV".clone_into(&mut config.provider.name);
        "Hafenstr. 12\n20457 Hamburg".clone_into(&mut config.provider.address);
        "DE123456789".clone_into(&mut config.provider.tax_id);
        "DE02 1203 0000 0000 2020 51\nBYLADEM1001".clone_into(&mut config.provider.bank);
        "NL-".clone_into(&mut config.provider.invoice_prefix);
        config.provider.payment_days = 10;
    })
}

fn taxed() -> Value {
    json!({"title": "Monthly", "charges": [
        {"type": "RECURRING", "title": "Basic", "amount": "12.00", "currency": "USD",
         "taxRate": 20},
        {"type": "RECURRING", "title": "Box", "amount": "1.07", "currency": "USD", "taxRate": 7},
    ]})
}

async fn till(locale: &str) -> Till {
    let till = invoicing_in(locale)
        .then(|bx| Till::in_box(bx, taxed()))
        .await;
    let path = format!("/customers/{}", till.shop.customer);
    let known = json!({"accountNumber": "C-1007"});
    till.shop.api.put(path, known).await.expect(200);
    till
}

async fn html(till: &Till, number: u64) -> String {
    let path = till.console(&format!("invoices/{number}.html"));
    let answer: Answer = till.shop.api.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

async fn invoice(till: &Till, number: u64) -> Value {
    let path = till.console(&format!("invoices/{number}"));
    till.shop.api.get(path).await.expect(200)
}

#[tokio::test]
async fn an_invoice_says_what_the_law_wants() {
    let till = till("en").await;
    till.order().await;
    let shown = html(&till, 1).await;
    for words in [
        "Invoice",
        "NL-1",
        "Nordlicht TV",
        "Hafenstr. 12",
        "20457 Hamburg",
        "Tax ID: DE123456789",
        "Bank: DE02 1203 0000 0000 2020 51",
        "BYLADEM1001",
        "31 January 2026",
        "Due",
        "10 February 2026",
        "Open: 13.07\u{a0}USD",
        "31 January 2026 \u{2013} 27 February 2026",
        "Contract",
        "C-1007",
        "Basic (Contract C-1007)",
        "Net at 7\u{a0}%",
        "Net at 20\u{a0}%",
        "Tax 7\u{a0}%",
        "Tax 20\u{a0}%",
        "13.07\u{a0}USD",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let told = invoice(&till, 1).await;
    assert_eq!(told["number"], 1);
    assert_eq!(told["printed_number"], "NL-1");
    assert_eq!(told["state"], "OPEN");
    assert_eq!(told["due"], "2026-02-10");
    assert_eq!(told["last_day"], "2026-02-27");
    assert_eq!(told["contract"], "C-1007");
    assert_eq!(told["seller"]["tax_id"], "DE123456789");
    assert_eq!(
        told["seller"]["address"],
        json!(["Hafenstr. 12", "20457 Hamburg"])
    );
    let taxes = json!([
        {"tax_rate": "7", "net": "1.00", "tax": "0.07"},
        {"tax_rate": "20", "net": "10.00", "tax": "2.00"},
    ]);
    assert_eq!(told["taxes"], taxes);
    let pdf = till.console("invoices/1.pdf");
    let pdf = till.shop.api.get(pdf).await;
    assert_eq!(pdf.status, 200);
    // Paid, it says so, on every way.
    till.pay("13.07").await;
    assert!(html(&till, 1).await.contains("<bdi>Paid</bdi>"));
    assert_eq!(invoice(&till, 1).await["state"], "PAID");
}

#[tokio::test]
async fn an_invoice_that_is_paid_at_once_is_due_at_once() {
    let till = till("en").await;
    till.pay("20").await;
    till.order().await;
    assert_eq!(invoice(&till, 1).await["due"], "2026-01-31");
    assert_eq!(invoice(&till, 1).await["state"], "PAID");
}

#[tokio::test]
async fn words_are_those_of_the_operators_language() {
    for (locale, lang, words) in [
        (
            "de-DE",
            "de",
            [
                "Rechnung",
                "Rechnung an",
                "Leistungszeitraum",
                "Zahlbar bis",
                "10.02.2026",
            ],
        ),
        (
            "uk",
            "uk",
            ["Рахунок", "Платник", "Період", "Сплатити до", "10.02.2026"],
        ),
        (
            "fr",
            "en",
            ["Invoice", "Billed to", "Period", "Due", "10/02/2026"],
        ),
    ] {
        let till = till(locale).await;
        till.order().await;
        let shown = html(&till, 1).await;
        assert!(
            shown.contains(&format!("<html lang=\"{lang}\">")),
            "{shown}"
        );
        for word in words {
            assert!(shown.contains(word), "{locale} {word}: {shown}");
        }
        if lang != "en" {
            for word in [
                "Invoice",
                "Billed to",
                "Period",
                "Gross",
                "Total",
                "Issued",
                "Lines",
            ] {
                assert!(!shown.contains(word), "{locale} {word}: {shown}");
            }
        }
    }
}

/// A credit note corrects a number as it was printed, and nothing of it is due.
#[tokio::test]
async fn a_credit_note_names_what_it_corrects_as_it_was_printed() {
    let till = till("en").await;
    till.pay("20").await;
    let order = till.order().await;
    till.days(9).await;
    let body = json!({"credit": true});
    till.act(&order, "end", body).await.expect(200);
    let shown = html(&till, 2).await;
    for words in ["Credit note", "NL-2", "Corrects", "NL-1"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("Due") && !shown.contains("Paid"), "{shown}");
    assert_eq!(invoice(&till, 2).await["due"], Value::Null);
    till.prove();
}

/// What the company is called and where it sits may change: not on paper that was sent.
#[tokio::test]
async fn what_was_issued_stays_as_it_was() {
    let till = till("en").await;
    till.order().await;
    let before = html(&till, 1).await;
    let provider = json!({"provider": {
        "name": "Südlicht", "address": "Am Markt 1\n80331 München", "tax_id": "DE987654321",
        "bank": "", "invoice_prefix": "SL/", "payment_days": 30,
    }});
    till.shop.bx.apply(provider).await;
    assert_eq!(html(&till, 1).await, before);
    till.order().await;
    let after = html(&till, 2).await;
    for words in [
        "SL/2",
        "Südlicht",
        "80331 München",
        "DE987654321",
        "2 March 2026",
    ] {
        assert!(after.contains(words), "{words}: {after}");
    }
    assert!(!after.contains("Bank:"), "{after}");
    // What a later document leaves out stays.
    till.shop
        .bx
        .apply(json!({"provider": {"name": "Westlicht"}}))
        .await;
    till.order().await;
    assert_eq!(invoice(&till, 3).await["printed_number"], "SL/3");
}

#[tokio::test]
async fn a_letterhead_that_does_not_fit_is_refused() {
    let till = till("en").await;
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    for (member, value) in [
        ("address", json!("1\n2\n3\n4\n5\n6\n7")),
        ("bank", json!("x".repeat(121))),
        ("tax_id", json!("one\ntwo")),
        ("invoice_prefix", json!("a b")),
        ("invoice_prefix", json!("<img>")),
        ("payment_days", json!(366)),
    ] {
        let doc = json!({"provider": {member: value}}).to_string();
        let error = boxoffice::ops::apply::apply(&ctx, doc, false).await;
        let told = format!("{:?}", error.expect_err("a refusal"));
        assert!(told.contains(&format!("provider.{member}")), "{told}");
    }
}

/// A contract number or a name that looks like markup is text.
#[tokio::test]
async fn nothing_on_an_invoice_becomes_markup() {
    let till = till("de").await;
    let path = format!("/customers/{}", till.shop.customer);
    let evil = json!({"accountNumber": "<script>alert(1)</script>"});
    till.shop.api.put(path, evil).await.expect(200);
    till.order().await;
    assert!(!html(&till, 1).await.contains("<script"));
}

/// The buyer is addressed in the order of letters, whatever the members of an address are called.
/// Blank members, and those whose names begin with an underscore, are not printed.
#[tokio::test]
async fn an_invoice_is_addressed_as_letters_are() {
    let till = till("en").await;
    let address = json!({
        "country": "DE", "city": "Hamburg", "zip": 22763, "note": "rear house", "flat": " ",
        "street": "Elbchaussee 1", "_id": "a1", "tags": ["x"],
    });
    let path = format!("/customers/{}", till.shop.customer);
    let told = json!({"billingAddress": address});
    till.shop.api.put(path, told).await.expect(200);
    till.order().await;
    let buyer = invoice(&till, 1).await["buyer"].clone();
    let lines = ["Elbchaussee 1", "rear house", "22763", "Hamburg", "DE"];
    assert_eq!(buyer, json!(lines));
    assert!(html(&till, 1).await.contains("Elbchaussee 1"));
}
