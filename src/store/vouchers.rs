//! What is wrong with batches of vouchers: counts that are not those of their vouchers, and an
//! account of vouchers that does not hold what the batches come to.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::codec;
use super::error::StoreError;
use super::journal::Misfit;
use super::key::{Key, account_key};
use super::read::{Read, Span};
use super::snapshot::Snapshot;
use super::tables::Table;
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::billing::payment::{Voucher, VoucherBatch};
use crate::domain::values::id::VoucherBatchId;
use crate::domain::values::minor::Minor;

pub(super) fn misfits(snapshot: &Snapshot) -> Result<Vec<Misfit>, StoreError> {
    let mut found = Vec::new();
    let mut used = BTreeMap::<VoucherBatchId, u32>::new();
    snapshot.raw_scan(Table::Vouchers, &Span::all(), &mut |_, value| {
        // What does not decode is named by the walk over all records.
        if let Ok(voucher) = codec::decode::<Voucher>(value) {
            let count = used.entry(voucher.batch).or_default();
            *count = count.saturating_add(u32::from(voucher.used.is_some()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut owed = BTreeMap::<Vec<u8>, Minor>::new();
    snapshot.raw_scan(Table::VoucherBatches, &Span::all(), &mut |key, value| {
        let Ok(batch) = codec::decode::<VoucherBatch>(value) else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut say = |problem| found.push((Table::VoucherBatches, key.to_vec(), problem));
        if used.remove(&batch.id).unwrap_or_default() != batch.used_count {
            say("it counts other vouchers as used than are");
        }
        if batch.sold_count > batch.count {
            say("more of it were sold than there are");
        }
        *owed.entry(account_of(&batch)).or_default() += batch.liability_minor();
        Ok(ControlFlow::Continue(()))
    })?;
    for id in used.into_keys() {
        let problem = "its vouchers are of a batch that is not there";
        found.push((Table::VoucherBatches, id.to_bytes(), problem));
    }
    snapshot.raw_scan(Table::AccountTotals, &Span::all(), &mut |key, value| {
        if let Ok(total) = codec::decode::<AccountTotal>(value)
            && total.account == Account::Vouchers
        {
            *owed.entry(key.to_vec()).or_default() -= total.credit_minor;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (key, _) in owed.into_iter().filter(|(_, rest)| *rest != 0) {
        let problem = "it does not hold what was paid for vouchers less what was used of them";
        found.push((Table::AccountTotals, key, problem));
    }
    Ok(found)
}

/// The key of the account that holds what a batch is worth.
fn account_of(batch: &VoucherBatch) -> Vec<u8> {
    account_key(&Account::Vouchers, batch.amount.currency).0
}
