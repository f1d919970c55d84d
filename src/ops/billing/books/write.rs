//! What the books hold when a command closes them, and how it is written: table by table, in the
//! order of keys. Here invoices get their numbers and the journal its entries.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::Ctx;
use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{EntryCause, JournalEntry};
use crate::domain::billing::order::Order;
use crate::domain::billing::run::RunCounts;
use crate::domain::customers::Customer;
use crate::domain::customers::service::Service;
use crate::domain::event::ActivityAction;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::values::id::{
    CustomerId, InvoiceId, JournalEntryId, MessageId, OrderId, ProductSpecId, ServiceId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Currency;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::OpError;
use crate::ops::activity;
use crate::ops::boxes::events;
use crate::ops::services::{begin_plan, choices};
use crate::store::{Read as _, Record, Tx, append_entries};

/// What is to be written.
#[derive(Default)]
pub(in crate::ops) struct Changes {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) services: BTreeMap<ServiceId, Service>,
    pub(super) customers: BTreeMap<CustomerId, Customer>,
    pub(super) posts: Vec<Post>,
    pub(super) open: BTreeMap<InvoiceId, OpenInvoice>,
    pub(super) debts: BTreeMap<CustomerId, OpeningDebt>,
    pub(super) happened: Vec<Happened>,
    /// Customers who chose optional packages and whose plan is another order now.
    pub(super) replanned: BTreeSet<CustomerId>,
    pub(super) fallbacks: Vec<Fallback>,
    /// What was done.
    pub counts: RunCounts,
    /// What was invoiced, in minor units.
    pub invoiced: Vec<(Currency, Minor)>,
}

/// Something that is numbered, in the order in which it happened: a chunk may end anywhere, and the
/// numbers must not depend on where.
pub(super) enum Post {
    Entry(JournalEntry),
    /// What is to be written to a customer besides an invoice.
    Message(Message),
    Invoice {
        draft: Invoice,
        open_minor: Minor,
        /// Since when that is unpaid.
        since: Timestamp,
        /// Whether the customer gets it by mail.
        mailed: bool,
        /// Why it was issued, where a person said so.
        memo: String,
    },
}

pub(super) struct Happened {
    pub customer: CustomerId,
    pub at: Timestamp,
    pub action: ActivityAction,
    pub details: Vec<(String, String)>,
}

/// A plan that takes the place of an order that ended.
pub(super) struct Fallback {
    pub customer: CustomerId,
    pub product: ProductSpecId,
    pub at: Timestamp,
    /// Whether it is another plan than the one before, so that viewers hear of it.
    pub is_new: bool,
}

/// How much of what was written goes to the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum AuditDetail {
    /// A line for every record that follows.
    EachRecord,
    /// None: the caller writes one line for all.
    ByCaller,
}

impl Changes {
    /// Writes everything, table by table in the order of keys.
    pub(in crate::ops) fn write(
        self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        detail: AuditDetail,
    ) -> Result<Vec<InvoiceId>, OpError> {
        let numbers = write_posts(tx, self.posts)?;
        for open in self.open.into_values() {
            if open.open_minor > 0 {
                tx.put(&open)?;
            } else {
                tx.remove::<OpenInvoice>(&open.id)?;
            }
        }
        for debt in self.debts.into_values() {
            if debt.open_minor > 0 {
                tx.put(&debt)?;
            } else {
                tx.remove::<OpeningDebt>(&debt.customer)?;
            }
        }
        put_all(ctx, tx, "order.follow", self.orders, detail)?;
        put_all(ctx, tx, "service.follow", self.services, detail)?;
        put_all(ctx, tx, "customer.follow", self.customers, detail)?;
        for customer in self.replanned {
            let held: Customer = ops::get(tx, customer)?;
            choices::sync_chosen(ctx, tx, &held)?;
        }
        for Happened {
            customer,
            at,
            action,
            details,
        } in self.happened
        {
            activity::record_at(ctx, tx, customer, None, action, details, at)?;
        }
        for Fallback {
            customer,
            product,
            at,
            is_new,
        } in self.fallbacks
        {
            // Where it cannot be opened the order does not end: a run puts it aside and names it.
            begin_plan::fall_back(ctx, tx, customer, product, at)?;
            if is_new {
                let ctx = &Ctx {
                    now: at,
                    ..ctx.clone()
                };
                events::tell_of_plan(ctx, tx, customer)?;
            }
        }
        Ok(numbers)
    }
}

fn put_all<T: Record>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    records: BTreeMap<T::Key, T>,
    detail: AuditDetail,
) -> Result<(), OpError> {
    let mut records: Vec<T> = records.into_values().collect();
    if detail == AuditDetail::EachRecord {
        let mut kept = Vec::with_capacity(records.len());
        for after in records {
            if let Some(before) = tx.get::<T>(&after.key())? {
                let changes = ops::changes(&before, &after)?;
                if changes.is_empty() {
                    continue;
                }
                ops::audit(ctx, tx, action, &after, changes)?;
            }
            kept.push(after);
        }
        records = kept;
    }
    tx.put_many(&records)?;
    Ok(())
}

/// Gives invoices their numbers and writes them, every entry of the journal, and what is to be
/// written to customers.
fn write_posts(tx: &mut Tx<'_>, posts: Vec<Post>) -> Result<Vec<InvoiceId>, OpError> {
    let drafts = posts
        .iter()
        .filter(|post| matches!(post, Post::Invoice { .. }));
    let mut number = tx.next_ids::<InvoiceId>(drafts.count())?;
    let mut invoices = Vec::with_capacity(posts.len());
    let mut open = Vec::new();
    let mut entries = Vec::with_capacity(posts.len());
    let mut messages = Vec::new();
    for post in posts {
        let (draft, open_minor, since, mailed, memo) = match post {
            Post::Entry(entry) => {
                entries.push(entry);
                continue;
            }
            Post::Message(message) => {
                messages.push(message);
                continue;
            }
            Post::Invoice {
                draft,
                open_minor,
                since,
                mailed,
                memo,
            } => (draft, open_minor, since, mailed, memo),
        };
        let invoice = Invoice {
            id: InvoiceId(number),
            ..draft
        };
        number = number.saturating_add(1);
        entries.push(JournalEntry {
            id: JournalEntryId(0),
            at: invoice.issued_at,
            cause: match invoice.kind {
                InvoiceKind::Invoice => EntryCause::Invoice(invoice.id),
                InvoiceKind::CreditNote { .. } => EntryCause::CreditNote(invoice.id),
            },
            order: Some(invoice.order),
            memo,
            postings: invoice.postings(),
        });
        if open_minor > 0 {
            open.push(OpenInvoice {
                id: invoice.id,
                customer: invoice.customer,
                order: invoice.order,
                open_minor,
                currency: invoice.currency,
                since,
                due_at: invoice.due_at.unwrap_or(since),
            });
        }
        if mailed {
            let content = MessageContent::Invoice(invoice.id);
            messages.push(Message::new(invoice.customer, content, invoice.issued_at));
        }
        invoices.push(invoice);
    }
    tx.put_many(&invoices)?;
    tx.put_many(&open)?;
    append_entries(tx, entries)?;
    let first = tx.next_ids::<MessageId>(messages.len())?;
    for (number, message) in (first..).zip(&mut messages) {
        message.id = MessageId(number);
    }
    tx.put_many(&messages)?;
    Ok(invoices.into_iter().map(|invoice| invoice.id).collect())
}
