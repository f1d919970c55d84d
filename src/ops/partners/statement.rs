//! What a partner is owed for a month, read from the transactions that stand behind the journal; of
//! a closed month what it was closed with (marketone 4.3).

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::partners::statement::{ClosedMonth, Settlement, Tally};
use crate::domain::partners::{Partner, PartnerTransaction};
use crate::domain::staff::Permission;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::PartnerTransactionId;
use crate::domain::values::time::Timestamp;
use crate::ops::{Named as _, OpError};
use crate::store::key::{ext_of, instant_of, owned_by, since, trailing_number};
use crate::store::{Read, Snapshot, Span, Table};

/// Most lines that are shown of one settlement; its sums count all.
pub const LINES_MAX: usize = 1_000_000;
/// Most closed months that are listed, the newest of them.
pub const MONTHS_MAX: usize = 1_200;

/// How much of a month is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Its sums.
    Sums,
    /// Those of each product, too.
    Products,
    /// And every line.
    Lines,
}

/// What a partner did in a local month, `2026-01`. Reads all of it:
/// call it away from the async threads.
pub fn of_month(ctx: &Ctx, key: &str, month: &str, detail: Detail) -> Result<Settlement, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let zone = &ctx.app.company().zone;
    let snapshot = ctx.snapshot()?;
    let partner = partner_of(&snapshot, key)?;
    let (from, until) = bounds(&snapshot, zone, &partner, month)?;
    let closed = closed(&snapshot, &partner, month)?;
    let (mut lines, mut tally) = (Vec::new(), Tally::default());
    match &closed {
        // Frozen: whatever the transactions say now, which `check` compares.
        Some(closed) if detail == Detail::Sums => {
            tally.sums = closed
                .sums
                .iter()
                .map(|of| (of.currency, of.sums))
                .collect();
            tally.lines = closed.lines;
        }
        _ => {
            each_line(&snapshot, &partner, from, until, &mut |made| {
                tally.add(&made);
                if detail == Detail::Lines {
                    lines.push(made);
                }
                lines.len() <= LINES_MAX
            })?;
        }
    }
    if lines.len() > LINES_MAX {
        return Err(OpError::Document {
            path: "format".to_owned(),
            problem: format!("the month has more than {LINES_MAX} transactions; ask for its sums"),
        });
    }
    Ok(Settlement {
        partner,
        month: month.to_owned(),
        from,
        until,
        lines,
        tally,
        closed,
    })
}

/// The closed months of a partner, newest first.
pub fn closed_months(ctx: &Ctx, key: &str) -> Result<Vec<ClosedMonth>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let partner = partner_of(&snapshot, key)?;
    let mut ids = Vec::new();
    let span = Span::under(&owned_by(partner.id)).descending();
    snapshot.raw_scan(Table::ClosedMonthsByMonth, &span, &mut |_, value| {
        ids.extend(trailing_number(value));
        Ok(if ids.len() < MONTHS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    let mut months = Vec::with_capacity(ids.len());
    for id in ids {
        months.extend(snapshot.get::<ClosedMonth>(&crate::domain::values::id::ClosedMonthId(id))?);
    }
    Ok(months)
}

pub(in crate::ops) fn partner_of(read: &impl Read, key: &str) -> Result<Partner, OpError> {
    let held = read.get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?;
    held.ok_or_else(|| OpError::Missing {
        kind: Partner::KIND,
        key: key.chars().take(64).collect(),
    })
}

pub(in crate::ops) fn closed(
    read: &impl Read,
    partner: &Partner,
    month: &str,
) -> Result<Option<ClosedMonth>, OpError> {
    let key = ext_of(partner.id, month);
    Ok(read.get_by(Table::ClosedMonthsByMonth, &key)?)
}

/// From when to when a month of a partner goes. Closed months stay as they were closed, and their
/// neighbours begin and end with them: so nothing is counted twice or never where the operator's
/// time zone changed.
pub(in crate::ops) fn bounds(
    read: &impl Read,
    zone: &Zone,
    partner: &Partner,
    month: &str,
) -> Result<(Timestamp, Timestamp), OpError> {
    let wrong = || OpError::Document {
        path: "month".to_owned(),
        problem: "must be a month such as 2026-01".to_owned(),
    };
    let (from, until) = zone.month(month).ok_or_else(wrong)?;
    if let Some(closed) = closed(read, partner, month)? {
        return Ok((closed.from, closed.until));
    }
    let named = |at: Timestamp| {
        zone.date(at)
            .to_string()
            .chars()
            .take(7)
            .collect::<String>()
    };
    let before = closed(read, partner, &named(from.saturating_add_seconds(-1)))?;
    let after = closed(read, partner, &named(until))?;
    Ok((
        before.map_or(from, |before| before.until),
        after.map_or(until, |after| after.from),
    ))
}

/// Visits what a partner completed from `from` until before `until`, in that order,
/// as long as it is wanted.
pub(in crate::ops) fn each_line(
    snapshot: &Snapshot,
    partner: &Partner,
    from: Timestamp,
    until: Timestamp,
    visit: &mut dyn FnMut(PartnerTransaction) -> bool,
) -> Result<(), OpError> {
    let span = Span {
        from: since(partner.id, from),
        ..Span::under(&owned_by(partner.id))
    };
    let index = Table::PartnerTransactionsByPartner;
    snapshot.raw_scan(index, &span, &mut |key, _| {
        let at = key.get(8..).and_then(instant_of);
        let id = trailing_number(key).map(PartnerTransactionId);
        let Some(id) = id.filter(|_| at.is_some_and(|at| at < until)) else {
            return Ok(ControlFlow::Break(()));
        };
        let made = snapshot.get::<PartnerTransaction>(&id)?;
        Ok(if made.is_none_or(&mut *visit) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(())
}
