//! What partners were told about subscriptions, over the console's API.

use axum::Json;
use axum::extract::{Path, RawQuery};
use serde::Serialize;

use crate::domain::partners::subscription::{CallAction, PartnerCall, PartnerSubscription};
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::wire::kit::query::Query;

use super::error::Problem;
use super::webhooks::{state_of, word_of};
use crate::wire::console::request::Staff;

/// One thing that a partner was or is to be told, and how the subscription stands.
#[derive(Debug, Serialize)]
pub struct CallOut {
    id: u64,
    event: String,
    action: &'static str,
    product: String,
    customer: u64,
    subscription: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_subscription: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    registration_status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    services_status: String,
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

impl CallOut {
    fn new((call, held): (PartnerCall, PartnerSubscription)) -> Self {
        Self {
            id: call.id.0,
            event: ops::webhooks::event_name(&call.name),
            action: match call.action {
                CallAction::Add => "ADD",
                CallAction::Update => "UPDATE",
                CallAction::Delete => "DELETE",
            },
            product: call.product,
            customer: held.customer.0,
            subscription: held.name(),
            partner_subscription: held.there,
            registration_status: held.registration_status,
            services_status: held.services_status,
            state: word_of(call.state),
            attempts: call.attempts,
            created: call.created_at.to_rfc3339_millis(),
            due: call.due_at.map(Timestamp::to_rfc3339_millis),
            ended: call.ended_at.map(Timestamp::to_rfc3339_millis),
            status: Some(call.status).filter(|status| *status > 0),
            problem: call.problem,
        }
    }
}

/// `GET /console/api/partners/{key}/calls`
pub async fn list(
    Staff(ctx): Staff,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<CallOut>>, Problem> {
    let query = Query::parse(query.as_deref());
    let limit = query
        .number("limit", 1, 1_000, 50)
        .map_err(crate::wire::console::request::wrong)?;
    let limit = usize::try_from(limit).unwrap_or(50);
    let calls = ops::partners::subscriptions::calls(&ctx, &key, state_of(&query)?, limit)?;
    Ok(Json(calls.into_iter().map(CallOut::new).collect()))
}
