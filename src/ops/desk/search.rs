//! Finding somebody by what they say on the phone: a number, a MAC address, a name, an invoice.
//!
//! The prefix of every part is walked in the indexes, so far and no further; whoever stands under
//! all of them is read and compared, since an index may list more than fits.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::customers::Customer;
use crate::domain::customers::device::{Device, DeviceKind};
use crate::domain::customers::search::{Part, Query};
use crate::domain::staff::Permission;
use crate::domain::values::contact::{fold, fold_email};
use crate::domain::values::id::{CustomerId, DeviceId, InvoiceId};
use crate::domain::values::minor::Minor;
use crate::ops::OpError;
use crate::ops::own::is_own;
use crate::store::key::{trailing_number, under_text};
use crate::store::{Read, Snapshot, Span, Table};

pub use crate::domain::customers::search::QUERY_CHARS_MAX;

/// Most hits of a group.
pub const HITS_MAX: usize = 20;
/// How far the entries under one prefix are walked. A part that more stand under finds nobody by
/// itself that the other parts do not.
const WALKED_MAX: usize = 30_000;
/// Most customers that are read and compared.
const READ_MAX: usize = 2_000;
/// Fewest hexadecimal digits by which boxes are found.
const MAC_DIGITS_MIN: usize = 4;
const MAC_DIGITS_MAX: usize = 12;

/// What was found of one kind.
#[derive(Debug, Clone)]
pub struct Group<T> {
    pub hits: Vec<T>,
    /// Whether there are, or may be, more.
    pub more: bool,
}

impl<T> Group<T> {
    fn none() -> Self {
        Self {
            hits: Vec::new(),
            more: false,
        }
    }
}

/// A box and whose it is.
#[derive(Debug, Clone)]
pub struct FoundBox {
    pub device: Device,
    pub customer: Customer,
}

/// An invoice, whose it is, and what of it is open.
#[derive(Debug, Clone)]
pub struct FoundInvoice {
    pub invoice: Invoice,
    pub customer: Customer,
    pub open_minor: Minor,
}

/// All that was found.
#[derive(Debug, Clone)]
pub struct Found {
    pub customers: Group<Customer>,
    pub boxes: Group<FoundBox>,
    pub invoices: Group<FoundInvoice>,
}

/// What fits a text, at most so many of each kind.
pub fn search(ctx: &Ctx, text: &str, limit: usize) -> Result<Found, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let limit = limit.clamp(1, HITS_MAX);
    let read = ctx.snapshot()?;
    let invoices = if ctx.actor.may(Permission::MoneyRead) {
        invoices(ctx, &read, text)?
    } else {
        Group::none()
    };
    Ok(Found {
        customers: customers(ctx, &read, text, limit)?,
        boxes: boxes(ctx, &read, text, limit)?,
        invoices,
    })
}

/// Who stands under a part of a query.
struct Listed {
    ids: BTreeSet<CustomerId>,
    /// Whether there are more than were walked.
    is_cut: bool,
}

fn customers(
    ctx: &Ctx,
    read: &Snapshot,
    text: &str,
    limit: usize,
) -> Result<Group<Customer>, OpError> {
    let Some(query) = Query::parse(text) else {
        return Ok(Group::none());
    };
    let mut listed = Vec::new();
    for part in &query.parts {
        listed.push(under(read, part)?);
    }
    // Whoever fits stands under every part that was walked to its end.
    let whole = || listed.iter().filter(|of| !of.is_cut);
    let is_cut = whole().next().is_none();
    let first = whole().min_by_key(|of| of.ids.len());
    let Some(first) = first.or(listed.first()) else {
        return Ok(Group::none());
    };
    let stands = |id: &CustomerId| {
        let mut others = listed.iter().filter(|of| is_cut || !of.is_cut);
        others.all(|of| of.ids.contains(id))
    };
    let mut hits = Vec::new();
    let mut named = Vec::new();
    let mut more = is_cut;
    // The newest first; whoever is named by the whole of it before all others.
    for (at, id) in first.ids.iter().rev().filter(|id| stands(id)).enumerate() {
        if at >= READ_MAX {
            more = true;
            break;
        }
        let Some(customer) = read.get::<Customer>(id)? else {
            continue;
        };
        if customer.is_deleted() || !is_own(ctx, &customer) || !query.fits(&customer) {
            continue;
        }
        if query.names(&customer) {
            named.push(customer);
        } else if hits.len() <= limit {
            hits.push(customer);
        }
        if named.len() > limit {
            break;
        }
    }
    named.append(&mut hits);
    more |= named.len() > limit;
    named.truncate(limit);
    Ok(Group { hits: named, more })
}

