//! What boxes last told us: hot, in memory, never in the way of an answer. Written in the
//! background; what is lost at a crash, the box tells again at its next poll.
//!
//! Must not know where it is kept, nor what a box is allowed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::boxes::event::{BoxState, CLASSES};
use crate::domain::values::id::{BoxEventId, DeviceId};
use crate::domain::values::time::Timestamp;

/// Parts of the map with a lock each: boxes poll at the same time.
const SHARDS: usize = 64;

/// One box as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxLive {
    /// SHA-256 of the token of its session.
    pub token_hash: Option<[u8; 32]>,
    pub address: String,
    /// What it said of its software since that was written last.
    pub version: Option<String>,
    pub last_active_at: Option<Timestamp>,
    /// The last broadcast that is done with, by class.
    pub broadcasts_done: [BoxEventId; CLASSES],
    /// Its own events that are done with and still stand in the file.
    pub events_done: Vec<BoxEventId>,
    /// When it last came from too many networks within a day.
    pub often_moved_at: Option<Timestamp>,
    moves: Moves,
    urgency: Urgency,
}

/// How often a box came from another network than before, since when that is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moves {
    count: u32,
    since: Option<Timestamp>,
}

/// Most moves within a day of a box that is one: a phone that goes to work and back makes a few.
const MOVES_MAX: u32 = 10;
const MOVES_SECONDS: i64 = 86_400;

/// How soon a change is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Written,
    /// It was seen again; that may wait.
    Seen,
    /// Something that a crash should not take back.
    Soon,
}

impl BoxLive {
    /// The box as the file has it.
    #[must_use]
    pub fn of(state: &BoxState) -> Self {
        Self {
            token_hash: state.token_hash,
            address: state.address.clone(),
            version: None,
            last_active_at: state.last_active_at,
            broadcasts_done: state.broadcasts_done,
            events_done: Vec::new(),
            often_moved_at: state.often_moved_at,
            moves: Moves::default(),
            urgency: Urgency::Written,
        }
    }

    /// It spoke to us. Answers whether that makes it one that moves more often than a single box
    /// does; at most once a day.
    pub fn seen(&mut self, at: Timestamp, address: &str) -> bool {
        self.last_active_at = Some(at);
        let mut often = false;
        if self.address != address {
            often = !is_same_network(&self.address, address) && self.moves_often(at);
            address.clone_into(&mut self.address);
            self.urgency = Urgency::Soon;
        }
        self.urgency = self.urgency.max(Urgency::Seen);
        often
    }

    fn moves_often(&mut self, at: Timestamp) -> bool {
        let is_recent = |since: Timestamp| since.saturating_add_seconds(MOVES_SECONDS) > at;
        if !self.moves.since.is_some_and(is_recent) {
            self.moves = Moves {
                count: 0,
                since: Some(at),
            };
        }
        self.moves.count = self.moves.count.saturating_add(1);
        if self.moves.count <= MOVES_MAX || self.often_moved_at.is_some_and(is_recent) {
            return false;
        }
        self.often_moved_at = Some(at);
        true
    }

    /// Something changed that is to be written soon.
    pub fn touch(&mut self) {
        self.urgency = Urgency::Soon;
    }

    /// Puts what is known into the record.
    pub fn write_to(&self, state: &mut BoxState) {
        state.token_hash = self.token_hash;
        state.address.clone_from(&self.address);
        if let Some(version) = &self.version {
            state.version.clone_from(version);
        }
        state.last_active_at = self.last_active_at;
        state.often_moved_at = state.often_moved_at.max(self.often_moved_at);
        // The file may be ahead, and a place in the row of broadcasts only moves on.
        for (held, done) in state.broadcasts_done.iter_mut().zip(self.broadcasts_done) {
            *held = done.max(*held);
        }
    }
}

/// Whether two addresses are of one subscriber's network. A box that was nowhere yet has not moved.
fn is_same_network(one: &str, other: &str) -> bool {
    let network = |text: &str| match text.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => Some(u128::from(address.to_bits())),
        IpAddr::V6(address) => Some(address.to_bits() >> 64),
    };
    one.is_empty() || network(one) == network(other)
}

