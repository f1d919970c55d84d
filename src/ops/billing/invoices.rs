//! Invoices and credit notes: found, listed, addressed. They are issued by `books`.

use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, InvoiceId};
use crate::domain::values::minor::Minor;
use crate::domain::values::open_object::OpenObject;
use crate::ops::{Handle, Named, OpError};
use crate::store::key::owned_by;
use crate::store::{Read as _, Table};

impl Named for Invoice {
    const KIND: &'static str = "invoice";
    const FOREIGN: Option<Table> = None;
}

/// An invoice, and what of it is still to be paid, in minor units.
#[derive(Debug, Clone)]
pub struct Billed {
    pub invoice: Invoice,
    pub open_minor: Minor,
}

/// The customer's invoices and credit notes, newest first.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Billed>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = crate::ops::find(&snapshot, customer)?;
    let invoices: Vec<Invoice> =
        snapshot.listed(Table::InvoicesByCustomer, &owned_by(customer.id))?;
    let mut billed = Vec::with_capacity(invoices.len());
    for invoice in invoices.into_iter().rev() {
        let open = snapshot.get::<OpenInvoice>(&invoice.id)?;
        billed.push(Billed {
            invoice,
            open_minor: open.map_or(Minor::ZERO, |open| open.open_minor),
        });
    }
    Ok(billed)
}

/// One invoice by its number.
pub fn get(ctx: &Ctx, number: InvoiceId) -> Result<Billed, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let invoice: Invoice = crate::ops::get(&snapshot, number)?;
    let open = snapshot.get::<OpenInvoice>(&number)?;
    Ok(Billed {
        invoice,
        open_minor: open.map_or(Minor::ZERO, |open| open.open_minor),
    })
}

/// Name and address of a customer, line by line, as an invoice shows them.
pub(in crate::ops) fn addressee(customer: &Customer) -> Vec<String> {
    let name = &customer.name;
    let full = name.full.clone().unwrap_or_else(|| {
        let parts = [
            &name.title,
            &name.prefix,
            &name.first,
            &name.middle,
            &name.last,
            &name.suffix,
        ];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" ")
    });
    let mut lines = Vec::with_capacity(1);
    if !full.trim().is_empty() {
        lines.push(full);
    } else if let Some(login) = &customer.login {
        lines.push(login.clone());
    } else if let Some(email) = &customer.email {
        lines.push(email.as_str().to_owned());
    }
    let address = customer
        .billing_address
        .as_ref()
        .or(customer.address.as_ref());
    if let Some(address) = address {
        lines.extend(address_lines(address));
    }
    lines
}

/// Most lines of an address on an invoice, and most characters of each.
const ADDRESS_LINES_MAX: usize = 6;
const ADDRESS_LINE_CHARS_MAX: usize = 120;

/// The texts of an address in the order in which letters have them; unknown members come last.
fn address_lines(address: &OpenObject) -> Vec<String> {
    type Members = serde_json::Map<String, serde_json::Value>;
    let Ok(members) = serde_json::from_str::<Members>(&address.0) else {
        return Vec::new();
    };
    let rank = |name: &str| {
        const ORDER: &[&str] = &["line", "street", "address", "house", "apart", "flat"];
        const LATER: &[&str] = &["zip", "post", "city", "region", "state", "country"];
        let name = name.to_lowercase();
        let at = |words: &[&str]| words.iter().position(|word| name.starts_with(word));
        match (at(ORDER), at(LATER)) {
            (Some(position), _) => position,
            (None, None) => 50,
            (None, Some(position)) => position.saturating_add(100),
        }
    };
    let mut members: Vec<(String, String)> = members
        .into_iter()
        .filter(|(name, _)| !name.starts_with('_'))
        .filter_map(|(name, value)| match value {
            serde_json::Value::String(text) if !text.trim().is_empty() => Some((name, text)),
            serde_json::Value::Number(number) => Some((name, number.to_string())),
            _ => None,
        })
        .collect();
    members.sort_by_key(|(name, _)| rank(name));
    let clean = |text: String| -> String {
        let kept = text.chars().filter(|c| !c.is_control());
        kept.take(ADDRESS_LINE_CHARS_MAX).collect()
    };
    let lines = members.into_iter().map(|(_, text)| clean(text));
    lines.take(ADDRESS_LINES_MAX).collect()
}
