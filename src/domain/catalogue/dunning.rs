//! The ladder of an order that is not paid: grace, reminders, freeze, suspension.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::kinds::Billing;
use crate::domain::values::calendar::Zone;
use crate::domain::values::time::Timestamp;

/// Days on the ladder, counted from when the order became overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// Services go on for so many days; then the order is frozen.
    pub grace_days: u32,
    /// Days on which the customer is reminded; ascending.
    pub reminder_days: Vec<u32>,
    /// Days after the freeze until a customer with nothing else is suspended.
    pub suspend_days: u32,
}

/// Longest grace and longest wait for suspension, in days.
pub const LADDER_DAYS_MAX: u32 = 3_650;
/// Most reminders.
pub const REMINDERS_MAX: usize = 32;

impl Ladder {
    /// What holds where the offer says nothing.
    #[must_use]
    pub fn usual(billing: Billing) -> Self {
        let postpaid = billing == Billing::Postpaid;
        Self {
            grace_days: if postpaid { 14 } else { 0 },
            reminder_days: if postpaid { vec![7] } else { Vec::new() },
            suspend_days: 0,
        }
    }

    /// When an order that is overdue since `since` is frozen.
    #[must_use]
    pub fn freeze_at(&self, zone: &Zone, since: Timestamp) -> Timestamp {
        days_after(zone, since, self.grace_days)
    }

    /// When a customer with nothing else is suspended, the order being frozen at `frozen`.
    #[must_use]
    pub fn suspend_at(&self, zone: &Zone, frozen: Timestamp) -> Timestamp {
        days_after(zone, frozen, self.suspend_days)
    }

    /// The reminder after the first `sent` ones; `None` where no more are to come before the
    /// freeze.
    #[must_use]
    pub fn reminder_at(&self, zone: &Zone, since: Timestamp, sent: u32) -> Option<Timestamp> {
        let index = usize::try_from(sent).ok()?;
        let days = self.reminder_days.get(index)?;
        (*days < self.grace_days).then(|| days_after(zone, since, *days))
    }
}

fn days_after(zone: &Zone, from: Timestamp, days: u32) -> Timestamp {
    if days == 0 {
        return from;
    }
    zone.days_after(from, days).unwrap_or(Timestamp::MAX)
}
