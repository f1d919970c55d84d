//! Instants: microseconds of UTC. What a calendar makes of them stands in `calendar.rs`.
//!
//! Must not know the current time: `now` is always handed in.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant, in microseconds since 1970-01-01T00:00:00Z. Always within the years 1970 to 9999,
/// by the clock of some zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1969-12-31T00:00:00Z, when 1970 had begun elsewhere.
    pub const MIN: Timestamp = Timestamp(-86_400_000_000);
    /// 9999-12-31T23:59:59.999999Z
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999_999);

    /// `None` outside of [`Timestamp::MIN`] to [`Timestamp::MAX`].
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0)
            .contains(&micros)
            .then_some(Self(micros))
    }

    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// RFC 3339 with any offset; `None` for anything else and for years outside 1970 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The `time` parser also takes a space for the `T`, which RFC 3339 only mentions.
        if text.len() > 64 || text.as_bytes().get(10) == Some(&b' ') {
            return None;
        }
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        if !(1970..=9999).contains(&instant.year()) {
            return None;
        }
        let micros = i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000)).ok()?;
        // New Year's Eve of 9999 west of Greenwich: the last instant there is.
        Self::from_micros(micros.min(Self::MAX.0))
    }

    /// `2017-05-12T14:16:27.134Z`: UTC with milliseconds, rounded down.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        let instant = OffsetDateTime::from_unix_timestamp(self.seconds())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, clock) = (instant.date(), instant.time());
        let millis = self.0.rem_euclid(1_000_000).div_euclid(1_000);
        let mut text = String::with_capacity(24);
        // Shown in every answer, several times: digits one by one are several times quicker than
        // the formatter.
        let mut push = |number: u32, divisors: &[u32], after: &str| {
            for divisor in divisors {
                let digit = number
                    .checked_div(*divisor)
                    .unwrap_or(0)
                    .checked_rem(10)
                    .unwrap_or(0);
                text.push(char::from_digit(digit, 10).unwrap_or('0'));
            }
            text.push_str(after);
        };
        push(date.year().unsigned_abs(), &[1_000, 100, 10, 1], "-");
        push(u32::from(u8::from(date.month())), &[10, 1], "-");
        push(u32::from(date.day()), &[10, 1], "T");
        push(u32::from(clock.hour()), &[10, 1], ":");
        push(u32::from(clock.minute()), &[10, 1], ":");
        push(u32::from(clock.second()), &[10, 1], ".");
        push(u32::try_from(millis).unwrap_or(0), &[100, 10, 1], "Z");
        text
    }

    /// This instant moved by seconds, kept within the years 1970 to 9999.
    #[must_use]
    pub fn saturating_add_seconds(self, seconds: i64) -> Self {
        self.saturating_add_micros(seconds.saturating_mul(1_000_000))
    }

    /// As [`Timestamp::saturating_add_seconds`], by microseconds.
    #[must_use]
    pub fn saturating_add_micros(self, micros: i64) -> Self {
        let micros = self.0.saturating_add(micros);
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Whether this is what a caller reads who is shown `held`: some dialects have milliseconds,
    /// some whole seconds.
    #[must_use]
    pub fn is_as_read(self, held: Self) -> bool {
        let shown = |unit: i64| held.0.div_euclid(unit).saturating_mul(unit);
        self == held || self.0 == shown(1_000) || self.0 == shown(1_000_000)
    }

    /// What a date is that was `held` after a caller sent `asked`: one that is sent back as it was
    /// read stays as it is.
    #[must_use]
    pub fn after_input(held: Option<Self>, asked: Option<Option<Self>>) -> Option<Self> {
        match (held, asked) {
            (held, None) => held,
            (Some(held), Some(Some(at))) if at.is_as_read(held) => Some(held),
            (_, Some(asked)) => asked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn offsets_are_normalised_and_milliseconds_kept() {
        let at = Timestamp::parse("2017-05-12T16:16:27.134999+02:00").unwrap();
        assert_eq!(at.to_rfc3339_millis(), "2017-05-12T14:16:27.134Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2017-05-12",
            "2017-05-12 14:16:27Z",
            "2017-02-30T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2017-05-12T14:16:27",
            "now",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(millis in 0..=253_402_300_799_999i64) {
            let at = Timestamp::from_micros(millis * 1000).unwrap();
            prop_assert_eq!(Timestamp::parse(&at.to_rfc3339_millis()), Some(at));
        }

        #[test]
        fn fuzz_parse_never_panics(text in "\\PC*") {
            let _ = Timestamp::parse(&text);
        }
    }
}
