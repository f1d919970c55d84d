//! Letters to customers: what they say, in words that the operator may change. Must not know how
//! they travel, nor where what they say comes from.

mod allowed;
mod invoice;
pub mod locale;
pub mod page_words;
mod statement;
pub mod wording;
mod words;

pub use invoice::{last_day, paper_of};
pub use statement::statement_of;

use serde_json::json;

use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::messages::template::TemplateKind;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::paper::{self, PaperError};

use locale::Sender;
use wording::Values;

/// A letter as it is sent by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    /// Name of a PDF, and the PDF.
    pub attached: Option<(String, Vec<u8>)>,
}

/// That a partner was not told about a subscription, for whoever looks after that.
#[must_use]
pub fn not_told(partner: &str, subscription: &str, attempts: u32, problem: &str) -> Letter {
    let text = format!(
        "{partner} was not told about subscription {subscription}. It was tried {attempts} times, \
         the last time: {problem}\n\n\
         It is not tried again. What else could not be told stands in the list of the partner's \
         calls.\n"
    );
    Letter {
        subject: format!("{partner} was not told about {subscription}"),
        text,
        attached: None,
    }
}

/// That too many PINs of a partner were wrong, for whoever looks after the partner.
#[must_use]
pub fn wrong_pins(partner: &str, wrong: u32) -> Letter {
    let text = format!(
        "Within an hour {wrong} PINs that {partner} sent were wrong, over many accounts. Somebody \
         may be guessing.\n\n\
         No PIN of {partner} is accepted until the hour is over. Ask {partner} where these \
         purchases came from; `boxoffice partner rotate` makes another API key.\n"
    );
    Letter {
        subject: format!("{partner}: {wrong} wrong PINs within an hour"),
        text,
        attached: None,
    }
}

/// What is said of an invoice or credit note. `open_minor`: what is not paid of it.
#[must_use]
pub fn invoice(sender: &Sender<'_>, of: &Invoice, open_minor: Minor) -> (TemplateKind, Values) {
    let money = |minor: Minor| {
        let currency = of.currency;
        sender.amount(Amount { minor, currency })
    };
    let titles: Vec<&str> = of.lines.iter().map(|line| line.title.as_str()).collect();
    let mut said = Values::new();
    said.insert("number".to_owned(), json!(of.printed_number()));
    said.insert("date".to_owned(), json!(sender.day(of.issued_at)));
    said.insert("total".to_owned(), json!(money(of.total().minor)));
    said.insert("lines".to_owned(), json!(titles));
    match of.kind {
        InvoiceKind::Invoice => {
            let open = (open_minor > 0).then(|| money(open_minor));
            said.insert("open".to_owned(), json!(open.unwrap_or_default()));
            (TemplateKind::Invoice, said)
        }
        InvoiceKind::CreditNote { of } => {
            said.insert("corrects".to_owned(), json!(of.0));
            (TemplateKind::CreditNote, said)
        }
    }
}

/// The paper that goes with it: its name and what is in it.
pub fn invoice_pdf(
    sender: &Sender<'_>,
    of: &Invoice,
    open_minor: Minor,
) -> Result<(String, Vec<u8>), PaperError> {
    let name = match of.kind {
        InvoiceKind::Invoice => "invoice",
        InvoiceKind::CreditNote { .. } => "credit-note",
    };
    let pdf = paper::pdf(&paper_of(sender, of, open_minor))?;
    Ok((format!("{name}-{}.pdf", of.id.0), pdf))
}
