//! Webhooks: the operator's other systems are told what happens here. Rules: `docs/webhooks.md`.
//!
//! `note` finds out what a command did and keeps it in the same commit; `send` tells it.

mod note;
mod send;

use std::ops::ControlFlow;

use crate::app::{Ctx, anybody_told};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Permission, Secret};
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{DeliveryId, Id as _, WebhookId};
use crate::domain::webhooks::event::{EventType, HookEvent, Subject};
use crate::domain::webhooks::{
    Delivery, OLD_SECRET_SECONDS, WAITING_MAX, WEBHOOK_TEXT_MAX, WEBHOOKS_MAX, WISHES_MAX, Webhook,
    is_pattern,
};
use crate::ops::staff::credentials;
use crate::ops::watched::look_again;
use crate::ops::{Handle, Named, OpError};
pub use crate::outbound::webhook::objects::event_name;
use crate::outbound::webhook::{fault_of, objects};
use crate::store::key::{in_state, trailing_number};
use crate::store::{Read, Span, Table, Tx};

pub(super) use note::tell;
use note::waiting;
pub use send::{DueDeliveries, Listener, deliver_all, due_deliveries, sweep, work};

impl Named for Webhook {
    const KIND: &'static str = "webhook";
    const FOREIGN: Option<Table> = None;
}

impl Named for Delivery {
    const KIND: &'static str = "delivery";
    const FOREIGN: Option<Table> = None;
}

impl Named for HookEvent {
    const KIND: &'static str = "event";
    const FOREIGN: Option<Table> = None;
}

/// What is given of a webhook; what is not stays as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookInput {
    pub url: Option<String>,
    pub description: Option<String>,
    pub events: Option<Vec<String>>,
    pub on: Option<bool>,
    pub waiting_max: Option<u32>,
}

fn wrong(path: &str, problem: impl Into<String>) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

/// Those who are told hear of every customer: not for the staff of a reseller.
fn require(ctx: &Ctx) -> Result<(), OpError> {
    ctx.require(Permission::StaffManage)?;
    match ctx.actor.reseller() {
        Some(_) => Err(OpError::Denied(Permission::StaffManage)),
        None => Ok(()),
    }
}

fn check(input: &WebhookInput) -> Result<(), OpError> {
    if let Some(problem) = input.url.as_deref().and_then(fault_of) {
        return Err(wrong("url", problem));
    }
    let description = input.description.as_deref().unwrap_or_default();
    if description.len() > WEBHOOK_TEXT_MAX || description.contains('\0') {
        let problem = format!("must be a text of at most {WEBHOOK_TEXT_MAX} bytes");
        return Err(wrong("description", problem));
    }
    let events = input.events.as_deref().unwrap_or_default();
    if events.len() > WISHES_MAX {
        return Err(wrong("events", format!("must be at most {WISHES_MAX}")));
    }
    if let Some(i) = events.iter().position(|text| !is_pattern(text)) {
        let problem = "must be a type such as order.frozen, or order.* for all of them";
        return Err(wrong(&format!("events[{i}]"), problem));
    }
    if input
        .waiting_max
        .is_some_and(|max| !(1..=WAITING_MAX).contains(&max))
    {
        let problem = format!("must be from 1 to {WAITING_MAX}");
        return Err(wrong("waiting_max", problem));
    }
    Ok(())
}

fn assign(webhook: &mut Webhook, input: WebhookInput) {
    if let Some(url) = input.url {
        webhook.url = url;
    }
    if let Some(description) = input.description {
        webhook.description = description;
    }
    if let Some(events) = input.events {
        webhook.events = events;
    }
    webhook.on = input.on.unwrap_or(webhook.on);
    webhook.waiting_max = input.waiting_max.unwrap_or(webhook.waiting_max);
}

fn fresh(ctx: &Ctx) -> Result<String, OpError> {
    let random: [u8; 32] = ctx.app.entropy.bytes()?;
    Ok(format!("whsec_{}", data_encoding::BASE64.encode(&random)))
}

