//! The operator's calendar: where a cycle begins and ends. The only file that uses `jiff`.
//!
//! Rules: cycles are counted from the anchor, never from the last date; month-ends are clamped
//! (31 Jan, 28 Feb, 31 Mar); the wall clock of the operator's zone is kept. A wall-clock time that
//! a change of the clocks skips moves forward by the gap; one that occurs twice is the first.

use jiff::Span;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::money;
use super::time::Timestamp;

/// The unit a term is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    Day,
    Month,
    Quarter,
    Year,
}

/// How many periods a cycle lasts, in thousandths: outside systems may say 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeriodCount(u32);

/// Most periods a cycle may last: 1,200 months are a hundred years.
pub const PERIODS_MAX: u32 = 1_200;

impl PeriodCount {
    pub const ZERO: PeriodCount = PeriodCount(0);

    /// `None` above [`PERIODS_MAX`].
    #[must_use]
    pub fn whole(count: u32) -> Option<Self> {
        (count <= PERIODS_MAX).then(|| Self(count.saturating_mul(1_000)))
    }

    /// A decimal text from 0 to [`PERIODS_MAX`] with at most three decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let thousandths = u32::try_from(money::scaled(text, 3)?).ok()?;
        (thousandths <= PERIODS_MAX.saturating_mul(1_000)).then_some(Self(thousandths))
    }

    #[must_use]
    pub fn to_decimal(self) -> String {
        money::to_shortest(i64::from(self.0), 3)
    }

    /// Whole periods for the calendar. A fraction counts as a whole period, so that nobody loses
    /// time they paid for, and only 0 means "no end".
    #[must_use]
    pub fn whole_periods(self) -> u32 {
        self.0.div_ceil(1_000)
    }
}

/// One cycle: `count` x `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    pub count: PeriodCount,
    pub period: Period,
}

/// The zone whose wall clock decides when a day, a month, a cycle ends.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// An IANA name such as `Europe/Berlin`, from the table that is built in.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        jiff::tz::db().get(name).ok().map(Self)
    }

    /// Start of cycle `cycle` (0-based) of an order that is anchored at `anchor`. `None` where the
    /// term has no end (count 0) or the answer would lie beyond the year 9999.
    #[must_use]
    pub fn cycle_start(&self, anchor: Timestamp, term: Term, cycle: u32) -> Option<Timestamp> {
        let count = term.count.whole_periods();
        if count == 0 {
            return None;
        }
        if cycle == 0 {
            // Also where the anchor is the second of two equal wall-clock times.
            return Some(anchor);
        }
        let steps = i64::from(count).checked_mul(i64::from(cycle))?;
        let span = match term.period {
            Period::Day => Span::new().try_days(steps),
            Period::Month => Span::new().try_months(steps),
            Period::Quarter => Span::new().try_months(steps.checked_mul(3)?),
            Period::Year => Span::new().try_years(steps),
        }
        .ok()?;
        self.moved(anchor, |local| local.checked_add(span).ok())
    }

    /// The instant `days` calendar days after `from`, same wall-clock time.
    #[must_use]
    pub fn days_after(&self, from: Timestamp, days: u32) -> Option<Timestamp> {
        let span = Span::new().try_days(i64::from(days)).ok()?;
        self.moved(from, |local| local.checked_add(span).ok())
    }

    /// Midnight at the start of a day written `2026-01-31`.
    #[must_use]
    pub fn day_start(&self, date: &str) -> Option<Timestamp> {
        let date: civil::Date = date.parse().ok()?;
        self.instant(date.at(0, 0, 0, 0))
    }

    /// The first instant of the local month in which `at` lies.
    #[must_use]
    pub fn month_start(&self, at: Timestamp) -> Timestamp {
        let first = self.moved(at, |local| {
            Some(local.date().first_of_month().at(0, 0, 0, 0))
        });
        first.unwrap_or(at)
    }

    /// An instant written as a wall clock shows it: `2026-01-31`, `2026/01/31`, with or without a time
    /// `10:00:00` behind a blank; without one the day's start is meant.
    #[must_use]
    pub fn parse_local(&self, text: &str) -> Option<Timestamp> {
        let (day, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let date: civil::Date = (day.len() == 10).then(|| day.replace('/', "-").parse().ok())??;
        let clock: civil::Time = (clock.len() == 8).then(|| clock.parse().ok())??;
        self.instant(date.to_datetime(clock))
    }

    /// `2026-01-31 10:00:00`, as the wall clock shows `instant`.
    #[must_use]
    pub fn local(&self, instant: Timestamp) -> String {
        let instant = jiff::Timestamp::from_microsecond(instant.micros()).unwrap_or_default();
        let local = self.0.to_datetime(instant);
        let (date, clock) = (local.date(), local.time());
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second()
        )
    }

    /// The day on which `instant` falls.
    #[must_use]
    pub fn date(&self, instant: Timestamp) -> LocalDate {
        let instant = jiff::Timestamp::from_microsecond(instant.micros()).unwrap_or_default();
        LocalDate::of(self.0.to_datetime(instant).date())
    }

    fn moved(
        &self,
        from: Timestamp,
        step: impl FnOnce(civil::DateTime) -> Option<civil::DateTime>,
    ) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(from.micros()).ok()?;
        self.instant(step(self.0.to_datetime(instant))?)
    }

    fn instant(&self, local: civil::DateTime) -> Option<Timestamp> {
        let instant = self.0.to_ambiguous_timestamp(local).compatible().ok()?;
        Timestamp::from_micros(instant.as_microsecond())
    }
}

/// A day of the operator's calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalDate(i32);

impl LocalDate {
    fn of(date: civil::Date) -> Self {
        let epoch = civil::date(1970, 1, 1);
        Self(epoch.until(date).map_or(0, |span| span.get_days()))
    }

    /// A date written `2026-01-31`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date: civil::Date = (text.len() == 10).then(|| text.parse().ok())??;
        Some(Self::of(date))
    }

    /// 0 for Monday to 6 for Sunday.
    #[must_use]
    pub fn weekday(self) -> usize {
        // 1970 began on a Thursday.
        let days = self.0.saturating_add(3).rem_euclid(7);
        usize::try_from(days).unwrap_or(0)
    }

    /// Days from `self` to `later`; negative if that is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i32 {
        later.0.saturating_sub(self.0)
    }
}

impl std::fmt::Display for LocalDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let epoch = civil::date(1970, 1, 1);
        let date = Span::new()
            .try_days(i64::from(self.0))
            .and_then(|span| epoch.checked_add(span));
        write!(f, "{}", date.unwrap_or(epoch))
    }
}

/// `true` once `instant` lies at or before `now`.
#[must_use]
pub fn has_passed(instant: Option<Timestamp>, now: Timestamp) -> bool {
    instant.is_some_and(|at| at <= now)
}
