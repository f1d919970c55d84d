//! The run that is held, and what the guard remembers.

use crate::app::Ctx;
use crate::domain::billing::guard::{HELD_SECONDS_MAX, Limits, RunGuard};
use crate::domain::billing::run::{Run, RunState};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::Only;
use crate::store::{Read, Table};

pub(in crate::ops::billing) const SECONDS_PER_HOUR: i64 = 3_600;

/// How much longer services are open than the hold lasts: the end of it is worked in chunks.
pub(in crate::ops::billing) const SLACK_SECONDS: i64 = 24 * SECONDS_PER_HOUR;

/// A run that is held.
#[derive(Debug, Clone)]
pub struct HeldRun {
    pub run: Run,
    /// Orders that wait and are served meanwhile.
    pub orders: u64,
    /// When the next thing happens to them if nobody releases the run.
    pub decides_at: Timestamp,
    /// When owners were last told, which they first are when all of its orders wait.
    pub told_at: Option<Timestamp>,
}

pub(in crate::ops::billing) fn limits(ctx: &Ctx) -> Limits {
    let settings = &ctx.app.config.billing;
    Limits {
        multiple: settings.guard_multiple,
        cycles: settings.guard_cycles,
        price_percent: settings.guard_price_percent,
    }
}

pub(in crate::ops::billing) fn remembered(read: &impl Read) -> Result<RunGuard, OpError> {
    Ok(read.get::<RunGuard>(&Only)?.unwrap_or_default())
}

/// The run that is held, if one is.
pub fn held(ctx: &Ctx) -> Result<Option<HeldRun>, OpError> {
    let snapshot = ctx.snapshot()?;
    let guard = remembered(&snapshot)?;
    let Some(id) = guard.hold else {
        return Ok(None);
    };
    let run: Run = crate::ops::get(&snapshot, id)?;
    let decides_at = match &run.state {
        RunState::Stopped { .. } => eases_at(ctx, &run),
        RunState::Eased { .. } => ends_at(ctx, &run),
        RunState::Open | RunState::Released => return Ok(None),
    };
    Ok(Some(HeldRun {
        orders: snapshot.rows(Table::OrdersHeld)?,
        decides_at,
        told_at: guard.alarmed_at,
        run,
    }))
}

/// When the orders of a held run that nobody doubts are worked.
pub(in crate::ops::billing) fn eases_at(ctx: &Ctx, run: &Run) -> Timestamp {
    eases_after(run, ctx.app.config.billing.guard_hold_hours)
}

/// When the others are.
pub(in crate::ops::billing) fn ends_at(ctx: &Ctx, run: &Run) -> Timestamp {
    ends_after(run, ctx.app.config.billing.guard_hold_hours)
}

/// Whether there is a guard: not under a clock that is moved by hand.
pub(in crate::ops::billing) fn is_on(ctx: &Ctx) -> bool {
    ctx.app.config.billing.guard && !ctx.app.clock.is_test()
}

pub(in crate::ops::billing) fn eases_after(run: &Run, hold_hours: u32) -> Timestamp {
    let seconds = i64::from(hold_hours).saturating_mul(SECONDS_PER_HOUR);
    run.started_at.saturating_add_seconds(seconds)
}

pub(in crate::ops::billing) fn ends_after(run: &Run, hold_hours: u32) -> Timestamp {
    let ends = run.started_at.saturating_add_seconds(HELD_SECONDS_MAX);
    ends.max(eases_after(run, hold_hours))
}
