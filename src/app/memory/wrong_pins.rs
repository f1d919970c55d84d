//! Wrong PINs of a partner over all accounts within an hour: beyond a budget none is judged.
//!
//! In memory, and bounded by the budget. One account counts for a few only, so that a single
//! customer who types nonsense does not stop the partner. Must not know what a PIN is for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::domain::values::id::{CustomerId, PartnerId};
use crate::domain::values::time::Timestamp;

/// How long one is counted, in seconds: an hour.
const WINDOW_SECONDS: i64 = 3_600;
/// How many of one account count.
const PER_ACCOUNT_MAX: u32 = 3;

#[derive(Debug)]
struct Window {
    began: Timestamp,
    wrong: u32,
    accounts: HashMap<CustomerId, u32>,
}

/// Wrong PINs by partner.
#[derive(Debug, Default)]
pub struct WrongPins(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    windows: BTreeMap<PartnerId, Window>,
    /// Partners whose budget is used up, of whom nobody was written yet.
    unsaid: BTreeSet<PartnerId>,
}

impl WrongPins {
    /// After how many seconds the partner's PINs are judged again, if they are not now.
    #[must_use]
    pub fn wait(&self, partner: PartnerId, max: u32, now: Timestamp) -> Option<u64> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = held
            .windows
            .get(&partner)
            .filter(|window| window.wrong >= max)?;
        let ends = window.began.saturating_add_seconds(WINDOW_SECONDS);
        let left = ends.micros().saturating_sub(now.micros());
        let is_over = left <= 0 || window.began > now;
        (!is_over).then(|| left.cast_unsigned().div_ceil(1_000_000).max(1))
    }

    /// How many partners have used up their budget.
    #[must_use]
    pub fn used_up(&self, max: u32, now: Timestamp) -> usize {
        let partners: Vec<PartnerId> = {
            let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.windows.keys().copied().collect()
        };
        let waits = |partner: &&PartnerId| self.wait(**partner, max, now).is_some();
        partners.iter().filter(waits).count()
    }

    /// One more is wrong. Answers whether that uses the budget up.
    pub fn note(&self, partner: PartnerId, of: CustomerId, max: u32, now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Window {
            began: now,
            wrong: 0,
            accounts: HashMap::new(),
        };
        let window = held.windows.entry(partner).or_insert_with(fresh);
        let ends = window.began.saturating_add_seconds(WINDOW_SECONDS);
        if ends <= now || window.began > now {
            *window = fresh();
        }
        let count = window.accounts.entry(of).or_default();
        if *count >= PER_ACCOUNT_MAX || window.wrong >= max {
            return false;
        }
        *count = count.saturating_add(1);
        window.wrong = window.wrong.saturating_add(1);
        let is_used_up = window.wrong == max;
        if is_used_up {
            held.unsaid.insert(partner);
        }
        is_used_up
    }

    /// Partners whose budget was used up since this was last asked.
    #[must_use]
    pub fn take_unsaid(&self) -> BTreeSet<PartnerId> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut held.unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::WrongPins;
    use crate::domain::values::id::{CustomerId, PartnerId};
    use crate::domain::values::time::Timestamp;

    #[test]
    fn one_account_counts_for_three_and_an_hour_ends_it() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000).unwrap();
        let pins = WrongPins::default();
        let (partner, other) = (PartnerId(1), PartnerId(2));
        for _ in 0..100 {
            assert!(!pins.note(partner, CustomerId(1), 10, at(0)));
        }
        assert_eq!(pins.wait(partner, 10, at(0)), None);
        let used_up = (2..100).filter(|n| pins.note(partner, CustomerId(*n), 10, at(60)));
        assert_eq!(used_up.count(), 1, "told once");
        assert!(pins.take_unsaid().contains(&partner));
        assert!(pins.take_unsaid().is_empty());
        assert_eq!(pins.wait(partner, 10, at(60)), Some(3_540));
        assert_eq!(pins.wait(other, 10, at(60)), None);
        assert_eq!(
            (pins.used_up(10, at(60)), pins.used_up(10, at(3_600))),
            (1, 0)
        );
        assert_eq!(pins.wait(partner, 10, at(3_600)), None);
        assert!(!pins.note(partner, CustomerId(1), 10, at(3_600)));
        // Put back, the clock keeps nobody waiting.
        assert_eq!(pins.wait(partner, 1, at(0)), None);
    }
}
