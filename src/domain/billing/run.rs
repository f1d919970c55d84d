//! Runs of the billing: what was done, and what it cost. One record per hour in which there was
//! work.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{OrderId, RunId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Currency;
use crate::domain::values::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    Open,
    /// The guard holds it before the first charge,
    /// until a person lets it go on or its time is over.
    Stopped {
        reason: String,
    },
    /// A person let it go on.
    Released,
    /// Nobody did for so long that the orders without a doubt were worked;
    /// the others are still held.
    Eased {
        reason: String,
    },
}

impl RunState {
    /// Why it is held, if it is.
    #[must_use]
    pub fn held_because(&self) -> Option<&str> {
        match self {
            Self::Stopped { reason } | Self::Eased { reason } => Some(reason),
            Self::Open | Self::Released => None,
        }
    }
}

/// How many orders had what happen to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    pub renewed: u64,
    pub overdue: u64,
    pub reminded: u64,
    pub frozen: u64,
    pub suspended: u64,
    pub expired: u64,
    pub failed: u64,
}

impl RunCounts {
    /// Everything that was done.
    #[must_use]
    pub fn all(&self) -> u64 {
        [
            self.renewed,
            self.overdue,
            self.reminded,
            self.frozen,
            self.suspended,
            self.expired,
            self.failed,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// What was done since `before`.
    #[must_use]
    pub fn less(&self, before: &Self) -> Self {
        Self {
            renewed: self.renewed.saturating_sub(before.renewed),
            overdue: self.overdue.saturating_sub(before.overdue),
            reminded: self.reminded.saturating_sub(before.reminded),
            frozen: self.frozen.saturating_sub(before.frozen),
            suspended: self.suspended.saturating_sub(before.suspended),
            expired: self.expired.saturating_sub(before.expired),
            failed: self.failed.saturating_sub(before.failed),
        }
    }

    /// Adds what another chunk did.
    pub fn add(&mut self, more: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.renewed, more.renewed);
        sum(&mut self.overdue, more.overdue);
        sum(&mut self.reminded, more.reminded);
        sum(&mut self.frozen, more.frozen);
        sum(&mut self.suspended, more.suspended);
        sum(&mut self.expired, more.expired);
        sum(&mut self.failed, more.failed);
    }
}

/// An order that could not be worked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    pub order: OrderId,
    pub reason: String,
}

/// Most failures that a run lists; it counts all of them.
pub const FAILURES_MAX: usize = 100;

/// What the billing did in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub state: RunState,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// Time spent working, in microseconds.
    pub worked_micros: u64,
    pub counts: RunCounts,
    /// What was invoiced, by currency, in minor units.
    pub invoiced: Vec<(Currency, Minor)>,
    pub failures: Vec<RunFailure>,
    /// Who let it go on while it was held; none where nobody did, and not known of older ones.
    pub released_by: Option<String>,
}

impl Run {
    /// Adds to what was invoiced.
    pub fn add_invoiced(&mut self, currency: Currency, minor: Minor) {
        add_money(&mut self.invoiced, currency, minor);
    }
}

/// Adds to a sum by currency.
pub fn add_money(sums: &mut Vec<(Currency, Minor)>, currency: Currency, minor: Minor) {
    match sums.iter_mut().find(|(held, _)| *held == currency) {
        Some((_, sum)) => *sum += minor,
        None => sums.push((currency, minor)),
    }
}
