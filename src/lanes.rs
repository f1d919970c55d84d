//! One at a time for each of many: whoever sends to an address holds its lane meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A lock for every number that is in use.
#[derive(Debug, Default)]
pub struct Lanes(Mutex<BTreeMap<u64, Arc<tokio::sync::Mutex<()>>>>);

impl Lanes {
    /// The lock of `number`. Those that nobody holds are forgotten.
    #[must_use]
    pub fn lane(&self, number: u64) -> Arc<tokio::sync::Mutex<()>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        Arc::clone(lanes.entry(number).or_default())
    }
}
