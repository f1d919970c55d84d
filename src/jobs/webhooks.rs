//! Tells others what happens: for every webhook and partner a task of its own, so that one that is
//! slow or dead holds nobody up. Under every clock: what is due goes by the box's clock.

use std::collections::BTreeMap;

use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::ops;
use crate::ops::webhooks::Listener;

use super::worker::{AFTER_FAILURE, Job, Next, Turn};

const NAME: &str = "webhooks";

/// The tasks, and who is told in each. Being cut off does no harm: what was not noted as told is
/// told again.
#[derive(Default)]
pub struct Webhooks {
    working: JoinSet<()>,
    busy: BTreeMap<Id, Listener>,
}

impl Job for Webhooks {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        Some(&signals.webhooks_pending)
    }

    /// Sets everybody to work who has something to do.
    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let mut failure = None;
        // Some of it at a time, and whatever becomes of it:
        // those who have something to hear do not wait for it.
        let more = ops::webhooks::sweep(ctx).await.unwrap_or_else(|error| {
            tracing::error!(%error, "webhook.not_swept");
            failure = Some(error.to_string());
            false
        });
        if let Err(error) = ops::webhooks::rest(ctx).await {
            tracing::error!(%error, "webhook.not_looked");
            failure = Some(error.to_string());
        }
        let look = match ops::webhooks::due_deliveries(ctx) {
            Ok(look) => look,
            Err(error) => {
                tracing::error!(%error, "webhook.not_looked");
                return Turn::then(Next::Within(AFTER_FAILURE)).failed(Some(error.to_string()));
            }
        };
        for id in look.due {
            if !self.busy.values().any(|held| *held == id) {
                let task = self.working.spawn(tell(ctx.clone(), id));
                self.busy.insert(task.id(), id);
            }
        }
        // How long nobody else will have something to do.
        let turn = if more {
            Turn::then(Next::Within(std::time::Duration::ZERO))
        } else {
            Turn::until(look.next, ctx.now)
        };
        turn.failed(failure)
    }

    async fn task_ended(&mut self, ctx: &Ctx) {
        let id = match self.working.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "webhook.task_failed");
                ctx.app.jobs.failed(NAME, ctx.now, &error.to_string());
                error.id()
            }
            None => std::future::pending().await,
        };
        self.busy.remove(&id);
    }
}

/// Tells somebody what is due.
async fn tell(ctx: Ctx, id: Listener) {
    if let Err(error) = ops::webhooks::work(&ctx, id).await {
        tracing::error!(listener = ?id, %error, "webhook.not_told");
        ctx.app.jobs.failed(NAME, ctx.now, &error.to_string());
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}
