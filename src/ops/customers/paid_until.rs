//! "Paid until" as another system says it: whoever's date is over is switched off
//! (stalker-rest-v1 §4.3). Who is due stands in an index, as with orders.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::values::id::CustomerId;
use crate::domain::values::time::Timestamp;
use crate::ops::{OpError, customers};
use crate::store::key::{instant_of, trailing_number, until as keys_until};
use crate::store::{Read as _, Span, Table, Tx};

/// Customers that are switched off in one commit.
const AT_ONCE: usize = 500;

/// Switches customers off whose "paid until" is over, at the instants at which it was. Answers how
/// many were. One of whom that fails is left on, and the others go on.
pub(in crate::ops) async fn end(
    ctx: &Ctx,
    until: Timestamp,
    not_before: Option<Timestamp>,
) -> Result<usize, OpError> {
    match end_some(ctx, until, not_before, AT_ONCE).await {
        Err(error @ (OpError::Throttled { .. } | OpError::DiskFull)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "paid_until.chunk_failed");
            end_first(ctx, until, not_before).await
        }
        ended => ended,
    }
}

/// The first of them by itself: what cannot be done about one is put aside.
async fn end_first(
    ctx: &Ctx,
    until: Timestamp,
    not_before: Option<Timestamp>,
) -> Result<usize, OpError> {
    match end_some(ctx, until, not_before, 1).await {
        Err(error @ (OpError::Throttled { .. } | OpError::DiskFull)) => Err(error),
        Err(error) => {
            ctx.write(move |ctx, tx| {
                let due = due_by(tx, until, 1)?;
                for (_, id) in &due {
                    tracing::error!(customer = id.0, %error, "paid_until.not_ended");
                    let before: Customer = crate::ops::get(tx, *id)?;
                    let mut after = before.clone();
                    after.box_profile.end_done = true;
                    crate::ops::change(ctx, tx, "customer.paid_until_failed", &before, &after)?;
                }
                Ok(due.len())
            })
            .await
        }
        ended => ended,
    }
}

async fn end_some(
    ctx: &Ctx,
    until: Timestamp,
    not_before: Option<Timestamp>,
    at_once: usize,
) -> Result<usize, OpError> {
    ctx.write_bulk(move |ctx, tx| {
        let due = due_by(tx, until, at_once)?;
        for (at, id) in &due {
            let ctx = &Ctx {
                now: not_before.map_or(ctx.now, |first| (*at).max(first)),
                ..ctx.clone()
            };
            let before: Customer = crate::ops::get(tx, *id)?;
            let mut after = before.clone();
            after.box_profile.end_done = true;
            after.set_status(CustomerStatus::Inactive, ctx.now);
            after.updated_at = ctx.now;
            crate::ops::change(ctx, tx, "customer.paid_until", &before, &after)?;
            customers::record_status(ctx, tx, &before, &after)?;
        }
        Ok(due.len())
    })
    .await
}

/// Customers whose "paid until" is over by then, earliest first.
fn due_by(
    tx: &Tx<'_>,
    until: Timestamp,
    max: usize,
) -> Result<Vec<(Timestamp, CustomerId)>, OpError> {
    let span = Span {
        from: Vec::new(),
        to: Some(keys_until(until)),
        descending: false,
    };
    let mut due = Vec::new();
    tx.raw_scan(Table::CustomersByEnd, &span, &mut |key, _| {
        if let (Some(at), Some(id)) = (instant_of(key), trailing_number(key)) {
            due.push((at, CustomerId(id)));
        }
        Ok(if due.len() < max {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(due)
}
