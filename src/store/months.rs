//! What is wrong with closed months of partners: lines that are other ones now, and entries that do
//! not move what the lines came to.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::codec;
use super::error::StoreError;
use super::journal::Misfit;
use super::key::{Key, instant_of, owned_by, since, trailing_number};
use super::read::{Read, Span};
use super::snapshot::Snapshot;
use super::tables::Table;
use crate::domain::billing::journal::{EntryCause, JournalEntry};
use crate::domain::partners::PartnerTransaction;
use crate::domain::partners::statement::{ClosedMonth, Tally};
use crate::domain::values::id::{JournalEntryId, PartnerTransactionId};

pub(super) fn misfits(snapshot: &Snapshot) -> Result<Vec<Misfit>, StoreError> {
    let mut found = Vec::new();
    // Every entry of a closing, with the month that it says it is of.
    let mut entries = BTreeMap::<JournalEntryId, JournalEntry>::new();
    snapshot.raw_scan(Table::Journal, &Span::all(), &mut |_, value| {
        if let Ok(entry) = codec::decode::<JournalEntry>(value)
            && matches!(entry.cause, EntryCause::Settlement(_))
        {
            entries.insert(entry.id, entry);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut months: Vec<ClosedMonth> = Vec::new();
    snapshot.raw_scan(Table::ClosedMonths, &Span::all(), &mut |_, value| {
        // What does not decode is named by the walk over all records.
        months.extend(codec::decode::<ClosedMonth>(value).ok());
        Ok(ControlFlow::Continue(()))
    })?;
    for closed in &months {
        let mut say = |problem| found.push((Table::ClosedMonths, closed.id.to_bytes(), problem));
        if !tally(snapshot, closed)?.is_of(closed) {
            say("its transactions are not those that it was closed with");
        }
        for of in &closed.sums {
            let wanted = closed.postings(of);
            let entry = of.entry.and_then(|id| entries.remove(&id));
            let cause = EntryCause::Settlement(closed.id);
            let fits = match &entry {
                None => wanted.is_empty() && of.entry.is_none(),
                Some(entry) => entry.postings == wanted && entry.cause == cause,
            };
            if !fits {
                say("its journal entry does not move what it came to");
            }
        }
    }
    for id in entries.into_keys() {
        let problem = "no closed month has this entry";
        found.push((Table::Journal, id.to_bytes(), problem));
    }
    Ok(found)
}

/// The lines as they are now.
fn tally(snapshot: &Snapshot, closed: &ClosedMonth) -> Result<Tally, StoreError> {
    let span = Span {
        from: since(closed.partner, closed.from),
        ..Span::under(&owned_by(closed.partner))
    };
    let mut tally = Tally::default();
    let index = Table::PartnerTransactionsByPartner;
    snapshot.raw_scan(index, &span, &mut |key, _| {
        let at = key.get(8..).and_then(instant_of);
        let id = trailing_number(key).map(PartnerTransactionId);
        let Some(id) = id.filter(|_| at.is_some_and(|at| at < closed.until)) else {
            return Ok(ControlFlow::Break(()));
        };
        let made = snapshot.raw_get(
            Table::PartnerTransactions,
            &id.to_bytes(),
            codec::decode::<PartnerTransaction>,
        )?;
        if let Some(Ok(made)) = made {
            tally.add(&made);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tally)
}
