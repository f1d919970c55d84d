//! The test clock, moved by hand.

use crate::app::Ctx;
use crate::domain::messages::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Actor, Permission};
use crate::domain::values::time::Timestamp;

use super::work;
use crate::ops::OpError;
use crate::ops::billing::run::Pace;

/// Where the clock is to go.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    To(Timestamp),
    BySeconds(i64),
}

/// Moves the test clock forward and answers its new time. Whatever falls due on the way is worked
/// first, each at its own instant.
pub async fn advance(ctx: &Ctx, by: Move) -> Result<Timestamp, OpError> {
    ctx.require(Permission::ClockMove)?;
    let _alone = ctx.app.clock_moves.lock().await;
    let clock = &ctx.app.clock;
    let from = clock.now();
    let to = match by {
        Move::To(instant) => instant,
        Move::BySeconds(seconds) => from.saturating_add_seconds(seconds),
    };
    if !clock.is_test() || to < from {
        return Err(Refusal::ClockBackward.into());
    }
    catch_up(ctx, to, from).await?;
    if clock.move_to(to) {
        // What is not taken now is tried again when it can be.
        crate::ops::peers::middleware::tell(ctx).await?;
        let ctx = Ctx {
            now: to,
            ..ctx.clone()
        };
        crate::ops::outbox::reminders::note(&ctx).await?;
        for queue in Queue::all() {
            crate::ops::outbox::deliver(&ctx, queue).await?;
        }
        crate::ops::webhooks::deliver_all(&ctx).await?;
        crate::ops::billing::revenue::count(&ctx).await?;
        Ok(clock.now())
    } else {
        Err(Refusal::ClockBackward.into())
    }
}

/// Works what fell due until `to`, each at its own instant: also when a box with a test clock
/// starts later than it was stopped.
pub async fn catch_up(ctx: &Ctx, to: Timestamp, not_before: Timestamp) -> Result<(), OpError> {
    let ctx = &Ctx {
        actor: Actor::System,
        ..ctx.clone()
    };
    work::work(ctx, to, Pace::WhenDue { not_before }).await?;
    crate::ops::partners::carrier_calls::catch_up(ctx, to, not_before).await
}
