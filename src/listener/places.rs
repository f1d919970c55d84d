//! How many connections there may be, at all and of one address, and who has to go when there are
//! more: whoever has let us wait longest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most connections of one client's address. One that many share may have its idle ones closed
/// earlier, no more.
const OF_ADDRESS_MAX: usize = 256;
/// At most one line about the same trouble in that time.
const QUIET: Duration = Duration::from_secs(10);

/// The places of one listener.
#[derive(Debug)]
pub struct Places {
    max: usize,
    epoch: Instant,
    held: Mutex<Held>,
    told: Quietly,
}

#[derive(Debug, Default)]
struct Held {
    last: u64,
    seats: HashMap<u64, Arc<ConnectionPlace>>,
    of: HashMap<IpAddr, usize>,
}

impl Held {
    fn leave(&mut self, id: u64) {
        let Some(seat) = self.seats.remove(&id) else {
            return;
        };
        if let Some(address) = seat.address
            && let Some(count) = self.of.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of.remove(&address);
            }
        }
    }

    /// Whoever of these has let us wait longest leaves; `false` where all are being served.
    fn cut_one(&mut self, of: Option<IpAddr>) -> bool {
        let seats = self.seats.iter();
        let waiting = seats
            .filter(|(_, seat)| of.is_none() || seat.address == of)
            .filter_map(|(id, seat)| Some((seat.waiting_since()?, *id)));
        let Some((_, id)) = waiting.min() else {
            return false;
        };
        if let Some(seat) = self.seats.get(&id) {
            seat.cut.cancel();
        }
        self.leave(id);
        true
    }
}

/// A connection's place, and for whom it waits.
#[derive(Debug)]
pub struct ConnectionPlace {
    address: Option<IpAddr>,
    epoch: Instant,
    /// Since when we wait for the client to send, and to take, in microseconds; 0: we do not.
    reading: AtomicU64,
    writing: AtomicU64,
    cut: CancellationToken,
}

impl ConnectionPlace {
    fn now(&self) -> u64 {
        let micros = self.epoch.elapsed().as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX).max(1)
    }

    /// We wait for the client to send something, or no longer.
    pub fn awaits_input(&self, does: bool) {
        let since = if does { self.now() } else { 0 };
        self.reading.store(since, Ordering::Relaxed);
    }

    /// We wait for the client to take something, or no longer.
    pub fn awaits_taking(&self, does: bool) {
        let since = if does { self.now() } else { 0 };
        self.writing.store(since, Ordering::Relaxed);
    }

    fn waiting_since(&self) -> Option<u64> {
        let since = [&self.reading, &self.writing].map(|since| since.load(Ordering::Relaxed));
        since.into_iter().filter(|since| *since > 0).min()
    }

    /// When the connection has to go.
    pub async fn cut(&self) {
        self.cut.cancelled().await;
    }
}

/// A place as long as it is taken.
#[derive(Debug)]
pub struct Taken {
    id: u64,
    pub seat: Arc<ConnectionPlace>,
    places: Arc<Places>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places.lock().leave(self.id);
    }
}

impl Places {
    #[must_use]
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            epoch: Instant::now(),
            held: Mutex::default(),
            told: Quietly::default(),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection, if need be that of another one which lets us wait. `address`: by
    /// what it is counted; nobody counts those of proxies. `None`: all are being served.
    #[must_use]
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Taken> {
        let address = address.map(counted);
        let mut held = self.lock();
        let own = address.and_then(|address| held.of.get(&address).copied());
        let too_many_own = own.is_some_and(|own| own >= OF_ADDRESS_MAX);
        let is_full = held.seats.len() >= self.max;
        let room = match (too_many_own, is_full) {
            (true, _) => held.cut_one(address),
            (false, true) => held.cut_one(None),
            (false, false) => true,
        };
        if (too_many_own || is_full)
            && let Some(unsaid) = self.told.may_speak()
        {
            let address = address
                .map(|address| address.to_string())
                .unwrap_or_default();
            let count = held.seats.len();
            tracing::warn!(
                address,
                connections = count,
                unsaid,
                "too many connections: the longest idle one is closed"
            );
        }
        if !room {
            return None;
        }
        held.last = held.last.saturating_add(1);
        let id = held.last;
        let seat = Arc::new(ConnectionPlace {
            address,
            epoch: self.epoch,
            reading: AtomicU64::new(0),
            writing: AtomicU64::new(0),
            cut: CancellationToken::new(),
        });
        seat.awaits_input(true);
        held.seats.insert(id, Arc::clone(&seat));
        if let Some(address) = address {
            let count = held.of.entry(address).or_default();
            *count = count.saturating_add(1);
        }
        drop(held);
        Some(Taken {
            id,
            seat,
            places: Arc::clone(self),
        })
    }

