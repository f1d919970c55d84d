//! What is asked for once: a repeat under the same key answers what the first time made, and moves
//! nothing. The key is kept in the commit of what it was used for, for a week at least.
//!
//! Payments and refunds keep their keys themselves, for ever; no key is good for both.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::refusal::Refusal;
use crate::domain::values::id::{Id as _, PaymentId, UsedKeyId};
use crate::domain::values::used_key::{KEY_SECONDS, UsedKey};
use crate::store::{Read, Record, Span, Table, Tx};

use super::{Named, OpError, get};

/// A caller's key, and what is asked for under it.
#[derive(Debug, Clone)]
pub struct Once {
    pub key: String,
    /// SHA-256 of it: a repeat asks for the same.
    pub asked: [u8; 32],
}

/// Old keys that a new one takes away: more than come, so that they do not pile up.
const PURGED_AT_ONCE: usize = 2;

impl Ctx {
    /// As [`Ctx::write`], for what makes or changes one record: a repeat answers that record and
    /// runs nothing.
    pub async fn write_once<R: Named>(
        &self,
        once: Option<Once>,
        command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<R, OpError> + Send + 'static,
    ) -> Result<R, OpError> {
        self.write(move |ctx, tx| {
            if let Some(number) = made_before(tx, once.as_ref())? {
                return get(tx, <R as Record>::Key::new(number));
            }
            let made = command(ctx, tx)?;
            note(ctx, tx, once, made.key().number())?;
            Ok(made)
        })
        .await
    }
}

/// The number of the record that the same request made before; a key that was used for another
/// request is refused.
pub(super) fn made_before(read: &impl Read, once: Option<&Once>) -> Result<Option<u64>, OpError> {
    let Some(once) = once else {
        return Ok(None);
    };
    let key = once.key.as_bytes();
    match read.get_by::<UsedKey>(Table::UsedKeysByKey, key)? {
        Some(used) if used.asked == once.asked => Ok(Some(used.made)),
        Some(_) => Err(Refusal::KeyUsed.into()),
        None => match read.find::<PaymentId>(Table::PaymentsByKey, key)? {
            Some(_) => Err(Refusal::KeyUsed.into()),
            None => Ok(None),
        },
    }
}

/// Whether something other than a payment or refund was asked for under this key.
pub(super) fn is_used(read: &impl Read, key: &str) -> Result<bool, OpError> {
    let held = read.find::<UsedKeyId>(Table::UsedKeysByKey, key.as_bytes())?;
    Ok(held.is_some())
}

/// Keeps a key with what it was used for.
pub(super) fn note(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    once: Option<Once>,
    made: u64,
) -> Result<(), OpError> {
    let Some(Once { key, asked }) = once else {
        return Ok(());
    };
    let mut over = Vec::new();
    tx.each::<UsedKey>(&Span::all(), &mut |used| {
        let kept_until = used.at.saturating_add_seconds(KEY_SECONDS);
        if kept_until >= ctx.now || over.len() >= PURGED_AT_ONCE {
            return Ok(ControlFlow::Break(()));
        }
        over.push(used.id);
        Ok(ControlFlow::Continue(()))
    })?;
    for id in over {
        tx.remove::<UsedKey>(&id)?;
    }
    let used = UsedKey {
        id: tx.next_id()?,
        key,
        asked,
        made,
        at: ctx.now,
    };
    tx.put(&used)?;
    Ok(())
}
