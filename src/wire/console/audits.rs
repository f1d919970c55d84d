//! The audit log over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;

use crate::domain::event::Audit;
use crate::domain::staff::Permission;
use crate::domain::values::id::AuditId;
use crate::ops;
use crate::ops::audits::{AuditFilter, LINES_MAX};
use crate::wire::kit::query::{Query, Wrong};

use super::error::Problem;
use crate::wire::console::request::{Staff, instant};

/// One field of a record that changed.
#[derive(Debug, Serialize)]
struct ChangeOut {
    field: String,
    before: String,
    after: String,
}

/// One line of the log.
#[derive(Debug, Serialize)]
struct LineOut {
    id: u64,
    at: String,
    /// `operator`, `token`, `system` and the like, and their name.
    by: String,
    who: String,
    dialect: String,
    request: String,
    action: String,
    /// Kind and number of the record.
    of: String,
    changes: Vec<ChangeOut>,
}

impl LineOut {
    fn new(line: Audit) -> Self {
        let changes = line.changes.into_iter().map(|change| ChangeOut {
            field: change.field,
            before: change.before,
            after: change.after,
        });
        Self {
            id: line.id.0,
            at: line.at.to_rfc3339_millis(),
            by: line.actor_kind,
            who: line.actor_name,
            dialect: line.dialect,
            request: line.request_id,
            action: line.action,
            of: format!("{}:{}", line.subject.0, line.subject.1),
            changes: changes.collect(),
        }
    }
}

/// A page of the log.
#[derive(Debug, Serialize)]
pub struct PageOut {
    lines: Vec<LineOut>,
    /// The parameter `before` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// `GET /console/api/audit`
pub async fn page(Staff(ctx): Staff, RawQuery(query): RawQuery) -> Result<Json<PageOut>, Problem> {
    ctx.require(Permission::AuditRead)?;
    let query = Query::parse(query.as_deref());
    let text = |name: &str| {
        query
            .scalar(name)
            .map_err(crate::wire::console::request::wrong)
    };
    let most = u64::try_from(LINES_MAX).unwrap_or(u64::MAX);
    let limit = query
        .number("limit", 1, most, 100)
        .map_err(crate::wire::console::request::wrong)?;
    let before = query
        .number("before", 0, u64::MAX, 0)
        .map_err(crate::wire::console::request::wrong)?;
    let of = match text("of")? {
        None => None,
        Some(text) => {
            let problem = "must be a kind of record and its number, such as customer:17";
            let unfit = || crate::wire::console::request::wrong(Wrong::new("of", problem));
            Some(ops::audits::subject(text).ok_or_else(unfit)?)
        }
    };
    let wanted = AuditFilter {
        since: instant("since", text("since")?)?,
        until: instant("until", text("until")?)?,
        who: text("who")?.map(str::to_owned),
        of,
        before: Some(before).filter(|before| *before > 0).map(AuditId),
    };
    let limit = usize::try_from(limit).unwrap_or(LINES_MAX);
    // A filter may look at many lines.
    let read = tokio::task::spawn_blocking(move || ops::audits::page(&ctx, &wanted, limit));
    let page = read
        .await
        .map_err(|error| ops::OpError::Failed(error.to_string()))??;
    Ok(Json(PageOut {
        next: page.next.map(|id| id.0),
        lines: page.lines.into_iter().map(LineOut::new).collect(),
    }))
}
