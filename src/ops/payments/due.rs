//! Payments that are under way are looked after when they are due.

use std::ops::ControlFlow;

use super::book::{LATER_SECONDS, wait};
use super::ending::{Ending, end_in};
use super::stripe;
use crate::app::Ctx;
use crate::domain::billing::payment::Payment;
use crate::domain::values::id::PaymentId;
use crate::domain::values::time::Timestamp;
use crate::ops::{OpError, get};
use crate::store::key::{instant_of, trailing_number, until as keys_until};
use crate::store::{Read, Span, Table};

/// When a payment that is under way is to be looked after next, up to `until`.
pub(in crate::ops) fn next_due(
    read: &impl Read,
    until: Timestamp,
) -> Result<Option<(Timestamp, PaymentId)>, OpError> {
    let span = Span {
        from: Vec::new(),
        to: Some(keys_until(until)),
        descending: false,
    };
    let mut next = None;
    read.raw_scan(Table::PaymentsByDue, &span, &mut |key, _| {
        let id = trailing_number(key).map(PaymentId);
        next = instant_of(key).zip(id);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(next)
}

/// Looks after a payment that is under way: asks its provider, or lets the sandbox decide as the
/// card said that was used. One that cannot be ended comes up again later:
/// it must not stop the others.
pub(in crate::ops) async fn decide(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    match try_to_decide(ctx, id).await {
        Err(error @ (OpError::Throttled { .. } | OpError::DiskFull)) => Err(error),
        Err(error) => {
            tracing::error!(payment = id.0, %error, "payment.not_decided");
            postpone(ctx, id).await
        }
        Ok(()) => Ok(()),
    }
}

async fn try_to_decide(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    let method = get::<Payment>(&ctx.snapshot()?, id)?.method;
    if method == stripe::METHOD {
        if ctx.app.clock.is_test() {
            return look_after(ctx, id).await;
        }
        // Who asks a provider may wait long for an answer, and renewals must not wait for that.
        postpone(ctx, id).await?;
        let ctx = ctx.clone();
        tokio::spawn(async move {
            if let Err(error) = look_after(&ctx, id).await {
                tracing::error!(payment = id.0, %error, "payment.look_failed");
            }
        });
        return Ok(());
    }
    ctx.write(move |ctx, tx| {
        let payment: Payment = get(tx, id)?;
        let fails = payment
            .reference
            .as_deref()
            .is_some_and(|reference| reference.ends_with("341"));
        let ending = if fails { Ending::Refused } else { Ending::Paid };
        end_in(ctx, tx, id, ending).map(|_| ())
    })
    .await
}

/// See [`decide`]. A provider that is switched off must not stop the others.
async fn look_after(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    match stripe::refresh(ctx, id).await {
        Err(OpError::Refused(refusal)) => {
            tracing::warn!(payment = id.0, code = refusal.code(), "payment.left_alone");
            // It comes up again: the provider may be switched on again.
            postpone(ctx, id).await
        }
        other => other.map(|_| ()),
    }
}

/// Lets a payment come up again in an hour, whatever becomes of the present look at it.
pub(in crate::ops) async fn postpone(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let before: Payment = get(tx, id)?;
        wait(tx, &before, ctx.now.saturating_add_seconds(LATER_SECONDS))
    })
    .await
}
