//! The journal as plain-text accounting: every account and currency declared, a part of the time
//! with what was brought forward, customers by name on request. `tests/books/run` shows the same to
//! hledger and beancount.

use boxoffice::app::Ctx;
use boxoffice::ops::exports::page;
use boxoffice::ops::exports::request::{ExportRequest, Format, What};
use serde_json::json;

use super::Till;
use crate::support::fixture::{a_till, a_till_selling};

fn lines(till: &Till, request: &ExportRequest) -> Result<Vec<String>, String> {
    let ctx = Ctx::system(till.shop.bx.app());
    let page = page(&ctx, request, 0).map_err(|error| format!("{error:?}"))?;
    Ok(page.lines)
}

fn journal(format: Format) -> ExportRequest {
    ExportRequest::all(What::Journal, format)
}

/// A month that is paid, one a month later, and a voucher that nobody bought.
async fn till() -> Till {
    let till = a_till_selling(json!({"charges": [
        {"type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD", "taxRate": 20},
    ]}))
    .await;
    let path = format!("/customers/{}", till.shop.customer);
    let named = json!({"firstName": "Olga; | \"X\"", "lastName": "Fuchs"});
    till.shop.api.put(path, named).await.expect(200);
    till.pay("30").await;
    till.order().await;
    till.days(30).await;
    till
}

#[tokio::test]
async fn accounts_and_currencies_are_declared() {
    let till = till().await;
    let hledger = lines(&till, &journal(Format::Hledger)).unwrap();
    for line in [
        "commodity 1000.00 USD",
        "account customer:1  ; type: A",
        "account revenue  ; type: R",
        "account tax:20  ; type: L",
        "account cash:cash  ; type: C",
    ] {
        assert!(
            hledger.iter().any(|held| held == line),
            "{line}: {hledger:#?}"
        );
    }
    let beancount = lines(&till, &journal(Format::Beancount)).unwrap();
    for line in [
        "1970-01-01 commodity USD",
        "1970-01-01 open Assets:Customers:C1",
        "1970-01-01 open Income:Revenue",
    ] {
        assert!(
            beancount.iter().any(|held| held == line),
            "{line}: {beancount:#?}"
        );
    }
}

/// February only: January's money is brought forward, its earnings are not February's.
#[tokio::test]
async fn a_part_of_the_time_begins_with_what_was_before() {
    let till = till().await;
    let request = ExportRequest {
        from: Some("2026-02-01".to_owned()),
        to: Some("2026-02-28".to_owned()),
        ..journal(Format::Hledger)
    };
    let part = lines(&till, &request).unwrap();
    for line in [
        "2026-02-01 brought forward",
        "    cash:cash  30.00 USD",
        "    customer:1  -18.00 USD",
        "    retained  -10.00 USD",
        "    revenue  0 USD = -10.00 USD",
        "    customer:1  0 USD = -6.00 USD",
    ] {
        assert!(part.iter().any(|held| held == line), "{line}: {part:#?}");
    }
    assert!(
        !part.iter().any(|line| line.contains("invoice 1")),
        "{part:#?}"
    );
    assert!(
        part.iter().any(|line| line.contains("invoice 2")),
        "{part:#?}"
    );
    // Invoices of one day, the first and the last of it included.
    let day = |from: &str, to: &str| ExportRequest {
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        ..ExportRequest::all(What::Invoices, Format::Jsonl)
    };
    assert_eq!(
        lines(&till, &day("2026-01-31", "2026-01-31"))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        lines(&till, &day("2026-02-01", "2026-02-27"))
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn customers_are_named_on_request_only() {
    let till = till().await;
    for format in [Format::Hledger, Format::Beancount] {
        let plain = lines(&till, &journal(format)).unwrap().join("\n");
        assert!(!plain.contains("Fuchs"), "{plain}");
        let request = ExportRequest {
            names: true,
            ..journal(format)
        };
        let named = lines(&till, &request).unwrap().join("\n");
        let (payee, comment) = match format {
            Format::Hledger => (
                "Olga, , \"X\" Fuchs | invoice 1",
                "name: Olga  | \"X\" Fuchs",
            ),
            _ => (
                "* \"Olga; | 'X' Fuchs\" \"invoice 1\"",
                "name: \"Olga; | 'X' Fuchs\"",
            ),
        };
        assert!(named.contains(payee), "{named}");
        assert!(named.contains(comment), "{named}");
    }
}

#[tokio::test]
async fn what_cannot_be_exported_so_is_refused_by_its_name() {
    let till = a_till().await;
    let some = |text: &str| Some(text.to_owned());
    for (request, name) in [
        (
            ExportRequest {
                from: some("31.1.2026"),
                ..journal(Format::Csv)
            },
            "--from",
        ),
        (
            ExportRequest {
                to: some("2026-02-30"),
                ..journal(Format::Csv)
            },
            "--to",
        ),
        (
            ExportRequest {
                from: some("2026-02-02"),
                to: some("2026-02-01"),
                ..journal(Format::Csv)
            },
            "--to",
        ),
        (
            ExportRequest {
                names: true,
                ..journal(Format::Csv)
            },
            "--names",
        ),
        (
            ExportRequest {
                from: some("2026-02-01"),
                ..ExportRequest::all(What::Customers, Format::Csv)
            },
            "--from",
        ),
        (
            ExportRequest::all(What::Invoices, Format::Hledger),
            "--format",
        ),
    ] {
        let told = lines(&till, &request).expect_err("a refusal");
        assert!(told.contains(name), "{told}");
    }
}
