//! The guard of the billing run. Before a run bills anything it is compared with the forecast of
//! the day; one that looks like a mistake is *held*: its orders wait, their services stay open, and
//! owners are told. A person releases it, or its time passes. Rules:
//! `domain::guard`, `docs/billing.md`.

pub(in crate::ops) mod alarm;
mod holding;
mod judging;

use std::ops::ControlFlow;
use std::sync::PoisonError;

use crate::app::Ctx;
use crate::domain::billing::guard::{
    DayForecast, FORECAST_SECONDS, JUMP_SECONDS_MAX, RunGuard, price_jumped,
};
use crate::domain::billing::run::{Run, RunCounts, RunState};
use crate::domain::catalogue::ProductOffer;
use crate::domain::staff::Maker;
use crate::domain::staff::Permission;
use crate::domain::values::id::RunId;
use crate::store::key::Only;
use crate::store::{Read, Span, Table, Tx};

use self::holding::{Held, Which};
use super::books::LetGo;
use super::preview::{Scope, preview};
use crate::ops::OpError;
use crate::ops::billing::held_run::{
    SECONDS_PER_HOUR, SLACK_SECONDS, eases_at, ends_at, is_on, limits, remembered,
};

/// The local hour at which the forecast of the next day is made.
const EVENING_HOUR: i8 = 20;
/// A clock that stands so much before the beginning of a hold was wrong then.
const BACK_SECONDS: i64 = SECONDS_PER_HOUR;

/// What the run that is due may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Verdict {
    /// Work whatever is due.
    Go,
    /// The same, whatever it looks like: a person let it go.
    Released,
    /// A run is held, and its orders wait; work what else is due.
    HeldBills,
    /// Nothing is worked: the clock is doubtful.
    HeldAll,
    /// What was held is not any more; what is due besides is looked at in the next turn.
    Resolved,
}

/// What the day's runs are expected to invoice.
pub fn expected(ctx: &Ctx) -> Result<Option<DayForecast>, OpError> {
    Ok(remembered(&ctx.snapshot()?)?.forecast)
}

/// Whether a run is held, or was let go and is not done yet.
pub fn holds(ctx: &Ctx) -> Result<bool, OpError> {
    Ok(remembered(&ctx.snapshot()?)?.hold.is_some())
}

/// Makes the forecast of the next day in the evening, and where `starting`.
/// Not while a run is held.
pub async fn forecast(ctx: &Ctx, starting: bool) -> Result<(), OpError> {
    if !is_on(ctx) {
        return Ok(());
    }
    let (guard, known) = {
        let snapshot = ctx.snapshot()?;
        let known = snapshot.get::<RunGuard>(&Only)?;
        (known.clone().unwrap_or_default(), known.is_some())
    };
    let zone = &ctx.app.company().zone;
    let evening = zone.last_at_hour(ctx.now, EVENING_HOUR);
    let made_at = guard.forecast.as_ref().map(|forecast| forecast.made_at);
    let stale = made_at.is_none_or(|at| at > ctx.now || evening.is_some_and(|due| at < due));
    // What a doubtful clock says of the next day is no measure.
    if jumped(ctx).is_some() || guard.hold.is_some() || !(starting || stale) {
        return Ok(());
    }
    let forecast = look_ahead(ctx).await?;
    ctx.write(move |ctx, tx| {
        let mut guard = remembered(tx)?;
        guard.forecast = Some(forecast);
        if !known {
            drop_old_stop(ctx, tx)?;
        }
        accept_prices(ctx, tx, &mut guard, !known)?;
        tx.put(&guard)?;
        Ok(())
    })
    .await
}

/// A run that an older version stopped is judged by the rules of today.
fn drop_old_stop(ctx: &Ctx, tx: &mut Tx<'_>) -> Result<(), OpError> {
    let mut stopped = Vec::new();
    tx.each::<Run>(&Span::all().descending(), &mut |run| {
        if run.state.held_because().is_some() {
            stopped.push(run);
        }
        // Only the newest one could wait.
        Ok(ControlFlow::Break(()))
    })?;
    for before in stopped {
        let mut after = before.clone();
        after.state = RunState::Open;
        crate::ops::change(ctx, tx, "billing.judged_anew", &before, &after)?;
    }
    Ok(())
}

