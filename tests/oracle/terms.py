#!/usr/bin/env python3
"""An independent oracle for the term arithmetic of orders.

Written from the rules alone, in another language and on another time zone
library than the program it judges. Python >= 3.9, standard library only.

    terms.py --write FILE [--seed S] [--cases N]   write N cases, one JSON object a line
    terms.py --check [FILE]                        self tests; then recompute FILE

Exit code: 0 all equal, 1 a difference or a failed self test, 2 a usage or
environment error.

The rules
---------
* An order has a start instant (UTC, milliseconds), the operator's IANA time
  zone, a duration (integer >= 0) and a period DAY | MONTH | QUARTER | YEAR.
* boundary(k), k = 0, 1, 2, ...: the start of cycle k. It is the anchor (the
  start, read as local wall-clock time) plus k x duration x period, always
  counted from the anchor and never from the previous boundary, then turned
  back into UTC.
    - DAY is a calendar day, QUARTER is 3 months, YEAR is 12 months.
    - Months clamp to the month's end: 31 Jan + 1 month = 28/29 Feb,
      31 Jan + 2 months = 31 Mar, 29 Feb + 1 year = 28 Feb.
    - The local time of day is kept, to the millisecond.
    - A local time that does not exist moves forward by the length of the gap
      (the offset from before the gap is used); one that exists twice is the
      earlier of the two.
    - duration 0 has no end: every boundary is null.
    - boundary(0) is the start itself: adding nothing never resolves the wall
      clock again. It matters only where the start lies in the second pass of a
      repeated hour; resolving again would put cycle 0 before the order exists.
* A result past the year 9999 (in UTC or in local time) is null, "overflow": true.
* ONE_TIME: expires = boundary(1), never a next billing cycle.
* RECURRING with c paid cycles: expires = next = boundary(c), except that next
  is null where numberOfBillingCycles N > 0 and c = N.

A line
------
zone, start_ms, duration, period, type     the order
cycles                                     c, the cycles paid so far (1 for ONE_TIME)
number_of_billing_cycles                   N, 0 = unlimited (ONE_TIME ignores it)
k, boundary_ms                             two lists of equal length
overflow                                   whether any result here is null for being past 9999
expires_ms, next_ms                        null = none

Which time zone data
--------------------
zoneinfo reads the system's database first (PYTHONTZPATH, /usr/share/zoneinfo)
and only then the `tzdata` package, so the release in use depends on the
machine: where the two differ, so may results. Up to 2037 the tables in the
files decide; beyond, the POSIX rule in the file's footer. A database without
footers (version 1 files) or a library that stops at its table would lose
daylight saving from 2038 on: the self tests look for that.

Zones whose rules changed lately, or whose future is a forecast, must not be
used beyond the years where all current releases agree. Here such zones carry
the end 2024 for starts and for every boundary:
    Africa/Casablanca   the Ramadan dates are forecasts up to 2087; AVOID past 2023
    Asia/Tehran         daylight saving abolished in 2022 (tzdb 2022b); the 1977-79
                        history was corrected in 2025b, so it starts in 1992
    America/Sao_Paulo   daylight saving abolished in 2019, its return is debated
    Pacific/Apia        daylight saving abolished in 2021 (tzdb 2021b)
The others run on: UTC and Asia/Kathmandu have no daylight saving;
Europe/Berlin, Europe/Dublin, America/New_York, America/St_Johns,
Australia/Lord_Howe and Pacific/Chatham have had today's rule since 2011 or
longer. tzdb 2023c or later is needed.
"""

import argparse
import calendar
import json
import os
import random
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
MS = timedelta(milliseconds=1)
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
PERIODS = ("DAY", "MONTH", "QUARTER", "YEAR")
MAX_YEAR = 9999
MAX_ORDINAL = date.max.toordinal()
MAX_MS = (datetime.max - EPOCH) // MS
MAX_K = 8

# zone, first year of a start, first year that no instant may reach (None: open)
ZONES = (
    ("UTC", 1971, None),
    ("Europe/Berlin", 1971, None),
    ("Europe/Dublin", 1972, None),  # winter time is the "daylight saving", -1 h
    ("America/New_York", 1971, None),
    ("America/St_Johns", 1971, None),  # changes at 00:01 until 2011; by two hours in 1988
    ("Asia/Kathmandu", 1971, None),  # a 15-minute gap at New Year 1986
    ("Australia/Lord_Howe", 1971, None),  # 30-minute daylight saving
    ("Pacific/Chatham", 1976, None),  # changes at 02:45
    ("Pacific/Apia", 1971, 2024),  # no 2011-12-30
    ("America/Sao_Paulo", 1971, 2024),  # gaps at midnight
    ("Africa/Casablanca", 1985, 2024),
    ("Asia/Tehran", 1992, 2024),  # gaps at midnight
)
LAST_START_YEAR = 2090


