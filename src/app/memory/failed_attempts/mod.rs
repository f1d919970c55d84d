//! Failed attempts at secrets: whoever is wrong too often has to wait, longer each time and never
//! for good.
//!
//! Counted by name, by address, and by both together. In memory, and bounded: whoever invents a
//! million names pushes out what failed least, never what failed often. Names are kept as keyed
//! hashes only. Must not know how a secret is compared, nor what is told to whoever tried it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::app::clock::Stopwatch;
use crate::domain::values::time::Timestamp;

/// What an attempt is for. Each is counted by itself: viewers who mistype keep no staff out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// Staff, in the console and over HTTP Basic.
    Staff,
    /// The second factor of staff, whose password was right.
    StaffCode,
    /// A viewer on a box.
    BoxLogin,
    /// A viewer in front of a box, who knows its PIN or not.
    ViewerPin,
    PartnerKey,
    SetupCode,
    Voucher,
    PageCode,
}

impl Door {
    /// What the log calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff sign-in",
            Self::StaffCode => "staff code",
            Self::BoxLogin => "box sign-in",
            Self::ViewerPin => "viewer's PIN",
            Self::PartnerKey => "partner key",
            Self::SetupCode => "set-up code",
            Self::Voucher => "voucher",
            Self::PageCode => "page code",
        }
    }
}

/// One attempt: at what, under which name, from where.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'n> {
    pub door: Door,
    /// `None` for secrets that stand by themselves.
    pub name: Option<&'n str>,
    pub address: Option<IpAddr>,
}

/// An attempt that may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// This name was right from this address not long ago.
    pub known_good: bool,
    /// A number for the address, the same for the life of the process.
    pub from: u64,
}

/// An attempt that is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub retry_after_s: u32,
    /// Nobody was told yet of what is going on here.
    pub is_news: bool,
}

/// How many failures cost nothing, how fast they are forgotten, and how long the wait can grow.
#[derive(Debug, Clone, Copy)]
struct Budget {
    free: u64,
    /// Microseconds after which one failure is forgotten.
    forgets: i64,
    /// Longest wait, in microseconds.
    wait_max: i64,
}

const SECOND: i64 = 1_000_000;

/// One name from one address.
const PAIR: Budget = Budget {
    free: 10,
    forgets: 300 * SECOND,
    wait_max: 300 * SECOND,
};
/// The same where the name was right from there not long ago: its owner is sitting beside whoever
/// guesses.
const KNOWN_PAIR_WAIT_MAX: i64 = 30 * SECOND;
/// One name from anywhere.
const NAME: Budget = Budget {
    free: 30,
    forgets: 60 * SECOND,
    wait_max: 60 * SECOND,
};
/// One address under any names: many honest people may be behind it.
const ADDRESS: Budget = Budget {
    free: 100,
    forgets: 3 * SECOND,
    wait_max: 60 * SECOND,
};
/// This machine itself: behind it may be a proxy, and behind that everybody.
const LOOPBACK_FREE: u64 = 300;
const LOOPBACK_WAIT_MAX: i64 = 10 * SECOND;

/// How long a name counts as good from an address, in seconds: 30 days.
const KNOWN_SECONDS: i64 = 2_592_000;
/// Lines of the audit log about bursts within an hour.
const TOLD_PER_HOUR_MAX: i64 = 60;

/// Parts of a table, and most entries of each.
const SETS: u64 = 2_048;
const SET_ENTRIES_MAX: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Counter {
    tag: u64,
    /// Failures that are not forgotten, and until when that was reckoned.
    failures: u64,
    at: i64,
    /// When the next attempt is judged.
    until: i64,
    /// Somebody was told.
    told: bool,
}

impl Counter {
    fn reckon(&mut self, budget: Budget, now: i64) {
        let forgotten = now.saturating_sub(self.at).max(0) / budget.forgets.max(1);
        self.at = self
            .at
            .saturating_add(forgotten.saturating_mul(budget.forgets));
        let forgotten = u64::try_from(forgotten).unwrap_or(0);
        self.failures = self.failures.saturating_sub(forgotten);
        if self.failures == 0 {
            self.at = now;
            self.told = false;
        }
    }

    fn fail(&mut self, budget: Budget, now: i64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(over) = self.failures.checked_sub(budget.free) {
            let seconds = 1i64 << over.min(20);
            let wait = seconds.saturating_mul(SECOND).min(budget.wait_max);
            self.until = now.saturating_add(wait);
        }
    }

    /// One was right. What others failed before stays, but nobody waits for it any more: else
    /// whoever guesses beside a script would have all its patience back with each of its requests.
    fn succeed(&mut self, budget: Budget) {
        let most = budget.free.saturating_sub(1);
        self.failures = self.failures.saturating_sub(1).min(most);
        self.until = i64::MIN;
    }