async fn look_ahead(ctx: &Ctx) -> Result<DayForecast, OpError> {
    let looking = ctx.clone();
    let until = ctx.now.saturating_add_seconds(FORECAST_SECONDS);
    let ahead = tokio::task::spawn_blocking(move || preview(&looking, &Scope::Everybody, until, 0));
    let ahead = ahead
        .await
        .map_err(|error| OpError::Failed(error.to_string()))??;
    Ok(DayForecast {
        made_at: ctx.now,
        orders: ahead.counts.renewed.saturating_add(ahead.counts.overdue),
        invoiced: ahead.invoiced,
    })
}

/// Accepts the prices of all offers; without `all`, of those only that did not change by much.
fn accept_prices(
    ctx: &Ctx,
    read: &impl Read,
    guard: &mut RunGuard,
    all: bool,
) -> Result<(), OpError> {
    let percent = limits(ctx).price_percent;
    for offer in read.all::<ProductOffer>()? {
        let newest = offer.prices.last().map_or(0, |price| price.version);
        let first = offer.prices.first().map_or(0, |price| price.version);
        let accepted = guard.accepted(offer.id);
        // An offer whose price never changed needs no line.
        if accepted.unwrap_or(first) >= newest {
            continue;
        }
        if all || !price_jumped(&offer.prices, accepted.unwrap_or(first), percent) {
            guard.accept(offer.id, newest);
        }
    }
    Ok(())
}

/// By how many seconds the clock jumped while the box ran and nothing was worked.
fn jumped(ctx: &Ctx) -> Option<i64> {
    let mut jumps = ctx.app.jumps.lock().unwrap_or_else(PoisonError::into_inner);
    jumps.jumped(ctx.now, JUMP_SECONDS_MAX)
}

/// What was due was worked by the clock as it is.
pub(in crate::ops) fn trust_clock(ctx: &Ctx) {
    let mut jumps = ctx.app.jumps.lock().unwrap_or_else(PoisonError::into_inner);
    jumps.trust(ctx.now);
}

/// Looks at the run that is due before it bills anything, and moves on whatever is held.
pub(in crate::ops) async fn before_run(ctx: &Ctx) -> Result<Verdict, OpError> {
    let guard = remembered(&ctx.snapshot()?)?;
    let Some(id) = guard.hold else {
        if !is_on(ctx) {
            return Ok(Verdict::Go);
        }
        return judge(ctx, guard, jumped(ctx)).await;
    };
    let run: Run = crate::ops::get(&ctx.snapshot()?, id)?;
    let held = Held {
        run: id,
        since: run.started_at,
        until: ends_at(ctx, &run).saturating_add_seconds(SLACK_SECONDS),
        whole: guard.whole,
    };
    let reason = run.state.held_because().map(str::to_owned);
    let Some(reason) = reason.filter(|_| is_on(ctx)) else {
        // Released, or the guard was switched off.
        holding::let_go(ctx, held, LetGo::AsDue, Which::All).await?;
        finish(ctx, id).await?;
        return Ok(Verdict::Released);
    };
    if ctx.now < run.started_at.saturating_add_seconds(-BACK_SECONDS) {
        tracing::warn!(run = id.0, "billing.clock_went_back");
        holding::let_go(ctx, held, LetGo::Unworked, Which::All).await?;
        finish(ctx, id).await?;
        return Ok(Verdict::Resolved);
    }
    if ctx.now >= ends_at(ctx, &run) {
        holding::let_go(ctx, held, LetGo::AsDue, Which::Undoubted).await?;
        holding::let_go(ctx, held, LetGo::AsBefore, Which::All).await?;
        finish(ctx, id).await?;
        return Ok(Verdict::Resolved);
    }
    let eased = ctx.now >= eases_at(ctx, &run);
    if eased {
        if matches!(run.state, RunState::Stopped { .. }) {
            set_state(ctx, id, "billing.ease", RunState::Eased { reason }).await?;
        }
        holding::let_go(ctx, held, LetGo::AsDue, Which::Undoubted).await?;
        holding::hold_due(
            ctx,
            Held {
                whole: false,
                ..held
            },
            Which::Doubted,
        )
        .await?;
        if ctx.snapshot()?.rows(Table::OrdersHeld)? == 0 {
            finish(ctx, id).await?;
            return Ok(Verdict::Resolved);
        }
    } else {
        holding::hold_due(ctx, held, Which::All).await?;
    }
    alarm::tell_owners(ctx).await?;
    Ok(if guard.whole && !eased {
        Verdict::HeldAll
    } else {
        Verdict::HeldBills
    })
}