# ---------------------------------------------------------------- the rules

class Overflow(Exception):
    """A result past the year 9999."""


def to_wall(zone, ms):
    """The naive local time that clocks of `zone` show at the instant."""
    utc = (EPOCH + ms * MS).replace(tzinfo=timezone.utc)
    return utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def to_instant(zone, wall):
    """The instant of a naive local time.

    Arithmetic between aware datetimes of one zone is arithmetic on the wall
    clock in Python, so only the offset is taken from zoneinfo and the rest is
    done on naive values. With fold=0 the offset is the one from before the
    change both in a gap (the time moves forward by the gap) and in an overlap
    (the earlier instant): just the two rules wanted.
    """
    assert wall.tzinfo is None
    offset = wall.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    # in integers: the instant may lie outside what datetime can hold
    ms = (wall - EPOCH) // MS - offset // MS
    if ms > MAX_MS:
        raise Overflow
    return ms


def add_civil(wall, n, period):
    """(year, month, day) of wall + n periods; the year may be beyond 9999."""
    if period == "DAY":
        ordinal = wall.toordinal() + n
        if ordinal > MAX_ORDINAL:
            raise Overflow
        d = date.fromordinal(ordinal)
        return d.year, d.month, d.day
    months = wall.year * 12 + (wall.month - 1) + n * MONTHS[period]
    year, month = months // 12, months % 12 + 1
    if year > MAX_YEAR:
        raise Overflow
    return year, month, min(wall.day, calendar.monthrange(year, month)[1])


def boundary(zone, start_ms, duration, period, k):
    """Start of cycle k in ms; None without an end; raises Overflow."""
    if duration == 0:
        return None
    if k == 0:
        return start_ms
    wall = to_wall(zone, start_ms)
    year, month, day = add_civil(wall, k * duration, period)
    return to_instant(zone, wall.replace(year=year, month=month, day=day))


def answer(order):
    """The results of a case, from its inputs."""
    overflow = False

    def at(k):
        nonlocal overflow
        try:
            return boundary(order["zone"], order["start_ms"], order["duration"], order["period"], k)
        except Overflow:
            overflow = True
            return None

    bounds = [at(k) for k in order["k"]]
    if order["type"] == "ONE_TIME":
        expires, following = at(1), None
    else:
        paid, total = order["cycles"], order["number_of_billing_cycles"]
        expires = at(paid)
        following = None if total > 0 and paid == total else expires
    return {"boundary_ms": bounds, "overflow": overflow, "expires_ms": expires, "next_ms": following}


INPUTS = ("zone", "start_ms", "duration", "period", "type", "cycles", "number_of_billing_cycles", "k")
RESULTS = ("boundary_ms", "overflow", "expires_ms", "next_ms")


# ------------------------------------------------------------ clock changes

def offset_at(zone, ms):
    """UTC offset in ms at an instant."""
    utc = (EPOCH + ms * MS).replace(tzinfo=timezone.utc)
    return utc.astimezone(ZoneInfo(zone)).utcoffset() // MS


def year_ms(year):
    return (datetime(year, 1, 1) - EPOCH) // MS


_changes = {}


def changes(zone, first, last):
    """[(instant, offset before, offset after)] of the years first..last-1, found by search."""
    key = (zone, first, last)
    if key not in _changes:
        found, step = [], 86_400_000
        lo, stop = year_ms(first), year_ms(last)
        before = offset_at(zone, lo)
        while lo < stop:
            hi = min(lo + step, stop)
            after = offset_at(zone, hi)
            if after != before:
                a, b = lo, hi
                while b - a > 1:
                    mid = (a + b) // 2
                    if offset_at(zone, mid) == before:
                        a = mid
                    else:
                        b = mid
                found.append((b, before, after))
            lo, before = hi, after
        _changes[key] = found
    return _changes[key]


# --------------------------------------------------------------- the writer