fn by_number(id: WebhookId) -> Handle<WebhookId> {
    Handle {
        text: id.0.to_string(),
        number: Some(id),
    }
}

/// All webhooks, oldest first, each with how many events wait for it.
pub fn list(ctx: &Ctx) -> Result<Vec<(Webhook, u64)>, OpError> {
    require(ctx)?;
    let snapshot = ctx.snapshot()?;
    let mut listed = Vec::new();
    for webhook in snapshot.all::<Webhook>()? {
        let waiting = waiting(&snapshot, webhook.id)?;
        listed.push((webhook, waiting));
    }
    Ok(listed)
}

/// Adds a webhook; answers its secret, which is shown this once.
pub async fn add(ctx: &Ctx, input: WebhookInput) -> Result<(Webhook, String), OpError> {
    require(ctx)?;
    check(&input)?;
    let url = input
        .url
        .clone()
        .ok_or_else(|| wrong("url", "is missing"))?;
    let secret = fresh(ctx)?;
    let kept = Secret(secret.clone());
    let webhook = ctx
        .write(move |ctx, tx| {
            if tx.all::<Webhook>()?.len() >= WEBHOOKS_MAX {
                return Err(Refusal::TooMany {
                    what: "webhooks",
                    max: WEBHOOKS_MAX,
                }
                .into());
            }
            let mut webhook = Webhook {
                id: tx.next_id()?,
                url,
                description: String::new(),
                events: Vec::new(),
                on: true,
                waiting_max: WAITING_MAX,
                room: 0,
                secret: kept,
                old_secret: None,
                made_by: credentials::maker(ctx, tx)?,
                created_at: ctx.now,
            };
            assign(&mut webhook, input);
            webhook.room = webhook.waiting_max;
            super::create(ctx, tx, "webhook.add", &webhook)?;
            // Here and not later: the next command may do something to be told.
            ctx.app.set_watched(true);
            Ok(webhook)
        })
        .await?;
    Ok((webhook, secret))
}

/// Changes a webhook.
pub async fn change(ctx: &Ctx, id: WebhookId, input: WebhookInput) -> Result<Webhook, OpError> {
    require(ctx)?;
    check(&input)?;
    let webhook = ctx
        .write(move |ctx, tx| {
            let before: Webhook = super::find(tx, &by_number(id))?;
            let mut after = before.clone();
            assign(&mut after, input);
            // Whoever says where it leads is told from now on.
            if after.url != before.url {
                after.made_by = credentials::maker(ctx, tx)?;
            }
            if after.on && (!before.on || after.waiting_max != before.waiting_max) {
                after.make_room(waiting(tx, id)?);
            }
            if after != before {
                super::change(ctx, tx, "webhook.update", &before, &after)?;
            }
            if after.on {
                ctx.app.set_watched(true);
            }
            Ok(after)
        })
        .await?;
    if !webhook.on {
        look_again(ctx).await;
    }
    Ok(webhook)
}

/// Removes a webhook; what waits for it goes with it.
pub async fn remove(ctx: &Ctx, id: WebhookId) -> Result<(), OpError> {
    require(ctx)?;
    ctx.write(move |ctx, tx| {
        let held: Webhook = super::find(tx, &by_number(id))?;
        tx.remove::<Webhook>(&id)?;
        super::audit(ctx, tx, "webhook.remove", &held, Vec::new())
    })
    .await?;
    look_again(ctx).await;
    Ok(())
}

/// Where nobody is told any more, nobody has to look at what commands do.
pub async fn rest(ctx: &Ctx) -> Result<(), OpError> {
    if ctx.app.is_watched() && !anybody_told(&ctx.snapshot()?)? {
        look_again(ctx).await;
    }
    Ok(())
}

