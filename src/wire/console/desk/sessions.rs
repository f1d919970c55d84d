//! Sign-ins that are good now: listed and ended.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::staff::sessions::{self, Listed};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Person, wrong};
use crate::wire::kit::json::Body;
use crate::wire::kit::query::Query;

use super::shared::Refusals;

/// A sign-in that is good now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionOut {
    #[schema(example = "5f1c2e0a9b3d4c77")]
    id: String,
    /// Whose.
    name: String,
    /// The one of this request.
    current: bool,
    created: String,
    /// To a minute or so.
    last_used: String,
    expires: String,
    /// Where it began; empty if that is not known.
    address: String,
    /// What the browser called itself.
    agent: String,
}

impl SessionOut {
    fn new(listed: Listed) -> Self {
        let session = listed.session;
        Self {
            id: session.name(),
            name: listed.name,
            current: listed.is_current,
            created: session.created_at.to_rfc3339_millis(),
            last_used: session.last_used_at.to_rfc3339_millis(),
            expires: session.expires_at.to_rfc3339_millis(),
            address: session.address,
            agent: session.agent,
        }
    }
}

/// Lists sign-ins
///
/// The caller's own, last used first; everybody's for owners.
#[utoipa::path(get, path = "/console/api/sessions", tag = "Sign-in", operation_id = "sessions",
    params(("of" = Option<String>, Query, description = "`everybody`: of all staff")),
    responses((status = 200, body = Vec<SessionOut>), Refusals))]
pub(super) async fn list(
    person: Person,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<SessionOut>>, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    let query = Query::parse(query.as_deref());
    let everybody = match query.scalar("of").map_err(wrong)? {
        None => false,
        Some("everybody") => true,
        Some(_) => {
            return Err(Problem::bad_request(
                "of: must be everybody, or be left out",
            ));
        }
    };
    let listed = sessions::list(&ctx, everybody)?;
    Ok(Json(listed.into_iter().map(SessionOut::new).collect()))
}

/// Ends a sign-in
///
/// One of the caller's own; anybody's for owners.
#[utoipa::path(delete, path = "/console/api/sessions/{session}", tag = "Sign-in",
    operation_id = "endSession",
    params(("session" = String, Path, description = "Its `id` in the list")),
    responses((status = 204, description = "It is over"), Refusals))]
pub(super) async fn end(
    person: Person,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    sessions::end(&ctx, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WhoseSessions)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OfIn {
    /// A member of staff by name: all of theirs end. For owners.
    of: Option<String>,
}

/// Ends all sign-ins but this one
///
/// Of the caller; or all of somebody else.
#[utoipa::path(delete, path = "/console/api/sessions", tag = "Sign-in",
    operation_id = "endOtherSessions", request_body = Option<OfIn>,
    responses((status = 204, description = "They are over"), Refusals))]
pub(super) async fn end_others(person: Person, body: Body) -> Result<StatusCode, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    let input: OfIn = body.parse_or_empty()?;
    sessions::end_others(&ctx, input.of).await?;
    Ok(StatusCode::NO_CONTENT)
}
