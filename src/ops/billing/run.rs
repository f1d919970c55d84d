//! The billing run: everything that is due about orders, oldest first.
//!
//! What is due is a query over an index, not a stored timer: an order that was worked has left its
//! place there in the same commit, so a crash loses nothing, a repeat finds nothing, and after
//! downtime every missed cycle is worked in its turn. Rules: `domain::cycle`.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::run::{FAILURES_MAX, Run, RunCounts, RunFailure, RunState};
use crate::domain::staff::Permission;
use crate::domain::values::id::RunId;
use crate::domain::values::time::Timestamp;

use crate::store::{Read, Span, StoreError, Table, Tx};

use super::books::{AuditDetail, Books, Judged};
use super::due::{Sorted, Walk};
use super::watching::{Settings, Watch};
use crate::ops::{Named, OpError, bulk};

impl Named for Run {
    const KIND: &'static str = "run";
    const FOREIGN: Option<Table> = None;
}

/// At which instant a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Now, whenever it was due.
    Now,
    /// When it was due, but not before that instant: for a clock that is moved by hand.
    WhenDue { not_before: Timestamp },
}

/// Orders in the first chunk of a run; later ones are as large as the time allows.
const CHUNK_FIRST: usize = 128;

/// Which orders are worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Orders {
    /// All that are due.
    Work,
    /// Those about which the guard has nothing to say in the commit that works them.
    Guarded,
    /// None: the clock is doubtful.
    Leave,
}

/// The orders, chunk by chunk. Answers how many steps that took, and whether it was stopped by an
/// order that the guard has to look at first.
pub(in crate::ops) async fn work_orders(
    ctx: &Ctx,
    until: Timestamp,
    pace: Pace,
    orders: Orders,
) -> Result<(u64, bool), OpError> {
    let mut steps = 0u64;
    if pace == Pace::Now
        && let Some(sorted) = sorted(ctx, until).await?
    {
        let (worked, stopped) = work_chunks(ctx, until, pace, orders, Some(sorted)).await?;
        if stopped {
            return Ok((worked, true));
        }
        steps = worked;
    }
    // Also what became due meanwhile.
    let (rest, stopped) = work_chunks(ctx, until, pace, orders, None).await?;
    Ok((steps.saturating_add(rest), stopped))
}

async fn sorted(ctx: &Ctx, until: Timestamp) -> Result<Option<Sorted>, OpError> {
    let ctx = ctx.clone();
    let look = move || -> Result<_, OpError> { Ok(Sorted::find(&ctx.snapshot()?, until)?) };
    let found = tokio::task::spawn_blocking(look).await;
    found.map_err(|error| OpError::Failed(error.to_string()))?
}

/// `sorted`: only these, customer by customer; else whatever is due, in the order of time.
async fn work_chunks(
    ctx: &Ctx,
    until: Timestamp,
    pace: Pace,
    orders: Orders,
    sorted: Option<Sorted>,
) -> Result<(u64, bool), OpError> {
    let mut size = CHUNK_FIRST;
    let mut steps = 0u64;
    let mut from = 0usize;
    loop {
        let figures = ctx.app.store.figures();
        let others = figures.commands();
        let ahead = sorted.clone();
        let walk = move || match ahead {
            Some(ahead) => Walk::sorted(ahead, from, until),
            None => Walk::all(until),
        };
        let begin = walk.clone();
        match ctx
            .write_bulk_timed(move |ctx, tx| chunk(ctx, tx, begin(), (pace, orders), size))
            .await
        {
            Ok((worked, micros)) => {
                from = worked.reached;
                let count = u64::try_from(worked.steps).unwrap_or(0);
                steps = steps.saturating_add(count);
                let is_done = match &sorted {
                    Some(ahead) => ahead.is_done(from),
                    None => worked.steps == 0,
                };
                if is_done || worked.stopped {
                    return Ok((steps, worked.stopped));
                }
                let alone = figures.commands() == others;
                size = bulk::next_size(worked.steps, micros, alone);
            }
            Err(OpError::Throttled { retry_after_s: 1 }) if steps > 0 => {
                // The writer's queue is full: people first. A disk that fails takes longer.
                tokio::task::yield_now().await;
            }
            Err(error @ (OpError::Throttled { .. } | OpError::DiskFull)) => return Err(error),
            Err(error) if size > 1 => {
                // One bad order must not keep all others from being worked.
                tracing::warn!(%error, "billing.chunk_failed");
                size = 1;
            }
            Err(error) => {
                tracing::error!(%error, "billing.order_failed");
                let reason = error.to_string();
                ctx.write(move |ctx, tx| park(ctx, tx, walk(), reason))
                    .await?;
            }
        }
    }
}

/// What a chunk did.
struct Worked {
    /// Steps that were taken, and orders that were held.
    steps: usize,
    /// Where a sorted walk goes on.
    reached: usize,
    /// Whether it came to an order that the guard has to look at first.
    stopped: bool,
}

