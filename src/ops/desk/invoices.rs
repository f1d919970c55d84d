//! The list of invoices and credit notes: newest first, or by when they are to be paid.

use std::ops::{ControlFlow, Range};

use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, InvoiceId};
use crate::domain::values::minor::Minor;
use crate::domain::values::time::Timestamp;
use crate::ops::desk::listing::{Listed, Mark, Page, Place, Rows, part};
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};
use crate::store::key::owned_by;
use crate::store::{BLOCK_BITS, Read as _, Snapshot, Span, Table};

/// Which part of the invoices is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Something of it is open.
    Open,
    /// The same, and the day on which it is to be paid is over: the longest over comes first.
    Overdue,
    /// Nothing of it is open: paid, or given up.
    Settled,
    CreditNotes,
}

/// Which invoices are wanted: at most one of these, for no index has two of them.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub part: Option<Part>,
    /// Of this customer.
    pub customer: Option<Handle<CustomerId>>,
    /// Issued then.
    pub issued: Option<Range<Timestamp>>,
}

/// How an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceState {
    Open,
    Overdue,
    Paid,
    /// Credit notes take all of it back.
    Void,
    CreditNote,
}

/// An invoice in a list.
#[derive(Debug, Clone)]
pub struct Row {
    pub invoice: Invoice,
    pub customer: Customer,
    pub open_minor: Minor,
    pub state: InvoiceState,
}

/// How many invoices there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub all: u64,
    pub open: u64,
    pub overdue: u64,
    pub settled: u64,
    pub credit_notes: u64,
}

/// A page of invoices.
pub fn page(ctx: &Ctx, filter: &Filter, place: &Place, limit: usize) -> Result<Page<Row>, OpError> {
    let read = allowed(ctx)?;
    let found = listed(ctx, &read, filter)?.page(&read, place, limit)?;
    found.of(|marks| rows(ctx, &read, marks))
}

/// The next rows of an export, and behind which the one after them begins.
pub fn export(
    ctx: &Ctx,
    filter: &Filter,
    after: Option<&Mark>,
) -> Result<(Vec<Row>, Option<Mark>), OpError> {
    let read = allowed(ctx)?;
    let list = listed(ctx, &read, filter)?;
    part(&*list, &read, after, |marks| rows(ctx, &read, marks))
}

/// How many invoices there are of each part.
pub fn figures(ctx: &Ctx) -> Result<Figures, OpError> {
    let read = allowed(ctx)?;
    let of = |part: Part| {
        let part = Some(part);
        let filter = Filter {
            part,
            ..Filter::default()
        };
        listed(ctx, &read, &filter)?.count(&read)
    };
    Ok(Figures {
        all: read.rows(Table::Invoices)?,
        open: of(Part::Open)?,
        overdue: of(Part::Overdue)?,
        settled: of(Part::Settled)?,
        credit_notes: of(Part::CreditNotes)?,
    })
}

/// What whoever may see every invoice reads. No index has one reseller's.
fn allowed(ctx: &Ctx) -> Result<Snapshot, OpError> {
    ctx.require(Permission::MoneyRead)?;
    ctx.require(Permission::CustomersRead)?;
    if ctx.actor.reseller().is_some() {
        return Err(OpError::Denied(Permission::MoneyRead));
    }
    Ok(ctx.snapshot()?)
}

fn listed(ctx: &Ctx, read: &Snapshot, filter: &Filter) -> Result<Box<dyn Rows>, OpError> {
    let given = [
        ("customer", filter.customer.is_some()),
        ("issued_since", filter.issued.is_some()),
        ("status", filter.part.is_some()),
    ];
    let mut given = given.into_iter().filter(|(_, is_given)| *is_given);
    if let (Some((name, _)), Some(_)) = (given.next(), given.next()) {
        return Err(OpError::Document {
            path: name.to_owned(),
            problem: "cannot be asked for together with another filter".to_owned(),
        });
    }
    if let Some(customer) = &filter.customer {
        let customer = own_customer(ctx, read, customer)?;
        let index = Table::InvoicesByCustomer;
        return Ok(Box::new(Listed::of_owner(index, owned_by(customer.id))));
    }
    if let Some(issued) = &filter.issued {
        return Ok(Box::new(Listed::timed(
            Table::InvoicesByIssue,
            issued,
            true,
        )));
    }
    let of_index = |index| Box::new(Listed::counted(index, vec![Vec::new()]));
    Ok(match filter.part {
        None => Box::new(Listed::all(Table::Invoices)),
        Some(Part::Open) => of_index(Table::OpenInvoicesByNumber),
        Some(Part::CreditNotes) => of_index(Table::CreditNotes),
        Some(Part::Settled) => Box::new(Settled),
        Some(Part::Overdue) => {
            let zone = &ctx.app.company().zone;
            let past = Timestamp::MIN..zone.start_of(zone.date(ctx.now));
            Box::new(Listed::timed(Table::OpenInvoicesByDue, &past, false))
        }
    })
}

