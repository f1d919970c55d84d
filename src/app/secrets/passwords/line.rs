//! The line in front of the hashing: bounded, and fair to every address. Who is known good goes
//! first; among all others addresses take turns, however many wait behind one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Who wants a hash made or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Goes before all others.
    pub first: bool,
    /// A number for the address.
    pub from: u64,
}

impl Turn {
    /// The box itself, and staff who set passwords.
    pub const OWN: Self = Self {
        first: false,
        from: 0,
    };
}

struct Waiter {
    turn: Turn,
    /// Its place among those that do not go first; the lowest is next.
    place: u64,
    go: oneshot::Sender<Place>,
}

#[derive(Default)]
struct State {
    /// How many are worked.
    working: usize,
    waiting: Vec<Waiter>,
    /// The place of whoever was let in last.
    reached: u64,
    /// The last place that was given to an address; only of those that have a waiter.
    last: HashMap<u64, u64>,
}

/// The line.
pub struct Line {
    at_once: usize,
    waiting_max: usize,
    state: Mutex<State>,
}

impl Line {
    pub fn new(at_once: usize, waiting_max: usize) -> Arc<Self> {
        Arc::new(Self {
            at_once: at_once.max(1),
            waiting_max,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place to work; `None` where the line is full.
    pub async fn enter(self: &Arc<Self>, turn: Turn) -> Option<Place> {
        let told = {
            let mut state = self.state();
            if state.working < self.at_once && state.waiting.is_empty() {
                state.working = state.working.saturating_add(1);
                return Some(Place(Some(Arc::clone(self))));
            }
            self.join(&mut state, turn)?
        };
        told.await.ok()
    }

    /// Stands in line. Whoever has most waiters there makes room for one who has fewer.
    fn join(&self, state: &mut State, turn: Turn) -> Option<oneshot::Receiver<Place>> {
        state.waiting.retain(|waiter| !waiter.go.is_closed());
        let of_kind = state.waiting.iter().filter(|w| w.turn.first == turn.first);
        if of_kind.count() >= self.waiting_max {
            let mut waiters = HashMap::<u64, usize>::new();
            for waiter in state.waiting.iter().filter(|w| w.turn.first == turn.first) {
                let count = waiters.entry(waiter.turn.from).or_default();
                *count = count.saturating_add(1);
            }
            let own = waiters.get(&turn.from).copied().unwrap_or(0);
            let (greedy, most) = waiters.into_iter().max_by_key(|(_, count)| *count)?;
            if most <= own.saturating_add(1) {
                return None;
            }
            let is_theirs = |w: &Waiter| w.turn.first == turn.first && w.turn.from == greedy;
            let newest = state.waiting.iter().rposition(is_theirs)?;
            // Its end of the channel falls: it hears that the line is full.
            state.waiting.remove(newest);
        }
        let mut place = 0;
        if !turn.first {
            let waits = |from: u64| state.waiting.iter().any(|w| w.turn.from == from);
            let gone: Vec<u64> = state
                .last
                .keys()
                .copied()
                .filter(|from| !waits(*from))
                .collect();
            for from in gone {
                state.last.remove(&from);
            }
            let last = state.last.get(&turn.from).copied().unwrap_or(0);
            place = last.max(state.reached).saturating_add(1);
            state.last.insert(turn.from, place);
        }
        let (go, told) = oneshot::channel();
        state.waiting.push(Waiter { turn, place, go });
        Some(told)
    }

    /// Somebody is done: the next one works.
    fn leave(self: Arc<Self>) {
        let mut state = self.state();
        while !state.waiting.is_empty() {
            let key = |(at, w): &(usize, &Waiter)| (!w.turn.first, w.place, *at);
            let next = state.waiting.iter().enumerate().min_by_key(key);
            let Some((at, _)) = next else { break };
            let waiter = state.waiting.remove(at);
            state.reached = state.reached.max(waiter.place);
            let place = Place(Some(Arc::clone(&self)));
            match waiter.go.send(place) {
                // Whoever goes away before taking it gives it back.
                Ok(()) => return,
                Err(mut refused) => refused.0 = None,
            }
        }
        state.working = state.working.saturating_sub(1);
    }
}

/// A place to work, given back when its holder goes, however it goes.
pub struct Place(Option<Arc<Line>>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            line.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Line, Turn};

    fn turn(from: u64) -> Turn {
        Turn { first: false, from }
    }

    /// Whether somebody got a place; it is given back at once.
    type Asked = tokio::task::JoinHandle<bool>;

    async fn ask(line: &Arc<Line>, turn: Turn) -> Asked {
        let line = Arc::clone(line);
        let asked = tokio::spawn(async move { line.enter(turn).await.is_some() });
        tokio::task::yield_now().await;
        asked
    }

    #[tokio::test]
    async fn known_good_ones_go_first_and_addresses_take_turns() {
        let line = Line::new(1, 8);
        let mut held = line.enter(turn(1)).await;
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        let first = Turn {
            first: true,
            from: 5,
        };
        let turns = [turn(7), turn(7), turn(7), turn(8), turn(7), turn(9), first];
        for (at, turn) in turns.into_iter().enumerate() {
            let (line, order) = (Arc::clone(&line), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let place = line.enter(turn).await;
                order.lock().unwrap().push(at);
                drop(place);
            }));
            tokio::task::yield_now().await;
        }
        drop(held.take());
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [6, 0, 3, 5, 1, 2, 4]);
        assert_eq!(line.state().working, 0);
        assert!(line.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_full_line_has_room_for_who_has_fewer_in_it() {
        let line = Line::new(1, 4);
        let held = line.enter(turn(1)).await;
        let mut greedy = Vec::new();
        for _ in 0..6 {
            greedy.push(ask(&line, turn(7)).await);
        }
        assert_eq!(line.state().waiting.len(), 4);
        let other = ask(&line, turn(8)).await;
        assert_eq!(line.state().waiting.len(), 4);
        drop(held);
        assert!(other.await.unwrap());
        let mut served = 0;
        for asked in greedy {
            served += usize::from(asked.await.unwrap());
        }
        assert_eq!(served, 3);
    }

    #[tokio::test]
    async fn who_goes_away_leaves_no_hole() {
        let line = Line::new(1, 4);
        let held = line.enter(turn(1)).await;
        let gone = ask(&line, turn(7)).await;
        let stays = ask(&line, turn(8)).await;
        gone.abort();
        tokio::task::yield_now().await;
        drop(held);
        assert!(stays.await.unwrap());
        assert_eq!(line.state().working, 0);
        assert!(line.enter(turn(9)).await.is_some());
    }
}
