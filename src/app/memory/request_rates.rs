//! How many requests of somebody are answered within a second: as many at once, then evenly spread.
//!
//! In memory, and bounded. Measures by a stopwatch, so that a clock that stands still stops nobody.
//! Must not know who asks for what.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::app::clock::Stopwatch;

/// Requests by whoever sends them.
#[derive(Debug)]
pub struct Rates {
    running: Stopwatch,
    /// For each, when the last of the requests that were let in is paid off, in nanoseconds.
    paid_off: Mutex<HashMap<u64, u64>>,
}

/// Most who are counted at once; beyond it, those who are quiet are forgotten.
const COUNTED_MAX: usize = 10_000;
const SECOND_NANOS: u64 = 1_000_000_000;

impl Default for Rates {
    fn default() -> Self {
        Self {
            running: Stopwatch::start(),
            paid_off: Mutex::default(),
        }
    }
}

impl Rates {
    /// Whether one more request is let in, where `per_second` are; else after how many whole
    /// seconds one will be.
    pub fn let_in(&self, who: u64, per_second: u32) -> Result<(), u64> {
        let now = u64::try_from(self.running.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut held = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= COUNTED_MAX {
            held.retain(|_, at| *at > now);
        }
        let paid_off = held.entry(who).or_insert(now);
        let (next, answer) = step(now, *paid_off, per_second);
        *paid_off = next;
        answer
    }
}

/// When it is all paid off after one more request, and whether that is let in.
fn step(now: u64, paid_off: u64, per_second: u32) -> (u64, Result<(), u64>) {
    let price = SECOND_NANOS
        .checked_div(u64::from(per_second.max(1)))
        .unwrap_or(1)
        .max(1);
    let next = paid_off.max(now).saturating_add(price);
    let ahead = next.saturating_sub(now);
    if ahead > SECOND_NANOS.max(price) {
        let over = ahead.saturating_sub(SECOND_NANOS);
        return (paid_off, Err(over.div_ceil(SECOND_NANOS).max(1)));
    }
    (next, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::{SECOND_NANOS, step};

    #[test]
    fn a_second_lets_so_many_in_and_no_more() {
        for rate in [1, 7, 500, 5_000] {
            let mut paid_off = 0;
            let mut let_in = |now: u64| {
                let (next, answer) = step(now, paid_off, rate);
                paid_off = next;
                answer.is_ok()
            };
            let at_once = (0..2 * rate).filter(|_| let_in(5)).count();
            assert_eq!(at_once, rate as usize);
            let later = (0..2 * rate).filter(|_| let_in(5 + SECOND_NANOS)).count();
            assert_eq!(later, rate as usize);
        }
    }
}
