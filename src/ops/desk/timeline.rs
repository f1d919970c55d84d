//! What happened with a customer, newest first: invoices, money, letters, what they and their boxes
//! did, what staff changed. Each kind is read from its own index, newest first, and all are merged
//! by time; a page ends with a place in each of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::invoice::Invoice;
use crate::domain::billing::payment::Payment;
use crate::domain::customers::Customer;
use crate::domain::event::{Activity, ActivityAction, Audit};
use crate::domain::messages::Message;
use crate::domain::staff::Permission;
use crate::domain::values::id::{ActivityId, AuditId, CustomerId, InvoiceId, MessageId, PaymentId};
use crate::domain::values::time::Timestamp;
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};
use crate::store::key::{about, owned_by, trailing_number};
use crate::store::{Read, Snapshot, Span, Table};

/// Most entries of one page.
pub const PAGE_MAX: usize = 200;
/// Of so many devices and orders of a customer, the newest, what was changed is shown.
const SUBJECTS_MAX: usize = 100;

/// Where things stand that happened; in this order where they happened at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Changes,
    Payments,
    Invoices,
    Letters,
    Activity,
}

impl Source {
    pub const ALL: [Source; 5] = [
        Source::Changes,
        Source::Payments,
        Source::Invoices,
        Source::Letters,
        Source::Activity,
    ];
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Happened {
    Changed(Audit),
    Paid(Payment),
    Billed(Invoice),
    Written(Message),
    Did(Activity),
}

impl Happened {
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Changed(line) => line.at,
            Self::Paid(payment) => payment.created_at,
            Self::Billed(invoice) => invoice.issued_at,
            Self::Written(message) => message.created_at,
            Self::Did(activity) => activity.at,
        }
    }
}

/// A place in every source: what lies before these numbers is older. A source that is not there is
/// at its newest end.
pub type Place = BTreeMap<Source, u64>;

/// A page of what happened, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Page {
    pub entries: Vec<Happened>,
    pub next: Option<Place>,
}

/// What happened with a customer before a place. Of what whoever asks may not read nothing is
/// shown.
pub fn page(
    ctx: &Ctx,
    customer: &Handle<CustomerId>,
    before: &Place,
    limit: usize,
) -> Result<Page, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let customer = own_customer(ctx, &read, customer)?;
    let limit = limit.clamp(1, PAGE_MAX);
    let mut heads = Vec::new();
    for source in Source::ALL {
        if may_read(ctx, source) {
            let place = before.get(&source).copied().unwrap_or(u64::MAX);
            let found = newest(ctx, &read, &customer, source, place, limit)?;
            heads.push((source, found.into_iter().peekable()));
        }
    }
    let mut place = before.clone();
    let mut entries: Vec<Happened> = Vec::new();
    // What happened at once is never parted, so that a page knows what another line says better.
    let mut last = None;
    loop {
        let next = heads.iter_mut().filter_map(|(source, found)| {
            let at = found.peek()?.1.at();
            // The later one; of those at once the first source.
            Some((at, std::cmp::Reverse(*source), found))
        });
        let Some((at, source, found)) = next.max_by_key(|(at, source, _)| (*at, *source)) else {
            break;
        };
        if entries.len() >= limit && last != Some(at) {
            break;
        }
        last = Some(at);
        if let Some((number, entry)) = found.next() {
            place.insert(source.0, number);
            if !is_said(&entries, &entry) {
                entries.push(entry);
            }
        }
    }
    let goes_on = heads.iter_mut().any(|(_, found)| found.peek().is_some());
    Ok(Page {
        entries,
        next: goes_on.then_some(place),
    })
}

fn may_read(ctx: &Ctx, source: Source) -> bool {
    let permission = match source {
        Source::Changes => Permission::AuditRead,
        Source::Payments | Source::Invoices => Permission::MoneyRead,
        Source::Letters => Permission::CustomersRead,
        Source::Activity => Permission::ActivityRead,
    };
    ctx.actor.may(permission)
}

