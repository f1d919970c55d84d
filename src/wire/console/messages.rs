//! What was, will be and could not be written to customers, over the console's API.

use axum::Json;
use axum::extract::{Path, RawQuery};
use serde::Serialize;

use crate::domain::messages::{Channel, Message, MessageContent, MessageState};
use crate::domain::staff::Permission;
use crate::domain::values::id::MessageId;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::wire::kit::query::{Query, Wrong};

use super::error::Problem;
use crate::wire::console::request::Staff;

/// A message as the console shows it.
#[derive(Debug, Serialize)]
pub struct MessageOut {
    id: u64,
    customer: u64,
    /// What it is about, in the words of the templates.
    about: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    /// How it went, or is to go: `EMAIL` or `SMS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    state: &'static str,
    attempts: u32,
    created: String,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

const STATES: [(&str, MessageState); 4] = [
    ("WAITING", MessageState::Waiting),
    ("SENT", MessageState::Sent),
    ("DEAD", MessageState::Dead),
    ("DROPPED", MessageState::Dropped),
];

impl MessageOut {
    fn new(message: &Message) -> Self {
        let (invoice, order) = match message.content {
            MessageContent::Invoice(invoice) => (Some(invoice.0), None),
            MessageContent::Reminder(order) | MessageContent::Expiry(order) => {
                (None, Some(order.0))
            }
            _ => (None, None),
        };
        let channel = message.channel.map(|channel| match channel {
            Channel::Email => "EMAIL",
            Channel::Sms => "SMS",
        });
        let state = STATES.iter().find(|(_, state)| *state == message.state);
        Self {
            id: message.id.0,
            customer: message.customer.0,
            about: message.content.kind().word(),
            invoice,
            order,
            channel,
            state: state.map_or("", |(word, _)| word),
            attempts: message.attempts,
            created: message.created_at.to_rfc3339_millis(),
            due: message.due_at.map(Timestamp::to_rfc3339_millis),
            ended: message.ended_at.map(Timestamp::to_rfc3339_millis),
            problem: message.problem.clone(),
        }
    }
}

/// `GET /console/api/messages`
pub async fn list(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<MessageOut>>, Problem> {
    let query = Query::parse(query.as_deref());
    let limit = query
        .number("limit", 1, 1_000, 50)
        .map_err(crate::wire::console::request::wrong)?;
    let state = match query
        .scalar("state")
        .map_err(crate::wire::console::request::wrong)?
    {
        None => None,
        Some(word) => {
            let known = STATES.iter().find(|(known, _)| *known == word);
            let unknown = || Wrong::new("state", "must be one of WAITING, SENT, DEAD, DROPPED");
            let (_, state) =
                known.ok_or_else(|| crate::wire::console::request::wrong(unknown()))?;
            Some(*state)
        }
    };
    let messages = ops::outbox::list(&ctx, state, usize::try_from(limit).unwrap_or(50))?;
    Ok(Json(messages.iter().map(MessageOut::new).collect()))
}

/// `POST /console/api/messages/{id}/retry`
pub async fn retry(Staff(ctx): Staff, Path(id): Path<String>) -> Result<Json<MessageOut>, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let number = id.parse().map(MessageId);
    let number = number.map_err(|_| Problem::not_found("there is no such message"))?;
    let message = ops::outbox::retry(&ctx, number).await?;
    Ok(Json(MessageOut::new(&message)))
}
