//! The rate of a tax is that of the day of supply or payment, whichever is earlier; a dated rate
//! holds from its very day; and what a payer saw stays what they pay.

use serde_json::{Value, json};

use super::Till;
use super::pages::Page;
use crate::support::fixture::{a_box, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";

/// 12.00 a month, 20 % until the day before `from`, 50 % from then on.
fn taxed(from: &str, included: bool) -> Value {
    json!({"charges": [{
        "type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD",
        "taxRate": 20, "taxRates": [{"from": from, "rate": 50}], "taxIncluded": included,
    }]})
}

/// `net rate tax` of the only line of an invoice.
async fn line(till: &Till, number: u64) -> String {
    let path = till.console(&format!("invoices/{number}"));
    let invoice = till.shop.api.get(path).await.expect(200);
    let line = &invoice["lines"][0];
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}", text("net"), text("tax_rate"), text("tax"))
}

/// The second cycle begins on 28 February.
#[tokio::test]
async fn a_dated_rate_holds_from_its_very_day() {
    for (from, second) in [
        ("2026-02-27", "8.00 50 4.00"),
        ("2026-02-28", "8.00 50 4.00"),
        ("2026-03-01", "10.00 20 2.00"),
    ] {
        let till = a_till_selling(taxed(from, true)).await;
        till.pay("24").await;
        till.order().await;
        till.days(30).await;
        assert_eq!(line(&till, 1).await, "10.00 20 2.00", "{from}");
        assert_eq!(line(&till, 2).await, second, "{from}");
    }
}

/// The day is the operator's: at 23:30 UTC it is the next one in Kyiv.
#[tokio::test]
async fn the_day_is_one_of_the_operators_calendar() {
    let late = a_box()
        .set(|config| config.provider.time_zone = "Europe/Kyiv".to_owned())
        .then(async |bx| {
            bx.advance(13 * 3_600 + 1_800).await;
            bx
        });
    let till = late
        .then(|bx| Till::in_box(bx, taxed("2026-02-01", true)))
        .await;
    till.pay("12").await;
    till.order().await;
    assert_eq!(line(&till, 1).await, "8.00 50 4.00");
}

/// A month that begins on 28 February is paid on 31 January: the payment comes before the supply.
#[tokio::test]
async fn what_is_paid_ahead_bears_the_rate_of_the_payment() {
    let till = a_till_selling(taxed("2026-02-10", true))
        .taking_cards()
        .await;
    till.pay("24").await;
    let order = till.order().await;
    till.act(&order, "renew", json!({})).await.expect(200);
    assert_eq!(line(&till, 2).await, "10.00 20 2.00");
    let page = Page::asked(till, json!({"orderId": super::id_of(&order)})).await;
    assert_eq!(page.submit("12.00", CARD).await.status, 303);
    assert_eq!(line(&page.till, 3).await, "10.00 20 2.00");
    // Paid ahead after that day, it bears the new one.
    page.till.days(12).await;
    page.till.pay("12").await;
    page.till.act(&order, "renew", json!({})).await.expect(200);
    assert_eq!(line(&page.till, 4).await, "8.00 50 4.00");
    page.till.prove();
}

/// Money by hand comes after the rate has changed: its rate is in the gross that was seen.
#[tokio::test]
async fn the_gross_that_was_seen_stays() {
    for (included, seen, billed) in [
        (true, "12.00", "8.00 50 4.00"),
        (false, "14.40", "9.60 50 4.80"),
    ] {
        let till = a_till_selling(taxed("2026-02-03", included))
            .taking_cards()
            .await;
        let page = Page::of(till).await;
        assert_eq!(page.submit(seen, "manual").await.status, 303);
        page.till.days(5).await;
        let open = page.till.console("payments/open");
        let open = page.till.shop.api.get(open).await.expect(200);
        let confirm = format!("payments/{}/confirm", open[0]["id"]);
        let confirm = page.till.console(&confirm);
        page.till
            .shop
            .api
            .post(confirm, json!({}))
            .await
            .expect(200);
        assert_eq!(page.order_status().await, "ACTTIVE");
        assert_eq!(line(&page.till, 1).await, billed);
        assert_eq!(page.till.balance().await, "0.00");
        page.till.prove();
    }
}

/// An order that went overdue before the change is supplied from before it, whenever it is paid.
#[tokio::test]
async fn a_cycle_that_is_paid_late_bears_the_rate_of_its_beginning() {
    let offer = taxed("2026-03-02", true);
    let offer = crate::alphaott::given::merged(offer, json!({"dunning": {"grace_days": 10}}));
    let till = a_till_selling(offer).await;
    till.pay("12").await;
    till.order().await;
    till.days(33).await;
    till.pay("12").await;
    assert_eq!(line(&till, 2).await, "10.00 20 2.00");
    till.prove();
}

#[tokio::test]
async fn exports_have_net_and_tax_by_rate() {
    let charges = json!([
        {"type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD", "taxRate": 20},
        {"type": "RECURRING", "title": "Box", "amount": "1.00", "currency": "USD",
         "taxRate": "7.5", "taxIncluded": false},
        {"type": "RECURRING", "title": "Sport", "amount": "6.00", "currency": "USD", "taxRate": 20},
    ]);
    let till = a_till_selling(json!({"charges": charges})).await;
    till.order().await;
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    let lines = |format| {
        use boxoffice::ops::exports::page;
        use boxoffice::ops::exports::request::{ExportRequest, What};
        page(&ctx, &ExportRequest::all(What::Invoices, format), 0)
            .expect("a page")
            .lines
    };
    let jsonl = lines(boxoffice::ops::exports::request::Format::Jsonl);
    let invoice: Value = serde_json::from_str(&jsonl[0]).expect("JSON");
    assert_eq!(invoice["net"], "16.00");
    let taxes = json!([
        {"rate": "7.5", "net": "1.00", "tax": "0.08"},
        {"rate": "20", "net": "15.00", "tax": "3.00"},
    ]);
    assert_eq!(invoice["taxes"], taxes);
    let csv = lines(boxoffice::ops::exports::request::Format::Csv);
    assert!(csv[0].ends_with(",currency,net,taxes"), "{}", csv[0]);
    let cells = ",USD,16.00,7.5 %: 1.00 + 0.08; 20 %: 15.00 + 3.00";
    assert!(csv[1].ends_with(cells), "{}", csv[1]);
}
