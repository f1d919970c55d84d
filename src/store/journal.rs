//! The books: entries are only ever added, each sums to zero, and the running total of every
//! account moves with them in the same commit.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::codec;
use super::error::StoreError;
use super::key::{Raw, account_front, account_key};
use super::read::{Read, Span};
use super::snapshot::Snapshot;
use super::tables::Table;
use super::tx::Tx;
use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{Account, AccountTotal, JournalEntry};
use crate::domain::values::id::{InvoiceId, JournalEntryId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};

/// Adds entries in order and gives them their numbers, which it answers. [`StoreError::Unbalanced`]
/// where one does not sum to zero: then nothing of the command is kept.
pub fn append_entries(
    tx: &mut Tx<'_>,
    mut entries: Vec<JournalEntry>,
) -> Result<Vec<JournalEntryId>, StoreError> {
    let mut moved = BTreeMap::<Vec<u8>, AccountTotal>::new();
    let first = tx.next_ids::<JournalEntryId>(entries.len())?;
    for (number, entry) in (first..).zip(&mut entries) {
        if !entry.is_balanced() {
            tracing::error!(cause = ?entry.cause, "journal.unbalanced");
            return Err(StoreError::Unbalanced);
        }
        for posting in &entry.postings {
            let key = account_key(&posting.account, posting.currency).0;
            let total = moved.entry(key).or_insert_with(|| AccountTotal {
                account: posting.account.clone(),
                currency: posting.currency,
                credit_minor: Minor::ZERO,
            });
            total.credit_minor += posting.credit_minor;
        }
        entry.id = JournalEntryId(number);
    }
    tx.put_many(&entries)?;
    for (key, total) in &mut moved {
        if let Some(held) = tx.get::<AccountTotal>(&Raw(key.clone()))? {
            total.credit_minor += held.credit_minor;
        }
        tx.put(total)?;
    }
    Ok(entries.iter().map(|entry| entry.id).collect())
}

/// What an account holds, to its credit.
pub fn account_balance(
    read: &impl Read,
    account: &Account,
    currency: Currency,
) -> Result<Amount, StoreError> {
    let total = read.get::<AccountTotal>(&account_key(account, currency))?;
    let minor = total.map_or(Minor::ZERO, |total| total.credit_minor);
    Ok(Amount { minor, currency })
}

/// What an account holds in every currency that was ever booked on it.
pub fn balances(read: &impl Read, account: &Account) -> Result<Vec<Amount>, StoreError> {
    let mut held = Vec::new();
    let span = Span::under(&account_front(account));
    read.each::<AccountTotal>(&span, &mut |total| {
        if total.account == *account {
            held.push(Amount {
                minor: total.credit_minor,
                currency: total.currency,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(held)
}

/// Whether anything was ever booked on an account in a currency.
pub fn has_account(
    read: &impl Read,
    account: &Account,
    currency: Currency,
) -> Result<bool, StoreError> {
    let total = read.get::<AccountTotal>(&account_key(account, currency))?;
    Ok(total.is_some())
}

/// A place in the books, and what is wrong there.
pub(super) type Misfit = (Table, Vec<u8>, &'static str);

/// Open invoices of which more is open than their credit notes leave of them.
fn open_beyond_net(snapshot: &Snapshot, found: &mut Vec<Misfit>) -> Result<(), StoreError> {
    let mut nets = BTreeMap::<InvoiceId, (Minor, Minor)>::new();
    snapshot.each::<OpenInvoice>(&Span::all(), &mut |open| {
        nets.insert(open.id, (open.open_minor, Minor::ZERO));
        Ok(ControlFlow::Continue(()))
    })?;
    snapshot.each::<Invoice>(&Span::all(), &mut |invoice| {
        let of = match invoice.kind {
            InvoiceKind::Invoice => invoice.id,
            InvoiceKind::CreditNote { of } => of,
        };
        if let Some((_, net)) = nets.get_mut(&of) {
            *net += invoice.total().minor;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (id, _) in nets.into_iter().filter(|(_, (open, net))| open > net) {
        let problem = "more of the invoice is open than its credit notes leave of it";
        found.push((Table::OpenInvoices, id.0.to_be_bytes().to_vec(), problem));
    }
    Ok(())
}

/// What is wrong with the books: entries that do not sum to zero, totals that differ from the sum
/// of the entries, invoice numbers that are missing, open invoices beyond the debt.
pub(super) fn misfits(snapshot: &Snapshot) -> Result<Vec<Misfit>, StoreError> {
    let mut found = Vec::new();
    let mut sums = BTreeMap::<Vec<u8>, Minor>::new();
    snapshot.raw_scan(Table::Journal, &Span::all(), &mut |key, value| {
        // What does not decode is named by the walk over all records.
        let Ok(entry) = codec::decode::<JournalEntry>(value) else {
            return Ok(ControlFlow::Continue(()));
        };
        if !entry.is_balanced() {
            found.push((Table::Journal, key.to_vec(), "does not sum to zero"));
        }
        for posting in &entry.postings {
            let sum = sums.entry(account_key(&posting.account, posting.currency).0);
            *sum.or_default() += posting.credit_minor;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    open_beyond_net(snapshot, &mut found)?;
    let mut debts = BTreeMap::<Vec<u8>, Minor>::new();
    snapshot.each::<OpenInvoice>(&Span::all(), &mut |open| {
        let account = Account::Customer(open.customer);
        let debt = debts.entry(account_key(&account, open.currency).0);
        *debt.or_default() += open.open_minor;
        Ok(ControlFlow::Continue(()))
    })?;
    snapshot.each::<OpeningDebt>(&Span::all(), &mut |open| {
        let account = Account::Customer(open.customer);
        let debt = debts.entry(account_key(&account, open.currency).0);
        *debt.or_default() += open.open_minor;
        Ok(ControlFlow::Continue(()))
    })?;
    for (key, debt) in debts {
        let balance = sums.get(&key).copied().unwrap_or_default();
        if balance + debt > 0 {
            let problem = "open invoices are beyond what the customer owes";
            found.push((Table::AccountTotals, key, problem));
        }
    }
    snapshot.raw_scan(Table::AccountTotals, &Span::all(), &mut |key, value| {
        let Ok(total) = codec::decode::<AccountTotal>(value) else {
            sums.remove(key);
            return Ok(ControlFlow::Continue(()));
        };
        if sums.remove(key) != Some(total.credit_minor) {
            let problem = "the running total differs from the sum of the journal";
            found.push((Table::AccountTotals, key.to_vec(), problem));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for key in sums.into_keys() {
        found.push((Table::AccountTotals, key, "the running total is missing"));
    }
    let mut next = 1u64;
    snapshot.raw_scan(Table::Invoices, &Span::all(), &mut |key, value| {
        if key != next.to_be_bytes() {
            found.push((
                Table::Invoices,
                key.to_vec(),
                "a number before it is missing",
            ));
        }
        if let Ok(invoice) = codec::decode::<Invoice>(value) {
            next = invoice.id.0;
        }
        next = next.saturating_add(1);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
