//! Asks the carrier again about charges that it has not decided. Under real time only.

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::ops;

use super::worker::{AFTER_FAILURE, Job, Next, Turn, until};

pub struct Carrier;

impl Job for Carrier {
    fn name(&self) -> &'static str {
        "carrier"
    }

    fn signal<'a>(&self, _: &'a Signals) -> Option<&'a Notify> {
        None
    }

    /// Being cut off does no harm: it is asked again under the same id.
    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        match ops::partners::carrier_calls::work(ctx).await {
            Ok(round) => {
                let sleep = until(round.next, ctx.now);
                let least = if round.asked == 0 {
                    sleep.max(AFTER_FAILURE)
                } else {
                    sleep
                };
                Turn::then(Next::Within(least))
            }
            Err(error) => {
                tracing::error!(%error, "carrier.not_asked");
                Turn::then(Next::Within(AFTER_FAILURE)).failed(Some(error.to_string()))
            }
        }
    }
}
