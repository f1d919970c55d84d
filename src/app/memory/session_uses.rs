//! Which sessions of staff were noted as used lately, so that many requests at once note it once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::values::time::Timestamp;

/// Most sessions that are remembered; one more makes a new beginning.
const SESSIONS_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub struct SessionUses(Mutex<HashMap<[u8; 32], Timestamp>>);

impl SessionUses {
    /// Whether it is to be written down that this session is used: nobody did within so many
    /// seconds.
    pub fn is_news(&self, session: [u8; 32], now: Timestamp, seconds: i64) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = held.get(&session);
        if noted.is_some_and(|at| at.saturating_add_seconds(seconds) > now) {
            return false;
        }
        if held.len() >= SESSIONS_MAX && noted.is_none() {
            held.clear();
        }
        held.insert(session, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{SESSIONS_MAX, SessionUses};
    use crate::domain::values::time::Timestamp;

    #[test]
    fn a_use_is_noted_once_in_a_while() {
        let uses = SessionUses::default();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (one, other) = ([1; 32], [2; 32]);
        let noon = at("2026-01-01T12:00:00Z");
        assert!(uses.is_news(one, noon, 60));
        assert!(!uses.is_news(one, at("2026-01-01T12:00:59Z"), 60));
        assert!(uses.is_news(other, noon, 60));
        assert!(uses.is_news(one, at("2026-01-01T12:01:00Z"), 60));
        for number in 0..SESSIONS_MAX {
            let mut session = [3; 32];
            session[..8].copy_from_slice(&number.to_be_bytes());
            assert!(uses.is_news(session, noon, 60));
        }
        assert!(uses.0.lock().unwrap().len() <= SESSIONS_MAX);
    }
}
