//! Works the orders and payments that are due, and notes letters that remind of what will be.
//! Under real time only.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::billing::run::Pace;

use super::worker::{AFTER_FAILURE, Job, Next, Turn};

#[derive(Default)]
pub struct Billing {
    has_begun: bool,
}

impl Job for Billing {
    fn name(&self) -> &'static str {
        "billing"
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        Some(&signals.orders_due)
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let mut failure = None;
        if let Err(error) = ops::outbox::reminders::note(ctx).await {
            tracing::error!(%error, "reminders.not_noted");
            failure = Some(format!("reminders: {error}"));
        }
        if let Err(error) = ops::billing::guard::forecast(ctx, is_first).await {
            tracing::error!(%error, "billing.not_forecast");
            failure = Some(format!("forecast: {error}"));
        }
        let turn = match work_if_due(ctx).await {
            // Whatever became due meanwhile is seen in the next turn.
            Ok(Some(next)) if next <= ctx.now => Turn::then(Next::Within(AFTER_FAILURE)),
            Ok(next) => {
                // Read again: the work may have taken a while.
                let now = Ctx::system(Arc::clone(&ctx.app)).now;
                Turn::until(next, now)
            }
            Err(error) => {
                tracing::error!(%error, "billing.run_failed");
                failure = Some(format!("run: {error}"));
                Turn::then(Next::Within(AFTER_FAILURE))
            }
        };
        turn.failed(failure)
    }
}

/// Works the orders and payments that are due, or moves on a run that is held. Answers when
/// something is due next.
async fn work_if_due(ctx: &Ctx) -> Result<Option<Timestamp>, ops::OpError> {
    let next = ops::schedule::work::next_due(ctx)?;
    if next.is_none_or(|at| at > ctx.now) && !ops::billing::guard::holds(ctx)? {
        return Ok(next);
    }
    ops::schedule::work::work_guarded(ctx, Pace::Now).await?;
    ops::schedule::work::next_due(ctx)
}
