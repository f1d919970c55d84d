//! What is said in the log about somebody at most once a minute: about each address, each thing by
//! itself.
//!
//! In memory, and bounded, so that whoever sends a million requests writes no million lines. Must
//! not know what is said.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::app::clock::Stopwatch;

/// How long nothing is said again, in milliseconds: a minute.
const QUIET_MS: u64 = 60_000;
/// Most things that are said within that time.
const SAID_MAX: usize = 1_000;

/// What was said lately.
#[derive(Debug)]
pub struct Seldom {
    running: Stopwatch,
    hasher: RandomState,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// When it was said, in milliseconds, and how often it was not said since.
    at: HashMap<u64, (u64, u64)>,
    /// How often something was not said because there was too much else.
    lost: u64,
}

impl Default for Seldom {
    fn default() -> Self {
        Self {
            running: Stopwatch::start(),
            hasher: RandomState::new(),
            said: Mutex::default(),
        }
    }
}

impl Seldom {
    /// Whether to say this about the address now, and how often it, or what there was no room for,
    /// was not said before.
    #[must_use]
    pub fn may_speak(&self, address: Option<IpAddr>, what: &'static str) -> Option<u64> {
        let now = u64::try_from(self.running.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Whoever has one address of an IPv6 network has all of them.
        let address = address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            v4 @ IpAddr::V4(_) => v4,
        });
        let key = self.hasher.hash_one((address, what));
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.may_speak(key, now)
    }
}

impl Said {
    fn may_speak(&mut self, key: u64, now: u64) -> Option<u64> {
        let is_fresh = |at: u64| now.saturating_sub(at) < QUIET_MS;
        if let Some((at, unsaid)) = self.at.get_mut(&key) {
            if is_fresh(*at) {
                *unsaid = unsaid.saturating_add(1);
                return None;
            }
            *at = now;
            return Some(std::mem::take(unsaid));
        }
        if self.at.len() >= SAID_MAX {
            self.at.retain(|_, (at, _)| is_fresh(*at));
        }
        if self.at.len() >= SAID_MAX {
            self.lost = self.lost.saturating_add(1);
            return None;
        }
        self.at.insert(key, (now, 0));
        Some(std::mem::take(&mut self.lost))
    }
}

#[cfg(test)]
mod tests {
    use super::{QUIET_MS, SAID_MAX, Said, Seldom};

    #[test]
    fn the_same_is_said_once_a_minute_and_counted_meanwhile() {
        let mut said = Said::default();
        assert_eq!(said.may_speak(1, 5), Some(0));
        for _ in 0..9 {
            assert_eq!(said.may_speak(1, 5 + QUIET_MS - 1), None);
        }
        assert_eq!(said.may_speak(2, 6), Some(0));
        assert_eq!(said.may_speak(1, 5 + QUIET_MS), Some(9));
    }

    #[test]
    fn a_million_addresses_write_no_million_lines() {
        let mut said = Said::default();
        let keys = 0..u64::try_from(SAID_MAX * 3).unwrap();
        let lines = keys.filter(|key| said.may_speak(*key, 7).is_some());
        assert_eq!(lines.count(), SAID_MAX);
        assert_eq!(said.at.len(), SAID_MAX);
        assert_eq!(said.may_speak(u64::MAX, 7 + QUIET_MS), Some(2_000));
    }

    #[test]
    fn addresses_and_reasons_are_apart_and_a_network_of_ipv6_is_one() {
        let seldom = Seldom::default();
        let at = |text: &str| Some(text.parse().unwrap());
        assert!(seldom.may_speak(at("192.0.2.1"), "a").is_some());
        assert!(seldom.may_speak(at("192.0.2.1"), "b").is_some());
        assert!(seldom.may_speak(at("192.0.2.2"), "a").is_some());
        assert!(seldom.may_speak(at("::ffff:192.0.2.1"), "a").is_none());
        assert!(seldom.may_speak(at("2001:db8::1"), "a").is_some());
        assert!(seldom.may_speak(at("2001:db8::2"), "a").is_none());
    }
}
