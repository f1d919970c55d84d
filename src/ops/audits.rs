//! Reading the audit log: who changed what, from the newest line back.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::event::Audit;
use crate::domain::staff::Permission;
use crate::domain::values::id::AuditId;
use crate::domain::values::time::Timestamp;
use crate::store::key::Key as _;
use crate::store::{Read as _, Span, Table};

use super::OpError;

/// Most lines of one answer.
pub const LINES_MAX: usize = 1_000;
/// Most lines that are looked at for one answer: whoever filters a long log reads it page by page.
const LOOKED_AT_MAX: usize = 200_000;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// The name of whoever acted, whole; case counts.
    pub who: Option<String>,
    /// Kind of record, as the log has it, and its number.
    pub of: Option<(String, u64)>,
    /// Only lines before this one.
    pub before: Option<AuditId>,
}

impl AuditFilter {
    fn fits(&self, line: &Audit) -> bool {
        let of = |(kind, number): &(String, u64)| {
            line.subject.1 == *number && same_kind(&line.subject.0, kind)
        };
        self.until.is_none_or(|until| line.at < until)
            && self.since.is_none_or(|since| line.at >= since)
            && self.who.as_ref().is_none_or(|who| line.actor_name == *who)
            && self.of.as_ref().is_none_or(of)
    }
}

/// `customer` is as good as `customers`, the name of the table.
fn same_kind(table: &str, kind: &str) -> bool {
    table == kind || table.strip_suffix('s') == Some(kind)
}

/// Lines, newest first, and where the next page begins.
#[derive(Debug, Clone)]
pub struct Page {
    pub lines: Vec<Audit>,
    /// Give it back as `before`; `None`: that was all.
    pub next: Option<AuditId>,
}

/// A page of the log. Resellers' people have no business in it: it is about everybody.
pub fn page(ctx: &Ctx, wanted: &AuditFilter, limit: usize) -> Result<Page, OpError> {
    ctx.require(Permission::AuditRead)?;
    let snapshot = ctx.snapshot()?;
    let limit = limit.clamp(1, LINES_MAX);
    let mut span = Span::all().descending();
    if let Some(before) = wanted.before {
        span.to = Some(before.to_bytes());
    }
    let mut page = Page {
        lines: Vec::new(),
        next: None,
    };
    let mut looked_at = 0usize;
    snapshot.each::<Audit>(&span, &mut |line| {
        if page.lines.len() >= limit || looked_at >= LOOKED_AT_MAX {
            page.next = Some(AuditId(line.id.0.saturating_add(1)));
            return Ok(ControlFlow::Break(()));
        }
        looked_at = looked_at.saturating_add(1);
        if wanted.since.is_some_and(|since| line.at < since) {
            return Ok(ControlFlow::Break(()));
        }
        if wanted.fits(&line) {
            page.lines.push(line);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(page)
}

/// A line as JSON, for other programs.
#[must_use]
pub fn json_line(line: &Audit) -> String {
    let changes = line.changes.iter().map(|change| {
        serde_json::json!({
            "field": change.field, "before": change.before, "after": change.after,
        })
    });
    serde_json::json!({
        "id": line.id.0,
        "at": line.at.to_rfc3339_millis(),
        "by": line.actor_kind,
        "who": line.actor_name,
        "dialect": line.dialect,
        "request": line.request_id,
        "action": line.action,
        "of": format!("{}:{}", line.subject.0, line.subject.1),
        "changes": changes.collect::<Vec<_>>(),
    })
    .to_string()
}

/// A kind of record and its number, as a person writes them: `customer:17`.
#[must_use]
pub fn subject(text: &str) -> Option<(String, u64)> {
    let (kind, number) = text.split_once(':')?;
    let mut tables = Table::ALL.iter();
    let known = tables.any(|table| same_kind(table.name(), kind));
    Some((kind.to_owned(), number.parse().ok()?)).filter(|_| known)
}
