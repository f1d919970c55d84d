//! The operator's calendar: where a cycle begins and ends. The only file that uses `jiff`.
//!
//! Rules: cycles are counted from the anchor, never from the last date; month-ends are clamped
//! (31 Jan, 28 Feb, 31 Mar); the wall clock of the operator's zone is kept. A wall-clock time that
//! a change of the clocks skips moves forward by the gap; one that occurs twice is the first.

use std::ops::Range;

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
        money::to_shortest(self.0.into(), 3)
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

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
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

    /// The instant `days` calendar days before `from`, same wall-clock time.
    #[must_use]
    pub fn days_before(&self, from: Timestamp, days: u32) -> Option<Timestamp> {
        let span = Span::new().try_days(i64::from(days)).ok()?;
        self.moved(from, |local| local.checked_sub(span).ok())
    }

    /// Midnight at the start of a day written `2026-01-31`.
    #[must_use]
    pub fn day_start(&self, date: &str) -> Option<Timestamp> {
        let date: civil::Date = date.parse().ok()?;
        self.instant(date.at(0, 0, 0, 0))
    }

    /// When a day begins; of days beyond the calendar its first or its last instant.
    #[must_use]
    pub fn start_of(&self, date: LocalDate) -> Timestamp {
        let beyond = if date.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let epoch = civil::date(1970, 1, 1);
        let span = Span::new().try_days(i64::from(date.0)).ok();
        let day = span.and_then(|span| epoch.checked_add(span).ok());
        let start = day.and_then(|day| self.instant(day.at(0, 0, 0, 0)));
        start.unwrap_or(beyond)
    }

    /// From the beginning of the first to the end of the last of these days.
    #[must_use]
    pub fn days(&self, first: LocalDate, last: LocalDate) -> Range<Timestamp> {
        self.start_of(first)..self.start_of(LocalDate(last.0.saturating_add(1)))
    }

    /// The last time that the wall clock showed this full hour, at or before `at`.
    #[must_use]
    pub fn last_at_hour(&self, at: Timestamp, hour: i8) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
        let date = self.0.to_datetime(instant).date();
        let on = |date: civil::Date| {
            self.instant(date.to_datetime(civil::Time::new(hour, 0, 0, 0).ok()?))
        };
        let today = on(date)?;
        if today <= at {
            return Some(today);
        }
        on(date.yesterday().ok()?)
    }

    /// The first instant of the local month in which `at` lies.
    #[must_use]
    pub fn month_start(&self, at: Timestamp) -> Timestamp {
        let first = self.moved(at, |local| {
            Some(local.date().first_of_month().at(0, 0, 0, 0))
        });
        first.unwrap_or(at)
    }

    /// Where a local month such as `2026-01` begins and ends.
    #[must_use]
    pub fn month(&self, month: &str) -> Option<(Timestamp, Timestamp)> {
        let plain = month.len() == 7;
        let first: civil::Date = plain.then(|| format!("{month}-01").parse().ok())??;
        let next = first.checked_add(Span::new().months(1)).ok()?;
        let start = |date: civil::Date| self.instant(date.at(0, 0, 0, 0));
        start(first).zip(start(next))
    }

    /// An instant written as a wall clock shows it: `2026-01-31`, `2026/01/31`, with or without a
    /// time `10:00:00` behind a blank; without one the day's start is meant.
    #[must_use]
    pub fn parse_local(&self, text: &str) -> Option<Timestamp> {
        let (day, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let date: civil::Date = (day.len() == 10).then(|| day.replace('/', "-").parse().ok())??;
        let clock: civil::Time = (clock.len() == 8).then(|| clock.parse().ok())??;
        self.instant(date.to_datetime(clock))
    }

    /// As [`Zone::parse_local`], in every form that MySQL takes for an instant and that means one
    /// thing only: parts of fewer digits or without what stands between them, any sign there, `T`,
    /// hours alone, fractions of a second (rounded). With a zone of its own (`Z`, `+01:00`) the
    /// zone counts. `Some(None)`: never, which is nothing at all, a date of zeros, or one beyond
    /// the calendar. `None`: not understood.
    #[must_use]
    pub fn parse_loosely(&self, text: &str) -> Option<Option<Timestamp>> {
        let text = text.trim();
        let is_between = |c: char| c.is_ascii_punctuation() || matches!(c, ' ' | 'T');
        let is_zero = text.is_empty() || text.contains('0');
        if is_zero && text.chars().all(|c| c == '0' || is_between(c)) {
            return Some(None);
        }
        if let Some(instant) = Timestamp::parse(&text.replacen(' ', "T", 1)) {
            return Some(Some(instant));
        }
        let local = loose_instant(text)?;
        Some(self.instant(local))
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

/// A wall clock's instant as MySQL reads it; `None` where it is none, or might be several.
fn loose_instant(text: &str) -> Option<civil::DateTime> {
    let (whole, fraction) = match text.split_once('.') {
        // What stands behind a point may also be the month.
        Some((whole, rest)) if whole.len() >= COMPACT_BYTES && !rest.contains('.') => (whole, rest),
        _ => (text, ""),
    };
    if !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (day, clock) = whole
        .split_once(['T', ' '])
        .map_or((whole, ""), |(day, clock)| (day, clock.trim_start()));
    let (day, clock) = match day.split_at_checked(COMPACT_BYTES) {
        // `20260131100000`
        Some((front, rest)) if clock.is_empty() && rest.len() == 6 && is_digits(day) => {
            (front, rest)
        }
        _ => (day, clock),
    };
    let date = numbers(day, &[4, 2, 2])?;
    let [year, month, day] = <[i16; 3]>::try_from(date).ok()?;
    let mut time = if clock.is_empty() {
        Vec::new()
    } else {
        numbers(clock, &[2, 2, 2])?
    };
    if !fraction.is_empty() && time.len() < 3 {
        return None;
    }
    time.resize(3, 0);
    let [hour, minute, second] = <[i16; 3]>::try_from(time).ok()?;
    let small = |number: i16| i8::try_from(number).ok();
    let local = civil::DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let local = local.ok().filter(|_| second < 60)?;
    let rounds_up = fraction.bytes().next().is_some_and(|digit| digit >= b'5');
    local
        .checked_add(Span::new().seconds(i64::from(rounds_up)))
        .ok()
}

/// Digits of a day without anything between its parts.
const COMPACT_BYTES: usize = 8;

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers of a date or a time of day: of at most so many digits with a sign between them, the
/// first of a date of exactly four, or of all digits in one piece.
/// A date has three, a time one to three.
fn numbers(text: &str, widths: &[usize; 3]) -> Option<Vec<i16>> {
    let [first, ..] = *widths;
    let is_date = first == 4;
    let mut parts: Vec<&str> = Vec::with_capacity(3);
    if is_digits(text) && text.len() == widths.iter().sum::<usize>() {
        let mut rest = text;
        for width in widths {
            let (part, after) = rest.split_at_checked(*width)?;
            parts.push(part);
            rest = after;
        }
    } else {
        parts.extend(text.split(|c: char| c.is_ascii_punctuation()));
    }
    let count = if is_date { 3..=3 } else { 1..=3 };
    let fits = |(part, width): (&&str, &usize)| is_digits(part) && part.len() <= *width;
    let whole_year = !is_date || parts.first().is_some_and(|year| year.len() == 4);
    if !count.contains(&parts.len()) || !parts.iter().zip(widths).all(fits) || !whole_year {
        return None;
    }
    parts.iter().map(|part| part.parse().ok()).collect()
}

/// A day of the operator's calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalDate(i32);

impl LocalDate {
    /// Before every date.
    pub const MIN: Self = Self(i32::MIN);

    fn of(date: civil::Date) -> Self {
        let epoch = civil::date(1970, 1, 1);
        Self(epoch.until(date).map_or(0, |span| span.get_days()))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i32 {
        self.0
    }

    /// So many days since 1970-01-01.
    #[must_use]
    pub fn of_days(days: i32) -> Self {
        Self(days)
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
