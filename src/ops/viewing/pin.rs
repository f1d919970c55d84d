//! The PINs of a viewer: one for channels that children are not to see, one for the settings of the
//! box.
//!
//! They are kept as keyed hashes. Whoever guesses is not heard for a while.

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::boxes::event::{BoxState, FIRST_PIN, VIEWERS_PIN_CHARS_MAX};
use crate::domain::staff::Secret;
use crate::ops::{OpError, attempts};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerPin {
    Parental,
    Settings,
}

impl ViewerPin {
    #[must_use]
    pub fn of(self, state: &BoxState) -> Option<&Secret> {
        match self {
            Self::Parental => state.parental_pin.as_ref(),
            Self::Settings => state.settings_pin.as_ref(),
        }
    }

    pub fn set(self, state: &mut BoxState, hash: Secret) {
        match self {
            Self::Parental => state.parental_pin = Some(hash),
            Self::Settings => state.settings_pin = Some(hash),
        }
    }
}

/// What is kept of a PIN; `None` where it can be none.
pub fn hash(ctx: &Ctx, pin: &str) -> Result<Option<Secret>, OpError> {
    let fits = (1..=VIEWERS_PIN_CHARS_MAX).contains(&pin.chars().count())
        && pin.chars().all(|c| !c.is_control());
    if !fits {
        return Ok(None);
    }
    Ok(Some(ctx.app.passwords.pin(pin, ctx.app.entropy.bytes()?)))
}

/// Whether a viewer typed the PIN of the box.
#[must_use]
pub fn fits(ctx: &Ctx, state: &BoxState, which: ViewerPin, typed: &str) -> bool {
    let name = state.device.0.to_string();
    let of = Some(("devices", state.device.0));
    let Ok(begun) = attempts::begin(ctx, Door::ViewerPin, &name, of) else {
        return false;
    };
    let right = match which.of(state) {
        Some(held) => ctx.app.passwords.is_pin(typed, held),
        None => typed == FIRST_PIN,
    };
    begun.ended::<OpError>(ctx, &Ok(right));
    right
}