#[derive(Default)]
struct Shard {
    boxes: HashMap<DeviceId, BoxLive>,
    /// Boxes of which something is to be written soon.
    soon: Vec<DeviceId>,
}

/// Every box that spoke to us since the start. Bounded by the devices there are:
/// nobody else gets in.
pub struct Presence {
    shards: Vec<Mutex<Shard>>,
}

impl Default for Presence {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards }
    }
}

impl Presence {
    fn shard(&self, device: DeviceId) -> Option<MutexGuard<'_, Shard>> {
        let index = usize::try_from(device.0).unwrap_or(0) % SHARDS;
        let shard = self.shards.get(index)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The box, if it spoke to us since the start.
    #[must_use]
    pub fn get(&self, device: DeviceId) -> Option<BoxLive> {
        self.shard(device)?.boxes.get(&device).cloned()
    }

    /// How many boxes spoke to us since then.
    #[must_use]
    pub fn count_since(&self, since: Timestamp) -> usize {
        let spoke = |live: &&BoxLive| live.last_active_at.is_some_and(|at| at >= since);
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.boxes.values().filter(spoke).count()
        };
        self.shards.iter().map(count).sum()
    }

    /// Lets `change` see and change a box; `load` says what the file has where it is not known yet.
    /// Answers also whether something is to be written soon that was not before.
    pub fn change<T, E>(
        &self,
        device: DeviceId,
        load: impl FnOnce() -> Result<BoxLive, E>,
        change: impl FnOnce(&mut BoxLive) -> T,
    ) -> Result<(T, bool), E> {
        let Some(mut shard) = self.shard(device) else {
            return load().map(|mut live| (change(&mut live), false));
        };
        let shard = &mut *shard;
        let live = match shard.boxes.entry(device) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(load()?),
        };
        let before = live.urgency;
        let answer = change(live);
        let newly = before < Urgency::Soon && live.urgency == Urgency::Soon;
        if newly {
            shard.soon.push(device);
        }
        Ok((answer, newly))
    }

    /// Boxes of which something is to be written, at most `max`: with `all` also those that were
    /// merely seen. They count as written from here on.
    #[must_use]
    pub fn take_changed(&self, all: bool, max: usize) -> Vec<(DeviceId, BoxLive)> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let Shard { boxes, soon } = &mut *shard;
            while changed.len() < max
                && let Some(device) = soon.pop()
            {
                if let Some(live) = boxes.get_mut(&device) {
                    live.urgency = Urgency::Written;
                    changed.push((device, live.clone()));
                }
            }
            if all {
                for (device, live) in boxes.iter_mut() {
                    if changed.len() >= max {
                        break;
                    }
                    if live.urgency == Urgency::Seen {
                        live.urgency = Urgency::Written;
                        changed.push((*device, live.clone()));
                    }
                }
            }
        }
        changed
    }

    /// What was taken stands in the file.
    pub fn written(&self, device: DeviceId, taken: &BoxLive) {
        if let Some(mut shard) = self.shard(device)
            && let Some(live) = shard.boxes.get_mut(&device)
        {
            live.events_done
                .retain(|id| !taken.events_done.contains(id));
            if live.version == taken.version {
                live.version = None;
            }
        }
    }

    /// What was taken could not be written: it is taken again.
    pub fn not_written(&self, device: DeviceId) {
        if let Some(mut shard) = self.shard(device) {
            let shard = &mut *shard;
            if let Some(live) = shard.boxes.get_mut(&device)
                && live.urgency < Urgency::Soon
            {
                live.urgency = Urgency::Soon;
                shard.soon.push(device);
            }
        }
    }

    /// The device is gone.
    pub fn forget(&self, device: DeviceId) {
        if let Some(mut shard) = self.shard(device) {
            shard.boxes.remove(&device);
        }
    }
}
