//! The commands that work on the data whether or not a box is running: what is asked, and how it
//! is carried out. The command line and the control socket both end here.

mod staff;

use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::control::command::output::{CommandError, Output, done, parse_role};
use crate::ops::apply::ElementChange;
use crate::ops::exports::request::{ExportRequest, Format, What};
use crate::ops::{self};

mod channels;
mod import;
pub mod output;
mod status;

pub use crate::control::command::import::{Import, Imported, import};
pub use crate::ops::imports::{Feed, Incoming, Progress, Reader, Step};

/// A command with its arguments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Command {
    Apply {
        document: String,
        dry_run: bool,
    },
    OperatorAdd {
        name: String,
        role: String,
        #[serde(default)]
        email: Option<String>,
        reseller: Option<u64>,
        password: String,
    },
    /// What would end if somebody left, or had this role.
    OperatorLeaving {
        name: String,
        role: Option<String>,
    },
    OperatorRemove {
        name: String,
        end_credentials: bool,
    },
    OperatorRole {
        name: String,
        role: String,
        end_credentials: bool,
    },
    /// What would end with another signing key.
    KeysRotating,
    KeysRotate,
    /// A page of the audit log: lines whose number is below `before`; 0: from the newest on.
    Audit {
        since: Option<String>,
        until: Option<String>,
        who: Option<String>,
        of: Option<String>,
        jsonl: bool,
        before: u64,
    },
    OperatorPasswd {
        name: String,
        password: String,
    },
    /// Takes somebody's second factor away, who lost it.
    OperatorTakeFactor {
        name: String,
    },
    OperatorList,
    PartnerAdd {
        key: String,
        name: String,
    },
    PartnerRotate {
        key: String,
        overlap_seconds: i64,
    },
    PartnerList,
    TokenCreate {
        name: String,
        role: String,
        ttl_seconds: i64,
    },
    TokenList,
    TokenRevoke {
        jti: String,
    },
    Check,
    /// Whether the box runs and is well.
    Status,
    /// Takes the last import of a list back; what it may be called.
    ImportUndo {
        sources: Vec<String>,
        dry_run: bool,
    },
    ChannelList,
    ChannelRemove {
        ids: Vec<u64>,
    },
    ChannelHide {
        ids: Vec<u64>,
        hidden: bool,
    },
    /// The catalogue as an apply document.
    ExportCatalogue,
    /// A page of an export: records whose number is above `after`.
    Export {
        what: String,
        format: String,
        #[serde(default)]
        from: Option<String>,
        #[serde(default)]
        to: Option<String>,
        #[serde(default)]
        names: bool,
        after: u64,
    },
}

impl Command {
    /// Whether it changes nothing.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::Check
                | Self::Status
                | Self::OperatorList
                | Self::PartnerList
                | Self::TokenList
                | Self::ChannelList
                | Self::Export { .. }
                | Self::ExportCatalogue
        )
    }
}

/// Carries a command out.
#[expect(clippy::too_many_lines, reason = "one table of commands")]
pub async fn run(ctx: &Ctx, command: Command) -> Result<Output, CommandError> {
    match command {
        Command::Apply { document, dry_run } => apply(ctx, document, dry_run).await,
        Command::OperatorAdd {
            name,
            role,
            email,
            reseller,
            password,
        } => staff::add(ctx, (name, role), email, reseller, password).await,
        Command::OperatorTakeFactor { name } => staff::take_factor(ctx, name).await,
        Command::OperatorLeaving { name, role } => staff::leaving(ctx, &name, role.as_deref()),
        Command::OperatorRemove {
            name,
            end_credentials,
        } => staff::remove(ctx, name, end_credentials).await,
        Command::OperatorRole {
            name,
            role,
            end_credentials,
        } => staff::role(ctx, (name, role), end_credentials).await,
        Command::KeysRotating => staff::rotating(ctx),
        Command::KeysRotate => staff::rotate(ctx).await,
        Command::Audit {
            since,
            until,
            who,
            of,
            jsonl,
            before,
        } => {
            let lines = staff::Lines {
                since,
                until,
                who,
                of,
                jsonl,
                before,
            };
            staff::audit(ctx, lines).await
        }
        Command::OperatorPasswd { name, password } => {
            ops::staff::change_operator_password(ctx, name.clone(), password).await?;
            Ok(done(vec![format!("changed the password of {name}")]))
        }
        Command::OperatorList => staff::list(ctx),
        Command::PartnerAdd { key, name } => {
            let (_, api_key) = ops::partners::add(ctx, key, name).await?;
            Ok(done(vec![api_key]))
        }
        Command::PartnerRotate {
            key,
            overlap_seconds,
        } => {
            let (_, api_key) = ops::partners::rotate(ctx, key, overlap_seconds).await?;
            Ok(done(vec![api_key]))
        }
        Command::PartnerList => {
            let line = |partner: &crate::domain::partners::Partner| {
                let state = match (partner.on, partner.agreed, partner.api_key_hash.is_some()) {
                    (false, _, _) => "off",
                    (true, false, _) => "nothing agreed yet",
                    (true, true, false) => "no key",
                    (true, true, true) => "on",
                };
                let by = partner.key_made_by.words();
                format!("{}\t{}\t{state}\tby {by}", partner.key, partner.name)
            };
            let partners = ops::partners::list(ctx)?;
            Ok(done(partners.iter().map(line).collect()))
        }
        Command::TokenCreate {
            name,
            role,
            ttl_seconds,
        } => {
            let role = parse_role(&role)?;
            let request = ops::staff::tokens::NewToken {
                name,
                role,
                ttl_seconds,
            };
            let (_, text) = ops::staff::tokens::create_token(ctx, request).await?;
            Ok(done(vec![text]))
        }
        Command::TokenList => Ok(staff::tokens(ctx)?),
        Command::TokenRevoke { jti } => {
            let token = ops::staff::tokens::revoke_token(ctx, jti).await?;
            Ok(done(vec![format!("revoked {} ({})", token.id, token.name)]))
        }
        Command::Check => check(ctx).await,
        Command::Status => status::status(ctx).await,
        Command::ImportUndo { sources, dry_run } => import::undo(ctx, sources, dry_run).await,
        Command::ChannelList => channels::list(ctx),
        Command::ChannelRemove { ids } => channels::remove(ctx, ids).await,
        Command::ChannelHide { ids, hidden } => channels::hide(ctx, ids, hidden).await,
        Command::ExportCatalogue => Ok(done(ops::apply::catalogue(ctx)?)),
        Command::Export {
            what,
            format,
            from,
            to,
            names,
            after,
        } => {
            let (what, format) = exported(&what, &format)?;
            let request = ExportRequest {
                what,
                format,
                from,
                to,
                names,
            };
            export(ctx, request, after).await
        }
    }
}

