//! Counts the monthly recurring revenue once a day, customer by customer, and keeps how it moved:
//! what was counted never changes again. What counts: [`recurring`].
//!
//! Only one count is made at a time. Each chunk is one commit, and a count that was cut off goes on
//! where it stood.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::billing::recurring::{self, CustomerRevenue, RevenueDay};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::Price;
use crate::domain::staff::Permission;
use crate::domain::values::calendar::{LocalDate, Zone};
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::{Key as _, owned_by, trailing_number};
use crate::store::{Read as _, Snapshot, Span, StoreError, Table};

/// Orders that are read for one commit: a few hundredths of a second.
const ORDERS_AT_ONCE: usize = 5_000;
/// Most days of one answer: a year and a month more.
pub const DAYS_MAX: usize = 400;

/// The count of a day, newest first, `limit` of them before `before`. One that is not done yet is
/// left out.
pub fn days(
    ctx: &Ctx,
    before: Option<LocalDate>,
    limit: usize,
) -> Result<Vec<RevenueDay>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    if ctx.actor.reseller().is_some() {
        // It is everybody's.
        return Err(OpError::Denied(Permission::MoneyRead));
    }
    let mut days = Vec::new();
    let span = Span {
        to: before.map(|day| day.to_bytes()),
        ..Span::all()
    };
    let read = ctx.snapshot()?;
    read.each::<RevenueDay>(&span.descending(), &mut |day| {
        if day.counted_to.is_none() {
            days.push(day);
        }
        Ok(if days.len() < limit.min(DAYS_MAX) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(days)
}

/// When the day ends that `now` is a day of: then there is something to count.
#[must_use]
pub fn next_count(ctx: &Ctx) -> Timestamp {
    let zone = &ctx.app.company().zone;
    let today = zone.date(ctx.now);
    zone.days(today, today).end
}

/// Counts the day before today, if that was not done yet.
pub async fn count(ctx: &Ctx) -> Result<(), OpError> {
    count_in_chunks(ctx, ORDERS_AT_ONCE).await
}

/// As [`count`], with so many orders in a commit.
pub async fn count_in_chunks(ctx: &Ctx, orders_at_once: usize) -> Result<(), OpError> {
    let today = ctx.app.company().zone.date(ctx.now);
    let day = LocalDate::of_days(today.days().saturating_sub(1));
    loop {
        let on_thread = ctx.clone();
        let step =
            tokio::task::spawn_blocking(move || next_step(&on_thread, day, orders_at_once)).await;
        let Some(step) = step.map_err(|error| OpError::Failed(error.to_string()))?? else {
            return Ok(());
        };
        let is_done = step.day.counted_to.is_none();
        ctx.write_bulk(move |_, tx| {
            tx.put_many(&step.changed)?;
            for customer in &step.gone {
                tx.remove::<CustomerRevenue>(customer)?;
            }
            Ok(tx.put(&step.day)?)
        })
        .await?;
        if is_done {
            return Ok(());
        }
    }
}

/// What one commit writes.
struct Step {
    day: RevenueDay,
    changed: Vec<CustomerRevenue>,
    /// Who brings nothing any more.
    gone: Vec<CustomerId>,
}

/// The next customers of the count of `day`; `None`: it is done.
fn next_step(ctx: &Ctx, day: LocalDate, orders_at_once: usize) -> Result<Option<Step>, OpError> {
    let read = ctx.snapshot()?;
    let mut last = None;
    read.each::<RevenueDay>(&Span::all().descending(), &mut |day| {
        last = Some(day);
        Ok(ControlFlow::Break(()))
    })?;
    let counting = match last {
        // One that was cut off is brought to its end first, also days later.
        Some(last) if last.counted_to.is_some() => last,
        Some(last) if last.day >= day => return Ok(None),
        last => RevenueDay::begin(day, ctx.now, last.as_ref()),
    };
    Ok(Some(counted_on(ctx, &read, counting, orders_at_once)?))
}

/// Goes on with a count by as many customers as fit one commit.
fn counted_on(
    ctx: &Ctx,
    read: &Snapshot,
    mut day: RevenueDay,
    orders_at_once: usize,
) -> Result<Step, OpError> {
    let company = ctx.app.company();
    let mut prices = Prices::new(read, &company.zone);
    let after = day.counted_to.unwrap_or(CustomerId(0));
    let (found, is_last) = orders_after(read, after, orders_at_once)?;
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    let mut at = 0usize;
    while let Some((customer, _)) = found.get(at).copied() {
        let mut now = CustomerRevenue::none(customer);
        while let Some((_, order)) = found.get(at).filter(|(of, _)| *of == customer) {
            at = at.saturating_add(1);
            let order = read.get::<Order>(order)?;
            if let Some(order) = order
                && let Some(amount) = prices.monthly(&order, day.counted_at)?
            {
                now.add(amount);
            }
        }
        let before = read.get::<CustomerRevenue>(&customer)?;
        let before = before.unwrap_or(CustomerRevenue::none(customer));
        day.take(&before, &now);
        if now.amounts.is_empty() && !before.amounts.is_empty() {
            gone.push(customer);
        } else if now != before {
            changed.push(now);
        }
    }
    day.counted_to = found.last().map(|(customer, _)| *customer);
    if is_last {
        day.counted_to = None;
    }
    Ok(Step { day, changed, gone })
}

/// Orders of the customers after one of them, customer by customer, and whether those are all. A
/// customer's orders are never parted.
fn orders_after(
    read: &Snapshot,
    after: CustomerId,
    orders_at_once: usize,
) -> Result<(Vec<(CustomerId, OrderId)>, bool), OpError> {
    let mut found: Vec<(CustomerId, OrderId)> = Vec::new();
    let mut is_last = true;
    let span = Span {
        from: owned_by(CustomerId(after.0.saturating_add(1))),
        ..Span::all()
    };
    read.raw_scan(Table::OrdersByCustomer, &span, &mut |key, _| {
        let front = key
            .first_chunk::<8>()
            .map(|front| u64::from_be_bytes(*front));
        let (Some(customer), Some(order)) = (front, trailing_number(key)) else {
            return Ok(ControlFlow::Continue(()));
        };
        let customer = CustomerId(customer);
        let is_other = found.last().is_some_and(|(last, _)| *last != customer);
        if is_other && found.len() >= orders_at_once {
            is_last = false;
            return Ok(ControlFlow::Break(()));
        }
        found.push((customer, OrderId(order)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((found, is_last))
}

/// The prices of the offers that were met.
struct Prices<'r> {
    read: &'r Snapshot,
    zone: &'r Zone,
    held: HashMap<ProductOfferId, Vec<Price>>,
}

impl<'r> Prices<'r> {
    fn new(read: &'r Snapshot, zone: &'r Zone) -> Self {
        let held = HashMap::new();
        Self { read, zone, held }
    }

    fn monthly(&mut self, order: &Order, at: Timestamp) -> Result<Option<Amount>, StoreError> {
        let Some(offer) = order.offer else {
            return Ok(None);
        };
        if !self.held.contains_key(&offer) {
            let found = self.read.get::<ProductOffer>(&offer)?;
            let prices = found.map(|offer| offer.prices).unwrap_or_default();
            self.held.insert(offer, prices);
        }
        let prices = self.held.get(&offer).map_or(&[][..], Vec::as_slice);
        Ok(recurring::monthly(order, prices, self.zone, at))
    }
}