/// Gives a webhook another secret, which is shown this once;
/// the one before signs as well for a day.
pub async fn rotate(ctx: &Ctx, id: WebhookId) -> Result<(Webhook, String), OpError> {
    require(ctx)?;
    let secret = fresh(ctx)?;
    let kept = Secret(secret.clone());
    let webhook = ctx
        .write(move |ctx, tx| {
            let before: Webhook = super::find(tx, &by_number(id))?;
            let until = ctx.now.saturating_add_seconds(OLD_SECRET_SECONDS);
            let mut after = before.clone();
            after.old_secret = Some((before.secret.clone(), until));
            after.secret = kept;
            after.made_by = credentials::maker(ctx, tx)?;
            super::change(ctx, tx, "webhook.rotate", &before, &after)?;
            Ok(after)
        })
        .await?;
    Ok((webhook, secret))
}

/// A delivery with what it delivers.
pub type Shown = (Delivery, HookEvent);

/// Deliveries of a webhook, newest first; with a state only those.
pub fn deliveries(
    ctx: &Ctx,
    id: WebhookId,
    state: Option<DeliveryState>,
    limit: usize,
) -> Result<Vec<Shown>, OpError> {
    require(ctx)?;
    let snapshot = ctx.snapshot()?;
    let _: Webhook = super::find(&snapshot, &by_number(id))?;
    let mut numbers = Vec::new();
    for wanted in DeliveryState::ALL {
        if state.is_some_and(|state| state != wanted) {
            continue;
        }
        let (span, mut left) = (Span::under(&in_state(id, wanted)).descending(), limit);
        snapshot.raw_scan(Table::DeliveriesByState, &span, &mut |key, _| {
            if left == 0 {
                return Ok(ControlFlow::Break(()));
            }
            left = left.saturating_sub(1);
            numbers.extend(trailing_number(key));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    numbers.truncate(limit);
    let mut shown = Vec::with_capacity(numbers.len());
    for number in numbers {
        let delivery: Delivery = super::get(&snapshot, DeliveryId(number))?;
        let event = super::get(&snapshot, delivery.event)?;
        shown.push((delivery, event));
    }
    Ok(shown)
}

/// Tells an event once more, under the same name, whatever became of it;
/// one that waits is tried now.
pub async fn replay(ctx: &Ctx, id: WebhookId, delivery: DeliveryId) -> Result<Shown, OpError> {
    require(ctx)?;
    ctx.write(move |ctx, tx| {
        let webhook = switched_on(tx, id)?;
        let handle = Handle {
            text: delivery.0.to_string(),
            number: Some(delivery),
        };
        let mut held: Delivery = super::find(tx, &handle)?;
        if held.webhook != id {
            let key = delivery.0.to_string();
            return Err(OpError::Missing {
                kind: Delivery::KIND,
                key,
            });
        }
        let event: HookEvent = super::get(tx, held.event)?;
        if held.state != DeliveryState::Waiting {
            held = note::hand_over(ctx, tx, &webhook, &event)?;
        } else if held.due_at.is_some() {
            held.due_at = Some(ctx.now);
            tx.put(&held)?;
        }
        super::audit(ctx, tx, "webhook.replay", &webhook, Vec::new())?;
        Ok((held, event))
    })
    .await
}

/// Sends a `ping`, whichever events are wanted.
pub async fn test(ctx: &Ctx, id: WebhookId) -> Result<Shown, OpError> {
    require(ctx)?;
    ctx.write(move |ctx, tx| {
        let webhook = switched_on(tx, id)?;
        let object = objects::webhook(&webhook);
        let about = (Subject::Webhook, webhook.id.number());
        let event = note::keep(ctx, tx, EventType::Ping, about, &object)?;
        let delivery = note::hand_over(ctx, tx, &webhook, &event)?;
        super::audit(ctx, tx, "webhook.test", &webhook, Vec::new())?;
        Ok((delivery, event))
    })
    .await
}

/// Nothing is sent to one that is off.
fn switched_on(tx: &Tx<'_>, id: WebhookId) -> Result<Webhook, OpError> {
    let webhook: Webhook = super::find(tx, &by_number(id))?;
    if webhook.on {
        Ok(webhook)
    } else {
        Err(wrong("on", "the webhook is switched off"))
    }
}