    fn take_back(&mut self, budget: Budget) {
        self.failures = self.failures.saturating_sub(1);
        if self.failures < budget.free {
            self.until = i64::MIN;
        }
    }
}

/// Counters by hash, in sets of a bounded size.
#[derive(Debug, Default)]
struct Counters(HashMap<u64, Vec<Counter>>);

impl Counters {
    fn find(&mut self, tag: u64) -> Option<&mut Counter> {
        let set = self.0.get_mut(&(tag % SETS))?;
        set.iter_mut().find(|counter| counter.tag == tag)
    }

    /// The counter, made if it is not there: then whatever failed least in its set makes room.
    fn entry(&mut self, tag: u64, budget: Budget, now: i64) -> Option<&mut Counter> {
        let fresh = Counter {
            tag,
            failures: 0,
            at: now,
            until: i64::MIN,
            told: false,
        };
        let set = self.0.entry(tag % SETS).or_default();
        let place = match set.iter().position(|counter| counter.tag == tag) {
            Some(place) => place,
            None if set.len() < SET_ENTRIES_MAX => {
                set.push(fresh);
                set.len().saturating_sub(1)
            }
            None => {
                for counter in set.iter_mut() {
                    counter.reckon(budget, now);
                }
                let least = set
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, c)| (c.failures, c.at));
                let place = least.map_or(0, |(place, _)| place);
                if let Some(counter) = set.get_mut(place) {
                    *counter = fresh;
                }
                place
            }
        };
        set.get_mut(place)
    }
}

/// Names and addresses that were good, and when last; the oldest of a set makes room.
#[derive(Debug, Default)]
struct KnownGood(HashMap<u64, Vec<(u64, i64)>>);

impl KnownGood {
    fn has(&self, tag: u64, now: i64) -> bool {
        let set = self.0.get(&(tag % SETS));
        let mut held = set.into_iter().flatten();
        let kept = KNOWN_SECONDS.saturating_mul(SECOND);
        held.any(|(held, at)| *held == tag && now.saturating_sub(*at) < kept)
    }

    fn note(&mut self, tag: u64, now: i64) {
        let set = self.0.entry(tag % SETS).or_default();
        set.retain(|(held, _)| *held != tag);
        if set.len() >= SET_ENTRIES_MAX {
            let oldest = set.iter().enumerate().min_by_key(|(_, (_, at))| *at);
            if let Some((place, _)) = oldest {
                set.swap_remove(place);
            }
        }
        set.push((tag, now));
    }
}

#[derive(Debug, Default)]
struct Held {
    pairs: Counters,
    names: Counters,
    addresses: Counters,
    /// Staff apart from viewers, of whom there are many.
    staff: KnownGood,
    others: KnownGood,
    /// What clock and stopwatch said last, and what that came to.
    seen: Option<(i64, i64)>,
    instant: i64,
    /// When the lines of the audit log that were written are paid off.
    told_until: i64,
}

/// Every failed attempt that still counts.
#[derive(Debug)]
pub struct FailedAttempts {
    hasher: RandomState,
    running: Option<Stopwatch>,
    held: Mutex<Held>,
}

impl Default for FailedAttempts {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            running: Some(Stopwatch::start()),
            held: Mutex::default(),
        }
    }
}

/// The hashes of an attempt.
struct Tags {
    pair: Option<u64>,
    name: Option<u64>,
    address: u64,
    from: u64,
    budget: Budget,
}