async fn apply(ctx: &Ctx, document: String, dry_run: bool) -> Result<Output, CommandError> {
    let report = ops::apply::apply(ctx, document, dry_run).await?;
    let mut lines = Vec::new();
    let would = if dry_run { "would be " } else { "" };
    for (verb, counts) in [
        ("created", &report.created),
        ("changed", &report.changed),
        ("left", &report.left),
    ] {
        for (section, count) in counts {
            lines.push(format!("{section}: {count} {would}{verb}"));
        }
    }
    if lines.is_empty() {
        lines.push("the document is empty".to_owned());
    }
    for change in &report.changes {
        lines.extend(change_lines(change));
    }
    let all = report
        .changed
        .values()
        .fold(0usize, |sum, count| sum.saturating_add(*count));
    if dry_run && report.changes.len() < all {
        let more = all.saturating_sub(report.changes.len());
        lines.push(format!(
            "({more} more changed, among them customers, which are not listed)"
        ));
    }
    Ok(done(lines))
}

/// An element that would be changed: where it stands, old and new values, the orders that it
/// touches.
fn change_lines(change: &ElementChange) -> Vec<String> {
    let orders = match change.orders {
        None => String::new(),
        Some(1) => " (1 active order)".to_owned(),
        Some(count) => format!(" ({count} active orders)"),
    };
    let shown = |text: &str| {
        if text.is_empty() {
            "nothing".to_owned()
        } else {
            text.to_owned()
        }
    };
    let members = change.changes.iter().map(|one| {
        format!(
            "  {}: {} -> {}",
            one.field,
            shown(&one.before),
            shown(&one.after)
        )
    });
    std::iter::once(format!("{}{orders}", change.place))
        .chain(members)
        .collect()
}

async fn check(ctx: &Ctx) -> Result<Output, CommandError> {
    let ctx = ctx.clone();
    let checked = tokio::task::spawn_blocking(move || ops::upkeep::check(&ctx)).await;
    let report = checked.map_err(|error| CommandError::Refused(error.to_string()))??;
    if report.findings.is_empty() {
        return Ok(done(vec![format!("clean: {} records", report.records)]));
    }
    let mut lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    lines.push(format!(
        "{} findings in {} records",
        report.findings.len(),
        report.records
    ));
    Ok(Output {
        lines,
        ok: false,
        next: None,
    })
}

fn exported(what: &str, format: &str) -> Result<(What, Format), CommandError> {
    let refused = |reason: &str| CommandError::Refused(reason.to_owned());
    let what = match what {
        "journal" => What::Journal,
        "invoices" => What::Invoices,
        "customers" => What::Customers,
        _ => return Err(refused("there are journal, invoices and customers")),
    };
    let format = match format {
        "jsonl" => Format::Jsonl,
        "csv" => Format::Csv,
        "hledger" => Format::Hledger,
        "beancount" => Format::Beancount,
        _ => return Err(refused("the formats are jsonl, csv, hledger and beancount")),
    };
    Ok((what, format))
}

async fn export(ctx: &Ctx, request: ExportRequest, after: u64) -> Result<Output, CommandError> {
    let ctx = ctx.clone();
    let read = tokio::task::spawn_blocking(move || ops::exports::page(&ctx, &request, after));
    let page = read
        .await
        .map_err(|error| CommandError::Refused(error.to_string()))??;
    Ok(Output {
        lines: page.lines,
        ok: true,
        next: page.next,
    })
}