async fn judge(ctx: &Ctx, guard: RunGuard, jumped: Option<i64>) -> Result<Verdict, OpError> {
    let looking = ctx.clone();
    let doubt = tokio::task::spawn_blocking(move || judging::judge(&looking, &guard, jumped));
    let doubt = doubt
        .await
        .map_err(|error| OpError::Failed(error.to_string()))??;
    let Some(doubt) = doubt else {
        return Ok(Verdict::Go);
    };
    let whole = jumped.is_some();
    let reason = judging::words(ctx, &doubt);
    tracing::error!(reason, "billing.run_held");
    let run = ctx
        .write(move |ctx, tx| begin_hold(ctx, tx, reason, whole))
        .await?;
    let held = Held {
        run: run.id,
        since: run.started_at,
        until: ends_at(ctx, &run).saturating_add_seconds(SLACK_SECONDS),
        whole,
    };
    holding::hold_due(ctx, held, Which::All).await?;
    alarm::tell_owners(ctx).await?;
    Ok(if whole {
        Verdict::HeldAll
    } else {
        Verdict::HeldBills
    })
}

fn begin_hold(ctx: &Ctx, tx: &mut Tx<'_>, reason: String, whole: bool) -> Result<Run, OpError> {
    let run = Run {
        id: tx.next_id::<RunId>()?,
        state: RunState::Stopped { reason },
        started_at: ctx.now,
        ended_at: ctx.now,
        worked_micros: 0,
        counts: RunCounts::default(),
        invoiced: Vec::new(),
        failures: Vec::new(),
        released_by: None,
    };
    crate::ops::create(ctx, tx, "billing.hold", &run)?;
    let mut guard = remembered(tx)?;
    guard.hold = Some(run.id);
    guard.whole = whole;
    guard.alarmed_at = None;
    tx.put(&guard)?;
    Ok(run)
}

async fn set_state(
    ctx: &Ctx,
    id: RunId,
    action: &'static str,
    state: RunState,
) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let before: Run = crate::ops::get(tx, id)?;
        let mut after = before.clone();
        after.state = state;
        crate::ops::change(ctx, tx, action, &before, &after)
    })
    .await
}

/// Nothing is held any more: what comes is compared with a new forecast.
async fn finish(ctx: &Ctx, id: RunId) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let before: Run = crate::ops::get(tx, id)?;
        let mut after = before.clone();
        after.state = RunState::Open;
        crate::ops::change(ctx, tx, "billing.hold_done", &before, &after)?;
        let mut guard = remembered(tx)?;
        guard.hold = None;
        guard.whole = false;
        guard.alarmed_at = None;
        tx.put(&guard)?;
        Ok(())
    })
    .await?;
    trust_clock(ctx);
    forecast(ctx, true).await
}

/// Lets a run go on that the guard holds. What it would bill is accepted by that, prices too.
pub async fn release(ctx: &Ctx, id: RunId) -> Result<Run, OpError> {
    ctx.require(Permission::RunsRelease)?;
    ctx.write(move |ctx, tx| {
        let before: Run = crate::ops::get(tx, id)?;
        if before.state.held_because().is_none() {
            return Ok(before);
        }
        let mut after = before.clone();
        after.state = RunState::Released;
        after.released_by = Some(Maker::of(&ctx.actor).words());
        crate::ops::change(ctx, tx, "billing.release", &before, &after)?;
        let mut guard = remembered(tx)?;
        // One that an older version held has no order that waits.
        guard.hold = Some(id);
        accept_prices(ctx, tx, &mut guard, true)?;
        tx.put(&guard)?;
        Ok(after)
    })
    .await
}