impl FailedAttempts {
    /// Whether an attempt may be judged. It counts as failed until [`FailedAttempts::succeeded`] or
    /// [`FailedAttempts::withdrawn`] says otherwise, so that many at once are no way round.
    pub fn begin(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Admitted, TooMany> {
        let tags = self.tags(attempt);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        let now = self.instant(held, now);
        let known = match attempt.door {
            Door::Staff | Door::StaffCode => &held.staff,
            _ => &held.others,
        };
        let known_good = tags.pair.is_some_and(|pair| known.has(pair, now));
        let pair_budget = Budget {
            wait_max: if known_good {
                KNOWN_PAIR_WAIT_MAX
            } else {
                PAIR.wait_max
            },
            ..PAIR
        };
        // Who was right from here lately waits for own failures only, not for those of others.
        if !known_good {
            judge(&mut held.addresses, Some(tags.address), tags.budget, now)?;
        }
        judge(&mut held.pairs, tags.pair, pair_budget, now)?;
        if !known_good {
            judge(&mut held.names, tags.name, NAME, now)?;
        }
        for (counters, tag, budget) in [
            (&mut held.addresses, Some(tags.address), tags.budget),
            (&mut held.pairs, tags.pair, pair_budget),
            (&mut held.names, tags.name, NAME),
        ] {
            if let Some(counter) = tag.and_then(|tag| counters.entry(tag, budget, now)) {
                counter.reckon(budget, now);
                counter.fail(budget, now);
            }
        }
        Ok(Admitted {
            known_good,
            from: tags.from,
        })
    }

    /// An attempt that began was right: the name is good from there.
    pub fn succeeded(&self, attempt: &Attempt<'_>, now: Timestamp) {
        let tags = self.tags(attempt);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        let now = self.instant(held, now);
        if let Some(pair) = tags.pair {
            if let Some(counter) = held.pairs.find(pair) {
                counter.succeed(PAIR);
            }
            match attempt.door {
                Door::Staff | Door::StaffCode => held.staff.note(pair, now),
                _ => held.others.note(pair, now),
            }
        }
        take_back(&mut held.names, tags.name, NAME);
        take_back(&mut held.addresses, Some(tags.address), tags.budget);
    }

    /// An attempt that began was not judged after all.
    pub fn withdrawn(&self, attempt: &Attempt<'_>) {
        let tags = self.tags(attempt);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        take_back(&mut held.pairs, tags.pair, PAIR);
        take_back(&mut held.names, tags.name, NAME);
        take_back(&mut held.addresses, Some(tags.address), tags.budget);
    }

    /// Whether one more line about failed attempts may go to the audit log: bursts of a million
    /// names must not fill the disk.
    pub fn may_tell(&self, now: Timestamp) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.instant(&mut held, now);
        let hour = 3_600 * SECOND;
        let price = hour / TOLD_PER_HOUR_MAX;
        let next = held.told_until.max(now).saturating_add(price);
        let fits = next.saturating_sub(now) <= hour;
        if fits {
            held.told_until = next;
        }
        fits
    }

    /// What time it is here: goes on where the clock stands still, as a test clock does, and where
    /// it is put back.
    fn instant(&self, held: &mut Held, now: Timestamp) -> i64 {
        let clock = now.micros();
        let watch = self.running.as_ref().map_or(0, |running| {
            i64::try_from(running.elapsed().as_micros()).unwrap_or(i64::MAX)
        });
        let (clock_before, watch_before) =
            held.seen.replace((clock, watch)).unwrap_or((clock, watch));
        let by_clock = clock.saturating_sub(clock_before);
        let by_watch = watch.saturating_sub(watch_before);
        held.instant = held.instant.saturating_add(by_clock.max(by_watch).max(0));
        held.instant
    }

    fn tags(&self, attempt: &Attempt<'_>) -> Tags {
        let door = attempt.door;
        let network = network(attempt.address);
        let name = attempt.name.map(|name| name.trim().to_lowercase());
        let tag = |of: &dyn Fn(&mut std::hash::DefaultHasher)| {
            let mut hasher = self.hasher.build_hasher();
            door.hash(&mut hasher);
            of(&mut hasher);
            std::hash::Hasher::finish(&hasher)
        };
        let is_loopback = attempt.address.is_none_or(|address| address.is_loopback());
        let budget = if is_loopback {
            Budget {
                free: LOOPBACK_FREE,
                wait_max: LOOPBACK_WAIT_MAX,
                ..ADDRESS
            }
        } else {
            ADDRESS
        };
        Tags {
            pair: name
                .as_ref()
                .map(|name| tag(&|hasher| (1u8, name, network).hash(hasher))),
            name: name
                .as_ref()
                .map(|name| tag(&|hasher| (2u8, name).hash(hasher))),
            address: tag(&|hasher| (3u8, network).hash(hasher)),
            from: self.hasher.hash_one(network),
            budget,
        }
    }
}

/// Refuses while the counter makes its attempts wait.
fn judge(
    counters: &mut Counters,
    tag: Option<u64>,
    budget: Budget,
    now: i64,
) -> Result<(), TooMany> {
    let Some(counter) = tag.and_then(|tag| counters.find(tag)) else {
        return Ok(());
    };
    counter.reckon(budget, now);
    // The budget may have been another one when it was counted.
    let wait = counter.until.saturating_sub(now).min(budget.wait_max);
    if wait <= 0 {
        return Ok(());
    }
    let is_news = !std::mem::replace(&mut counter.told, true);
    let seconds = wait.saturating_add(SECOND - 1) / SECOND;
    Err(TooMany {
        retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX).max(1),
        is_news,
    })
}

fn take_back(counters: &mut Counters, tag: Option<u64>, budget: Budget) {
    if let Some(counter) = tag.and_then(|tag| counters.find(tag)) {
        counter.take_back(budget);
    }
}

/// Whoever has one address of an IPv6 network has all of them.
fn network(address: Option<IpAddr>) -> (u8, u64) {
    match address.map(|address| address.to_canonical()) {
        None => (0, 0),
        Some(IpAddr::V4(address)) => (4, u64::from(address.to_bits())),
        Some(IpAddr::V6(address)) => {
            let front = u64::try_from(address.to_bits() >> 64).unwrap_or(0);
            (6, front)
        }
    }
}

#[cfg(test)]
mod tests;
