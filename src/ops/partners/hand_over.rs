//! What is handed over to the carrier, where it decides about charges: kept as processing, and
//! reserved. Must not know how the carrier is asked (`carrier_calls`).

use crate::app::Ctx;
use crate::domain::partners::{PartnerTransaction, Pending, TransactionKind, TransactionState};
use crate::domain::values::minor::Minor;

use crate::domain::staff::Secret;
use crate::domain::values::id::PinId;

use crate::ops::OpError;

use crate::outbound::carrier::Carrier;

use crate::store::Tx;

/// Whether the carrier decides.
#[must_use]
pub fn is_set(ctx: &Ctx) -> bool {
    ctx.app.outbound.carrier.is_some()
}

pub(super) fn carrier(ctx: &Ctx) -> Result<&Carrier, OpError> {
    let carrier = ctx.app.outbound.carrier.as_ref();
    carrier.ok_or_else(|| OpError::Failed("no carrier is set up".to_owned()))
}

/// Whether the carrier that is set up is the one that has it.
pub(in crate::ops) fn has(ctx: &Ctx, made: &PartnerTransaction) -> bool {
    let carrier = ctx.app.outbound.carrier.as_ref();
    made.carrier
        .is_some_and(|mark| carrier.is_some_and(|carrier| carrier.is(mark)))
}

/// Notes that a partner hears of a transaction that is processing.
pub(in crate::ops) fn tell(ctx: &Ctx, made: &PartnerTransaction) -> Result<(), OpError> {
    if let Some(carrier) = &ctx.app.outbound.carrier
        && made.state == TransactionState::Processing
        && !carrier.tell(made.public_id)
    {
        // It is just being taken back.
        return Err(OpError::Throttled { retry_after_s: 1 });
    }
    Ok(())
}

/// Keeps a new transaction as processing.
pub(in crate::ops) fn keep(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    made: &mut PartnerTransaction,
    account: String,
    pin: Option<PinId>,
) -> Result<(), OpError> {
    made.carrier = Some(carrier(ctx)?.mark());
    made.state = TransactionState::Processing;
    made.completed_at = None;
    made.pending = Some(Pending {
        pin,
        ..Pending::first(Secret(account), ctx.now)
    });
    crate::ops::create(ctx, tx, "partner.hand_over", made)?;
    reserve(ctx, tx, made, made.amount.minor)
}

/// Reserves so much of the charge that a refund gives back, or lets go of it.
pub(super) fn reserve(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    made: &PartnerTransaction,
    minor: Minor,
) -> Result<(), OpError> {
    let TransactionKind::Refund { of } = made.kind else {
        return Ok(());
    };
    let before: PartnerTransaction = crate::ops::get(tx, of)?;
    let mut after = before.clone();
    after.refunding_minor += minor;
    crate::ops::change(ctx, tx, "partner.reserve", &before, &after)
}
