//! The test clock over HTTP; without `--test-clock` the path does not exist.

use axum::Json;
use axum::extract::{OriginalUri, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::app::App;
use crate::domain::staff::Permission;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::schedule::clock::Move;
use crate::wire::kit::json::Body;

use super::error::Problem;
use crate::wire::console::request::Staff;

/// `{"set": RFC3339}` or `{"advance_seconds": N}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveIn {
    #[serde(default)]
    set: Option<String>,
    #[serde(default)]
    advance_seconds: Option<i64>,
}

/// The clock's new time.
#[derive(Debug, Serialize)]
pub struct ClockOut {
    now: String,
}

/// `POST /console/api/test-clock`
pub async fn advance(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    staff: Result<Staff, Problem>,
    body: Body,
) -> Result<Json<ClockOut>, Problem> {
    if !app.clock.is_test() {
        return Err(Problem::not_found(format!("{} does not exist", uri.path())));
    }
    let Staff(ctx) = staff?;
    ctx.require(Permission::ClockMove)?;
    let input: MoveIn = body.parse()?;
    let by = match (input.set, input.advance_seconds) {
        (Some(text), None) => Move::To(Timestamp::parse(&text).ok_or_else(|| {
            Problem::bad_request("set: must be a date and time such as 2026-01-31T10:00:00Z")
        })?),
        (None, Some(seconds)) => Move::BySeconds(seconds),
        _ => return Err(Problem::bad_request("give either set or advance_seconds")),
    };
    let now = ops::schedule::clock::advance(&ctx, by).await?;
    Ok(Json(ClockOut {
        now: now.to_rfc3339_millis(),
    }))
}
