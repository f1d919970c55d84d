//! How indexes are counted: per block of ids, or per quarter of an hour. The keys of those counts.

use std::ops::Range;

use super::key::{instant, instant_of, trailing_number};
use super::tables::Table;
use crate::domain::values::time::Timestamp;

/// Ids share a block of a counted index per 1,024 numbers.
pub const BLOCK_BITS: u32 = 10;

/// Front part of the counts of one list of an index.
#[must_use]
pub fn counts_under(index: Table, front: &[u8]) -> Vec<u8> {
    let mut key = index.name().as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(front);
    key
}

/// The key of the block count that an entry of a counted index belongs to; `None` for keys too
/// short to hold a number.
#[must_use]
pub fn block_key(index: Table, entry: &[u8]) -> Option<Vec<u8>> {
    let front = entry.get(..entry.len().checked_sub(8)?)?;
    let mut key = counts_under(index, front);
    key.extend_from_slice(&(trailing_number(entry)? >> BLOCK_BITS).to_be_bytes());
    Some(key)
}

/// Entries of an index by time are counted in stretches of so many microseconds: days of every zone
/// begin with one.
const QUARTER_MICROS: i64 = 900_000_000;

/// When the quarter of an hour began in which an instant lies.
fn quarter(at: Timestamp) -> Timestamp {
    let over = at.micros().rem_euclid(QUARTER_MICROS);
    at.saturating_add_micros(over.saturating_neg())
}

/// A stretch as far as it is counted: both ends are moved back to where a quarter of an hour
/// begins.
#[must_use]
pub fn quarters(within: &Range<Timestamp>) -> Range<Timestamp> {
    quarter(within.start)..quarter(within.end)
}

/// The key of the count that an entry of an index by time belongs to; `None` for keys too short to
/// hold an instant and a number.
#[must_use]
pub fn quarter_key(index: Table, entry: &[u8]) -> Option<Vec<u8>> {
    let (front, tail) = entry.split_at_checked(entry.len().checked_sub(16)?)?;
    let mut key = counts_under(index, front);
    key.extend_from_slice(&instant(quarter(instant_of(tail)?)));
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{quarter_key, quarters};
    use crate::domain::values::time::Timestamp;
    use crate::store::key::instant;
    use crate::store::tables::Table;

    const OF: Table = Table::OrdersByDue;

    #[test]
    fn keys_that_hold_no_instant_have_no_count() {
        assert_eq!(quarter_key(OF, &[0; 15]), None);
        assert!(quarter_key(OF, &[128; 16]).is_some());
    }

    proptest! {
        /// An entry is counted within a stretch exactly if it lies there.
        #[test]
        fn counts_are_those_of_the_stretch(
            at in 0i64..4_000_000_000_000_000,
            from in 0i64..4_000_000_000_000_000,
            long in 0i64..9_000_000_000_000,
        ) {
            let instant_at = |micros: i64| Timestamp::from_micros(micros).unwrap();
            let within = quarters(&(instant_at(from)..instant_at(from + long)));
            let entry = [&instant(instant_at(at))[..], &7u64.to_be_bytes()].concat();
            let key = quarter_key(OF, &entry).unwrap();
            let end = |at: Timestamp| [b"orders_by_due\0".as_slice(), &instant(at)].concat();
            let counted = (end(within.start)..end(within.end)).contains(&key);
            prop_assert_eq!(counted, within.contains(&instant_at(at)));
        }
    }
}
