//! What the box writes to people: invoices and reminders, as words. Takes records and says them;
//! must not know how a letter gets to its reader.

mod invoice;
pub mod locale;

pub use invoice::paper_of;

use crate::domain::calendar::Zone;
use crate::domain::invoice::{Invoice, InvoiceKind};
use crate::domain::money::Amount;
use crate::domain::time::Timestamp;
use crate::paper::{self, PaperError};

use locale::{amount, day};

/// Who writes, and how days and amounts are written there.
#[derive(Debug, Clone, Copy)]
pub struct House<'h> {
    pub name: &'h str,
    pub zone: &'h Zone,
    pub locale: &'h str,
}

/// A letter as it is sent.
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
        "{partner} was not told about subscription {subscription}. It was tried {attempts} times, the last time: {problem}\n\n\
         It is not tried again. What else could not be told stands in the list of the partner's calls.\n"
    );
    Letter {
        subject: format!("{partner} was not told about {subscription}"),
        text,
        attached: None,
    }
}

/// An invoice or credit note with its paper. `open_minor`: what is not paid of it.
pub fn invoice(house: &House<'_>, of: &Invoice, open_minor: i64) -> Result<Letter, PaperError> {
    let money = |minor: i64| {
        let currency = of.currency;
        amount(Amount { minor, currency }, house.locale)
    };
    let name = match of.kind {
        InvoiceKind::Invoice => "Invoice",
        InvoiceKind::CreditNote { .. } => "Credit note",
    };
    let number = of.id.0;
    let total = money(of.total().minor);
    let titles: Vec<&str> = of.lines.iter().map(|line| line.title.as_str()).collect();
    let standing = match of.kind {
        InvoiceKind::Invoice if open_minor > 0 => {
            format!("{} of it are not paid yet.", money(open_minor))
        }
        InvoiceKind::Invoice => "It is paid.".to_owned(),
        InvoiceKind::CreditNote { of } => {
            format!(
                "It corrects invoice {}; the amount is on your account.",
                of.0
            )
        }
    };
    let text = format!(
        "{}attached is {} {number} of {} over {total}:\n\n  {}\n\n{standing}\n\n{}\n",
        greeting(of.buyer.first()),
        name.to_lowercase(),
        day(of.issued_at, house.zone),
        titles.join("\n  "),
        house.name,
    );
    let file = format!("{}-{number}.pdf", name.to_lowercase().replace(' ', "-"));
    let pdf = paper::pdf(&paper_of(house, of))?;
    Ok(Letter {
        subject: format!("{name} {number} from {}", house.name),
        text,
        attached: Some((file, pdf)),
    })
}

/// What a reminder says.
#[derive(Debug, Clone)]
pub struct Reminder {
    /// Whom it is for.
    pub name: String,
    /// What is not paid.
    pub title: String,
    pub missing: Amount,
    /// Until when services go on; `None`: their time is over anyway.
    pub until: Option<Timestamp>,
}

/// That an order is not paid.
#[must_use]
pub fn reminder(house: &House<'_>, of: &Reminder) -> Letter {
    let wish = match of.until {
        Some(until) => format!(
            "Please pay by {}; after that day it stops until it is paid.",
            day(until, house.zone)
        ),
        None => "Please pay now; it was used and has ended.".to_owned(),
    };
    let text = format!(
        "{}{} is not paid yet: {} are missing.\n\n{wish}\n\n{}\n",
        greeting(Some(&of.name)),
        of.title,
        amount(of.missing, house.locale),
        house.name,
    );
    Letter {
        subject: format!("Please pay: {}", of.title),
        text,
        attached: None,
    }
}

fn greeting(name: Option<&String>) -> String {
    match name.map(|name| name.trim()).filter(|name| !name.is_empty()) {
        Some(name) => format!("Dear {name},\n\n"),
        None => "Dear customer,\n\n".to_owned(),
    }
}
