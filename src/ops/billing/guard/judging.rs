//! Whether the run that is due looks like a mistake:
//! the same steps as it would take, written nowhere.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::guard::{DayForecast, Doubt, RunGuard, too_much};
use crate::domain::billing::run::{Run, add_money};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Currency;
use crate::ops::OpError;
use crate::ops::billing::books::Books;
use crate::ops::billing::due::Walk;
use crate::store::{Read, Span};

use crate::ops::billing::held_run::limits;

/// What is doubtful about the run that is due. Walks all that is due:
/// call it away from the async threads.
pub(super) fn judge(
    ctx: &Ctx,
    guard: &RunGuard,
    jumped: Option<i64>,
) -> Result<Option<Doubt>, OpError> {
    if let Some(seconds) = jumped {
        return Ok(Some(Doubt::ClockJumped { seconds }));
    }
    let limits = limits(ctx);
    let snapshot = ctx.snapshot()?;
    let mut walk = Walk::quickest(&snapshot, ctx.now)?;
    let mut books = Books::new(ctx, &snapshot);
    let mut seen = BTreeSet::new();
    while let Some((_, id)) = walk.next(&snapshot)? {
        let order = books.order(id)?;
        // One without a doubt has none in its further steps.
        if order.unbilled_since(ctx.now).is_some() && seen.insert(id) {
            let doubt = books.doubt(&order, limits, guard, ctx.now)?;
            if doubt.is_some() {
                return Ok(doubt);
            }
        }
        match books.settle(id, ctx.now) {
            Ok(Some(_)) => {}
            // The run will leave it alone and go on.
            Ok(None) | Err(OpError::Failed(_)) => continue,
            Err(error) => return Err(error),
        }
        let after = books.order(id)?;
        walk.add(&after);
        let ends = after.due().is_none_or(|(at, _)| at > ctx.now);
        if ends {
            seen.remove(&id);
        }
        books.forget(&after, ends);
    }
    let changes = books.close();
    let Some(forecast) = &guard.forecast else {
        return Ok(None);
    };
    let billed = changes
        .counts
        .renewed
        .saturating_add(changes.counts.overdue);
    let (orders, mut invoiced) = since(&snapshot, forecast)?;
    let orders = orders.saturating_add(billed);
    for (currency, minor) in changes.invoiced {
        add_money(&mut invoiced, currency, minor);
    }
    let found = too_much(forecast, orders, &invoiced, limits.multiple);
    Ok(found.map(|(would, expected)| Doubt::TooMuch {
        orders,
        would,
        expected,
        made_at: forecast.made_at,
    }))
}

/// What runs have billed since a forecast was made: orders and money.
fn since(
    read: &impl Read,
    forecast: &DayForecast,
) -> Result<(u64, Vec<(Currency, Minor)>), OpError> {
    let (mut orders, mut sums) = (0u64, Vec::new());
    read.each::<Run>(&Span::all().descending(), &mut |run| {
        if run.started_at < forecast.made_at {
            return Ok(ControlFlow::Break(()));
        }
        let billed = run.counts.renewed.saturating_add(run.counts.overdue);
        orders = orders.saturating_add(billed);
        for (currency, minor) in &run.invoiced {
            add_money(&mut sums, *currency, *minor);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((orders, sums))
}

/// What people read of a doubt.
pub(super) fn words(ctx: &Ctx, doubt: &Doubt) -> String {
    let zone = &ctx.app.company().zone;
    match doubt {
        Doubt::TooMuch {
            orders,
            would,
            expected,
            made_at,
        } => format!(
            "{orders} orders would be billed {would} today, more than {} times the {expected} that \
             the forecast of {} expects",
            ctx.app.config.billing.guard_multiple,
            zone.local(*made_at),
        ),
        Doubt::ManyCycles {
            order,
            customer,
            since,
            cycles,
        } => format!(
            "order {} of customer {} would be billed for {cycles} cycles at once, the first from \
             {} on",
            order.0,
            customer.0,
            zone.date(*since),
        ),
        Doubt::ClockJumped { seconds } => {
            let hours = seconds.unsigned_abs() / 3_600;
            let direction = if *seconds < 0 { "back" } else { "forward" };
            format!(
                "the clock of this machine jumped {direction} by {} days and {} hours while the \
                 box ran",
                hours / 24,
                hours % 24,
            )
        }
        Doubt::PriceChanged {
            offer,
            title,
            was,
            is,
        } => format!(
            "the price of offer {} ({title}) changed from {was} to {is} for orders that run",
            offer.0,
        ),
    }
}
