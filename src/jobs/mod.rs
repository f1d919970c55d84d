//! The scheduler: sleeps until something is due, lets `ops` work it, and sleeps again. Woken when
//! something may be due earlier. Runs under real time only: a test clock works what is due itself.
//!
//! Must not know what is due or why.

pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::{App, Ctx};
use crate::domain::messages::Queue;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::billing::run::Pace;
use crate::ops::outbox::Delivered;
use crate::ops::peers::middleware::Told;

/// Longest sleep: the time of day may jump, which no timer notices.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Name of the scheduler in the log and the audit log.
const DIALECT: &str = "scheduler";

/// Works until the box goes down.
pub async fn run(app: Arc<App>, closing: CancellationToken) {
    let mut starting = true;
    while !closing.is_cancelled() {
        // Asked before looking, so that nothing that comes meanwhile is slept through.
        let woken = app.signals.orders_due.notified();
        let sleep = tokio::select! {
            sleep = turn(&app, starting) => sleep,
            () = closing.cancelled() => return,
        };
        starting = false;
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = woken => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Longest wait before the middleware is tried again that could not be told something.
const TELL_AGAIN_MAX: Duration = Duration::from_mins(5);

/// Tells the middleware what it has to know, until the box goes down. Being cut off does no harm:
/// what was not told is noted in the file. Runs under every clock: another system has its own.
pub async fn tell(app: Arc<App>, closing: CancellationToken) {
    let mut wait = Duration::from_secs(1);
    while !closing.is_cancelled() {
        let woken = app.signals.middleware_pending.notified();
        let ctx = Ctx {
            dialect: DIALECT,
            ..Ctx::system(Arc::clone(&app))
        };
        let told = tokio::select! {
            told = ops::peers::middleware::tell(&ctx) => told,
            () = closing.cancelled() => return,
        };
        let sleep = match told {
            Ok(Told::NotYet) => continue,
            Ok(Told::Everything) => {
                wait = Duration::from_secs(1);
                SLEEP_MAX
            }
            Ok(Told::Failed) => wait,
            Err(error) => {
                tracing::error!(%error, "middleware.telling_failed");
                wait
            }
        };
        if sleep == wait {
            wait = wait.saturating_mul(2).min(TELL_AGAIN_MAX);
        }
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = woken => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Sends what is to be sent in a queue, until the box goes down. Runs under every clock: what is
/// due goes by the box's clock, how long to leave mail server or gateway alone by the time of day.
pub async fn deliver(app: Arc<App>, queue: Queue, closing: CancellationToken) {
    let Some(pending) = app.signals.outbox_pending.get(queue.place()) else {
        return;
    };
    while !closing.is_cancelled() {
        let woken = pending.notified();
        let ctx = Ctx {
            dialect: DIALECT,
            ..Ctx::system(Arc::clone(&app))
        };
        let delivered = tokio::select! {
            delivered = ops::outbox::deliver(&ctx, queue) => delivered,
            () = closing.cancelled() => return,
        };
        let sleep = match delivered {
            Ok(Delivered::Until(next)) => {
                let micros = next.map_or(i64::MAX, |next| {
                    next.micros().saturating_sub(ctx.now.micros())
                });
                Duration::from_micros(micros.max(0).cast_unsigned()).min(SLEEP_MAX)
            }
            // Nobody is tried again for every message that comes meanwhile.
            failed => {
                if let Err(error) = failed {
                    tracing::error!(%error, "message.delivery_failed");
                }
                tokio::select! {
                    () = tokio::time::sleep(AFTER_FAILURE) => continue,
                    () = closing.cancelled() => return,
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = woken => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Asks the carrier again about charges that it has not decided, until the box goes down.
/// Runs under real time only.
pub async fn ask_carrier(app: Arc<App>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        let ctx = Ctx {
            dialect: DIALECT,
            ..Ctx::system(Arc::clone(&app))
        };
        // Being cut off does no harm: it is asked again under the same id.
        let round = tokio::select! {
            round = ops::partners::carrier_calls::work(&ctx) => round,
            () = closing.cancelled() => return,
        };
        let sleep = match round {
            Ok(round) => {
                let micros = round.next.map_or(i64::MAX, |next| {
                    next.micros().saturating_sub(ctx.now.micros())
                });
                let sleep = Duration::from_micros(micros.max(0).cast_unsigned()).min(SLEEP_MAX);
                if round.asked == 0 {
                    sleep.max(AFTER_FAILURE)
                } else {
                    sleep
                }
            }
            Err(error) => {
                tracing::error!(%error, "carrier.not_asked");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Rest between two passwords that are hardened, as a multiple of the time that one takes: a fifth
/// of a core at most.
const REST: u32 = 4;
/// Shortest rest.
const REST_MIN: Duration = Duration::from_millis(20);

/// Hardens quick hashes of passwords, one after the other, until the box goes down.
pub async fn harden(app: Arc<App>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        let woken = app.signals.passwords_to_harden.notified();
        let ctx = Ctx {
            dialect: DIALECT,
            ..Ctx::system(Arc::clone(&app))
        };
        let watch = app.stopwatch();
        let more = tokio::select! {
            more = ops::customers::hardening::next(&ctx) => more,
            () = closing.cancelled() => return,
        };
        let rest = match more {
            Ok(true) => watch.elapsed().saturating_mul(REST).max(REST_MIN),
            Ok(false) => {
                tokio::select! {
                    () = woken => continue,
                    () = closing.cancelled() => return,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "passwords.not_hardened");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Boxes that come together are written together.
const GATHERED_IN: Duration = Duration::from_millis(500);
/// How often it is written that boxes were seen.
const SEEN_EVERY: Duration = Duration::from_mins(5);

/// Writes what boxes told us, until the box goes down; what is left then, [`save_presence`] writes.
pub async fn keep_presence(app: Arc<App>, closing: CancellationToken) {
    let mut seen = app.stopwatch();
    while !closing.is_cancelled() {
        let woken = app.signals.presence_dirty.notified();
        tokio::select! {
            () = tokio::time::sleep(SLEEP_MAX) => {}
            () = woken => tokio::select! {
                () = tokio::time::sleep(GATHERED_IN) => {}
                () = closing.cancelled() => return,
            },
            () = closing.cancelled() => return,
        }
        let all = seen.elapsed() >= SEEN_EVERY;
        if all {
            seen = app.stopwatch();
        }
        if !save_presence(&app, all).await {
            tokio::select! {
                () = tokio::time::sleep(AFTER_FAILURE) => {}
                () = closing.cancelled() => return,
            }
        }
    }
}

/// Writes what boxes told us; with `all` also when they were seen. Answers whether that went well.
pub async fn save_presence(app: &Arc<App>, all: bool) -> bool {
    let ctx = Ctx {
        dialect: DIALECT,
        ..Ctx::system(Arc::clone(app))
    };
    let saved = ops::boxes::save(&ctx, all).await;
    if let Err(error) = &saved {
        tracing::error!(%error, "presence.not_saved");
    }
    saved.is_ok()
}

/// Works everything that is due. Answers how long nothing will be.
async fn turn(app: &Arc<App>, starting: bool) -> Duration {
    let ctx = Ctx {
        dialect: DIALECT,
        ..Ctx::system(Arc::clone(app))
    };
    if let Err(error) = ops::outbox::reminders::note(&ctx).await {
        tracing::error!(%error, "reminders.not_noted");
    }
    if let Err(error) = ops::billing::guard::forecast(&ctx, starting).await {
        tracing::error!(%error, "billing.not_forecast");
    }
    let next = match work_if_due(&ctx).await {
        // Whatever became due meanwhile is seen in the next turn.
        Ok(Some(next)) if next <= ctx.now => return AFTER_FAILURE,
        Ok(next) => next,
        Err(error) => {
            tracing::error!(%error, "billing.run_failed");
            return AFTER_FAILURE;
        }
    };
    // Read again: the work may have taken a while.
    let now = Ctx::system(Arc::clone(app)).now;
    let wait = |next: Timestamp| next.micros().saturating_sub(now.micros());
    let micros = next.map_or(i64::MAX, wait).max(0);
    Duration::from_micros(micros.cast_unsigned()).min(SLEEP_MAX)
}

/// Works the orders and payments that are due, or moves on a run that is held. Answers when
/// something is due next.
async fn work_if_due(ctx: &Ctx) -> Result<Option<Timestamp>, ops::OpError> {
    let next = ops::billing::run::next_due(ctx)?;
    if next.is_none_or(|at| at > ctx.now) && !ops::billing::guard::holds(ctx)? {
        return Ok(next);
    }
    ops::billing::run::work_guarded(ctx, Pace::Now).await?;
    ops::billing::run::next_due(ctx)
}
