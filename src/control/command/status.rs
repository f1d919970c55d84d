//! What `status` says: whether a box runs and is well, and how its jobs went.

use crate::app::Ctx;
use crate::control::command::output::{CommandError, Output};
use crate::ops;
use crate::ops::upkeep::{JobRecord, JobState};

/// Well is a box that runs and takes writes. What waits for a person is said, and no fault.
pub(super) async fn status(ctx: &Ctx) -> Result<Output, CommandError> {
    let causes = ops::upkeep::not_ready(ctx).await;
    let address = ctx.app.listening.get();
    let mut lines = vec![address.map_or_else(
        || "not running; the data file can be opened".to_owned(),
        |address| format!("running on http://{address}"),
    )];
    let is_well = address.is_some() && causes.is_empty();
    if is_well {
        lines.push("ready".to_owned());
    }
    lines.extend(causes);
    lines.extend(ops::upkeep::waiting(ctx)?);
    lines.extend(ops::upkeep::jobs(ctx)?.iter().map(job_line));
    Ok(Output {
        lines,
        ok: is_well,
        next: None,
    })
}

/// A job in one line: what it does now, how often it ran, what went wrong.
fn job_line(job: &JobRecord) -> String {
    let now = match job.state {
        JobState::Working { since } => format!("working since {}", since.to_rfc3339_millis()),
        JobState::Waiting { next: Some(next) } => format!("next {}", next.to_rfc3339_millis()),
        JobState::Waiting { next: None } => "waits until it is woken".to_owned(),
        JobState::Dead => "ended by a mistake in boxoffice: start the box again".to_owned(),
    };
    let mut line = format!("job {}: {now}; turns: {}", job.name, job.turns);
    if let Some(last) = &job.last {
        let (start, took) = (last.start.to_rfc3339_millis(), last.took.as_millis());
        line.push_str(&format!(", the last {start} took {took} ms"));
    }
    if let Some(error) = &job.last_error {
        let (at, text) = (error.at.to_rfc3339_millis(), error.text.escape_debug());
        line.push_str(&format!("; errors: {}, the last {at}: {text}", job.errors));
    }
    line
}