/// What another line of the same instant says better: by whom, and what of it.
fn is_said(entries: &[Happened], entry: &Happened) -> bool {
    let Happened::Did(activity) = entry else {
        return false;
    };
    let begins = match activity.action {
        ActivityAction::SignedIn | ActivityAction::DeviceMovedOften => return false,
        ActivityAction::StatusChanged
        | ActivityAction::PasswordChanged
        | ActivityAction::PasswordReset => "customer.",
        ActivityAction::DeviceAdded
        | ActivityAction::DeviceRemoved
        | ActivityAction::DeviceStatusChanged => "device.",
        ActivityAction::OrderPlaced | ActivityAction::OrderStatusChanged => "order.",
    };
    let at_once = entries.iter().rev();
    let mut at_once = at_once.take_while(|said| said.at() == activity.at);
    at_once.any(|said| match said {
        Happened::Changed(line) => line.action.starts_with(begins),
        _ => false,
    })
}

/// The newest of a source before a number, at most so many and one more, each with its number.
fn newest(
    ctx: &Ctx,
    read: &Snapshot,
    customer: &Customer,
    source: Source,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Happened)>, OpError> {
    let most = limit.saturating_add(1);
    let owned = owned_by(customer.id);
    let index = match source {
        Source::Changes => return changes(read, customer, before, most),
        Source::Payments => Table::PaymentsByCustomer,
        Source::Invoices => Table::InvoicesByCustomer,
        Source::Letters => Table::MessagesByCustomer,
        Source::Activity => Table::ActivitiesByCustomer,
    };
    let mut found = Vec::new();
    for number in numbers(read, index, &owned, before, most)? {
        let entry = match source {
            Source::Changes => None,
            Source::Payments => read.get(&PaymentId(number))?.map(Happened::Paid),
            Source::Invoices => read.get(&InvoiceId(number))?.map(Happened::Billed),
            Source::Letters => read.get(&MessageId(number))?.map(Happened::Written),
            Source::Activity => read.get(&ActivityId(number))?.map(Happened::Did),
        };
        let entry = entry.filter(|entry| entry.at() <= ctx.now);
        found.extend(entry.map(|entry| (number, entry)));
    }
    Ok(found)
}

/// What was changed of a customer, of their devices and orders.
fn changes(
    read: &Snapshot,
    customer: &Customer,
    before: u64,
    most: usize,
) -> Result<Vec<(u64, Happened)>, OpError> {
    let owned = owned_by(customer.id);
    let mut lines = Vec::new();
    let mut add = |kind: &str, subject: u64| -> Result<(), OpError> {
        if let Some(front) = about(kind, subject) {
            lines.extend(numbers(read, Table::AuditsBySubject, &front, before, most)?);
        }
        Ok(())
    };
    add(Table::Customers.name(), customer.id.0)?;
    for (index, kind) in [
        (Table::DevicesByCustomer, Table::Devices),
        (Table::OrdersByCustomer, Table::Orders),
    ] {
        for subject in numbers(read, index, &owned, u64::MAX, SUBJECTS_MAX)? {
            add(kind.name(), subject)?;
        }
    }
    lines.sort_unstable_by(|one, other| other.cmp(one));
    lines.dedup();
    lines.truncate(most);
    let mut found = Vec::with_capacity(lines.len());
    for number in lines {
        let line: Option<Audit> = read.get(&AuditId(number))?;
        found.extend(line.map(|line| (number, Happened::Changed(line))));
    }
    Ok(found)
}

/// The largest numbers before one that are listed under a front part, the largest first.
fn numbers(
    read: &Snapshot,
    index: Table,
    front: &[u8],
    before: u64,
    most: usize,
) -> Result<Vec<u64>, OpError> {
    let span = Span {
        from: front.to_vec(),
        to: Some([front, &before.to_be_bytes()].concat()),
        descending: true,
    };
    let mut found = Vec::new();
    read.raw_scan(index, &span, &mut |key, _| {
        found.extend(trailing_number(key));
        Ok(if found.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}