class Dice:
    """Only random(), whose sequence Python promises to keep for a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def int(self, lo, hi):
        return lo + int(self.random() * (hi - lo + 1))

    def pick(self, items):
        return items[self.int(0, len(items) - 1)]

    def chance(self, p):
        return self.random() < p


def near_edge(wall, n, period):
    """Within three days of the end of 9999, where libraries draw the line
    differently (by local or UTC date, or a day or two early): left out."""
    if period == "DAY":
        return abs(wall.toordinal() + n - MAX_ORDINAL) <= 3
    months = wall.year * 12 + (wall.month - 1) + n * MONTHS[period]
    if months == MAX_YEAR * 12 + 11:
        return wall.day >= 28
    return months == (MAX_YEAR + 1) * 12 and wall.day <= 4


def usable(order, end, k):
    """May this k be in the file? Not past the zone's end, not at the edge of 9999."""
    if order["duration"] == 0:
        return k > 0
    wall = to_wall(order["zone"], order["start_ms"])
    if near_edge(wall, k * order["duration"], order["period"]):
        return False
    try:
        ms = boundary(order["zone"], order["start_ms"], order["duration"], order["period"], k)
    except Overflow:
        return end is None
    return end is None or ms < year_ms(end) - 2 * 86_400_000


def make_term(dice, small):
    """(duration, period)"""
    period = dice.pick(("MONTH", "MONTH", "MONTH", "DAY", "DAY", "QUARTER", "YEAR"))
    if small or dice.chance(0.75):
        duration = dice.pick({
            "DAY": (1, 1, 2, 3, 7, 10, 14, 28, 30, 31, 60, 90, 365),
            "MONTH": (1, 1, 1, 1, 2, 3, 5, 6, 11, 12, 13),
            "QUARTER": (1, 1, 1, 2, 3, 4),
            "YEAR": (1, 1, 1, 2, 3, 4),
        }[period])
    else:
        duration = dice.int(1, {"DAY": 800, "MONTH": 60, "QUARTER": 20, "YEAR": 12}[period])
    return duration, period


def time_of_day(dice):
    """Milliseconds after midnight: often midnight, often the small hours."""
    roll = dice.random()
    if roll < 0.3:
        return 0
    if roll < 0.4:
        return dice.pick((1, 999, 1_000, 59_999, 60_000, 86_399_000, 86_399_999))
    if roll < 0.7:
        return dice.int(0, 16) * 900_000  # quarters of an hour, 00:00 to 04:00
    return dice.int(0, 86_399_999)


def start_calendar(dice, first, last):
    """A wall-clock start on a day that matters."""
    year, roll = dice.int(first, last), dice.random()
    month = dice.int(1, 12)
    if roll < 0.15:
        leap = [y for y in range(first, last + 1) if calendar.isleap(y)]
        year, month, day = dice.pick(leap), 2, 29
    elif roll < 0.75:
        day = min(dice.int(28, 31), calendar.monthrange(year, month)[1])
    else:
        day = dice.int(1, calendar.monthrange(year, month)[1])
    return datetime(year, month, day) + time_of_day(dice) * MS


