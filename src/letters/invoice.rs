//! An invoice in the words in which it stands on paper.

use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::values::calendar::Zone;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::paper::{Frame, Paper, PaperLine};

use super::locale::{Sender, amount, long_day, percent};
use super::words::{PaperWords, paper_words};

/// Everything that an invoice says. `open_minor`: what is not paid of it.
#[must_use]
pub fn paper_of(sender: &Sender<'_>, invoice: &Invoice, open_minor: Minor) -> Paper {
    let words = paper_words(sender.locale);
    let currency = invoice.currency;
    let money = |minor: Minor| amount(Amount { minor, currency }, sender.locale);
    let (title, corrects) = match invoice.kind {
        InvoiceKind::Invoice => (words.invoice, None),
        InvoiceKind::CreditNote { of } => {
            let number = format!("{}{}", invoice.letterhead.invoice_prefix, of.0);
            (words.credit_note, Some(number))
        }
    };
    let lines = invoice.lines.iter().map(|line| PaperLine {
        title: named(invoice, &line.title, words),
        numbers: [
            money(line.net_minor),
            percent(&line.rate.to_percent(), sender.locale),
            money(line.tax_minor),
            money(line.gross_minor()),
        ],
    });
    Paper {
        frame: frame(words),
        title: title.to_owned(),
        number: invoice.printed_number(),
        issued: long_day(invoice.issued_at, sender.zone, sender.locale),
        corrects,
        seller: seller(invoice, words),
        addressed: words.billed_to,
        buyer: invoice.buyer.clone(),
        columns: words.columns,
        facts: facts(sender, invoice, words, open_minor),
        lines: lines.collect(),
        totals: totals(sender, invoice, words),
        total: (words.total.to_owned(), money(invoice.total().minor)),
        notes: Vec::new(),
    }
}

fn frame(words: &'static PaperWords) -> Frame {
    Frame {
        lang: words.lang,
        issued: words.issued,
        corrects: words.corrects,
        page: words.page,
        of: words.of,
        lines: words.lines,
        notes: words.notes,
    }
}

fn seller(invoice: &Invoice, words: &PaperWords) -> Vec<String> {
    let head = &invoice.letterhead;
    let mut lines = vec![invoice.seller.clone()];
    lines.extend(head.address.iter().cloned());
    if !head.tax_id.is_empty() {
        lines.push(format!("{} {}", words.tax_id, head.tax_id));
    }
    let mut bank = head.bank.iter();
    if let Some(first) = bank.next() {
        lines.push(format!("{} {first}", words.bank));
        lines.extend(bank.cloned());
    }
    lines
}

fn facts(
    sender: &Sender<'_>,
    invoice: &Invoice,
    words: &PaperWords,
    open_minor: Minor,
) -> Vec<(String, String)> {
    let day = |at: Timestamp| long_day(at, sender.zone, sender.locale);
    let mut facts = vec![
        (words.period, period(sender, invoice, words)),
        (words.customer, invoice.customer.0.to_string()),
    ];
    if !invoice.contract.is_empty() {
        facts.push((words.contract, invoice.contract.clone()));
    }
    facts.push((words.order, invoice.order.0.to_string()));
    if invoice.kind == InvoiceKind::Invoice {
        if let Some(at) = invoice.due_at {
            facts.push((words.due, day(at)));
        }
        let open = Amount {
            minor: open_minor,
            currency: invoice.currency,
        };
        let state = if open_minor > 0 {
            format!("{} {}", words.open, amount(open, sender.locale))
        } else {
            words.paid.to_owned()
        };
        facts.push((words.state, state));
    }
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    facts.into_iter().map(owned).collect()
}

/// The first and the last day of the time that it is for.
fn period(sender: &Sender<'_>, invoice: &Invoice, words: &PaperWords) -> String {
    let day = |at: Timestamp| long_day(at, sender.zone, sender.locale);
    match invoice.to {
        Some(to) => {
            let last = last_day(invoice.from, to, sender.zone);
            format!("{} \u{2013} {}", day(invoice.from), day(last))
        }
        None => format!("{} {}", words.from, day(invoice.from)),
    }
}

/// An instant of the last day of a time that ends at `to`. The day on which the next cycle begins
/// is that cycle's, at whatever hour; a time within one day has that day.
#[must_use]
pub fn last_day(from: Timestamp, to: Timestamp, zone: &Zone) -> Timestamp {
    const DAY_SECONDS: i64 = 86_400;
    if zone.date(from) == zone.date(to) {
        return from;
    }
    zone.days_before(to, 1)
        .unwrap_or(to.saturating_add_seconds(-DAY_SECONDS))
}

/// The product, what is charged of it, and the contract.
fn named(invoice: &Invoice, title: &str, words: &PaperWords) -> String {
    let product = invoice.product.trim();
    let mut name = match (product, title.trim()) {
        ("", title) => title.to_owned(),
        (product, "") => product.to_owned(),
        (product, title) if product == title => title.to_owned(),
        (product, title) => format!("{product}: {title}"),
    };
    if !invoice.contract.is_empty() {
        name.push_str(&format!(" ({} {})", words.contract, invoice.contract));
    }
    name
}

/// Net and tax by rate. One rate needs no more than its tax.
fn totals(sender: &Sender<'_>, invoice: &Invoice, words: &PaperWords) -> Vec<(String, String)> {
    let currency = invoice.currency;
    let money = |minor: Minor| amount(Amount { minor, currency }, sender.locale);
    let taxes = invoice.taxes();
    let net = taxes.iter().map(|sum| sum.net_minor);
    let mut totals = vec![(words.net.to_owned(), money(net.sum()))];
    for sum in &taxes {
        let rate = percent(&sum.rate.to_percent(), sender.locale);
        if taxes.len() > 1 {
            totals.push((format!("{} {rate}", words.net_at), money(sum.net_minor)));
        }
        if sum.tax_minor != 0 {
            totals.push((format!("{} {rate}", words.tax), money(sum.tax_minor)));
        }
    }
    totals
}
