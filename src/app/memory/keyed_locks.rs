//! One at a time for each of many: whoever sends to an address holds its lane meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A lock for every name that is in use.
#[derive(Debug, Default)]
pub struct Lanes(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Lanes {
    /// The lock of `name`. Those that nobody holds are forgotten.
    #[must_use]
    pub fn lane(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        Arc::clone(lanes.entry(name.to_owned()).or_default())
    }
}
