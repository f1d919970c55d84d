//! Hardens quick hashes of passwords, one after the other.

use std::time::Duration;

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::ops;

use super::worker::{AFTER_FAILURE, Job, Next, Turn};

/// Rest between two passwords that are hardened, as a multiple of the time that one takes: a fifth
/// of a core at most.
const REST: u32 = 4;
/// Shortest rest.
const REST_MIN: Duration = Duration::from_millis(20);

pub struct Passwords;

impl Job for Passwords {
    fn name(&self) -> &'static str {
        "passwords"
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        Some(&signals.passwords_to_harden)
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let watch = ctx.app.stopwatch();
        match ops::customers::hardening::next(ctx).await {
            Ok(true) => {
                let rest = watch.elapsed().saturating_mul(REST).max(REST_MIN);
                Turn::rest(rest, Next::Now)
            }
            Ok(false) => Turn::then(Next::WhenWoken),
            Err(error) => {
                tracing::warn!(%error, "passwords.not_hardened");
                Turn::rest(AFTER_FAILURE, Next::Now).failed(Some(error.to_string()))
            }
        }
    }
}
