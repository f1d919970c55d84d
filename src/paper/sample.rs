//! A document that tests set.

use super::document::{Frame, Paper, PaperLine};

/// A document with as many lines as asked for.
pub(super) fn paper(lines: usize) -> Paper {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Paper {
        title: "Invoice".to_owned(),
        number: "2026-000042".to_owned(),
        issued: "1 Mar 2026".to_owned(),
        corrects: None,
        seller: [
            "Northern Light TV Ltd",
            "12 Harbour Street",
            "Tallinn 10111",
        ]
        .map(str::to_owned)
        .to_vec(),
        addressed: "Billed to",
        columns: ["Description", "Net", "Tax rate", "Tax", "Gross"],
        frame: Frame::default(),
        buyer: ["Σοφία Παπαδοπούλου", "Οδός Ερμού 5", "Αθήνα"]
            .map(str::to_owned)
            .to_vec(),
        facts: vec![
            pair("Period", "31 Jan 2026 – 28 Feb 2026"),
            pair("Customer", "C-1007"),
        ],
        lines: (1..=lines)
            .map(|n| PaperLine {
                title: format!("Family package, box {n}, 31 Jan – 28 Feb 2026"),
                numbers: ["10.00 USD", "20 %", "2.00 USD", "12.00 USD"].map(str::to_owned),
            })
            .collect(),
        totals: vec![pair("Net", "10.00 USD"), pair("Tax 20 %", "2.00 USD")],
        total: pair("Total", "12.00 USD"),
        notes: vec!["Thank you for watching with us.".to_owned()],
    }
}
