//! Counts the monthly recurring revenue when a day of the operator's calendar is over.
//! Under real time only.

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::ops::billing::revenue;

use super::worker::{AFTER_FAILURE, Job, Next, Turn};

pub struct Revenue;

impl Job for Revenue {
    fn name(&self) -> &'static str {
        "revenue"
    }

    fn signal<'a>(&self, _: &'a Signals) -> Option<&'a Notify> {
        None
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        match revenue::count(ctx).await {
            Ok(()) => Turn::until(Some(revenue::next_count(ctx)), ctx.now),
            Err(error) => {
                tracing::error!(%error, "revenue.not_counted");
                let next = Next::Within(AFTER_FAILURE);
                Turn::then(next).failed(Some(error.to_string()))
            }
        }
    }
}
