//! What two boxes keep when one bills for the other (alphaott 5.1, the Billing Adapter): the
//! middleware has the customers and what they may watch, the billing system has orders and money.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{BillingPageId, CustomerId};
use crate::domain::values::time::Timestamp;

/// On the billing side: a customer of the middleware that this box bills for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterpart {
    pub customer: CustomerId,
    /// The id at the middleware; unique.
    pub there: String,
    /// How often services or status of the customer changed here.
    pub changes: u64,
    /// Up to which of these changes the middleware knows.
    pub told: u64,
    /// When the oldest change was made that it does not know.
    pub untold_since: Option<Timestamp>,
    /// Why it could not be told, the last time it was tried; empty: no reason known.
    pub problem: String,
}

impl Counterpart {
    #[must_use]
    pub fn new(customer: CustomerId, there: String) -> Self {
        Self {
            customer,
            there,
            changes: 0,
            told: 0,
            untold_since: None,
            problem: String::new(),
        }
    }

    /// Whether the middleware has to be told of something.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.told < self.changes
    }

    /// One more change that the middleware has to be told of.
    pub fn note_change(&mut self, now: Timestamp) {
        self.changes = self.changes.saturating_add(1);
        self.untold_since.get_or_insert(now);
    }

    /// Everything up to the `change`-th change is known at the middleware at `now`.
    pub fn note_told(&mut self, change: u64, now: Timestamp) {
        self.told = self.told.max(change);
        self.untold_since = self.is_untold().then_some(now);
        self.problem.clear();
    }
}

/// On the middleware's side: a payment page of the billing system, and where its customer came
/// from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingPage {
    pub id: BillingPageId,
    /// The page's id at the billing system; unique.
    pub there: String,
    /// What the billing system calls itself; mostly the `type` of the settings.
    pub says: String,
    /// Where the browser goes afterwards; always http or https.
    pub return_url: String,
    pub created_at: Timestamp,
}

/// Longest id of another system that is kept, in bytes.
pub const FOREIGN_ID_MAX: usize = 255;
