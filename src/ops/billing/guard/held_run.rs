//! The run that is held, and what the guard remembers.

use crate::app::Ctx;
use crate::domain::billing::guard::{Limits, RunGuard};
use crate::domain::billing::run::{Run, RunState};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::billing::guard::{eases_after, ends_after};
use crate::store::key::Only;
use crate::store::{Read, Table};

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

pub(in crate::ops::billing::guard) fn limits(ctx: &Ctx) -> Limits {
    let settings = &ctx.app.config.billing;
    Limits {
        multiple: settings.guard_multiple,
        cycles: settings.guard_cycles,
        price_percent: settings.guard_price_percent,
    }
}

pub(in crate::ops::billing::guard) fn remembered(read: &impl Read) -> Result<RunGuard, OpError> {
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
pub(in crate::ops::billing::guard) fn eases_at(ctx: &Ctx, run: &Run) -> Timestamp {
    eases_after(run, ctx.app.config.billing.guard_hold_hours)
}

/// When the others are.
pub(in crate::ops::billing::guard) fn ends_at(ctx: &Ctx, run: &Run) -> Timestamp {
    ends_after(run, ctx.app.config.billing.guard_hold_hours)
}
