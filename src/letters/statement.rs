//! What a partner is owed for a month, in the words in which it stands on paper.

use crate::domain::partners::statement::{Settlement, Sums};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::paper::{Frame, Paper, PaperLine};

use super::locale::{Sender, amount, day};

/// Everything that a statement says. `home`: the operator's currency, in which nothing is nothing.
#[must_use]
pub fn statement_of(sender: &Sender<'_>, of: &Settlement, home: Currency, now: Timestamp) -> Paper {
    let (locale, zone) = (sender.locale, sender.zone);
    let money = |minor: Minor, currency: Currency| amount(Amount { minor, currency }, locale);
    let standing = match &of.closed {
        Some(closed) => format!("closed on {}", day(closed.closed_at, zone)),
        None => "not closed yet: it may change".to_owned(),
    };
    let last = of.until.saturating_add_seconds(-1);
    let period = format!("{} \u{2013} {}", day(of.from, zone), day(last, zone));
    let line = |title: &str, currency: Currency, sums: &Sums| PaperLine {
        title: format!("{title}: {}", counted(sums)),
        numbers: [
            money(sums.charged_minor, currency),
            money(sums.refunded_minor, currency),
            money(sums.tax_minor, currency),
            money(sums.partner_minor, currency),
        ],
    };
    let titled = |code: &str| {
        let mut known = of.partner.products.iter();
        match known.find(|product| product.code == code) {
            Some(product) if !product.title.is_empty() => format!("{code} {}", product.title),
            _ => code.to_owned(),
        }
    };
    let products = of.tally.products.iter();
    let mut lines: Vec<PaperLine> = products
        .map(|((currency, code), sums)| match code {
            Some(code) => line(&titled(code), *currency, sums),
            None => line("Without a product", *currency, sums),
        })
        .collect();
    let others = of.tally.others.iter();
    lines.extend(others.map(|(currency, sums)| line("Other products", *currency, sums)));
    let mut totals = Vec::new();
    for (currency, sums) in &of.tally.sums {
        for (name, minor) in [
            ("Charges", sums.charged_minor),
            ("Refunds", sums.refunded_minor),
            ("Tax", -sums.tax_minor),
            ("Kept by the operator", -sums.kept_minor),
        ] {
            totals.push((name.to_owned(), money(minor, *currency)));
        }
        totals.push((
            "Net payable".to_owned(),
            money(sums.partner_minor, *currency),
        ));
    }
    // The last currency has the big line.
    let nothing = || ("Net payable".to_owned(), money(Minor::ZERO, home));
    let total = totals.pop().unwrap_or_else(nothing);
    Paper {
        frame: Frame::default(),
        title: "Settlement".to_owned(),
        number: of.month.clone(),
        issued: day(now, zone),
        corrects: None,
        seller: vec![sender.name.to_owned()],
        addressed: "Partner",
        buyer: vec![of.partner.name.clone()],
        facts: vec![
            ("Partner key".to_owned(), of.partner.key.clone()),
            ("Period".to_owned(), period),
            ("Status".to_owned(), standing),
        ],
        columns: ["Product", "Charged", "Refunded", "Tax", "Payable"],
        lines,
        totals,
        total,
        notes: Vec::new(),
    }
}

fn counted(sums: &Sums) -> String {
    let plural = |count: u64, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    format!(
        "{}, {}",
        plural(sums.charges, "charge"),
        plural(sums.refunds, "refund")
    )
}