def wall_in_change(dice, change):
    """A wall-clock time in, or on the rim of, a gap or an overlap."""
    instant, before, after = change
    low, high = instant + min(before, after), instant + max(before, after)
    roll = dice.random()
    if roll < 0.5:
        ms = dice.int(low, high - 1)
    else:
        ms = dice.pick((low - 1, low, low + 1, (low + high) // 2, high - 1, high, high + 1))
    return EPOCH + ms * MS


def anchor_before(dice, target, n, period):
    """A wall-clock anchor whose boundary n periods on is `target`, or None."""
    if period == "DAY":
        return target - timedelta(days=n)
    months = target.year * 12 + (target.month - 1) - n * MONTHS[period]
    year, month = months // 12, months % 12 + 1
    if year < 1971:
        return None
    length = calendar.monthrange(year, month)[1]
    day = target.day
    if day == calendar.monthrange(target.year, target.month)[1] and length > day and dice.chance(0.6):
        day = length  # arrives at the change by clamping
    if day > length:
        return None
    return target.replace(year=year, month=month, day=day)


def make_case(dice):
    """One case, or None where the dice did not fit together."""
    zone, first, end = dice.pick(ZONES)
    last = LAST_START_YEAR if end is None else end - 1
    aimed = None
    duration, period = make_term(dice, small=end is not None)
    roll = dice.random()
    known = changes(zone, first, 2100 if end is None else end)
    if zone == "Pacific/Apia" and dice.chance(0.35):
        known = [c for c in known if c[2] - c[1] > 12 * 3_600_000]  # the skipped day
    if known and roll < 0.35:  # a boundary in a change
        target = wall_in_change(dice, dice.pick(known))
        most = max(1, (target.year - first) * 365 // {"DAY": 1, "MONTH": 31, "QUARTER": 92, "YEAR": 366}[period] // duration)
        aimed = dice.int(1, min(most, dice.pick((3, 12, 120, 1200))))
        wall = anchor_before(dice, target, aimed * duration, period)
        if wall is None or not first <= wall.year <= last:
            return None
        start = to_instant(zone, wall)
    elif known and roll < 0.55:  # the start in a change, either pass of an overlap
        instant, before, after = dice.pick(known)
        width = abs(after - before)
        start = instant + dice.pick((-width, -width // 2, -1, 0, 1, width // 2, width - 1, width, dice.int(-width, width)))
    else:
        start = to_instant(zone, start_calendar(dice, first, last))
    if not first <= to_wall(zone, start).year <= last or start < 0:
        return None

    if aimed is None:
        if dice.chance(0.04):
            duration = 0
        elif end is None and dice.chance(0.05):  # far beyond the calendar
            duration = dice.pick({
                "DAY": (1_000_000, 2_900_000, 3_652_059, 2_147_483_647),
                "MONTH": (9_999, 95_000, 120_000, 2_147_483_647),
                "QUARTER": (3_333, 31_000, 40_000, 2_147_483_647),
                "YEAR": (100, 1_000, 7_900, 8_100, 2_147_483_647),
            }[period])

    order = {"zone": zone, "start_ms": start, "duration": duration, "period": period}
    if not usable(order, end, 1):
        return None
    kind = "ONE_TIME" if dice.chance(0.25) else "RECURRING"
    paid, total = 1, 0
    if kind == "RECURRING":
        if dice.chance(0.6):
            paid = aimed if aimed and dice.chance(0.5) else dice.int(1, dice.pick((2, 12, 60, 1200)))
        roll = dice.random()
        if roll < 0.25:
            total = paid
        elif roll < 0.5:
            total = paid + dice.pick((1, 1, 2, 12, 100))
    elif dice.chance(0.2):
        total = dice.pick((1, 1, 2, 12))  # without a meaning for ONE_TIME
    if not usable(order, end, paid):
        return None

    ks = {1, paid} | ({aimed} if aimed else set())
    if usable(order, end, 0):
        ks.add(0)
    for _ in range(60):
        if len(ks) == MAX_K:
            break
        k = dice.int(0, dice.pick((4, 13, 50, 120, 400, 1200, 1200)))
        if usable(order, end, k):
            ks.add(k)
    order.update(type=kind, cycles=paid, number_of_billing_cycles=total, k=sorted(ks))
    return order


def write(path, seed, count):
    dice, lines = Dice(seed), []
    while len(lines) < count:
        order = make_case(dice)
        if order is not None:
            lines.append(json.dumps({**order, **answer(order)}, separators=(",", ":")))
    with open(path, "w", encoding="ascii", newline="\n") as f:
        f.write("".join(line + "\n" for line in lines))
    print(f"{path}: {count} cases, {os.path.getsize(path)} bytes")


# -------------------------------------------------------------- the checker

def is_int(v):
    return isinstance(v, int) and not isinstance(v, bool)


def malformed(case):
    """What is wrong with the inputs of a line, or None."""
    if not isinstance(case, dict):
        return "not an object"
    if set(case) != set(INPUTS + RESULTS):
        return f"fields {sorted(set(case) ^ set(INPUTS + RESULTS))} missing or unknown"
    if not isinstance(case["zone"], str):
        return "zone"
    if not is_int(case["start_ms"]) or not 0 <= case["start_ms"] <= MAX_MS - 2 * 86_400_000:
        return "start_ms"
    if not is_int(case["duration"]) or case["duration"] < 0:
        return "duration"
    if case["period"] not in PERIODS:
        return "period"
    if case["type"] not in ("ONE_TIME", "RECURRING"):
        return "type"
    paid, total = case["cycles"], case["number_of_billing_cycles"]
    if not is_int(paid) or paid < 1 or (case["type"] == "ONE_TIME" and paid != 1):
        return "cycles"
    if not is_int(total) or total < 0 or (case["type"] == "RECURRING" and 0 < total < paid):
        return "number_of_billing_cycles"
    ks = case["k"]
    if not isinstance(ks, list) or not ks or not all(is_int(k) and k >= 0 for k in ks):
        return "k"
    return None


def check_file(path):
    """Number of lines that differ; names the first five."""
    bad = seen = 0

    def report(number, text):
        nonlocal bad
        bad += 1
        if bad <= 5:
            print(f"{path}:{number}: {text}", file=sys.stderr)

    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            seen += 1
            try:
                case = json.loads(line)
            except ValueError as e:
                report(number, f"not JSON: {e}")
                continue
            wrong = malformed(case)
            if wrong:
                report(number, f"malformed: {wrong}")
                continue
            try:
                want = answer(case)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError) as e:
                report(number, f"zone {case['zone']!r}: {e}")
                continue
            got = {name: case[name] for name in RESULTS}
            # compared as text: true is not 1 and 1.0 is not 1
            diff = [n for n in RESULTS if json.dumps(got[n]) != json.dumps(want[n])]
            if diff:
                head = f"{case['zone']} {case['start_ms']} + {case['duration']} {case['period']}"
                report(number, head + "".join(f"; {n}: file {got[n]}, oracle {want[n]}" for n in diff))
    if seen == 0:
        report(0, "no cases")
    print(f"{path}: {seen} cases, {bad} differ")
    return bad


# -------------------------------------------------------------- self tests

# Worked out by hand: zone, start, duration, period, {k: boundary}. All instants
# in UTC, None: no end, "over": past 9999.
KNOWN = (
    # -- month ends and leap years
    ("UTC", "2023-01-31T00:00:00Z", 1, "MONTH", {
        0: "2023-01-31T00:00:00Z", 1: "2023-02-28T00:00:00Z", 2: "2023-03-31T00:00:00Z",
        3: "2023-04-30T00:00:00Z", 12: "2024-01-31T00:00:00Z", 13: "2024-02-29T00:00:00Z",
        1200: "2123-01-31T00:00:00Z"}),
    ("UTC", "2024-01-31T08:15:30.123Z", 1, "MONTH", {1: "2024-02-29T08:15:30.123Z", 2: "2024-03-31T08:15:30.123Z"}),
    ("UTC", "2024-01-30T00:00:00Z", 1, "MONTH", {1: "2024-02-29T00:00:00Z", 13: "2025-02-28T00:00:00Z", 14: "2025-03-30T00:00:00Z"}),
    ("UTC", "2024-02-29T00:00:00Z", 1, "MONTH", {1: "2024-03-29T00:00:00Z", 12: "2025-02-28T00:00:00Z", 48: "2028-02-29T00:00:00Z"}),
    ("UTC", "2024-02-29T00:00:00Z", 1, "YEAR", {1: "2025-02-28T00:00:00Z", 3: "2027-02-28T00:00:00Z", 4: "2028-02-29T00:00:00Z"}),
    ("UTC", "2088-02-29T06:00:00Z", 4, "YEAR", {1: "2092-02-29T06:00:00Z", 3: "2100-02-28T06:00:00Z", 4: "2104-02-29T06:00:00Z"}),
    ("UTC", "2000-02-29T00:00:00Z", 1, "YEAR", {100: "2100-02-28T00:00:00Z", 400: "2400-02-29T00:00:00Z"}),
    ("UTC", "2023-08-31T00:00:00Z", 1, "QUARTER", {1: "2023-11-30T00:00:00Z", 2: "2024-02-29T00:00:00Z", 3: "2024-05-31T00:00:00Z", 6: "2025-02-28T00:00:00Z"}),
    ("UTC", "2015-12-31T23:59:59.999Z", 2, "MONTH", {1: "2016-02-29T23:59:59.999Z", 2: "2016-04-30T23:59:59.999Z", 7: "2017-02-28T23:59:59.999Z"}),
    ("UTC", "2023-12-31T00:00:00Z", 1, "DAY", {1: "2024-01-01T00:00:00Z", 60: "2024-02-29T00:00:00Z", 366: "2024-12-31T00:00:00Z"}),
    ("UTC", "2099-12-01T00:00:00Z", 30, "DAY", {1: "2099-12-31T00:00:00Z", 3: "2100-03-01T00:00:00Z"}),
    ("UTC", "1971-01-31T00:00:00Z", 13, "MONTH", {1: "1972-02-29T00:00:00Z", 2: "1973-03-31T00:00:00Z"}),
    # -- no end, and past the end of the calendar
    ("UTC", "2024-01-31T00:00:00Z", 0, "MONTH", {0: None, 1: None, 1200: None}),
    ("UTC", "2000-01-01T00:00:00Z", 7999, "YEAR", {1: "9999-01-01T00:00:00Z", 2: "over"}),
    ("UTC", "2000-01-01T00:00:00Z", 8000, "YEAR", {0: "2000-01-01T00:00:00Z", 1: "over"}),
    ("UTC", "2000-06-15T00:00:00Z", 1, "QUARTER", {31998: "9999-12-15T00:00:00Z", 31999: "over"}),
    ("UTC", "9999-12-01T00:00:00Z", 1, "DAY", {20: "9999-12-21T00:00:00Z", 31: "over"}),
    ("Asia/Kathmandu", "2024-01-01T00:00:00Z", 2147483647, "DAY", {1: "over", 1200: "over"}),
    # -- Berlin: local months, 23 and 25 hour days, gap and overlap
    ("Europe/Berlin", "2024-01-30T23:30:00Z", 1, "MONTH", {  # 31 Jan 00:30 there
        1: "2024-02-28T23:30:00Z", 2: "2024-03-30T23:30:00Z", 3: "2024-04-29T22:30:00Z"}),
    ("Europe/Berlin", "2024-01-31T01:30:00Z", 1, "MONTH", {  # 02:30; a gap on 31 Mar
        1: "2024-02-29T01:30:00Z", 2: "2024-03-31T01:30:00Z", 3: "2024-04-30T00:30:00Z"}),
    ("Europe/Berlin", "2024-03-30T11:00:00Z", 1, "DAY", {1: "2024-03-31T10:00:00Z", 2: "2024-04-01T10:00:00Z"}),
    ("Europe/Berlin", "2024-10-26T10:00:00Z", 1, "DAY", {1: "2024-10-27T11:00:00Z"}),
    ("Europe/Berlin", "2024-09-27T00:30:00Z", 30, "DAY", {1: "2024-10-27T00:30:00Z", 2: "2024-11-26T01:30:00Z"}),
    ("Europe/Berlin", "2024-10-27T01:30:00Z", 1, "DAY", {  # starts in the second 02:30
        0: "2024-10-27T01:30:00Z", 1: "2024-10-28T01:30:00Z"}),
    ("Europe/Berlin", "2024-02-29T01:00:00Z", 1, "MONTH", {1: "2024-03-29T01:00:00Z", 2: "2024-04-29T00:00:00Z"}),
    ("Europe/Berlin", "2024-02-29T01:00:00Z", 31, "DAY", {1: "2024-03-31T01:00:00Z"}),  # 02:00, the gap's first moment
    ("Europe/Berlin", "2024-02-29T02:00:00Z", 31, "DAY", {1: "2024-03-31T01:00:00Z"}),  # 03:00, the first after it
    ("Europe/Berlin", "2090-01-31T11:00:00Z", 6, "MONTH", {1: "2090-07-31T10:00:00Z", 2: "2091-01-31T11:00:00Z"}),
    ("Europe/Berlin", "2024-07-01T10:00:00Z", 7975, "YEAR", {1: "9999-07-01T10:00:00Z"}),
    # -- New York
    ("America/New_York", "2024-02-10T07:30:00Z", 1, "MONTH", {1: "2024-03-10T07:30:00Z", 2: "2024-04-10T06:30:00Z"}),
    ("America/New_York", "2024-10-03T05:30:00Z", 1, "MONTH", {1: "2024-11-03T05:30:00Z", 2: "2024-12-03T06:30:00Z"}),
    ("America/New_York", "2024-01-01T04:00:00Z", 1, "MONTH", {  # 31 Dec 23:00 there
        1: "2024-02-01T04:00:00Z", 2: "2024-03-01T04:00:00Z", 4: "2024-05-01T03:00:00Z"}),
    ("America/New_York", "2023-11-05T06:30:00Z", 1, "YEAR", {  # starts in the second 01:30
        0: "2023-11-05T06:30:00Z", 1: "2024-11-05T06:30:00Z", 5: "2028-11-05T05:30:00Z"}),
    ("America/New_York", "2060-01-15T17:00:00Z", 6, "MONTH", {1: "2060-07-15T16:00:00Z"}),
    # -- Dublin, whose winter time is the exception
    ("Europe/Dublin", "2024-01-31T01:30:00Z", 1, "MONTH", {2: "2024-03-31T01:30:00Z", 3: "2024-04-30T00:30:00Z"}),
    ("Europe/Dublin", "2024-07-15T12:00:00Z", 6, "MONTH", {1: "2025-01-15T13:00:00Z"}),
    # -- St John's, 00:01 -> 01:01
    ("America/St_Johns", "2010-02-14T04:00:00Z", 1, "MONTH", {1: "2010-03-14T04:00:00Z", 2: "2010-04-14T03:00:00Z"}),
    # -- Kathmandu, 15 minutes at New Year 1986
    ("Asia/Kathmandu", "1985-11-30T18:35:00Z", 1, "MONTH", {1: "1985-12-31T18:35:00Z", 2: "1986-01-31T18:20:00Z"}),
    # -- Lord Howe, half an hour
    ("Australia/Lord_Howe", "2023-08-31T15:45:00Z", 1, "MONTH", {1: "2023-09-30T15:45:00Z", 2: "2023-10-31T15:15:00Z"}),
    ("Australia/Lord_Howe", "2024-03-06T14:45:00Z", 1, "MONTH", {1: "2024-04-06T14:45:00Z", 2: "2024-05-06T15:15:00Z"}),
    ("Australia/Lord_Howe", "2024-04-06T01:00:00Z", 1, "DAY", {1: "2024-04-07T01:30:00Z"}),
    ("Australia/Lord_Howe", "2023-09-30T01:30:00Z", 1, "DAY", {1: "2023-10-01T01:00:00Z"}),
    # -- Chatham, 02:45 -> 03:45
    ("Pacific/Chatham", "2023-08-23T14:15:00Z", 1, "MONTH", {1: "2023-09-23T14:15:00Z", 2: "2023-10-23T13:15:00Z"}),
    ("Pacific/Chatham", "2024-03-06T13:15:00Z", 1, "MONTH", {1: "2024-04-06T13:15:00Z", 2: "2024-05-06T14:15:00Z"}),
    # -- Apia: there was no 30 Dec 2011, so cycle 1 has no length
    ("Pacific/Apia", "2011-12-29T20:00:00Z", 1, "DAY", {
        1: "2011-12-30T20:00:00Z", 2: "2011-12-30T20:00:00Z", 3: "2011-12-31T20:00:00Z"}),
    ("Pacific/Apia", "2011-11-30T20:00:00Z", 1, "MONTH", {1: "2011-12-30T20:00:00Z", 2: "2012-01-29T20:00:00Z"}),
    ("Pacific/Apia", "2011-10-31T10:00:00Z", 1, "MONTH", {  # 31 Oct 00:00 there
        1: "2011-11-30T10:00:00Z", 2: "2011-12-30T10:00:00Z", 3: "2012-01-30T10:00:00Z"}),
    # -- Sao Paulo, at midnight both ways
    ("America/Sao_Paulo", "2018-10-04T03:00:00Z", 1, "MONTH", {1: "2018-11-04T03:00:00Z", 2: "2018-12-04T02:00:00Z"}),
    ("America/Sao_Paulo", "2018-01-18T01:30:00Z", 1, "MONTH", {1: "2018-02-18T01:30:00Z", 2: "2018-03-18T02:30:00Z"}),
    # -- Casablanca, back for Ramadan
    ("Africa/Casablanca", "2023-03-23T02:30:00Z", 1, "MONTH", {1: "2023-04-23T02:30:00Z", 2: "2023-05-23T01:30:00Z"}),
    ("Africa/Casablanca", "2023-02-19T01:30:00Z", 1, "MONTH", {1: "2023-03-19T01:30:00Z"}),
    # -- Tehran, a gap at midnight, then no daylight saving any more
    ("Asia/Tehran", "2022-02-21T21:00:00Z", 1, "MONTH", {1: "2022-03-21T21:00:00Z", 2: "2022-04-21T20:00:00Z"}),
    ("Asia/Tehran", "2022-06-22T07:30:00Z", 1, "YEAR", {1: "2023-06-22T08:30:00Z"}),
)

# zone, start, duration, period, type, c, N, expires, next
KNOWN_ORDERS = (
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "ONE_TIME", 1, 0, "2024-02-29T00:00:00Z", None),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "ONE_TIME", 1, 12, "2024-02-29T00:00:00Z", None),
    ("UTC", "2024-01-31T00:00:00Z", 0, "MONTH", "ONE_TIME", 1, 0, None, None),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "RECURRING", 1, 0, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "RECURRING", 2, 0, "2024-03-31T00:00:00Z", "2024-03-31T00:00:00Z"),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "RECURRING", 2, 3, "2024-03-31T00:00:00Z", "2024-03-31T00:00:00Z"),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "RECURRING", 3, 3, "2024-04-30T00:00:00Z", None),
    ("UTC", "2024-01-31T00:00:00Z", 1, "MONTH", "RECURRING", 1, 1, "2024-02-29T00:00:00Z", None),
    ("UTC", "2024-01-31T00:00:00Z", 0, "DAY", "RECURRING", 1, 0, None, None),
    ("Europe/Berlin", "2024-01-31T01:30:00Z", 1, "MONTH", "RECURRING", 2, 0, "2024-03-31T01:30:00Z", "2024-03-31T01:30:00Z"),
    ("UTC", "2024-01-31T00:00:00Z", 8000, "YEAR", "RECURRING", 1, 0, "over", "over"),
    ("UTC", "2024-01-31T00:00:00Z", 8000, "YEAR", "ONE_TIME", 1, 0, "over", None),
)


