//! What commands about staff, their credentials and the audit log answer.

use crate::app::Ctx;
use crate::domain::event::Audit;
use crate::domain::staff::{Operator, Token};
use crate::domain::values::id::{AuditId, ResellerId};
use crate::domain::values::time::Timestamp;
use crate::ops::audits::{AuditFilter, LINES_MAX};
use crate::ops::staff::credentials::Made;
use crate::ops::{self, OpError};

use crate::control::command::output::{CommandError, Output, done, parse_role};

/// `operator add`
pub(super) async fn add(
    ctx: &Ctx,
    (name, role): (String, String),
    email: Option<String>,
    reseller: Option<u64>,
    password: String,
) -> Result<Output, CommandError> {
    let input = ops::staff::NewOperator {
        name,
        role: parse_role(&role)?,
        reseller: reseller.map(ResellerId),
        email,
        password,
    };
    let operator = ops::staff::add_operator(ctx, input).await?;
    let role = operator.role.name();
    Ok(done(vec![format!("added {} ({role})", operator.name)]))
}

/// `operator list`
pub(super) fn list(ctx: &Ctx) -> Result<Output, CommandError> {
    let line = |operator: &Operator| {
        let created = operator.created_at.to_rfc3339_millis();
        let (name, role) = (&operator.name, operator.role.name());
        let email = operator.email.as_ref().map_or("", |email| email.as_str());
        let by = operator.made_by.words();
        let factor = operator.second_factor.as_ref();
        let factor = factor.map_or("", |_| "\tsecond factor");
        format!("{name}\t{role}\t{created}\tby {by}\t{email}{factor}")
            .trim_end()
            .to_owned()
    };
    let operators = ops::staff::operators(ctx)?;
    Ok(done(operators.iter().map(line).collect()))
}

/// `operator reset-second-factor`
pub(super) async fn take_factor(ctx: &Ctx, name: String) -> Result<Output, CommandError> {
    let person = ops::staff::second_factor::take_away(ctx, name).await?;
    Ok(done(vec![format!(
        "{} signs in with name and password alone now; their sign-ins ended",
        person.name
    )]))
}

/// What `operator remove` and `operator role` show before they ask.
pub(super) fn leaving(ctx: &Ctx, name: &str, role: Option<&str>) -> Result<Output, CommandError> {
    let role = role.map(parse_role).transpose()?;
    let (person, made) = ops::staff::changes::leaving(ctx, name, role)?;
    let mut lines = vec![format!("{} ({})", person.name, person.role.name())];
    lines.extend(made.lines());
    Ok(done(lines))
}

/// `operator remove`
pub(super) async fn remove(
    ctx: &Ctx,
    name: String,
    end_credentials: bool,
) -> Result<Output, CommandError> {
    let (person, made) = ops::staff::changes::remove(ctx, name, end_credentials).await?;
    let first = format!("removed {} ({})", person.name, person.role.name());
    Ok(ended(first, &made))
}

/// `operator role`
pub(super) async fn role(
    ctx: &Ctx,
    (name, role): (String, String),
    end_credentials: bool,
) -> Result<Output, CommandError> {
    let role = parse_role(&role)?;
    let done = ops::staff::changes::change_role(ctx, name, role, end_credentials).await?;
    let (person, made) = done;
    let first = format!("{} is {} now", person.name, person.role.name());
    Ok(ended(first, &made))
}

fn ended(first: String, made: &Made) -> Output {
    let mut lines = vec![first];
    lines.extend(made.lines());
    done(lines)
}

/// `token list`
pub(super) fn tokens(ctx: &Ctx) -> Result<Output, OpError> {
    let tokens = ops::staff::tokens::tokens(ctx)?;
    let line = |token: &Token| {
        let state = if token.revoked_at.is_some() {
            "revoked"
        } else if token.expires_at <= ctx.now {
            "expired"
        } else {
            "valid"
        };
        let expires = token.expires_at.to_rfc3339_millis();
        format!(
            "{}\t{}\t{}\t{state}\tuntil {expires}\tby {}",
            token.id,
            token.name,
            token.role.name(),
            token.made_by.words()
        )
    };
    Ok(done(tokens.iter().map(line).collect()))
}

/// What `keys rotate` shows before it asks.
pub(super) fn rotating(ctx: &Ctx) -> Result<Output, CommandError> {
    let lines = ops::staff::signing_key::ending(ctx)?;
    Ok(done(lines))
}

/// `keys rotate`
pub(super) async fn rotate(ctx: &Ctx) -> Result<Output, CommandError> {
    let ended = ops::staff::signing_key::rotate(ctx).await?;
    Ok(done(vec![format!(
        "the signing key is another one; tokens that ended: {ended}"
    )]))
}

/// Which lines `audit` asks for, as the command line has them.
pub(super) struct Lines {
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) who: Option<String>,
    pub(super) of: Option<String>,
    pub(super) jsonl: bool,
    pub(super) before: u64,
}

/// `audit`: a page of the log, newest line first.
pub(super) async fn audit(ctx: &Ctx, lines: Lines) -> Result<Output, CommandError> {
    let refused = |problem: &str| CommandError::Refused(problem.to_owned());
    let instant = |name: &str, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => {
            let wrong = || refused(&format!("{name}: must be such as 2026-01-31T10:00:00Z"));
            Timestamp::parse(&text).map(Some).ok_or_else(wrong)
        }
    };
    let of = match lines.of {
        None => None,
        Some(text) => {
            let wrong = || refused("--of: must be a kind and a number, such as customer:17");
            Some(ops::audits::subject(&text).ok_or_else(wrong)?)
        }
    };
    let wanted = AuditFilter {
        since: instant("--since", lines.since)?,
        until: instant("--until", lines.until)?,
        who: lines.who,
        of,
        before: Some(lines.before).filter(|before| *before > 0).map(AuditId),
    };
    let ctx = ctx.clone();
    let read =
        tokio::task::spawn_blocking(move || ops::audits::page(&ctx, &wanted, LINES_MAX)).await;
    let page = read.map_err(|error| CommandError::Refused(error.to_string()))??;
    let shown = page.lines.iter().map(|line| {
        if lines.jsonl {
            ops::audits::json_line(line)
        } else {
            text_line(line)
        }
    });
    Ok(Output {
        lines: shown.collect(),
        ok: true,
        next: page.next.map(|id| id.0),
    })
}

/// When, who, through what, what was done, to which record, and what changed.
fn text_line(line: &Audit) -> String {
    let who = format!("{} {}", line.actor_kind, line.actor_name);
    let mut text = format!(
        "{}\t{}\t{}\t{}\t{}:{}",
        line.at.to_rfc3339_millis(),
        who.trim().escape_debug(),
        line.dialect,
        line.action,
        line.subject.0,
        line.subject.1
    );
    for change in &line.changes {
        let (before, after) = (change.before.escape_debug(), change.after.escape_debug());
        text.push_str(&format!("\t{}: {before} -> {after}", change.field));
    }
    text
}
