//! Telling what waits: for every webhook by itself, several objects at a time, each object's events
//! one after the other. What was told when the box died is told again, under the same name.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::Ctx;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{DeliveryId, Id as _, PartnerId, WebhookId};
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::event::HookEvent;
use crate::domain::webhooks::{Delivery, PROBLEM_MAX, Webhook};
use crate::ops::partners::subscriptions;
use crate::ops::{OpError, bulk, outbox};
use crate::outbound::webhook::{Call, NotTaken, objects, signature};
use crate::store::key::{instant_of, owned_by, owned_instant, queue_of, trailing_number};
use crate::store::{Read, Span, Table, Tx};

/// How many events a webhook is told at the same time, each of another object.
const AT_ONCE: usize = 8;
/// How often it is looked for what became due, while something is under way.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Most deliveries of a webhook whose outcome is known and not noted: they are noted together,
/// while the next ones are sent.
const UNNOTED_MAX: usize = 256;
/// How many deliveries are removed in one go.
const SWEPT_MAX: usize = 500;

/// Somebody who is told things: each by itself, so that nobody waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    Webhook(WebhookId),
    Partner(PartnerId),
}

/// What is to be done now and later.
#[derive(Debug, Default)]
pub struct DueDeliveries {
    /// Who has to be told something now.
    pub due: Vec<Listener>,
    /// When somebody else has.
    pub next: Option<Timestamp>,
}

/// Who has to be told something.
pub fn due_deliveries(ctx: &Ctx) -> Result<DueDeliveries, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut due = Vec::new();
    for webhook in snapshot.all::<Webhook>()? {
        let first = first_due(&snapshot, webhook.id)?.filter(|_| webhook.on);
        due.extend(first.map(|at| (Listener::Webhook(webhook.id), at)));
    }
    for (partner, at) in subscriptions::due(&snapshot)? {
        due.push((Listener::Partner(partner), at));
    }
    let mut look = DueDeliveries::default();
    for (listener, at) in due {
        if at <= ctx.now {
            look.due.push(listener);
        } else {
            look.next = Some(look.next.map_or(at, |next| next.min(at)));
        }
    }
    Ok(look)
}

