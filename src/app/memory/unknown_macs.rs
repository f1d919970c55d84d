//! How fast one address is answered about boxes that nobody knows: some at once, then evenly
//! spread, so that nobody finds out in an hour which addresses boxes have.
//!
//! In memory, and bounded. Measures by a stopwatch. Must not know what is asked.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::app::clock::Stopwatch;

/// Questions about unknown boxes by the address that asks them.
#[derive(Debug)]
pub struct Strangers {
    running: Stopwatch,
    hasher: RandomState,
    /// For each, when the last answer is paid off, in milliseconds.
    paid_off: Mutex<HashMap<u64, u64>>,
}

/// Milliseconds that one answer takes, how many are given at once, and how long one may be held
/// back.
const PRICE_MS: u64 = 100;
const AT_ONCE: u64 = 100;
const WAIT_MAX_MS: u64 = 5_000;
/// On the machine itself there may be a proxy, and behind that everybody.
const LOOPBACK_PRICE_MS: u64 = 10;
/// Most addresses that are counted at once; beyond it those that are paid off are forgotten, and if
/// all owe something, a new one is not slowed.
const COUNTED_MAX: usize = 20_000;

impl Default for Strangers {
    fn default() -> Self {
        Self {
            running: Stopwatch::start(),
            hasher: RandomState::new(),
            paid_off: Mutex::default(),
        }
    }
}

impl Strangers {
    /// How long an answer is held back; `None`: there is none, too many wait. `unknown`: nobody
    /// knows the box, which costs; the answer about any other one takes as long.
    #[must_use]
    pub fn wait(&self, address: Option<IpAddr>, unknown: bool) -> Option<Duration> {
        let now = u64::try_from(self.running.elapsed().as_millis()).unwrap_or(u64::MAX);
        let address = address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::from((address.to_bits() >> 64 << 64).to_be_bytes()),
            IpAddr::V4(address) => IpAddr::V4(address),
        });
        let price = match address {
            Some(address) if !address.is_loopback() => PRICE_MS,
            _ => LOOPBACK_PRICE_MS,
        };
        let key = self.hasher.hash_one(address);
        let mut held = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.contains_key(&key) {
            if held.len() >= COUNTED_MAX {
                held.retain(|_, at| *at > now);
            }
            if !unknown || held.len() >= COUNTED_MAX {
                return Some(Duration::ZERO);
            }
        }
        let paid_off = held.entry(key).or_insert(now);
        let (next, wait) = step(now, *paid_off, price, unknown);
        *paid_off = next;
        wait
    }
}

fn step(now: u64, paid_off: u64, price: u64, unknown: bool) -> (u64, Option<Duration>) {
    let next = paid_off.max(now).saturating_add(price);
    let at_once = price.saturating_mul(AT_ONCE);
    let wait = next.saturating_sub(now).saturating_sub(at_once);
    if wait > WAIT_MAX_MS {
        return (paid_off, None);
    }
    let wait = Some(Duration::from_millis(wait));
    (if unknown { next } else { paid_off }, wait)
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, COUNTED_MAX, PRICE_MS, Strangers, WAIT_MAX_MS, step};

    #[test]
    fn some_are_answered_at_once_then_later_and_then_not_at_all() {
        let mut paid_off = 0;
        let mut waits = Vec::new();
        for _ in 0..1_000 {
            let (next, wait) = step(5, paid_off, PRICE_MS, true);
            paid_off = next;
            waits.push(wait.map(|wait| u64::try_from(wait.as_millis()).unwrap()));
        }
        let at_once = waits.iter().filter(|wait| **wait == Some(0)).count();
        assert_eq!(u64::try_from(at_once).unwrap(), AT_ONCE);
        let answered = waits.iter().flatten().count();
        assert_eq!(
            u64::try_from(answered).unwrap(),
            AT_ONCE + WAIT_MAX_MS / PRICE_MS
        );
        // Who is known takes as long, and makes nobody wait.
        let (same, known) = step(5, paid_off, PRICE_MS, false);
        assert_eq!((same, known), (paid_off, None));
        let (same, known) = step(1_105, paid_off, PRICE_MS, false);
        assert_eq!(same, paid_off);
        assert!(known.is_some_and(|wait| !wait.is_zero()));
        // After a while all is as it was.
        assert!(
            step(1_000_000, paid_off, PRICE_MS, true)
                .1
                .unwrap()
                .is_zero()
        );
    }

    #[test]
    fn it_is_bounded_and_many_addresses_slow_no_other() {
        let strangers = Strangers::default();
        for n in 0..u32::try_from(COUNTED_MAX * 3).unwrap() {
            let from = std::net::Ipv4Addr::from_bits(0x0A00_0000 + n);
            assert!(strangers.wait(Some(from.into()), true).unwrap().is_zero());
        }
        assert!(strangers.paid_off.lock().unwrap().len() <= COUNTED_MAX);
    }
}
