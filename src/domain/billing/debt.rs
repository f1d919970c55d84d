//! What a customer owed before we billed them. It belongs to no order, so nothing is frozen for it:
//! the customer is reminded, and suspended if nothing of theirs runs.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::kinds::Billing;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::CustomerId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// The part of a negative opening balance that is not paid yet. Gone once it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningDebt {
    pub customer: CustomerId,
    pub open_minor: Minor,
    pub currency: Currency,
    /// When it was brought along.
    pub since: Timestamp,
    /// When the customer is reminded next.
    pub remind_at: Option<Timestamp>,
    pub reminders_sent: u32,
    /// When a customer without any active service is suspended; `None`: that is over.
    pub suspend_at: Option<Timestamp>,
}

/// What is next to be done about a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DebtDue {
    Suspension,
    Reminder,
}

impl OpeningDebt {
    /// A debt at the beginning of the usual ladder of what is paid afterwards.
    #[must_use]
    pub fn new(customer: CustomerId, owed: Amount, zone: &Zone, at: Timestamp) -> Self {
        let ladder = Ladder::usual(Billing::Postpaid);
        Self {
            customer,
            open_minor: owed.minor,
            currency: owed.currency,
            since: at,
            remind_at: ladder.reminder_at(zone, at, 0),
            reminders_sent: 0,
            suspend_at: Some(ladder.suspend_at(zone, ladder.freeze_at(zone, at))),
        }
    }

    /// What is next, and when.
    #[must_use]
    pub fn due(&self) -> Option<(Timestamp, DebtDue)> {
        let steps = [
            self.suspend_at.map(|at| (at, DebtDue::Suspension)),
            self.remind_at.map(|at| (at, DebtDue::Reminder)),
        ];
        steps.into_iter().flatten().min()
    }

    /// The debt once that was done.
    #[must_use]
    pub fn done(&self, due: DebtDue, zone: &Zone) -> Self {
        let mut after = self.clone();
        match due {
            DebtDue::Suspension => after.suspend_at = None,
            DebtDue::Reminder => {
                let sent = self.reminders_sent.saturating_add(1);
                let ladder = Ladder::usual(Billing::Postpaid);
                after.reminders_sent = sent;
                after.remind_at = ladder.reminder_at(zone, self.since, sent);
            }
        }
        after
    }
}
