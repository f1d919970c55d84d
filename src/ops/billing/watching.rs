//! What every commit asks before it bills a cycle: whether a run is held meanwhile. What the guard
//! found before the run is old by then: staff may have changed an order, or its price, in between.

use crate::app::Ctx;
use crate::domain::billing::guard::{Limits, RunGuard};
use crate::domain::billing::order::Hold;
use crate::domain::billing::run::Run;
use crate::domain::values::time::Timestamp;
use crate::ops::{self, OpError};
use crate::store::Read;

use crate::ops::billing::held_run::{
    SLACK_SECONDS, eases_after, ends_after, is_on, limits, remembered,
};

/// How the guard is set, where it is switched on.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Settings {
    limits: Limits,
    hold_hours: u32,
}

impl Settings {
    /// `None`: it is switched off.
    pub(in crate::ops) fn of(ctx: &Ctx) -> Option<Self> {
        is_on(ctx).then(|| Self {
            limits: limits(ctx),
            hold_hours: ctx.app.config.billing.guard_hold_hours,
        })
    }
}

/// What the guard says about cycles that are billed now.
#[derive(Debug)]
pub(in crate::ops) enum Watch {
    /// It is switched off.
    Off,
    /// No run is held.
    Open { guard: RunGuard, limits: Limits },
    /// A run is held.
    Held(Box<HeldNow>),
}

/// A run that is held.
#[derive(Debug)]
pub(in crate::ops) struct HeldNow {
    pub run: Run,
    /// How an order waits for it.
    pub mark: Hold,
    /// Whether only those orders wait whose own bill is doubtful.
    pub eased: bool,
    pub guard: RunGuard,
    pub limits: Limits,
}

impl Watch {
    pub(in crate::ops) fn new(
        settings: Option<Settings>,
        read: &impl Read,
        now: Timestamp,
    ) -> Result<Self, OpError> {
        let Some(Settings { limits, hold_hours }) = settings else {
            return Ok(Self::Off);
        };
        let guard = remembered(read)?;
        let held = match guard.hold {
            Some(id) => Some(ops::get::<Run>(read, id)?),
            None => None,
        };
        // One that was released waits for nothing.
        let Some(run) = held.filter(|run| run.state.held_because().is_some()) else {
            return Ok(Self::Open { guard, limits });
        };
        let eased = now >= eases_after(&run, hold_hours);
        let mark = Hold {
            run: run.id,
            until: ends_after(&run, hold_hours).saturating_add_seconds(SLACK_SECONDS),
            whole: guard.whole && !eased,
        };
        Ok(Self::Held(Box::new(HeldNow {
            run,
            mark,
            eased,
            guard,
            limits,
        })))
    }
}
