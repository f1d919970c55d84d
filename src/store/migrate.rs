//! Steps from one layout of the file to the next, from the empty file on.
//!
//! A step runs once, in one commit with the new version number. Records that merely gain a field
//! need no step: they are upgraded as they are read (`Record::upgrade`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use redb::Database;

use super::error::StoreError;
use super::journal::append_entries;
use super::key::{Key as _, number, reference_of, terminated};
use super::read::{Read as _, Span};
use super::record::{Entries, EntryKind, Record, counter_of};
use super::snapshot::{Snapshot, definition};
use super::tables::Table;
use super::tx::{Sharing, Tx};
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::billing::journal::opening;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{
    HostedPage, Payment, Voucher, VoucherBatch, compared_reference,
};
use crate::domain::customers::Customer;
use crate::domain::event::Audit;
use crate::domain::messages::Message;
use crate::domain::partners::Partner;
use crate::domain::values::id::{InvoiceId, PaymentId, VoucherBatchId};

/// Layout that this program writes.
pub const LAYOUT: u64 = 12;

const LAYOUT_KEY: &str = "layout";

type Step = fn(&mut Tx<'_>) -> Result<(), StoreError>;

/// `STEPS[n]` brings layout n to n + 1.
const STEPS: &[Step] = &[
    tables_only,
    money,
    tables_only,
    boxes,
    tables_only,
    due,
    tables_only,
    partners,
    messages,
    layout_10,
    layout_11,
    layout_12,
];

/// Brings the file to [`LAYOUT`]; refuses a file of a newer program before touching it.
pub(super) fn migrate(database: &Database) -> Result<(), StoreError> {
    loop {
        let layout = layout(database)?;
        if layout > LAYOUT {
            return Err(StoreError::TooNew {
                found: layout,
                known: LAYOUT,
            });
        }
        let index = usize::try_from(layout).unwrap_or(usize::MAX);
        let Some(step) = STEPS.get(index) else {
            return Ok(());
        };
        let transaction = database.begin_write()?;
        {
            let mut tx = Tx::new(&transaction, Sharing::Alone);
            step(&mut tx)?;
            tx.put_meta(LAYOUT_KEY, &layout.saturating_add(1).to_be_bytes())?;
        }
        for table in Table::ALL {
            transaction.open_table(definition(*table))?;
        }
        transaction.commit()?;
    }
}

/// The layout of a file; 0 for an empty one.
fn layout(database: &Database) -> Result<u64, StoreError> {
    use redb::ReadableDatabase as _;
    let snapshot = Snapshot::new(database.begin_read()?);
    if !snapshot.has(Table::Meta)? {
        return Ok(0);
    }
    let layout = snapshot.raw_get(Table::Meta, LAYOUT_KEY.as_bytes(), |b| b.try_into().ok())?;
    layout.map_or(Ok(0), |bytes| {
        let damaged = || StoreError::corrupt(Table::Meta, "the layout number is damaged");
        bytes.map(u64::from_be_bytes).ok_or_else(damaged)
    })
}

/// Layout 2: money. Orders get their place in the index by due time, which nothing else would give
/// them before they change; money that customers brought along becomes journal entries.
fn money(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    due(tx)?;
    let mut brought = Vec::new();
    tx.each::<Customer>(&Span::all(), &mut |customer| {
        if let Some(amount) = customer.opening_balance.filter(|amount| amount.minor != 0) {
            brought.push(opening(customer.id, amount, customer.created_at));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    append_entries(tx, brought)?;
    Ok(())
}

/// Layout 4: boxes and the programme guide. Logins and contract numbers are found whatever their
/// case, and customers by their reseller and by when they end: index entries that nothing else
/// would make before a customer changes.
fn boxes(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    const REMADE: [Table; 4] = [
        Table::CustomersByAccount,
        Table::CustomersByFoldedLogin,
        Table::CustomersByReseller,
        Table::CustomersByEnd,
    ];
    empty(tx, Table::CustomersByAccount)?;
    let mut entries = Vec::new();
    tx.each::<Customer>(&Span::all(), &mut |customer| {
        let made = Entries::of(&customer).into_iter();
        entries.extend(made.filter(|entry| REMADE.contains(&entry.table)));
        Ok(ControlFlow::Continue(()))
    })?;
    for entry in entries {
        tx.raw_put(entry.table, &entry.key, &[])?;
    }
    Ok(())
}

/// Layout 8: partners are found by the hash of their API key, customers by their phone numbers; an
/// end that lies before the next cycle is due.
fn partners(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    due(tx)?;
    refill::<Customer>(tx, Table::CustomersByPhone)?;
    let mut held: Vec<Partner> = Vec::new();
    tx.each::<Partner>(&Span::all(), &mut |partner| {
        held.push(partner);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut keys = BTreeSet::new();
    for mut partner in held {
        // Two with one key were possible: nobody is charged for the other one.
        if let Some(hash) = &partner.api_key_hash
            && !keys.insert(hash.0.clone())
        {
            tracing::error!(partner = partner.key, "store.partner_key_doubled");
            partner.api_key_hash = None;
            tx.put(&partner)?;
        }
        let number = partner.id.0.to_be_bytes();
        let made = Entries::of(&partner).into_iter();
        for entry in made.filter(|entry| entry.table == Table::PartnersByApiKey) {
            tx.raw_put(entry.table, &entry.key, &number)?;
        }
    }
    Ok(())
}

/// Layout 9: what is to be sent is found by its lane first. New tables:
/// PINs, wordings, webhooks, closed months.
fn messages(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    refill::<Message>(tx, Table::MessagesByDue)
}

/// Layout 10: new tables, which every migration makes. Logins and contract numbers are found
/// whatever blanks stand around them, typed references of payments whatever their case, and batches
/// of vouchers know how many of theirs are used.
fn layout_10(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    names_without_blanks(tx)?;
    count_used_vouchers(tx)?;
    compare_typed_references(tx)?;
    serve_page_orders(tx)
}

/// Layout 11: customers are found by words and numbers, messages by their customer, lines of the
/// audit log by what they are about; a reseller's customers are counted.
fn layout_11(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    fill::<Customer>(tx, &[Table::CustomersByToken])?;
    fill::<Message>(tx, &[Table::MessagesByCustomer])?;
    fill::<Audit>(tx, &[Table::AuditsBySubject])?;
    count_entries(tx, EntryKind::Counted, Table::CustomersByReseller)
}

/// Layout 12: orders are listed by how they stand and by what was sold, invoices by when they were
/// issued and whether they are paid; all of them are counted.
fn layout_12(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    fill::<Order>(tx, &[Table::OrdersByState, Table::OrdersByProduct])?;
    let of_invoices = [
        Table::InvoicesByIssue,
        Table::CreditNotes,
        Table::CreditNotesByInvoice,
    ];
    fill::<Invoice>(tx, &of_invoices)?;
    fill::<OpenInvoice>(tx, &[Table::OpenInvoicesByDue, Table::OpenInvoicesByNumber])?;
    for index in [
        Table::OrdersByState,
        Table::OrdersByProduct,
        Table::CreditNotes,
        Table::OpenInvoicesByNumber,
    ] {
        count_entries(tx, EntryKind::Counted, index)?;
    }
    for index in [
        Table::OrdersByDue,
        Table::InvoicesByIssue,
        Table::OpenInvoicesByDue,
    ] {
        count_entries(tx, EntryKind::Timed, index)?;
    }
    date_open_invoices(tx)
}

/// What is open of an invoice knows when that is to be paid.
fn date_open_invoices(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    const AT_ONCE: usize = 10_000;
    let mut span = Span::all();
    loop {
        let mut held = Vec::new();
        tx.each::<OpenInvoice>(&span, &mut |open| {
            held.push(open);
            Ok(if held.len() < AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        let last = held.last().map(|open| open.id);
        let is_whole = held.len() < AT_ONCE;
        let mut dated = Vec::with_capacity(held.len());
        for open in held {
            let invoice: Option<Invoice> = tx.get(&open.id)?;
            let due_at = invoice.and_then(|invoice| invoice.due_at);
            dated.push(OpenInvoice {
                due_at: due_at.unwrap_or(open.due_at),
                ..open
            });
        }
        tx.put_many(&dated)?;
        let Some(last) = last.filter(|_| !is_whole) else {
            return Ok(());
        };
        span.from = number(InvoiceId(last.0.saturating_add(1))).to_vec();
    }
}

/// Makes the entries of indexes that are empty yet, some records at a time: there may be millions.
fn fill<R: Record>(tx: &mut Tx<'_>, indexes: &[Table]) -> Result<(), StoreError> {
    const AT_ONCE: usize = 50_000;
    let mut span = Span::all();
    let mut filled = 0usize;
    loop {
        let (mut entries, mut seen, mut last) = (Vec::new(), 0usize, Vec::new());
        tx.each::<R>(&span, &mut |record| {
            seen = seen.saturating_add(1);
            last = record.key().to_bytes();
            let made = Entries::of(&record).into_iter();
            entries.extend(made.filter(|entry| indexes.contains(&entry.table)));
            Ok(if seen < AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        // A tree takes neighbours much faster than strangers.
        entries.sort_unstable();
        for entry in entries {
            tx.raw_put(entry.table, &entry.key, &[])?;
        }
        filled = filled.saturating_add(seen);
        if seen < AT_ONCE {
            return Ok(());
        }
        tracing::info!(table = R::TABLE.name(), filled, "store.upgrading");
        // The first key after the last one.
        last.push(0);
        span.from = last;
    }
}

/// Counts the entries of an index that was not counted before.
fn count_entries(tx: &mut Tx<'_>, kind: EntryKind, index: Table) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<Vec<u8>, u64>::new();
    tx.raw_scan(index, &Span::all(), &mut |key, _| {
        if let Some(block) = counter_of(kind, index, key) {
            let count = counts.entry(block).or_default();
            *count = count.saturating_add(1);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (block, count) in counts {
        tx.raw_put(Table::Blocks, &block, &count.to_be_bytes())?;
    }
    Ok(())
}

/// A batch knows how many of its vouchers are used.
fn count_used_vouchers(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut used = BTreeMap::<VoucherBatchId, u32>::new();
    tx.each::<Voucher>(&Span::all(), &mut |voucher| {
        if voucher.used.is_some() {
            let count = used.entry(voucher.batch).or_default();
            *count = count.saturating_add(1);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (id, used_count) in used {
        if let Some(batch) = tx.get::<VoucherBatch>(&id)? {
            tx.put(&VoucherBatch {
                used_count,
                ..batch
            })?;
        }
    }
    Ok(())
}

/// Gives references that people typed their new place in the index. Where two are one by now, the
/// later payment's says which it is.
fn compare_typed_references(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    const INDEX: Table = Table::PaymentsByReference;
    const AT_ONCE: usize = 10_000;
    let mut span = Span::all();
    loop {
        let (mut held, mut seen, mut last) = (Vec::new(), 0usize, None);
        tx.each::<Payment>(&span, &mut |payment| {
            seen = seen.saturating_add(1);
            last = Some(payment.id);
            if let Some(reference) = &payment.reference
                && compared_reference(&payment.method, reference) != *reference
            {
                held.push(payment);
            }
            Ok(if seen < AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        for payment in held {
            let Some(reference) = payment.reference.clone() else {
                continue;
            };
            let exact = [terminated(&payment.method), reference.as_bytes().to_vec()].concat();
            tx.raw_remove(INDEX, &exact)?;
            let place = reference_of(&payment.method, &reference);
            let own = number(payment.id);
            match tx.raw_get(INDEX, &place, <[u8]>::to_vec)? {
                None => {
                    tx.raw_put(INDEX, &place, &own)?;
                }
                Some(other) => {
                    let reference =
                        Some(format!("{} (payment {})", reference.trim(), payment.id.0));
                    tx.put(&Payment {
                        reference,
                        ..payment
                    })?;
                    // Taken for the one that it had.
                    tx.raw_put(INDEX, &place, &other)?;
                }
            }
        }
        let Some(last) = last.filter(|_| seen == AT_ONCE) else {
            return Ok(());
        };
        span.from = number(PaymentId(last.0.saturating_add(1))).to_vec();
    }
}

/// Gives the few names with blanks around them their new place in the indexes.
fn names_without_blanks(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    const NAMES: [Table; 2] = [Table::CustomersByAccount, Table::CustomersByFoldedLogin];
    let padded = |name: &Option<String>| name.as_ref().is_some_and(|name| name.trim() != *name);
    let mut held = Vec::new();
    tx.each::<Customer>(&Span::all(), &mut |customer| {
        if padded(&customer.login) || padded(&customer.account_number) {
            held.push(customer);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for customer in held {
        for (index, name) in NAMES
            .into_iter()
            .zip([&customer.account_number, &customer.login])
        {
            // As it was compared until now.
            let Some(front) = name
                .as_ref()
                .map(|name| name.trim_end_matches(' ').to_lowercase())
            else {
                continue;
            };
            let key = [terminated(&front), number(customer.id).to_vec()].concat();
            tx.raw_remove(index, &key)?;
        }
        let made = Entries::of(&customer).into_iter();
        for entry in made.filter(|entry| NAMES.contains(&entry.table)) {
            tx.raw_put(entry.table, &entry.key, &[])?;
        }
    }
    Ok(())
}

/// An order that waits to be paid on a page was sold by us: it gets its services when it begins.
fn serve_page_orders(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut sold = Vec::new();
    tx.each::<HostedPage>(&Span::all(), &mut |page| {
        sold.push(page.order);
        Ok(ControlFlow::Continue(()))
    })?;
    for id in sold {
        let order = tx.get::<Order>(&id)?;
        if let Some(mut order) = order.filter(|order| order.standing == Standing::Waiting) {
            order.served_by_caller = false;
            tx.put(&order)?;
        }
    }
    Ok(())
}

/// Layout 6: an order without a further cycle has none that is due, whatever date it was given.
fn due(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    refill::<Order>(tx, Table::OrdersByDue)
}

/// Makes the entries of an index that is not unique anew.
fn refill<R: Record>(tx: &mut Tx<'_>, index: Table) -> Result<(), StoreError> {
    empty(tx, index)?;
    let mut entries = Vec::new();
    tx.each::<R>(&Span::all(), &mut |record| {
        let made = Entries::of(&record).into_iter();
        entries.extend(made.filter(|entry| entry.table == index));
        Ok(ControlFlow::Continue(()))
    })?;
    for entry in entries {
        tx.raw_put(entry.table, &entry.key, &[])?;
    }
    Ok(())
}

fn empty(tx: &mut Tx<'_>, index: Table) -> Result<(), StoreError> {
    let mut old = Vec::new();
    tx.raw_scan(index, &Span::all(), &mut |key, _| {
        old.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    for key in old {
        tx.raw_remove(index, &key)?;
    }
    Ok(())
}

/// Layouts 1 (the first), 3 (the Billing Adapter, the outbox) and 5 (used keys): empty tables,
/// which every migration makes. Layout 7: orders that ended and are owed,
/// which older programs do not know.
#[expect(
    clippy::unnecessary_wraps,
    reason = "steps share one signature, and later ones can fail"
)]
fn tables_only(_tx: &mut Tx<'_>) -> Result<(), StoreError> {
    Ok(())
}
