//! The orders of a held run, chunk by chunk: held, and let go again. A chunk is one commit with one
//! audit line, and says where the next one begins, so that a cut-off sweep is gone on with in the
//! next turn.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::order::{Hold, Order, Standing};
use crate::domain::billing::run::{FAILURES_MAX, Run, RunFailure};
use crate::domain::values::id::{OrderId, RunId};
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books, LetGo};
use crate::ops::{self, OpError, bulk};
use crate::store::key::{after_prefix, owned_by, trailing_number, until as keys_until};
use crate::store::{Read, Span, Table, Tx};

use crate::ops::billing::held_run::{limits, remembered};

/// Orders in the first chunk of a sweep; later ones are as large as the time allows.
const CHUNK_FIRST: usize = 128;

/// How the orders of a run are held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub run: RunId,
    /// When it was held.
    pub since: Timestamp,
    /// Until when services stay open, and the longest that an order waits.
    pub until: Timestamp,
    /// Whether everything about its orders waits, and not their bills alone.
    pub whole: bool,
}

/// Which orders are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    /// Those whose own bill is doubtful.
    Doubted,
    /// The others.
    Undoubted,
}

#[derive(Debug, Clone, Copy)]
enum Sweep {
    Hold(Held, Which),
    LetGo(Held, LetGo, Which),
}

/// Holds orders that are due.
pub(super) async fn hold_due(ctx: &Ctx, held: Held, which: Which) -> Result<(), OpError> {
    sweep(ctx, Sweep::Hold(held, which)).await
}

/// Lets orders go that a run holds, and does what is due about them.
pub(super) async fn let_go(ctx: &Ctx, held: Held, how: LetGo, which: Which) -> Result<(), OpError> {
    sweep(ctx, Sweep::LetGo(held, how, which)).await
}

async fn sweep(ctx: &Ctx, sweep: Sweep) -> Result<(), OpError> {
    let figures = ctx.app.store.figures();
    let mut size = CHUNK_FIRST;
    let mut next = Some(sweep.first());
    while let Some(from) = next.clone() {
        if sweep.keys(&ctx.snapshot()?, ctx.now, &from, 1)?.is_empty() {
            return Ok(());
        }
        let others = figures.commands();
        let begin = from.clone();
        let chunk = ctx
            .write_bulk_timed(move |ctx, tx| chunk(ctx, tx, sweep, &begin, size))
            .await;
        match chunk {
            Ok((further, micros)) => {
                next = further;
                size = bulk::next_size(size, micros, figures.commands() == others);
            }
            // The writer's queue is full: people first.
            Err(OpError::Throttled { retry_after_s: 1 }) => tokio::task::yield_now().await,
            Err(error @ OpError::Throttled { .. }) => return Err(error),
            Err(error) if size > 1 => {
                tracing::warn!(%error, "billing.chunk_failed");
                size = 1;
            }
            Err(error) => {
                tracing::error!(%error, "billing.order_failed");
                let reason = error.to_string();
                next = ctx
                    .write(move |ctx, tx| park(ctx, tx, sweep, &from, reason))
                    .await?;
            }
        }
    }
    Ok(())
}

impl Sweep {
    fn held(self) -> Held {
        match self {
            Self::Hold(held, _) | Self::LetGo(held, _, _) => held,
        }
    }

    fn first(self) -> Vec<u8> {
        match self {
            Self::Hold(..) => Vec::new(),
            Self::LetGo(held, ..) => owned_by(held.run),
        }
    }

    /// The keys of the next orders, `most` at most.
    fn keys(
        self,
        read: &impl Read,
        now: Timestamp,
        from: &[u8],
        most: usize,
    ) -> Result<Vec<Vec<u8>>, OpError> {
        let (table, to) = match self {
            Self::Hold(..) => (Table::OrdersByDue, Some(keys_until(now))),
            Self::LetGo(held, ..) => (Table::OrdersHeld, after_prefix(&owned_by(held.run))),
        };
        let span = Span {
            from: from.to_vec(),
            to,
            descending: false,
        };
        let mut keys = Vec::new();
        read.raw_scan(table, &span, &mut |key, _| {
            keys.push(key.to_vec());
            Ok(if keys.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(keys)
    }
}

/// Works so many orders at most; answers where the next chunk begins.
fn chunk(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    sweep: Sweep,
    from: &[u8],
    size: usize,
) -> Result<Option<Vec<u8>>, OpError> {
    let watch = ctx.app.stopwatch();
    let keys = sweep.keys(tx, ctx.now, from, size)?;
    let guard = remembered(tx)?;
    let mut books = Books::new(ctx, tx);
    let mut touched = false;
    for id in keys
        .iter()
        .filter_map(|key| trailing_number(key))
        .map(OrderId)
    {
        let order = books.order(id)?;
        let fits = |books: &mut Books<'_, _>, which| {
            Ok::<bool, OpError>(match which {
                Which::All => true,
                _ => {
                    let doubt = books.doubt(&order, limits(ctx), &guard, ctx.now)?;
                    doubt.is_some() == (which == Which::Doubted)
                }
            })
        };
        match sweep {
            Sweep::Hold(held, which) => {
                let bills = held.whole || order.unbilled_since(ctx.now).is_some();
                if order.held.is_none() && bills && fits(&mut books, which)? {
                    let mark = Hold {
                        run: held.run,
                        until: held.until,
                        whole: held.whole,
                    };
                    books.hold(&order, mark, ctx.now)?;
                    touched = true;
                }
            }
            Sweep::LetGo(held, how, which) => {
                if fits(&mut books, which)? {
                    books.let_go(id, how, held.since, &guard, ctx.now)?;
                    touched = true;
                }
            }
        }
    }
    let changes = books.close();
    if touched {
        let (counts, invoiced) = (changes.counts.clone(), changes.invoiced.clone());
        changes.write(ctx, tx, AuditDetail::ByCaller)?;
        let mut run: Run = ops::get(tx, sweep.held().run)?;
        run.ended_at = ctx.now;
        run.counts.add(&counts);
        for (currency, minor) in invoiced {
            run.add_invoiced(currency, minor);
        }
        let micros = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
        run.worked_micros = run.worked_micros.saturating_add(micros);
        tx.put(&run)?;
        let action = match sweep {
            Sweep::Hold(..) => "billing.orders_held",
            Sweep::LetGo(..) => "billing.orders_let_go",
        };
        ops::audit(ctx, tx, action, &run, Vec::new())?;
    }
    Ok(keys
        .last()
        .filter(|_| keys.len() == size)
        .map(|key| behind(key)))
}

fn behind(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

/// Puts an order aside that cannot be worked, so that the others go on.
fn park(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    sweep: Sweep,
    from: &[u8],
    reason: String,
) -> Result<Option<Vec<u8>>, OpError> {
    let keys = sweep.keys(tx, ctx.now, from, 1)?;
    let Some(key) = keys.first() else {
        return Ok(None);
    };
    let Some(id) = trailing_number(key).map(OrderId) else {
        return Ok(None);
    };
    let before: Order = ops::get(tx, id)?;
    let mut after = before.clone();
    after.held = None;
    after.standing = Standing::Parked { since: ctx.now };
    ops::change(ctx, tx, "order.park", &before, &after)?;
    let mut run: Run = ops::get(tx, sweep.held().run)?;
    run.counts.failed = run.counts.failed.saturating_add(1);
    if run.failures.len() < FAILURES_MAX {
        run.failures.push(RunFailure { order: id, reason });
    }
    tx.put(&run)?;
    ops::audit(ctx, tx, "billing.run", &run, Vec::new())?;
    Ok(Some(behind(key)))
}
