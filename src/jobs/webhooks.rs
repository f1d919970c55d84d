//! The loop that tells others what happens: for every webhook and partner a task of its
//! own, so that one that is slow or dead holds nobody up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Ctx};
use crate::ops;
use crate::ops::webhooks::Listener;

use super::{AFTER_FAILURE, DIALECT, SLEEP_MAX};

/// Tells what is to be told, until the box goes down. Being cut off does no harm: what was not
/// noted as told is told again. Runs under every clock: what is due goes by the box's clock.
pub async fn tell(app: Arc<App>, closing: CancellationToken) {
    let mut working: JoinSet<()> = JoinSet::new();
    let mut busy: BTreeMap<Id, Listener> = BTreeMap::new();
    while !closing.is_cancelled() {
        let woken = app.signals.webhooks_pending.notified();
        let sleep = tokio::select! {
            sleep = turn(&app, &mut working, &mut busy) => sleep,
            () = closing.cancelled() => return,
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = woken => {}
            Some(ended) = working.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        tracing::error!(%error, "webhook.task_failed");
                        error.id()
                    }
                };
                busy.remove(&id);
            }
            () = closing.cancelled() => return,
        }
    }
}

/// Sets everybody to work who has something to do. Answers how long nobody else will.
async fn turn(
    app: &Arc<App>,
    working: &mut JoinSet<()>,
    busy: &mut BTreeMap<Id, Listener>,
) -> Duration {
    let ctx = Ctx {
        dialect: DIALECT,
        ..Ctx::system(Arc::clone(app))
    };
    // Some of it at a time, and whatever becomes of it:
    // those who have something to hear do not wait for it.
    let more = ops::webhooks::sweep(&ctx).await.unwrap_or_else(|error| {
        tracing::error!(%error, "webhook.not_swept");
        false
    });
    if let Err(error) = ops::webhooks::rest(&ctx).await {
        tracing::error!(%error, "webhook.not_looked");
    }
    let look = match ops::webhooks::look(&ctx) {
        Ok(look) => look,
        Err(error) => {
            tracing::error!(%error, "webhook.not_looked");
            return AFTER_FAILURE;
        }
    };
    for id in look.due {
        if busy.values().any(|held| *held == id) {
            continue;
        }
        let ctx = ctx.clone();
        let task = working.spawn(async move {
            if let Err(error) = ops::webhooks::work(&ctx, id).await {
                tracing::error!(listener = ?id, %error, "webhook.not_told");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        });
        busy.insert(task.id(), id);
    }
    if more {
        return Duration::ZERO;
    }
    let micros = look.next.map_or(i64::MAX, |next| {
        next.micros().saturating_sub(ctx.now.micros())
    });
    Duration::from_micros(micros.max(0).cast_unsigned()).min(SLEEP_MAX)
}
