//! Which accounts partners asked for lately: only these may they write to. In memory, and bounded;
//! after a restart they ask again. Must not know what for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::values::id::{CustomerId, PartnerId};
use crate::domain::values::time::Timestamp;

/// Who asked for whom, and when last.
#[derive(Debug, Default)]
pub struct Met(Mutex<HashMap<(PartnerId, CustomerId), Timestamp>>);

/// How long it counts, in seconds: a day (marketone 6.17).
const KEPT_SECONDS: i64 = 86_400;
/// Most that are remembered; beyond it what is a day old goes, and if that is nothing, all.
const MET_MAX: usize = 200_000;

impl Met {
    pub fn note(&self, partner: PartnerId, customer: CustomerId, now: Timestamp) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !met.contains_key(&(partner, customer));
        if is_new && met.len() >= MET_MAX {
            met.retain(|_, at| is_recent(*at, now));
        }
        if is_new && met.len() >= MET_MAX {
            met.clear();
        }
        met.insert((partner, customer), now);
    }

    #[must_use]
    pub fn within_a_day(&self, partner: PartnerId, customer: CustomerId, now: Timestamp) -> bool {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = met.get(&(partner, customer));
        at.is_some_and(|at| is_recent(*at, now))
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at.saturating_add_seconds(KEPT_SECONDS) > now
}
