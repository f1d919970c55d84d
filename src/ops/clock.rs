//! The test clock, moved by hand.

use crate::app::Ctx;
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::time::Timestamp;

use super::OpError;

/// Where the clock is to go.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    To(Timestamp),
    BySeconds(i64),
}

/// Moves the test clock forward and answers its new time. States that time changes (an order that
/// expires) are read off the clock, so nothing is left to be worked when this returns.
pub fn advance(ctx: &Ctx, by: Move) -> Result<Timestamp, OpError> {
    ctx.require(Permission::ClockMove)?;
    let clock = &ctx.app.clock;
    let to = match by {
        Move::To(instant) => instant,
        Move::BySeconds(seconds) => clock.now().saturating_add_seconds(seconds),
    };
    if clock.move_to(to) {
        Ok(clock.now())
    } else {
        Err(Refusal::ClockBackward.into())
    }
}
