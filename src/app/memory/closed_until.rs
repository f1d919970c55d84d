//! Until when the months of partners are closed: nothing of theirs completes before that, even if
//! the clock goes back.
//!
//! In memory, read from the file at the start: whoever completes something asks with every charge.
//! Must not know what a month is.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::values::id::PartnerId;
use crate::domain::values::time::Timestamp;

/// The end of the last closed month, by partner. As many as there are partners.
#[derive(Debug, Default)]
pub struct Settled(RwLock<HashMap<PartnerId, Timestamp>>);

impl Settled {
    /// Nothing of this partner completes before `until` from now on. Never goes back.
    pub fn raise(&self, partner: PartnerId, until: Timestamp) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let end = held.entry(partner).or_insert(until);
        *end = until.max(*end);
    }

    /// When something of this partner that happens now completes.
    #[must_use]
    pub fn completes_at(&self, partner: PartnerId, now: Timestamp) -> Timestamp {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.get(&partner).map_or(now, |until| now.max(*until))
    }
}