/// Everybody under a part: by name, number, login, contract or e-mail address.
fn under(read: &Snapshot, part: &Part) -> Result<Listed, OpError> {
    let mut listed = Listed {
        ids: BTreeSet::new(),
        is_cut: false,
    };
    for prefix in part.prefixes() {
        walk(read, Table::CustomersByToken, &prefix, &mut listed)?;
    }
    if !part.text.is_empty() && !part.text.contains('\0') {
        let text = part.text.as_bytes();
        walk(read, Table::CustomersByFoldedLogin, text, &mut listed)?;
        walk(read, Table::CustomersByAccount, text, &mut listed)?;
        let email = fold_email(&part.text);
        walk(read, Table::CustomersByEmail, email.as_bytes(), &mut listed)?;
    }
    Ok(listed)
}

/// Adds who stands under a prefix of an index, as far as it is walked.
fn walk(read: &Snapshot, index: Table, prefix: &[u8], listed: &mut Listed) -> Result<(), OpError> {
    let mut seen = 0usize;
    read.raw_scan(index, &Span::under(prefix), &mut |key, value| {
        if seen >= WALKED_MAX {
            listed.is_cut = true;
            return Ok(ControlFlow::Break(()));
        }
        seen = seen.saturating_add(1);
        // A unique entry has its number as its value.
        let held = if value.is_empty() { key } else { value };
        listed.ids.extend(trailing_number(held).map(CustomerId));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// The hexadecimal digits of a text that may be the beginning of a MAC address, as the index has
/// them.
fn mac_prefix(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '-' | '.' | ' ');
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let fits =
        text.chars().all(is_part) && (MAC_DIGITS_MIN..=MAC_DIGITS_MAX).contains(&digits.len());
    if !fits {
        return None;
    }
    let digits = digits.to_ascii_uppercase();
    let pairs = digits.as_bytes().chunks(2);
    let pairs: Vec<&str> = pairs
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .collect();
    Some(pairs.join(":"))
}

fn boxes(ctx: &Ctx, read: &Snapshot, text: &str, limit: usize) -> Result<Group<FoundBox>, OpError> {
    let Some(prefix) = mac_prefix(text.trim()) else {
        return Ok(Group::none());
    };
    let span = match prefix.len() {
        // All of it.
        17 => Span::under(&under_text(&prefix)),
        _ => Span::under(prefix.as_bytes()),
    };
    let mut ids = Vec::new();
    read.raw_scan(Table::DevicesByMac, &span, &mut |key, _| {
        ids.extend(trailing_number(key).map(DeviceId));
        Ok(if ids.len() < READ_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    let mut group = Group::none();
    for id in ids {
        let Some(device) = read.get::<Device>(&id)? else {
            continue;
        };
        let customer = read.get::<Customer>(&device.customer)?;
        let customer = customer.filter(|of| !of.is_deleted() && is_own(ctx, of));
        let Some(customer) = customer.filter(|_| device.kind == DeviceKind::Stb) else {
            continue;
        };
        if group.hits.len() >= limit {
            group.more = true;
            break;
        }
        group.hits.push(FoundBox { device, customer });
    }
    Ok(group)
}

/// The invoice with this number, as it is printed or without what stands before it there.
fn invoices(ctx: &Ctx, read: &Snapshot, text: &str) -> Result<Group<FoundInvoice>, OpError> {
    let text = text.trim();
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let Some(id) = digits.parse().ok().filter(|_| is_number).map(InvoiceId) else {
        return Ok(Group::none());
    };
    let Some(invoice) = read.get::<Invoice>(&id)? else {
        return Ok(Group::none());
    };
    let is_meant = digits.len() == text.len() || fold(&invoice.printed_number()) == fold(text);
    let customer = read.get::<Customer>(&invoice.customer)?;
    let customer = customer.filter(|of| is_meant && is_own(ctx, of));
    let Some(customer) = customer else {
        return Ok(Group::none());
    };
    let open = read.get::<OpenInvoice>(&id)?;
    Ok(Group {
        hits: vec![FoundInvoice {
            invoice,
            customer,
            open_minor: open.map_or(Minor::ZERO, |open| open.open_minor),
        }],
        more: false,
    })
}
