//! Works what is due: orders, payments that are under way, what was paid up to a date elsewhere,
//! and debts brought along, in the order of time.

use crate::app::Ctx;
use std::ops::ControlFlow;

use crate::domain::values::time::Timestamp;
use crate::ops::billing::guard::{self, Verdict};
use crate::ops::billing::opening_debts;
use crate::ops::billing::run::{Orders, Pace, work_orders};
use crate::ops::customers::paid_until;
use crate::ops::payments::due;
use crate::ops::{OpError, watched};
use crate::store::key::instant_of;
use crate::store::{Read as _, Span, Table};

/// Works what is due until `until`: orders, and payments that are under way, in the order of time.
/// Answers how many steps that took.
pub async fn work(ctx: &Ctx, until: Timestamp, pace: Pace) -> Result<u64, OpError> {
    work_all(ctx, until, pace, Orders::Work).await
}

async fn work_all(ctx: &Ctx, until: Timestamp, pace: Pace, orders: Orders) -> Result<u64, OpError> {
    let mut steps = 0u64;
    if pace != Pace::Now && watched::anybody_hears(ctx) {
        // Others hear when it happened: one instant after the other.
        while let Some(at) = next_due(ctx)?.filter(|at| *at <= until) {
            let ctx = &Ctx {
                now: pace.at(at, ctx.now),
                ..ctx.clone()
            };
            let worked = work_until(ctx, at, pace, orders).await?;
            if worked == 0 {
                break;
            }
            steps = steps.saturating_add(worked);
        }
    }
    let rest = work_until(ctx, until, pace, orders).await?;
    Ok(steps.saturating_add(rest))
}

async fn work_until(
    ctx: &Ctx,
    until: Timestamp,
    pace: Pace,
    orders: Orders,
) -> Result<u64, OpError> {
    let mut steps = 0u64;
    loop {
        let payment = due::next_due(&ctx.snapshot()?, until)?;
        let first = payment.map_or(until, |(at, _)| at.min(until));
        if ctx.app.config.stalker.internal_billing && orders != Orders::Leave {
            while paid_until::end(ctx, first, pace.not_before()).await? > 0 {
                steps = steps.saturating_add(1);
            }
        }
        if orders != Orders::Leave {
            let (worked, stopped) = work_orders(ctx, first, pace, orders).await?;
            steps = steps.saturating_add(worked);
            if stopped {
                return Ok(steps);
            }
            while opening_debts::dun(ctx, first, pace.not_before()).await? > 0 {
                steps = steps.saturating_add(1);
            }
        }
        let Some((due_at, id)) = payment else {
            return Ok(steps);
        };
        let ctx = Ctx {
            now: pace.at(due_at, ctx.now),
            ..ctx.clone()
        };
        due::decide(&ctx, id).await?;
        steps = steps.saturating_add(1);
    }
}

/// When something is due next.
pub fn next_due(ctx: &Ctx) -> Result<Option<Timestamp>, OpError> {
    let mut next = None;
    let snapshot = ctx.snapshot()?;
    let ends = ctx.app.config.stalker.internal_billing;
    let ends = ends.then_some(Table::CustomersByEnd);
    let tables = [
        Table::OrdersByDue,
        Table::PaymentsByDue,
        Table::OpeningDebtsByDue,
    ];
    for table in tables.into_iter().chain(ends) {
        snapshot.raw_scan(table, &Span::all(), &mut |key, _| {
            next = [next, instant_of(key)].into_iter().flatten().min();
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(next)
}

/// As [`work`] until now, under the guard: a run that looks like a mistake is held before its first
/// bill. Payments that are under way go on being decided meanwhile.
/// Answers `false` where a run is held.
pub async fn work_guarded(ctx: &Ctx, pace: Pace) -> Result<bool, OpError> {
    let verdict = guard::before_run(ctx).await?;
    let orders = match verdict {
        Verdict::Released => Orders::Work,
        Verdict::Go | Verdict::HeldBills => Orders::Guarded,
        Verdict::HeldAll | Verdict::Resolved => Orders::Leave,
    };
    work_all(ctx, ctx.now, pace, orders).await?;
    let done = matches!(verdict, Verdict::Go | Verdict::Released | Verdict::Resolved);
    if done {
        guard::trust_clock(ctx);
    }
    Ok(done)
}
