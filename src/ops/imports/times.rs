//! When something begins, as guides write it: XMLTV's own form, ISO 8601, seconds since 1970; with
//! a zone as a difference or by its name, or in UTC.

use time::{Date, Month, Time};

use crate::domain::values::calendar::Zone;
use crate::domain::values::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;

/// Zones that guides name by letters, in minutes east of Greenwich. Of two with the same letters
/// the one that more guides mean.
const ZONES: &[(&str, i64)] = &[
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MESZ", 120),
    ("SAST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("GST", 240),
    ("SAMT", 240),
    ("PKT", 300),
    ("YEKT", 300),
    ("IST", 330),
    ("OMST", 360),
    ("ICT", 420),
    ("WIB", 420),
    ("KRAT", 420),
    ("NOVT", 420),
    ("SGT", 480),
    ("HKT", 480),
    ("AWST", 480),
    ("PHT", 480),
    ("IRKT", 480),
    ("JST", 540),
    ("KST", 540),
    ("YAKT", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("VLAT", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("BRT", -180),
    ("ART", -180),
    ("NDT", -150),
    ("NST", -210),
    ("ADT", -180),
    ("AST", -240),
    ("EDT", -240),
    ("EST", -300),
    ("CDT", -300),
    ("CST", -360),
    ("MDT", -360),
    ("MST", -420),
    ("PDT", -420),
    ("PST", -480),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
];

/// The instant that a text means; `None`: none that is certain.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let digits = digits_of(text);
    if text.len() == digits.len()
        && text.starts_with('1')
        && let Some(unit) = match digits.len() {
            10 => Some(1_000_000),
            13 => Some(1_000),
            _ => None,
        }
    {
        return Timestamp::from_micros(digits.parse::<i64>().ok()?.checked_mul(unit)?);
    }
    let (day, seconds, zone) = match digits.len() {
        4 if is_separated(text) => separated(text)?,
        4 | 6 | 8 | 10 | 12 | 14 => joined(text, digits)?,
        _ => return None,
    };
    placed(day, seconds, zone.trim())
}

fn digits_of(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// `2026-01`, and not `2026 -0100`.
fn is_separated(text: &str) -> bool {
    let mut signs = text.bytes().skip(4);
    let is_sign = signs.next().is_some_and(|sign| b"-/.".contains(&sign));
    let month: Vec<u8> = signs.take_while(u8::is_ascii_digit).collect();
    is_sign && matches!(month.len(), 1 | 2)
}

/// `YYYYMMDDhhmmss` or a leading part of it; `YYYYMMDDThhmmss`.
fn joined<'t>(text: &'t str, digits: &'t str) -> Option<(Date, i64, &'t str)> {
    let part = |from: usize, to: usize, otherwise: u16| match digits.get(from..to) {
        Some(part) => part.parse::<u16>().ok(),
        None => Some(otherwise),
    };
    let day = date(part(0, 4, 0)?, part(4, 6, 1)?, part(6, 8, 1)?)?;
    let rest = text.get(digits.len()..)?;
    let clock = rest.strip_prefix(['T', 't']).filter(|_| digits.len() == 8);
    if let Some(clock) = clock {
        let digits = digits_of(clock);
        let (seconds, rest) = if digits.len() == clock.find(':').unwrap_or(clock.len()) {
            clock_of(clock)?
        } else {
            (joined_clock(digits)?, clock.get(digits.len()..)?)
        };
        return Some((day, seconds, without_fraction(rest)));
    }
    let seconds = joined_clock(digits.get(8..).unwrap_or_default())?;
    Some((day, seconds, without_fraction(rest)))
}

fn joined_clock(digits: &str) -> Option<i64> {
    let part = |from: usize, to: usize| match digits.get(from..to) {
        Some(part) => part.parse::<u8>().ok(),
        None => Some(0),
    };
    if !matches!(digits.len(), 0 | 2 | 4 | 6) {
        return None;
    }
    clock(part(0, 2)?, part(2, 4)?, part(4, 6)?)
}

/// `2026-01-31 10:00:00`, with `T` between or nothing behind; also with `/` or `.`, and without
/// seconds.
fn separated(text: &str) -> Option<(Date, i64, &str)> {
    let sign = text.chars().nth(4)?;
    let (year, rest) = text.split_at_checked(4)?;
    let rest = rest.get(1..)?;
    let month = digits_of(rest);
    let rest = rest.get(month.len()..)?.strip_prefix(sign)?;
    let day = digits_of(rest);
    let rest = rest.get(day.len()..)?;
    let day = date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let clock = rest.strip_prefix(['T', 't', ' ']).map(str::trim_start);
    match clock.filter(|clock| clock.starts_with(|c: char| c.is_ascii_digit())) {
        Some(clock) => {
            let (seconds, rest) = clock_of(clock)?;
            Some((day, seconds, without_fraction(rest)))
        }
        None => Some((day, 0, rest)),
    }
}

/// `10:00:00`, `10:00` or `9`, and what follows.
fn clock_of(text: &str) -> Option<(i64, &str)> {
    let mut parts = [0u8; 3];
    let mut rest = text;
    for (at, part) in parts.iter_mut().enumerate() {
        if at > 0 {
            match rest.strip_prefix(':') {
                Some(after) => rest = after,
                None => break,
            }
        }
        let digits = digits_of(rest);
        *part = digits.parse().ok()?;
        rest = rest.get(digits.len()..)?;
    }
    let [hours, minutes, seconds] = parts;
    Some((clock(hours, minutes, seconds)?, rest))
}

fn without_fraction(text: &str) -> &str {
    match text.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text,
    }
}

fn date(year: u16, month: u16, day: u16) -> Option<Date> {
    let small = |number: u16| u8::try_from(number).ok();
    let month = Month::try_from(small(month)?).ok()?;
    Date::from_calendar_date(i32::from(year), month, small(day)?).ok()
}

/// Seconds since midnight. 24:00 is the end of the day, and a second may leap.
fn clock(hours: u8, minutes: u8, seconds: u8) -> Option<i64> {
    if (hours, minutes, seconds) == (24, 0, 0) {
        return Some(DAY_SECONDS);
    }
    let time = Time::from_hms(hours, minutes, seconds.min(59)).ok()?;
    let leap = i64::from(seconds == 60);
    if seconds > 60 {
        return None;
    }
    let (hours, minutes, seconds) = time.as_hms();
    let whole = i64::from(hours) * 3_600 + i64::from(minutes) * 60 + i64::from(seconds);
    Some(whole + leap)
}

/// A wall clock's time in a zone.
fn placed(day: Date, seconds: i64, zone: &str) -> Option<Timestamp> {
    let midnight = day.midnight().assume_utc().unix_timestamp();
    let local = midnight.checked_add(seconds)?;
    if let Some(minutes) = zone_minutes(zone) {
        let at = local.checked_sub(minutes.checked_mul(60)?)?;
        return Timestamp::from_micros(at.checked_mul(1_000_000)?);
    }
    // A place, whose clocks change with the season.
    let place = Some(zone).filter(|zone| zone.contains('/'))?;
    let wall = Timestamp::from_micros(local.checked_mul(1_000_000)?)?;
    let wall = wall.to_rfc3339_millis().replace('T', " ");
    Zone::parse(place)?.parse_local(wall.get(..19)?)
}

/// How far a zone lies east, in minutes: `+0100`, `+1`, `UTC+3`, `CET`, or nothing at all.
fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.is_empty() {
        return Some(0);
    }
    let zone = zone.trim_matches(['(', ')', '[', ']']);
    let known = |name: &str| {
        let mut known = ZONES.iter();
        let found = known.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, minutes)| *minutes)
    };
    if let Some(minutes) = known(zone) {
        return Some(minutes);
    }
    let at = zone.find(['+', '-', '\u{2212}'])?;
    let (name, rest) = zone.split_at_checked(at)?;
    // `UTC+3`; what stands before a difference is nothing else.
    if !name.is_empty() && known(name.trim()) != Some(0) {
        return None;
    }
    let mut rest = rest.chars();
    let sign = if rest.next()? == '+' { 1 } else { -1 };
    let rest = rest.as_str().trim();
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() > 2 => rest.split_at_checked(rest.len().checked_sub(2)?)?,
        None => (rest, "0"),
    };
    let is_number =
        |text: &str| matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then(|| sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::instant;
    use proptest::prelude::*;

    fn told(text: &str) -> Option<String> {
        instant(text).map(crate::domain::values::time::Timestamp::to_rfc3339_millis)
    }

    #[test]
    fn times_have_parts_and_zones() {
        for (text, at) in [
            ("20260131100000 +0100", "2026-01-31T09:00:00.000Z"),
            ("20260131100000", "2026-01-31T10:00:00.000Z"),
            ("202601311000-0530", "2026-01-31T15:30:00.000Z"),
            ("2026013110 CET", "2026-01-31T09:00:00.000Z"),
            ("20260131 +01:00", "2026-01-30T23:00:00.000Z"),
            ("202602", "2026-02-01T00:00:00.000Z"),
            ("2026", "2026-01-01T00:00:00.000Z"),
            // The hour that comes twice when summer ends.
            ("20261025023000 +0200", "2026-10-25T00:30:00.000Z"),
            ("20261025023000 +0100", "2026-10-25T01:30:00.000Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn other_forms_mean_the_same() {
        for (text, at) in [
            ("2026-12-01 20:00:00", "2026-12-01T20:00:00.000Z"),
            ("2026-12-01 20:00:00 +0100", "2026-12-01T19:00:00.000Z"),
            ("2026-12-01T20:00:00", "2026-12-01T20:00:00.000Z"),
            ("2026-12-01T20:00:00+01:00", "2026-12-01T19:00:00.000Z"),
            ("2026-12-01T20:00:00.123Z", "2026-12-01T20:00:00.000Z"),
            ("2026-12-01T20:00Z", "2026-12-01T20:00:00.000Z"),
            ("2026-12-01 20:00:00 EST", "2026-12-02T01:00:00.000Z"),
            ("2026/12/01 20:00", "2026-12-01T20:00:00.000Z"),
            ("2026-12-01", "2026-12-01T00:00:00.000Z"),
            ("2026-12-01 +0100", "2026-11-30T23:00:00.000Z"),
            ("20261206T200000Z", "2026-12-06T20:00:00.000Z"),
            ("20261206T20:00:00+02", "2026-12-06T18:00:00.000Z"),
            ("20261207200000 Europe/Paris", "2026-12-07T19:00:00.000Z"),
            ("20260707200000 Europe/Paris", "2026-07-07T18:00:00.000Z"),
            ("20261208200000 AEST", "2026-12-08T10:00:00.000Z"),
            ("20261209200000 +1", "2026-12-09T19:00:00.000Z"),
            ("20261210200000 UTC+3", "2026-12-10T17:00:00.000Z"),
            ("20261210200000 GMT-05:30", "2026-12-11T01:30:00.000Z"),
            ("20261211200000 -0330", "2026-12-11T23:30:00.000Z"),
            ("20261211200000 +530", "2026-12-11T14:30:00.000Z"),
            ("20261212240000 +0000", "2026-12-13T00:00:00.000Z"),
            ("20261213200000.000 +0000", "2026-12-13T20:00:00.000Z"),
            ("20261231235960 +0000", "2027-01-01T00:00:00.000Z"),
            ("1797000000", "2026-12-11T14:40:00.000Z"),
            ("1797000000000", "2026-12-11T14:40:00.000Z"),
            ("20261215200000 ", "2026-12-15T20:00:00.000Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "202601311",
            "20260231",
            "20260131250000",
            "20260131240001",
            "20260131 +9900",
            "20260131 XYZ",
            "20260131 Europe/Nowhere",
            "0001",
            "20260131 CET+1",
            "2026-13-01",
            "2026-12-01 20:61",
            "01.12.2026 20:00",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_times_never_panic(
            text in "[0-9]{0,15}[ T+-]?[0-9A-Z:/+-]{0,12}|\
                     [0-9]{4}[-/.][0-9:T .Z+-]{0,20}|\\PC{0,20}",
        ) {
            let _ = instant(&text);
        }
    }
}
