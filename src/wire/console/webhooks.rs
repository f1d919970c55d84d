//! Webhooks over the console's API: who is told what happens, and what became of it.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::staff::Permission;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{DeliveryId, WebhookId};
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::event::HookEvent;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::ops;
use crate::ops::webhooks::{Shown, WebhookInput};
use crate::wire::kit::query::{Query, Wrong};

use super::error::Problem;
use super::sensitive::Sensitive;
use crate::wire::console::request::Staff;

/// A webhook; its secret is shown once, when it is made.
#[derive(Debug, Serialize)]
pub struct WebhookOut {
    id: u64,
    url: String,
    description: String,
    events: Vec<String>,
    on: bool,
    waiting_max: u32,
    /// How many events wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    made_by: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Until when the secret before signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<String>,
}

impl WebhookOut {
    fn new(webhook: Webhook, waiting: Option<u64>, secret: Option<String>) -> Self {
        let old = webhook.old_secret.map(|(_, until)| until);
        Self {
            id: webhook.id.0,
            url: webhook.url,
            description: webhook.description,
            events: webhook.events,
            on: webhook.on,
            waiting_max: webhook.waiting_max,
            waiting,
            made_by: webhook.made_by.words(),
            created: webhook.created_at.to_rfc3339_millis(),
            secret,
            old_secret_until: old.map(Timestamp::to_rfc3339_millis),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookIn {
    url: Option<String>,
    description: Option<String>,
    events: Option<Vec<String>>,
    on: Option<bool>,
    waiting_max: Option<u32>,
}

impl WebhookIn {
    fn input(self) -> WebhookInput {
        WebhookInput {
            url: self.url,
            description: self.description,
            events: self.events,
            on: self.on,
            waiting_max: self.waiting_max,
        }
    }
}

/// A delivery with what it delivers.
#[derive(Debug, Serialize)]
pub struct DeliveryOut {
    id: u64,
    event: String,
    #[serde(rename = "type")]
    kind: &'static str,
    object: &'static str,
    object_id: u64,
    state: &'static str,
    attempts: u32,
    created: String,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// The status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

const STATES: [(&str, DeliveryState); 3] = [
    ("WAITING", DeliveryState::Waiting),
    ("DELIVERED", DeliveryState::Delivered),
    ("DEAD", DeliveryState::Dead),
];

/// The word for a state.
pub(super) fn word_of(state: DeliveryState) -> &'static str {
    let word = STATES.iter().find(|(_, known)| *known == state);
    word.map_or("", |(word, _)| word)
}

/// The state that a query asks for, if it does.
pub(super) fn state_of(query: &Query) -> Result<Option<DeliveryState>, Problem> {
    let Some(word) = query
        .scalar("state")
        .map_err(crate::wire::console::request::wrong)?
    else {
        return Ok(None);
    };
    let known = STATES.iter().find(|(known, _)| *known == word);
    let unknown = || Wrong::new("state", "must be one of WAITING, DELIVERED, DEAD");
    let (_, state) = known.ok_or_else(|| crate::wire::console::request::wrong(unknown()))?;
    Ok(Some(*state))
}

impl DeliveryOut {
    fn new((delivery, event): &Shown) -> Self {
        let Delivery { id, state, .. } = delivery;
        let HookEvent { name, kind, .. } = event;
        Self {
            id: id.0,
            event: ops::webhooks::event_name(name),
            kind: kind.name(),
            object: delivery.subject.name(),
            object_id: delivery.object,
            state: word_of(*state),
            attempts: delivery.attempts,
            created: delivery.created_at.to_rfc3339_millis(),
            due: delivery.due_at.map(Timestamp::to_rfc3339_millis),
            ended: delivery.ended_at.map(Timestamp::to_rfc3339_millis),
            status: Some(delivery.status).filter(|status| *status > 0),
            problem: delivery.problem.clone(),
        }
    }
}

fn webhook_id(text: &str) -> Result<WebhookId, Problem> {
    let number = text.parse().map(WebhookId);
    number.map_err(|_| Problem::not_found("there is no such webhook"))
}

/// `GET /console/api/webhooks`
pub async fn list(Staff(ctx): Staff) -> Result<Json<Vec<WebhookOut>>, Problem> {
    let webhooks = ops::webhooks::list(&ctx)?.into_iter();
    let shown = webhooks.map(|(webhook, waiting)| WebhookOut::new(webhook, Some(waiting), None));
    Ok(Json(shown.collect()))
}

/// `POST /console/api/webhooks`
pub async fn add(sensitive: Sensitive) -> Result<(StatusCode, Json<WebhookOut>), Problem> {
    let input: WebhookIn = sensitive.input()?;
    let (webhook, secret) = ops::webhooks::add(&sensitive.ctx, input.input()).await?;
    let shown = WebhookOut::new(webhook, None, Some(secret));
    Ok((StatusCode::CREATED, Json(shown)))
}

/// `PUT /console/api/webhooks/{id}`
pub async fn change(
    Path(id): Path<String>,
    sensitive: Sensitive,
) -> Result<Json<WebhookOut>, Problem> {
    let id = webhook_id(&id)?;
    let input: WebhookIn = sensitive.input()?;
    let webhook = ops::webhooks::change(&sensitive.ctx, id, input.input()).await?;
    Ok(Json(WebhookOut::new(webhook, None, None)))
}

/// `DELETE /console/api/webhooks/{id}`
pub async fn remove(Staff(ctx): Staff, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    ctx.require(Permission::StaffManage)?;
    ops::webhooks::remove(&ctx, webhook_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /console/api/webhooks/{id}/rotate`
pub async fn rotate(
    Path(id): Path<String>,
    sensitive: Sensitive,
) -> Result<Json<WebhookOut>, Problem> {
    let (webhook, secret) = ops::webhooks::rotate(&sensitive.ctx, webhook_id(&id)?).await?;
    Ok(Json(WebhookOut::new(webhook, None, Some(secret))))
}

/// `POST /console/api/webhooks/{id}/test`
pub async fn test(
    Staff(ctx): Staff,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<DeliveryOut>), Problem> {
    ctx.require(Permission::StaffManage)?;
    let shown = ops::webhooks::test(&ctx, webhook_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryOut::new(&shown))))
}

/// `GET /console/api/webhooks/{id}/deliveries`
pub async fn deliveries(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<DeliveryOut>>, Problem> {
    let id = webhook_id(&id)?;
    let query = Query::parse(query.as_deref());
    let limit = query
        .number("limit", 1, 1_000, 50)
        .map_err(crate::wire::console::request::wrong)?;
    let state = state_of(&query)?;
    let limit = usize::try_from(limit).unwrap_or(50);
    let shown = ops::webhooks::deliveries(&ctx, id, state, limit)?;
    Ok(Json(shown.iter().map(DeliveryOut::new).collect()))
}

/// `POST /console/api/webhooks/{id}/deliveries/{delivery}/replay`
pub async fn replay(
    Staff(ctx): Staff,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<(StatusCode, Json<DeliveryOut>), Problem> {
    ctx.require(Permission::StaffManage)?;
    let id = webhook_id(&id)?;
    let delivery = delivery.parse().map(DeliveryId);
    let delivery = delivery.map_err(|_| Problem::not_found("there is no such delivery"))?;
    let shown = ops::webhooks::replay(&ctx, id, delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryOut::new(&shown))))
}
