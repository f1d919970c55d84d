//! An invoice in the words in which it stands on paper.

use crate::domain::invoice::{Invoice, InvoiceKind};
use crate::domain::money::Amount;
use crate::paper::{INVOICE_COLUMNS, Paper, PaperLine};

use super::House;
use super::locale::{amount, day, percent};

/// Everything that an invoice says.
#[must_use]
pub fn paper_of(house: &House<'_>, invoice: &Invoice) -> Paper {
    let (locale, zone) = (house.locale, house.zone);
    let currency = invoice.currency;
    let money = |minor: i64| amount(Amount { minor, currency }, locale);
    let (title, corrects) = match invoice.kind {
        InvoiceKind::Invoice => ("Invoice", None),
        InvoiceKind::CreditNote { of } => ("Credit note", Some(of.0.to_string())),
    };
    let period = match invoice.to {
        Some(to) => format!("{} \u{2013} {}", day(invoice.from, zone), day(to, zone)),
        None => format!("from {}", day(invoice.from, zone)),
    };
    let net = invoice.total().minor.saturating_sub(invoice.tax().minor);
    let mut totals = vec![("Net".to_owned(), money(net))];
    let mut rates: Vec<_> = invoice.lines.iter().map(|line| line.rate).collect();
    rates.sort_unstable();
    rates.dedup();
    for rate in rates {
        let lines = invoice.lines.iter().filter(|line| line.rate == rate);
        let tax = lines.fold(0i64, |sum, line| sum.saturating_add(line.tax_minor));
        if tax != 0 {
            let name = format!("Tax {}", percent(&rate.to_percent(), locale));
            totals.push((name, money(tax)));
        }
    }
    Paper {
        title: title.to_owned(),
        number: invoice.id.0.to_string(),
        issued: day(invoice.issued_at, zone),
        corrects,
        seller: vec![invoice.seller.clone()],
        addressed: "Billed to",
        buyer: invoice.buyer.clone(),
        columns: INVOICE_COLUMNS,
        facts: vec![
            ("Period".to_owned(), period),
            ("Customer".to_owned(), invoice.customer.0.to_string()),
            ("Order".to_owned(), invoice.order.0.to_string()),
        ],
        lines: invoice
            .lines
            .iter()
            .map(|line| PaperLine {
                title: line.title.clone(),
                numbers: [
                    money(line.net_minor),
                    percent(&line.rate.to_percent(), locale),
                    money(line.tax_minor),
                    money(line.gross_minor()),
                ],
            })
            .collect(),
        totals,
        total: ("Total".to_owned(), money(invoice.total().minor)),
        notes: Vec::new(),
    }
}