def parse(text):
    """ms of an instant written as above; None stays None."""
    if text is None:
        return None
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if "." in text else "%Y-%m-%dT%H:%M:%SZ"
    return (datetime.strptime(text, form) - EPOCH) // MS


def show(ms):
    return str(ms) if not is_int(ms) else (EPOCH + ms * MS).isoformat(timespec="milliseconds") + "Z"


def resolve_by_search(zone, wall, change):
    """The instant of a wall-clock time near a change, by another way: ask every
    offset in use whether clocks at that instant really show the time."""
    instant, before, after = change
    ms = (wall - EPOCH) // MS
    real = sorted(ms - off for off in {before, after} if offset_at(zone, ms - off) == off)
    if real:
        return real[0]
    moved = ms + (after - before)  # forward by the length of the gap
    return moved - after


def self_test():
    """Number of failures."""
    bad = done = 0

    def same(what, got, want):
        nonlocal bad, done
        done += 1
        if got != want:
            bad += 1
            if bad <= 20:
                print(f"self test: {what}: got {show(got)}, want {show(want)}", file=sys.stderr)

    for zone, start, duration, period, wants in KNOWN:
        for k, want in wants.items():
            try:
                got = boundary(zone, parse(start), duration, period, k)
            except Overflow:
                got = "over"
            same(f"{zone} {start} + {k} x {duration} {period}", got, want if want == "over" else parse(want))

    for zone, start, duration, period, kind, paid, total, expires, following in KNOWN_ORDERS:
        got = answer({"zone": zone, "start_ms": parse(start), "duration": duration, "period": period, "type": kind,
                      "cycles": paid, "number_of_billing_cycles": total, "k": [0]})
        what = f"{kind} {zone} {start} {duration} {period}, {paid} of {total}"
        same(what + ": overflow", got["overflow"], expires == "over")
        same(what + ": expires", got["expires_ms"], None if expires == "over" else parse(expires))
        same(what + ": next", got["next_ms"], None if following == "over" else parse(following))
    by_hand = done

    # every clock change of every zone, around and inside: the two ways agree
    for zone, first, end in ZONES:
        for change in changes(zone, first, 2100 if end is None else end):
            instant, before, after = change
            width = abs(after - before)
            for base in (instant + before, instant + after):
                for delta in (-width, -width // 2, -1, 0, 1, width // 2, width - 1, width):
                    wall = EPOCH + (base + delta) * MS
                    same(f"{zone} wall {wall}", to_instant(zone, wall), resolve_by_search(zone, wall, change))

    # boundaries never go back, and away from clock changes keep the wall clock
    dice = Dice(7)
    for _ in range(400):
        zone, first, end = dice.pick(ZONES)
        last = LAST_START_YEAR if end is None else end - 1
        start = to_instant(zone, start_calendar(dice, first, last))
        wall, previous = to_wall(zone, start), start
        duration, period = make_term(dice, small=True)
        for k in range(1, 40):
            now = boundary(zone, start, duration, period, k)
            same(f"{zone} {show(start)} + {k} x {duration} {period}: order", now >= previous, True)
            local = to_wall(zone, now)
            if offset_at(zone, now - 3 * 86_400_000) == offset_at(zone, now):
                same(f"{zone} {show(start)} + {k} x {duration} {period}: time of day", local.time(), wall.time())
                if period != "DAY":
                    months = (local.year - wall.year) * 12 + local.month - wall.month
                    same("months passed", months, k * duration * MONTHS[period])
                    month_end = calendar.monthrange(local.year, local.month)[1]
                    same("day of month", local.day, min(wall.day, month_end))
            previous = now

    print(f"self tests: {done} ({by_hand} answers by hand), {bad} failed; time zone data: {data_source()}")
    return bad


def data_source():
    """Which time zone database zoneinfo reads, as far as it tells."""
    for folder in zoneinfo.TZPATH:
        if os.path.exists(os.path.join(folder, "Europe", "Berlin")):
            try:
                with open(os.path.join(folder, "tzdata.zi"), encoding="utf-8") as f:
                    return f"{folder}, {f.readline().strip('# ').strip()}"
            except OSError:
                return f"{folder}, version unknown"
    try:
        import tzdata  # the fallback of zoneinfo, not a dependency
        return f"package tzdata {tzdata.__version__}"
    except ImportError:
        return "none"


def main():
    parser = argparse.ArgumentParser(description="Oracle for the term arithmetic of orders.")
    parser.add_argument("--write", metavar="FILE", help="write cases to FILE")
    parser.add_argument("--check", metavar="FILE", nargs="?", const="", help="run the self tests, then recompute FILE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=1500)
    args = parser.parse_args()
    if (args.write is None) == (args.check is None):
        parser.error("give one of --write FILE and --check [FILE]")
    try:
        for zone, _, _ in ZONES:
            ZoneInfo(zone)
    except zoneinfo.ZoneInfoNotFoundError as e:
        print(f"no time zone database: {e}; install the system's tzdata", file=sys.stderr)
        return 2
    try:
        if args.write is not None:
            write(args.write, args.seed, args.cases)
            return 0
        bad = self_test()
        if args.check:
            bad += check_file(args.check)
        return 1 if bad else 0
    except (OSError, UnicodeDecodeError) as e:
        print(e, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