/// Invoices of which nothing is open: every number that is neither open nor a credit note's, for
/// invoices are numbered without gaps. Blocks of numbers without any are passed over by their
/// counts.
struct Settled;

impl Settled {
    /// The settled ones among `numbers`, which lie in one block.
    fn within(read: &Snapshot, numbers: &Range<u64>) -> Result<Vec<u64>, OpError> {
        let span = Span {
            from: numbers.start.to_be_bytes().to_vec(),
            to: Some(numbers.end.to_be_bytes().to_vec()),
            descending: false,
        };
        let mut others = std::collections::BTreeSet::new();
        for index in [Table::OpenInvoicesByNumber, Table::CreditNotes] {
            read.raw_scan(index, &span, &mut |key, _| {
                others.extend(crate::store::key::trailing_number(key));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        let numbers = numbers.clone();
        Ok(numbers.filter(|number| !others.contains(number)).collect())
    }

    /// Settled ones among `numbers`, from the end that is wanted first on.
    fn walk(
        read: &Snapshot,
        numbers: &Range<u64>,
        downwards: bool,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        let mut found = Vec::new();
        let mut left = numbers.clone();
        while !left.is_empty() && found.len() < limit {
            let at = if downwards {
                left.end.saturating_sub(1)
            } else {
                left.start
            };
            let first = at >> BLOCK_BITS << BLOCK_BITS;
            let block = first..first.saturating_add(1 << BLOCK_BITS);
            let part = block.start.max(left.start)..block.end.min(left.end);
            let mut others = read.counted_beside(Table::OpenInvoicesByNumber, &[], at)?;
            others = others.saturating_add(read.counted_beside(Table::CreditNotes, &[], at)?);
            let is_whole = part.end.saturating_sub(part.start) == 1 << BLOCK_BITS;
            if !(is_whole && others >= 1 << BLOCK_BITS) {
                let mut settled = Self::within(read, &part)?;
                if downwards {
                    settled.reverse();
                }
                found.extend(settled.into_iter().map(Mark::of));
            }
            if downwards {
                left.end = part.start;
            } else {
                left.start = part.end;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    fn last(read: &Snapshot) -> Result<u64, OpError> {
        Ok(read.rows(Table::Invoices)?)
    }
}

impl Rows for Settled {
    fn end(&self) -> Mark {
        Mark::of(0)
    }

    fn count(&self, read: &Snapshot) -> Result<u64, OpError> {
        let open = read.rows(Table::OpenInvoicesByNumber)?;
        let others = open.saturating_add(read.rows(Table::CreditNotes)?);
        Ok(Self::last(read)?.saturating_sub(others))
    }

    fn after(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        let past = Self::last(read)?.saturating_add(1);
        let end = mark.map_or(past, |mark| mark.number().min(past));
        Self::walk(read, &(1..end), true, limit)
    }

    fn before(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        let start = mark.map_or(1, |mark| mark.number().saturating_add(1));
        let past = Self::last(read)?.saturating_add(1);
        let mut found = Self::walk(read, &(start..past), false, limit)?;
        found.reverse();
        Ok(found)
    }
}

fn rows(ctx: &Ctx, read: &Snapshot, marks: &[Mark]) -> Result<Vec<Row>, OpError> {
    let mut rows = Vec::with_capacity(marks.len());
    for mark in marks {
        let invoice: Invoice = crate::ops::get(read, InvoiceId(mark.number()))?;
        let open: Option<OpenInvoice> = read.get(&invoice.id)?;
        rows.push(Row {
            customer: crate::ops::get(read, invoice.customer)?,
            state: state_of(ctx, read, &invoice, open.as_ref())?,
            open_minor: open.map_or(Minor::ZERO, |open| open.open_minor),
            invoice,
        });
    }
    Ok(rows)
}

fn state_of(
    ctx: &Ctx,
    read: &Snapshot,
    invoice: &Invoice,
    open: Option<&OpenInvoice>,
) -> Result<InvoiceState, OpError> {
    if invoice.kind != InvoiceKind::Invoice {
        return Ok(InvoiceState::CreditNote);
    }
    if let Some(open) = open {
        let is_overdue = open.is_overdue(&ctx.app.company().zone, ctx.now);
        return Ok(if is_overdue {
            InvoiceState::Overdue
        } else {
            InvoiceState::Open
        });
    }
    let mut left = invoice.total().minor;
    let notes: Vec<Invoice> = read.listed(Table::CreditNotesByInvoice, &owned_by(invoice.id))?;
    for note in &notes {
        left += note.total().minor;
    }
    let is_void = !notes.is_empty() && left <= 0;
    Ok(if is_void {
        InvoiceState::Void
    } else {
        InvoiceState::Paid
    })
}
