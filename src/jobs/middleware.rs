//! Tells the middleware what it has to know. Under every clock: another system has its own.

use std::time::Duration;

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::ops;
use crate::ops::peers::middleware::TellOutcome;

use super::worker::{Job, Next, SLEEP_MAX, Turn};

/// Shortest and longest wait before the middleware is tried again that could not be told
/// something.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_mins(5);

pub struct Middleware {
    /// How long to wait if it cannot be told something.
    again: Duration,
}

impl Default for Middleware {
    fn default() -> Self {
        Self { again: AGAIN_MIN }
    }
}

impl Job for Middleware {
    fn name(&self) -> &'static str {
        "middleware"
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        Some(&signals.middleware_pending)
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let failure = match ops::peers::middleware::tell(ctx).await {
            Ok(TellOutcome::NotYet) => return Turn::then(Next::Now),
            Ok(TellOutcome::Everything) => {
                self.again = AGAIN_MIN;
                return Turn::then(Next::Within(SLEEP_MAX));
            }
            Ok(TellOutcome::Failed) => "it could not be told something about a customer".to_owned(),
            Err(error) => {
                tracing::error!(%error, "middleware.telling_failed");
                error.to_string()
            }
        };
        let again = self.again;
        self.again = again.saturating_mul(2).min(AGAIN_MAX);
        Turn::then(Next::Within(again)).failed(Some(failure))
    }
}