    /// Closes the connection that has let us wait longest, for its file.
    pub fn cut_one(&self) {
        self.lock().cut_one(None);
    }
}

/// By what an address is counted: whoever has one of such a network of IPv6 has all of them.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Says the same thing now and then only.
#[derive(Debug, Default)]
pub struct Quietly(Mutex<(Option<Instant>, u64)>);

impl Quietly {
    /// Whether to say it now, and how often it was not said since the last time.
    pub fn may_speak(&self) -> Option<u64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, unsaid) = &mut *held;
        if last.is_some_and(|last| last.elapsed() < QUIET) {
            *unsaid = unsaid.saturating_add(1);
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(unsaid))
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{OF_ADDRESS_MAX, Places, Quietly, Taken};

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    fn is_cut(taken: &Taken) -> bool {
        taken.seat.cut.is_cancelled()
    }

    #[test]
    fn whoever_lets_us_wait_longest_makes_room() {
        let places = Places::new(3);
        let held: Vec<Taken> = (0..3).map(|_| places.take(None).unwrap()).collect();
        held[0].seat.awaits_input(false);
        // The first is being served, so that the second goes.
        let _fourth = places.take(None).unwrap();
        assert_eq!(
            held.iter().map(is_cut).collect::<Vec<_>>(),
            [false, true, false]
        );
        held[0].seat.awaits_taking(true);
        held[2].seat.awaits_input(false);
        let fifth = places.take(None).unwrap();
        fifth.seat.awaits_input(false);
        // Whoever came back left the count long ago.
        drop(held);
        assert!(places.take(None).is_some());
    }

    #[test]
    fn all_are_served_and_nobody_goes() {
        let places = Places::new(2);
        let held: Vec<Taken> = (0..2).map(|_| places.take(None).unwrap()).collect();
        for taken in &held {
            taken.seat.awaits_input(false);
        }
        assert!(places.take(None).is_none());
        assert!(!held.iter().any(is_cut));
    }

    #[test]
    fn one_address_pushes_out_only_itself() {
        let places = Places::new(OF_ADDRESS_MAX * 3);
        let (one, other) = (address("203.0.113.5"), address("203.0.113.6"));
        let others = places.take(other).unwrap();
        let mut held: Vec<Taken> = (0..OF_ADDRESS_MAX * 2)
            .map(|_| places.take(one).unwrap())
            .collect();
        assert!(!is_cut(&others));
        assert_eq!(
            held.iter().filter(|taken| is_cut(taken)).count(),
            OF_ADDRESS_MAX
        );
        assert!(!is_cut(held.last().unwrap()));
        held.clear();
        assert!(places.lock().of.len() == 1);
        // A whole network of IPv6 is one.
        let network = |last: u16| address(&format!("2001:db8::{last:x}"));
        let many: Vec<Taken> = (0..300)
            .map(|last| places.take(network(last)).unwrap())
            .collect();
        assert_eq!(
            many.iter().filter(|taken| is_cut(taken)).count(),
            300 - OF_ADDRESS_MAX
        );
        drop((many, others));
        let held = places.lock();
        assert!(held.of.is_empty() && held.seats.is_empty());
        assert!(Arc::strong_count(&places) == 1);
    }

    #[test]
    fn the_log_is_not_flooded() {
        let told = Quietly::default();
        assert_eq!(told.may_speak(), Some(0));
        assert_eq!(told.may_speak(), None);
    }
}
