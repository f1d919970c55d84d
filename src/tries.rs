//! Passwords that did not fit, counted for a minute: whoever is wrong too often is not heard.
//!
//! In memory, and bounded. Must not know what a password is for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::Timestamp;

/// Failures within a minute after which nothing is tried any more.
const FAILURES_MAX: usize = 10;
const WINDOW_MICROS: i64 = 60_000_000;
/// Most names that are counted at once.
const NAMES_MAX: usize = 20_000;

/// Failures by whatever they are counted by: a login, an address.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<String, Vec<Timestamp>>>);

impl Tries {
    /// Whether there may be one more try under all of these names. It counts as failed until
    /// [`Tries::succeeded`] says otherwise, so that many at once are no way round.
    #[must_use]
    pub fn begin(&self, names: &[String], now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Timestamp| now.micros().saturating_sub(at.micros()) < WINDOW_MICROS;
        let failures = |name: &String| {
            held.get(name)
                .map_or(0, |at| at.iter().filter(|at| recent(at)).count())
        };
        if names.iter().any(|name| failures(name) >= FAILURES_MAX) {
            return false;
        }
        if held.len().saturating_add(names.len()) > NAMES_MAX {
            held.retain(|_, at| at.iter().any(recent));
            if held.len() > NAMES_MAX / 2 {
                held.clear();
            }
        }
        for name in names {
            let at = held.entry(name.clone()).or_default();
            at.retain(recent);
            at.push(now);
        }
        true
    }

    /// The try that began then was a good one.
    pub fn succeeded(&self, names: &[String], began: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if let Some(at) = held.get_mut(name)
                && let Some(index) = at.iter().rposition(|at| *at == began)
            {
                at.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILURES_MAX, NAMES_MAX, Tries};
    use crate::domain::time::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    #[test]
    fn ten_failures_a_minute_and_no_more() {
        let tries = Tries::default();
        let (olive, other) = (["olive".to_owned()], ["other".to_owned()]);
        for second in 0..10 {
            assert!(tries.begin(&olive, at(second)), "{second}");
        }
        assert!(!tries.begin(&olive, at(10)));
        assert!(tries.begin(&other, at(10)));
        assert!(!tries.begin(&[other, olive.clone()].concat(), at(10)));
        assert!(!tries.begin(&olive, at(59)));
        assert!(tries.begin(&olive, at(60)));
        assert!(!tries.begin(&olive, at(60)));
    }

    #[test]
    fn good_tries_are_not_counted() {
        let tries = Tries::default();
        let olive = ["olive".to_owned()];
        for _ in 0..FAILURES_MAX * 3 {
            assert!(tries.begin(&olive, at(5)));
            tries.succeeded(&olive, at(5));
        }
    }

    #[test]
    fn it_is_bounded() {
        let tries = Tries::default();
        for number in 0..NAMES_MAX * 3 {
            assert!(tries.begin(&[number.to_string()], at(5)));
        }
        assert!(tries.0.lock().unwrap().len() <= NAMES_MAX);
    }
}