fn first_due(read: &impl Read, id: WebhookId) -> Result<Option<Timestamp>, OpError> {
    let mut first = None;
    let span = Span::under(&owned_by(id));
    read.raw_scan(Table::DeliveriesByDue, &span, &mut |key, _| {
        first = owned_instant(key);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}

/// Tells everybody what is due, until nothing is: a test clock waits for it.
pub async fn deliver_all(ctx: &Ctx) -> Result<(), OpError> {
    while sweep(ctx).await? {}
    let mut working = JoinSet::new();
    for id in due_deliveries(ctx)?.due {
        let ctx = ctx.clone();
        working.spawn(async move { work(&ctx, id).await });
    }
    while let Some(worked) = working.join_next().await {
        worked.map_err(|error| OpError::Failed(error.to_string()))??;
    }
    Ok(())
}

/// What became of one attempt.
type Outcome = (DeliveryId, Result<u16, NotTaken>);

/// Tells somebody what is due, until nothing is.
pub async fn work(ctx: &Ctx, listener: Listener) -> Result<(), OpError> {
    match listener {
        Listener::Webhook(id) => work_webhook(ctx, id).await,
        Listener::Partner(id) => subscriptions::work(ctx, id).await,
    }
}

async fn work_webhook(ctx: &Ctx, id: WebhookId) -> Result<(), OpError> {
    let lane = ctx.app.lanes.lane(&format!("webhook {}", id.number()));
    let _alone = lane.lock().await;
    let mut sending: JoinSet<Outcome> = JoinSet::new();
    // One commit at a time; what is heard meanwhile waits for the next one.
    let mut noting: JoinSet<Result<Vec<DeliveryId>, OpError>> = JoinSet::new();
    let mut heard: Vec<Outcome> = Vec::new();
    // Until it is noted: what was taken must not be sent again.
    let mut under_way = BTreeSet::new();
    loop {
        // Asked before looking, so that nothing that comes meanwhile is waited through.
        let more = ctx.app.signals.more_webhooks_pending.notified();
        // Time goes on meanwhile.
        let ctx = Ctx {
            dialect: ctx.dialect,
            ..Ctx::system(Arc::clone(&ctx.app))
        };
        let unnoted = under_way.len().saturating_sub(sending.len());
        let room = AT_ONCE.saturating_sub(sending.len());
        let room = room.min(UNNOTED_MAX.saturating_sub(unnoted));
        for (delivery, call) in calls(&ctx, id, &under_way, room)? {
            under_way.insert(delivery);
            let app = Arc::clone(&ctx.app);
            sending.spawn(async move { (delivery, app.outbound.webhook.tell(call).await) });
        }
        if noting.is_empty() && !heard.is_empty() {
            let (ctx, outcomes) = (ctx.clone(), std::mem::take(&mut heard));
            noting.spawn(async move { note_in_time(&ctx, outcomes).await });
        }
        if sending.is_empty() && noting.is_empty() {
            return Ok(());
        }
        let has_room = sending.len() < AT_ONCE;
        let failed = |error: tokio::task::JoinError| OpError::Failed(error.to_string());
        tokio::select! {
            Some(ended) = sending.join_next() => {
                heard.push(ended.map_err(failed)?);
                while let Some(ended) = sending.try_join_next() {
                    heard.push(ended.map_err(failed)?);
                }
            }
            Some(noted) = noting.join_next() => {
                for delivery in noted.map_err(failed)?? {
                    under_way.remove(&delivery);
                }
            }
            // What others have to be told does not wait for who takes long.
            () = more, if has_room => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// What is due at a webhook and not under way, as many as there is room for.
fn calls(
    ctx: &Ctx,
    id: WebhookId,
    under_way: &BTreeSet<DeliveryId>,
    room: usize,
) -> Result<Vec<(DeliveryId, Call)>, OpError> {
    let snapshot = ctx.snapshot()?;
    let Some(webhook) = snapshot.get::<Webhook>(&id)?.filter(|webhook| webhook.on) else {
        return Ok(Vec::new());
    };
    let mut due = Vec::new();
    let span = Span::under(&owned_by(id));
    snapshot.raw_scan(Table::DeliveriesByDue, &span, &mut |key, _| {
        let is_due = owned_instant(key).is_some_and(|at| at <= ctx.now);
        if !is_due || due.len() >= room {
            return Ok(ControlFlow::Break(()));
        }
        let number = trailing_number(key).map(DeliveryId);
        due.extend(number.filter(|number| !under_way.contains(number)));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut secrets = vec![webhook.secret.0.as_str()];
    let old = webhook.old_secret.as_ref();
    secrets.extend(
        old.filter(|(_, until)| *until > ctx.now)
            .map(|(secret, _)| secret.0.as_str()),
    );
    let mut calls = Vec::with_capacity(due.len());
    for number in due {
        let delivery: Delivery = super::super::get(&snapshot, number)?;
        let event: HookEvent = super::super::get(&snapshot, delivery.event)?;
        let call = Call {
            url: webhook.url.clone(),
            event: objects::event_name(&event.name),
            signature: signature(&secrets, ctx.now, &event.body),
            body: event.body,
        };
        calls.push((number, call));
    }
    Ok(calls)
}

/// How often a writer that is busy is offered outcomes again, [`LOOK_AGAIN`] apart:
/// what is not noted is sent again.
const NOTING_TRIES_MAX: u32 = 20;

async fn note_in_time(ctx: &Ctx, outcomes: Vec<Outcome>) -> Result<Vec<DeliveryId>, OpError> {
    for _ in 1..NOTING_TRIES_MAX {
        match note_outcomes(ctx, outcomes.clone()).await {
            Err(OpError::Throttled { .. } | OpError::DiskFull) => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            done => return done,
        }
    }
    note_outcomes(ctx, outcomes).await
}

/// Notes what became of deliveries; answers which.
async fn note_outcomes(ctx: &Ctx, outcomes: Vec<Outcome>) -> Result<Vec<DeliveryId>, OpError> {
    let now = ctx.now;
    let noted_ids = outcomes.iter().map(|(id, _)| *id).collect();
    // Not through `ctx`: this write makes nothing that has to be told.
    let noted = ctx.app.store.write(move |tx| -> Result<usize, OpError> {
        let mut dead = 0usize;
        for (id, outcome) in outcomes {
            // It went with its webhook meanwhile.
            let Some(mut delivery) = tx.get::<Delivery>(&id)? else {
                continue;
            };
            match outcome {
                Ok(status) => delivery.end(status, now),
                Err(not_taken) => {
                    let reason = outbox::cut(&not_taken.reason, PROBLEM_MAX);
                    delivery.put_off(not_taken.status, reason, now);
                }
            }
            tx.put(&delivery)?;
            if delivery.state != DeliveryState::Waiting {
                let_next(tx, &delivery, now)?;
            }
            dead = dead.saturating_add(usize::from(delivery.state == DeliveryState::Dead));
        }
        Ok(dead)
    });
    let dead = noted.await?;
    if dead > 0 {
        tracing::error!(dead, "webhook.dead");
    }
    Ok(noted_ids)
}

/// The next event of the same object may be told.
fn let_next(tx: &mut Tx<'_>, ended: &Delivery, now: Timestamp) -> Result<(), OpError> {
    let queue = Span::under(&queue_of(ended.webhook, ended.subject, ended.object));
    let mut next = None;
    tx.raw_scan(Table::DeliveriesByObject, &queue, &mut |key, _| {
        next = trailing_number(key).map(DeliveryId);
        Ok(ControlFlow::Break(()))
    })?;
    let next = match next {
        Some(next) => tx.get::<Delivery>(&next)?,
        None => None,
    };
    if let Some(mut next) = next.filter(|next| next.due_at.is_none()) {
        next.due_at = Some(now);
        tx.put(&next)?;
    }
    Ok(())
}

/// Removes some of what was over long enough ago, and of what waits for a webhook that is gone.
/// Answers whether there may be more.
pub async fn sweep(ctx: &Ctx) -> Result<bool, OpError> {
    let old = sweepable(ctx)?;
    if old.is_empty() {
        return subscriptions::sweep(ctx).await;
    }
    bulk::write(ctx, move |_, tx| {
        for id in &old {
            let Some(delivery) = tx.get::<Delivery>(id)? else {
                continue;
            };
            tx.remove::<Delivery>(id)?;
            let event = owned_by(delivery.event);
            if tx.count_up_to(Table::DeliveriesByEvent, &event, 1)? == 0 {
                tx.remove::<HookEvent>(&delivery.event)?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(true)
}

fn sweepable(ctx: &Ctx) -> Result<Vec<DeliveryId>, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut found = Vec::new();
    snapshot.raw_scan(Table::DeliveriesByEnd, &Span::all(), &mut |key, _| {
        let is_old = instant_of(key).is_some_and(|at| at <= ctx.now);
        if !is_old || found.len() >= SWEPT_MAX {
            return Ok(ControlFlow::Break(()));
        }
        found.extend(trailing_number(key).map(DeliveryId));
        Ok(ControlFlow::Continue(()))
    })?;
    // One step for every webhook that has deliveries, not for every delivery.
    let mut from = Vec::new();
    while found.len() < SWEPT_MAX {
        let span = Span {
            from: from.clone(),
            to: None,
            descending: false,
        };
        let mut owner = None;
        snapshot.raw_scan(Table::DeliveriesByState, &span, &mut |key, _| {
            owner = key.first_chunk::<8>().copied();
            Ok(ControlFlow::Break(()))
        })?;
        let Some(owner) = owner else { break };
        let id = WebhookId(u64::from_be_bytes(owner));
        if snapshot.get::<Webhook>(&id)?.is_none() {
            let left = Span::under(&owner);
            snapshot.raw_scan(Table::DeliveriesByState, &left, &mut |key, _| {
                if found.len() >= SWEPT_MAX {
                    return Ok(ControlFlow::Break(()));
                }
                found.extend(trailing_number(key).map(DeliveryId));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        match crate::store::key::after_prefix(&owner) {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(found)
}
