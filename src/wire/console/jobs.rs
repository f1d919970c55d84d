//! What the box does by itself and how that goes, over the console's API.

use axum::Json;
use serde::Serialize;

use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::upkeep::{JobRecord, JobState};

use super::error::Problem;
use crate::wire::console::request::Staff;

/// A job.
#[derive(Debug, Serialize)]
pub struct JobOut {
    name: &'static str,
    /// `WAITING`, `WORKING` or `DEAD`.
    state: &'static str,
    /// Of one that is working: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Of one that waits: when it looks again at the latest. Nothing: only when it is woken.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    turns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<TurnOut>,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<ErrorOut>,
}

#[derive(Debug, Serialize)]
struct TurnOut {
    start: String,
    milliseconds: u64,
}

#[derive(Debug, Serialize)]
struct ErrorOut {
    at: String,
    text: String,
}

impl JobOut {
    fn new(job: JobRecord) -> Self {
        let (state, since, next) = match job.state {
            JobState::Working { since } => ("WORKING", Some(since), None),
            JobState::Waiting { next } => ("WAITING", None, next),
            JobState::Dead => ("DEAD", None, None),
        };
        let last = job.last.map(|last| TurnOut {
            start: last.start.to_rfc3339_millis(),
            milliseconds: u64::try_from(last.took.as_millis()).unwrap_or(u64::MAX),
        });
        let last_error = job.last_error.map(|error| ErrorOut {
            at: error.at.to_rfc3339_millis(),
            text: error.text,
        });
        Self {
            name: job.name,
            state,
            since: since.map(Timestamp::to_rfc3339_millis),
            next: next.map(Timestamp::to_rfc3339_millis),
            turns: job.turns,
            last,
            errors: job.errors,
            last_error,
        }
    }
}

/// `GET /console/api/jobs`
pub async fn list(Staff(ctx): Staff) -> Result<Json<Vec<JobOut>>, Problem> {
    let jobs = ops::upkeep::jobs(&ctx)?;
    Ok(Json(jobs.into_iter().map(JobOut::new).collect()))
}
