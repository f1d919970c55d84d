//! What the billing says of itself: runs, previews, invoices on paper.

use serde_json::{Value, json};

use crate::alphaott::given;
use crate::support::fixture::{a_till, a_till_selling};

#[tokio::test]
async fn the_preview_is_what_then_happens() {
    let till = a_till().await;
    till.pay("30").await;
    till.order().await;
    till.order().await;
    let preview = till.console("preview?until=2026-04-15T00:00:00Z");
    let preview = till.shop.api.get(preview).await.expect(200);
    assert_eq!(preview["counts"]["renewed"], 1);
    assert_eq!(preview["counts"]["overdue"], 2);
    assert_eq!(preview["counts"]["frozen"], 2);
    assert_eq!(preview["invoiced"][0]["amount"], "10.00");
    assert_eq!(preview["unpaid"][0]["amount"], "20.00");
    let steps = given::list(preview["steps"].clone());
    let told: Vec<String> = steps
        .iter()
        .map(|step| {
            format!(
                "{} {} {}",
                &step["at"].as_str().expect("an instant")[..10],
                step["order"],
                step["step"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "2026-02-28 1 RENEWED",
            "2026-02-28 2 OVERDUE",
            "2026-02-28 2 FROZEN",
            "2026-02-28 2 SUSPENSION",
            "2026-03-31 1 OVERDUE",
            "2026-03-31 1 FROZEN",
            "2026-03-31 1 SUSPENSION",
        ]
    );
    let reason = steps[1]["reason"].as_str().expect("a reason");
    assert!(reason.contains("0.00"), "{reason}");
    assert_eq!(till.invoices().await.len(), 2, "nothing was written");

    till.days(74).await;
    let runs = given::list(till.shop.api.get(till.console("runs")).await.expect(200));
    let sum = |key: &str| -> u64 {
        runs.iter()
            .filter_map(|run| run["counts"][key].as_u64())
            .sum()
    };
    for key in ["renewed", "overdue", "frozen", "suspended", "expired"] {
        assert_eq!(Some(sum(key)), preview["counts"][key].as_u64(), "{key}");
    }
}

/// What will not be paid is told with its reason, also where it is owed and not waited for.
#[tokio::test]
async fn the_preview_says_why() {
    let dunning = json!({"grace_days": 14, "suspend_days": 2});
    let till = a_till_selling(json!({"billing": "POSTPAID", "dunning": dunning})).await;
    till.pay("13").await;
    till.order().await;
    let preview = till.console("preview?until=2026-04-15T00:00:00Z");
    let preview = till.shop.api.get(preview).await.expect(200);
    assert_eq!(preview["invoiced"][0]["amount"], "10.00");
    assert_eq!(preview["unpaid"][0]["amount"], "7.00");
    let steps = given::list(preview["steps"].clone());
    let word = |step: &Value, key: &str| step[key].as_str().unwrap_or("-").to_owned();
    let told: Vec<String> = steps
        .iter()
        .map(|step| format!("{}: {}", word(step, "step"), word(step, "reason")))
        .collect();
    assert_eq!(
        told,
        [
            "RENEWED: the balance is 3.00: 7.00 will be owed",
            "REMINDED: -",
            "FROZEN: not paid since 2026-02-28T10:00:00.000Z",
            "SUSPENSION: no service of the customer is active",
        ]
    );
    // Somebody with another service is not suspended.
    let free = super::monthly(&till.shop, json!({"charges": []})).await;
    till.order_of(json!({"offer": free})).await;
    let preview = till.console("preview?until=2026-03-20T00:00:00Z");
    let preview = till.shop.api.get(preview).await.expect(200);
    let steps = given::list(preview["steps"].clone());
    let last = steps.last().expect("a step");
    assert_eq!(last["step"], "SUSPENSION");
    assert!(word(last, "reason").contains("another service"), "{last}");
}

#[tokio::test]
async fn a_preview_can_be_of_one_customer_or_one_order() {
    let till = a_till().await;
    till.pay("100").await;
    let first = till.order().await;
    till.order().await;
    let of = |scope: &str| {
        let path = till.console(&format!("preview?until=2026-03-01T00:00:00Z{scope}"));
        let api = till.shop.api.clone();
        async move { api.get(path).await }
    };
    let customer = &till.shop.customer;
    let whole = of(&format!("&customer={customer}")).await.expect(200);
    assert_eq!(whole["steps_in_all"], 2);
    let order = first["_id"].as_str().expect("an id");
    let one = of(&format!("&customer={customer}&order={order}"))
        .await
        .expect(200);
    assert_eq!(one["steps_in_all"], 1);
    assert_eq!(of("&customer=999").await.status, 404);
    assert_eq!(of("&order=1").await.status, 400);
}

#[tokio::test]
async fn an_invoice_can_be_read_and_printed() {
    let till = a_till_selling(json!({"charges": [
        {"type": "RECURRING", "title": "TV <b>& more</b>", "amount": "1234.50", "currency": "USD",
         "taxRate": 20},
    ]}))
    .await;
    till.order().await;
    let html = till.shop.api.get(till.console("invoices/1.html")).await;
    assert_eq!(html.status, 200);
    assert!(html.text.contains("TV &lt;b&gt;"), "{}", html.text);
    assert!(html.text.contains("1,234.50"), "{}", html.text);
    let pdf = till.shop.api.get(till.console("invoices/1.pdf")).await;
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert!(pdf.text.starts_with("%PDF-1."));
    for missing in ["invoices/2", "invoices/1.doc", "invoices/x"] {
        assert_eq!(till.shop.api.get(till.console(missing)).await.status, 404);
    }
}

/// An invoice says what was true when it was issued.
#[tokio::test]
async fn an_invoice_does_not_follow_its_customer() {
    let till = a_till().await;
    till.order().await;
    let before = till
        .shop
        .api
        .get(till.console("invoices/1.html"))
        .await
        .text;
    let path = format!("/customers/{}", till.shop.customer);
    let moved =
        json!({"firstName": "Somebody", "lastName": "Else", "address": {"city": "Elsewhere"}});
    till.shop.api.put(path, moved).await.expect(200);
    let after = till
        .shop
        .api
        .get(till.console("invoices/1.html"))
        .await
        .text;
    assert_eq!(before, after);
}

/// Money is for those who may see and book it.
#[tokio::test]
async fn roles_are_kept() {
    let till = a_till().await;
    let as_role = |role: &'static str| {
        let bx = &till.shop.bx;
        async move { bx.client_of(role).await }
    };
    let body = json!({"amount": "5", "method": "cash"});
    let path = till.of_customer("payments");
    for (role, status) in [
        ("support", 403),
        ("dealer", 403),
        ("auditor", 403),
        ("cashier", 201),
    ] {
        let answer = as_role(role).await.post(&path, body.clone()).await;
        assert_eq!(answer.status, status, "{role}");
    }
    let support = as_role("support").await;
    for path in [
        "runs",
        "preview?until=2026-03-01T00:00:00Z",
        "payments/open",
        "voucher-batches",
    ] {
        assert_eq!(support.get(till.console(path)).await.status, 403, "{path}");
    }
    let nobody = till.shop.bx.anonymous();
    assert_eq!(nobody.post(&path, body).await.status, 401);
}

#[tokio::test]
async fn what_cannot_be_a_payment_is_refused_by_its_field() {
    let till = a_till().await;
    let path = till.of_customer("payments");
    for (body, field) in [
        (json!({"amount": "0", "method": "cash"}), "amount"),
        (json!({"amount": "-1", "method": "cash"}), "amount"),
        (json!({"amount": "1.001", "method": "cash"}), "amount"),
        (json!({"amount": "1e400", "method": "cash"}), "amount"),
        (json!({"amount": [], "method": "cash"}), "amount"),
        (json!({"amount": "1", "method": "gold"}), "method"),
        (
            json!({"amount": "1", "currency": "dollars", "method": "cash"}),
            "currency",
        ),
        (
            json!({"amount": "1", "method": "cash", "reference": "x".repeat(300)}),
            "reference",
        ),
        (
            json!({"amount": "1", "method": "cash", "extra": 1}),
            "extra",
        ),
    ] {
        let answer = till.shop.api.post(&path, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text.contains(field), "{body}: {}", answer.text);
    }
    assert_eq!(till.balance().await, "0.00");
    let _: Value = Value::Null;
}
