//! Letters that nothing but time causes: an order ends soon, or its next cycle is not covered. Each
//! order is looked at once before each of its dates, as they stand some days before: a mark in the
//! file says up to which date that was done. Dates that are set nearer than that are passed over:
//! whoever set them knows.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::values::id::OrderId;
use crate::domain::values::time::Timestamp;
use crate::ops::outbox::compose;
use crate::ops::templates::ways::reaches;
use crate::ops::{OpError, outbox, templates};
use crate::store::key::{instant_of, trailing_number, until};
use crate::store::{Read, Span, Table, Tx};

/// Orders that are looked at in one commit.
const CHUNK_MAX: usize = 1_000;
/// How much further the mark has to be moved for nothing but that: no commit a minute.
const STEP_SECONDS: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;
/// The mark: the key of the index entry up to which orders were looked at.
const MARK: &str = "expiry_reminders";

/// Notes what customers have to be told by now of orders that stop within the days of the settings.
pub async fn note(ctx: &Ctx) -> Result<(), OpError> {
    let days = i64::from(ctx.app.config.billing.expiry_reminder_days);
    if days == 0 || !outbox::is_set(ctx) {
        return Ok(());
    }
    let to = ctx
        .now
        .saturating_add_seconds(days.saturating_mul(SECONDS_PER_DAY));
    loop {
        let Some(all) = next(ctx, to)? else {
            return Ok(());
        };
        ctx.write_bulk(move |ctx, tx| note_some(ctx, tx, to))
            .await?;
        if all {
            return Ok(());
        }
    }
}

/// Where to go on: behind the mark, but never behind now, so that nobody hears of what is over.
fn from(read: &impl Read, now: Timestamp) -> Result<Vec<u8>, OpError> {
    let mark = read.raw_get(Table::Meta, MARK.as_bytes(), <[u8]>::to_vec)?;
    let mut mark = mark.unwrap_or_default();
    // Further than any setting leads: the clock was far ahead once.
    let furthest = i64::from(u8::MAX)
        .saturating_add(1)
        .saturating_mul(SECONDS_PER_DAY);
    if mark > until(now.saturating_add_seconds(furthest)) {
        mark.clear();
    }
    // Behind that very entry.
    mark.push(0);
    Ok(mark.max(until(now)))
}

/// Whether there is something to do: `None`: no; else whether one chunk does it.
fn next(ctx: &Ctx, to: Timestamp) -> Result<Option<bool>, OpError> {
    let read = &ctx.snapshot()?;
    if !templates::is_on(ctx, read, TemplateKind::ExpiryReminder)? {
        return Ok(None);
    }
    let from = from(read, ctx.now)?;
    let marked = instant_of(&from);
    let found = keys(read, from, to)?.len();
    let behind = marked.is_none_or(|at| at.saturating_add_seconds(STEP_SECONDS) <= to);
    Ok((found > 0 || behind).then_some(found < CHUNK_MAX))
}

fn keys(read: &impl Read, from: Vec<u8>, to: Timestamp) -> Result<Vec<Vec<u8>>, OpError> {
    let span = Span {
        from,
        ..Span::all()
    };
    let mut keys = Vec::new();
    read.raw_scan(Table::OrdersByDue, &span, &mut |key, _| {
        if instant_of(key).is_none_or(|at| at > to) || keys.len() >= CHUNK_MAX {
            return Ok(ControlFlow::Break(()));
        }
        keys.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(keys)
}

fn note_some(ctx: &Ctx, tx: &mut Tx<'_>, to: Timestamp) -> Result<(), OpError> {
    let from = from(tx, ctx.now)?;
    let keys = keys(tx, from, to)?;
    let mark = match keys.last() {
        Some(last) if keys.len() >= CHUNK_MAX => last.clone(),
        _ => until(to),
    };
    for key in keys {
        let Some(id) = trailing_number(&key).map(OrderId) else {
            continue;
        };
        let order: Order = crate::ops::get(tx, id)?;
        // The index has other dates too: reminders, the end of the grace.
        let stops = order
            .stops_at()
            .filter(|(at, _)| Some(*at) == instant_of(&key));
        let Some((_, ends)) = stops else {
            continue;
        };
        let customer: Customer = crate::ops::get(tx, order.customer)?;
        if !reaches(ctx, tx, TemplateKind::ExpiryReminder, &customer)? {
            continue;
        }
        let (_, missing) = compose::lacking(ctx, tx, &order, &customer)?;
        let covered = missing.is_none_or(|amount| amount.minor <= 0);
        if covered && !ends {
            continue;
        }
        let content = MessageContent::Expiry(order.id);
        let message = Message {
            id: tx.next_id()?,
            ..Message::new(customer.id, content, ctx.now)
        };
        tx.put(&message)?;
    }
    tx.put_meta(MARK, &mark)?;
    Ok(())
}
