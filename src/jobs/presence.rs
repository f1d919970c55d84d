//! Writes what boxes told us. What is left when the box goes down, [`save`] writes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::app::clock::Stopwatch;
use crate::app::signals::Signals;
use crate::app::{App, Ctx};
use crate::ops;
use crate::ops::OpError;

use super::worker::{AFTER_FAILURE, Job, Next, SLEEP_MAX, Turn, job_ctx};

/// Boxes that come together are written together.
const GATHERED_IN: Duration = Duration::from_millis(500);
/// How often it is written that boxes were seen.
const SEEN_EVERY: Duration = Duration::from_mins(5);

pub struct Presence {
    /// Since it was last written that boxes were seen.
    seen: Stopwatch,
}

impl Presence {
    pub fn of(app: &App) -> Self {
        Self {
            seen: app.stopwatch(),
        }
    }
}

impl Job for Presence {
    const GATHERS: Duration = GATHERED_IN;
    const IS_FINISHED: bool = true;

    fn name(&self) -> &'static str {
        "presence"
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        Some(&signals.presence_dirty)
    }

    fn first(&self) -> Next {
        Next::Within(SLEEP_MAX)
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let all = self.seen.elapsed() >= SEEN_EVERY;
        if all {
            self.seen = ctx.app.stopwatch();
        }
        let next = Next::Within(SLEEP_MAX);
        match save_in(ctx, all).await {
            Ok(()) => Turn::then(next),
            Err(error) => Turn::rest(AFTER_FAILURE, next).failed(Some(error.to_string())),
        }
    }
}

/// Writes what boxes told us, and when they were seen.
pub async fn save(app: &Arc<App>) {
    // What went wrong is in the log, and nobody is left to try again.
    let _ = save_in(&job_ctx(app), true).await;
}

async fn save_in(ctx: &Ctx, all: bool) -> Result<(), OpError> {
    let saved = ops::boxes::save(ctx, all).await;
    saved.inspect_err(|error| tracing::error!(%error, "presence.not_saved"))
}
