//! The programme guide: what a channel shows, and from when to when.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{ChannelId, ProgrammeId};
use crate::domain::values::time::Timestamp;

/// Longest texts of a programme, in characters; longer ones are cut.
pub const TITLE_CHARS_MAX: usize = 255;
pub const DESCRIPTION_CHARS_MAX: usize = 4_000;
pub const CATEGORY_CHARS_MAX: usize = 255;
pub const PEOPLE_CHARS_MAX: usize = 255;

/// How long programmes are kept after their end.
pub const KEPT_SECONDS: i64 = 14 * 86_400;
/// How long a programme lasts of which nobody says when it ends.
const UNKNOWN_SECONDS: i64 = 3_600;

/// One programme of one channel. Those of a channel do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    pub id: ProgrammeId,
    pub channel: ChannelId,
    pub start_at: Timestamp,
    /// The first instant that is no longer part of it.
    pub stop_at: Timestamp,
    pub title: String,
    pub description: String,
    pub category: String,
    pub director: String,
    pub actors: String,
}

/// What a guide says of the time of one programme, with what else it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot<T> {
    pub start_at: Timestamp,
    /// `None`: until the next one begins.
    pub stop_at: Option<Timestamp>,
    pub what: T,
}

/// A programme with its time made certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aired<T> {
    pub start_at: Timestamp,
    pub stop_at: Timestamp,
    pub what: T,
}

/// Brings what a guide says of one channel in order: by start, of equal starts the last one wins, a
/// later start cuts the one before, and an end that is missing or lies before the start is the next
/// start.
#[must_use]
pub fn in_order<T>(mut slots: Vec<Slot<T>>) -> Vec<Aired<T>> {
    // Stable: of equal starts the one that came last stays last.
    slots.sort_by_key(|slot| slot.start_at);
    let mut aired: Vec<Aired<T>> = Vec::with_capacity(slots.len());
    let mut next = slots.into_iter().peekable();
    while let Some(slot) = next.next() {
        let following = next.peek().map(|following| following.start_at);
        if following == Some(slot.start_at) {
            continue;
        }
        let last = following.unwrap_or(Timestamp::MAX);
        let stop_at = match slot.stop_at.filter(|stop_at| *stop_at > slot.start_at) {
            Some(stop_at) => stop_at.min(last),
            None if following.is_some() => last,
            None => slot.start_at.saturating_add_seconds(UNKNOWN_SECONDS),
        };
        aired.push(Aired {
            start_at: slot.start_at,
            stop_at,
            what: slot.what,
        });
    }
    aired
}

/// Whether a programme that ended then is still kept.
#[must_use]
pub fn is_kept(stop_at: Timestamp, now: Timestamp) -> bool {
    stop_at >= now.saturating_add_seconds(-KEPT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::{Slot, in_order};
    use crate::domain::values::time::Timestamp;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    fn ordered(slots: &[(i64, Option<i64>)]) -> Vec<(i64, i64, usize)> {
        let slots = slots.iter().enumerate().map(|(what, (start, stop))| Slot {
            start_at: at(*start),
            stop_at: stop.map(at),
            what,
        });
        let aired = in_order(slots.collect()).into_iter();
        aired
            .map(|aired| {
                (
                    aired.start_at.seconds(),
                    aired.stop_at.seconds(),
                    aired.what,
                )
            })
            .collect()
    }

    #[test]
    fn a_later_start_cuts_and_the_last_of_equals_wins() {
        assert_eq!(
            ordered(&[(10, Some(30)), (20, Some(40))]),
            [(10, 20, 0), (20, 40, 1)]
        );
        assert_eq!(
            ordered(&[(20, Some(40)), (10, Some(30))]),
            [(10, 20, 1), (20, 40, 0)]
        );
        assert_eq!(ordered(&[(10, Some(20)), (10, Some(15))]), [(10, 15, 1)]);
    }

    #[test]
    fn gaps_stay_and_missing_ends_are_the_next_start() {
        assert_eq!(
            ordered(&[(10, Some(15)), (20, None)]),
            [(10, 15, 0), (20, 3_620, 1)]
        );
        assert_eq!(
            ordered(&[(10, None), (20, Some(20))]),
            [(10, 20, 0), (20, 3_620, 1)]
        );
        assert_eq!(
            ordered(&[(10, Some(5)), (20, Some(30))]),
            [(10, 20, 0), (20, 30, 1)]
        );
    }

    proptest! {
        #[test]
        fn none_overlap(
            slots in prop::collection::vec((0..50i64, prop::option::of(0..60i64)), 0..20),
        ) {
            let ordered = ordered(&slots);
            for pair in ordered.windows(2) {
                prop_assert!(pair[0].0 < pair[0].1 && pair[0].1 <= pair[1].0, "{ordered:?}");
            }
        }
    }
}