/// Works so many steps at most.
fn chunk(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut walk: Walk,
    (pace, orders): (Pace, Orders),
    size: usize,
) -> Result<Worked, OpError> {
    let watch = ctx.app.stopwatch();
    let guard = match orders {
        Orders::Guarded => Watch::new(Settings::of(ctx), tx, ctx.now)?,
        Orders::Work | Orders::Leave => Watch::Off,
    };
    let mut books = Books::new(ctx, tx);
    let (mut steps, mut held, mut stopped) = (0usize, 0usize, false);
    let (mut first, mut last) = (None, ctx.now);
    while steps.saturating_add(held) < size {
        let Some((due_at, id)) = walk.next(tx)? else {
            break;
        };
        let at = pace.at(due_at, ctx.now);
        match books.judged(&books.order(id)?, &guard, at)? {
            Judged::Free => {}
            Judged::Waits => {
                held = held.saturating_add(1);
                continue;
            }
            Judged::Doubtful => {
                stopped = true;
                break;
            }
        }
        last = at;
        first = first.or(Some(last));
        books.settle(id, last)?;
        walk.add(&books.order(id)?);
        steps = steps.saturating_add(1);
    }
    let reached = walk.reached();
    let worked = Worked {
        steps: steps.saturating_add(held),
        reached,
        stopped,
    };
    let changes = books.close();
    if worked.steps == 0 {
        return Ok(worked);
    }
    let (counts, invoiced) = (changes.counts.clone(), changes.invoiced.clone());
    changes.write(ctx, tx, AuditDetail::ByCaller)?;
    if let (Watch::Held(now), true) = (&guard, held > 0) {
        crate::ops::audit(ctx, tx, "billing.orders_held", &now.run, Vec::new())?;
    }
    let Some(first) = first else {
        return Ok(worked);
    };
    let micros = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
    note(ctx, tx, (first, last), |run| {
        run.counts.add(&counts);
        for (currency, minor) in &invoiced {
            run.add_invoiced(*currency, *minor);
        }
        run.worked_micros = run.worked_micros.saturating_add(micros);
    })?;
    Ok(worked)
}

impl Pace {
    pub(in crate::ops) fn not_before(self) -> Option<Timestamp> {
        match self {
            Self::Now => None,
            Self::WhenDue { not_before } => Some(not_before),
        }
    }

    pub(in crate::ops) fn at(self, due_at: Timestamp, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::WhenDue { not_before } => due_at.max(not_before),
        }
    }
}

/// Takes the order whose turn it is out of the run: it stays as it is until somebody changes it.
fn park(ctx: &Ctx, tx: &mut Tx<'_>, mut walk: Walk, reason: String) -> Result<(), OpError> {
    let Some((_, id)) = walk.next(tx)? else {
        return Ok(());
    };
    let before: Order = crate::ops::get(tx, id)?;
    let mut after = before.clone();
    after.standing = Standing::Parked { since: ctx.now };
    crate::ops::change(ctx, tx, "order.park", &before, &after)?;
    note(ctx, tx, (ctx.now, ctx.now), |run| {
        run.counts.failed = run.counts.failed.saturating_add(1);
        if run.failures.len() < FAILURES_MAX {
            run.failures.push(RunFailure { order: id, reason });
        }
    })
}

/// Adds to the run of this hour, or begins one; one line in the audit log says so.
fn note(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (first, last): (Timestamp, Timestamp),
    add: impl FnOnce(&mut Run),
) -> Result<(), OpError> {
    const HOUR_SECONDS: i64 = 3_600;
    let hour = |at: Timestamp| at.seconds().div_euclid(HOUR_SECONDS);
    let latest = latest(tx)?
        .filter(|run| hour(run.started_at) == hour(first) && run.state == RunState::Open);
    let mut run = match latest {
        Some(run) => run,
        None => Run {
            id: tx.next_id::<RunId>()?,
            state: RunState::Open,
            released_by: None,
            started_at: first,
            ended_at: last,
            worked_micros: 0,
            counts: RunCounts::default(),
            invoiced: Vec::new(),
            failures: Vec::new(),
        },
    };
    run.ended_at = run.ended_at.max(last);
    add(&mut run);
    tx.put(&run)?;
    crate::ops::audit(ctx, tx, "billing.run", &run, Vec::new())
}

/// The run that was begun last.
fn latest(read: &impl Read) -> Result<Option<Run>, StoreError> {
    let mut latest = None;
    read.each::<Run>(&Span::all().descending(), &mut |run| {
        latest = Some(run);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(latest)
}

/// The runs, newest first.
pub fn runs(ctx: &Ctx, limit: usize) -> Result<Vec<Run>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let mut runs = Vec::new();
    ctx.snapshot()?
        .each::<Run>(&Span::all().descending(), &mut |run| {
            runs.push(run);
            Ok(if runs.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
    Ok(runs)
}
