//! The audit log is a chain: each line carries the hash of all before it, so that none can be
//! changed or left out unnoticed.

use std::ops::ControlFlow;

use super::codec;
use super::error::StoreError;
use super::read::{Read, Span};
use super::snapshot::Snapshot;
use super::tables::Table;
use super::tx::Tx;
use crate::domain::event::Audit;
use crate::domain::values::id::AuditId;

/// Where the hash of the newest line is kept.
pub(super) const CHAIN: &str = "audit_chain";

/// Adds a line: its number and its place in the chain are given here.
pub fn append_audit(tx: &mut Tx<'_>, line: Audit) -> Result<(), StoreError> {
    let before = tx.raw_get(Table::Meta, CHAIN.as_bytes(), |bytes| bytes.try_into().ok())?;
    let before = before.flatten().unwrap_or([0; 32]);
    let line = Audit {
        id: tx.next_id::<AuditId>()?,
        chain: [0; 32],
        ..line
    };
    let chain = hash(&before, &line)?;
    tx.put_meta(CHAIN, &chain)?;
    tx.put(&Audit { chain, ..line })
}

/// The lines that do not fit the one before them.
pub(super) fn misfits(snapshot: &Snapshot) -> Result<Vec<AuditId>, StoreError> {
    // Unknown after a line that does not decode, which the walk over all records names.
    let mut before = Some([0u8; 32]);
    let mut misfits = Vec::new();
    snapshot.raw_scan(Table::Audits, &Span::all(), &mut |_, value| {
        let Ok(line) = codec::decode::<Audit>(value) else {
            before = None;
            return Ok(ControlFlow::Continue(()));
        };
        let (id, chain) = (line.id, line.chain);
        if let Some(before) = before
            && hash(
                &before,
                &Audit {
                    chain: [0; 32],
                    ..line
                },
            )? != chain
        {
            misfits.push(id);
        }
        before = Some(chain);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(misfits)
}

/// Whether the newest line is the one that was written last: none was cut off the end.
pub(super) fn ends_as_noted(snapshot: &Snapshot) -> Result<bool, StoreError> {
    let noted = snapshot.raw_get(Table::Meta, CHAIN.as_bytes(), <[u8]>::to_vec)?;
    let mut last = None;
    snapshot.raw_scan(Table::Audits, &Span::all().descending(), &mut |_, value| {
        last = Some(codec::decode::<Audit>(value).map(|line| line.chain.to_vec()));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(match last {
        // Named already by the walk over all records.
        Some(Err(_)) => true,
        Some(Ok(chain)) => noted == Some(chain),
        None => noted.is_none(),
    })
}

/// SHA-256 over the hash before and the line without its own.
fn hash(before: &[u8; 32], unchained: &Audit) -> Result<[u8; 32], StoreError> {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    hash.update(before);
    hash.update(codec::bytes_of(unchained)?);
    Ok(hash.finalize().into())
}
