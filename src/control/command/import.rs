//! Imports by command: what is asked, and what is told of what came of it.

use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::control::command::output::{CommandError, Output, done};
use crate::ops::imports::{Asking, Counts, Left, Notes, Options, Report};
use crate::ops::imports::{Progress, Reader};
use crate::ops::{self, OpError};

/// Lists and guides that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Imported {
    M3u,
    Xmltv,
}

/// An import with its arguments, apart from what is imported: that comes as a stream.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and any may be set with any other"
)]
#[derive(Clone, Serialize, Deserialize)]
pub struct Import {
    pub what: Imported,
    /// Where the box fetches it; `None`: it comes with the command.
    pub url: Option<String>,
    pub dry_run: bool,
    /// What the source is called; empty: nothing is remembered of it.
    pub source: String,
    pub charset: Option<String>,
    pub user_agent: Option<String>,
    pub headers: Vec<String>,
    /// What viewers would miss is a failure.
    pub strict: bool,
    pub live_only: bool,
    pub groups: Vec<String>,
    pub remove_missing: bool,
}

impl Import {
    /// One without any wishes.
    #[must_use]
    pub fn new(what: Imported) -> Self {
        Self {
            what,
            url: None,
            dry_run: false,
            source: String::new(),
            charset: None,
            user_agent: None,
            headers: Vec::new(),
            strict: false,
            live_only: false,
            groups: Vec::new(),
            remove_missing: false,
        }
    }
}

/// Carries an import out. `content` is read where the command names no address.
pub async fn import(
    ctx: &Ctx,
    command: Import,
    content: Reader,
    progress: Progress,
) -> Result<Output, CommandError> {
    let options = Options {
        dry_run: command.dry_run,
        source: command.source.clone(),
        charset: command.charset.clone(),
        live_only: command.live_only,
        groups: command.groups.clone(),
        remove_missing: command.remove_missing,
    };
    let report = match &command.url {
        Some(url) => {
            let asking = Asking::new(command.user_agent.as_deref(), &command.headers);
            let asking = asking.map_err(CommandError::Refused)?;
            let (reader, fill) = ops::imports::fetch(ctx, url, &asking).await?;
            let work = import_from(ctx, command.what, reader, options, progress);
            // What ends early does not wait for the rest.
            let fill = async {
                fill.await;
                std::future::pending().await
            };
            tokio::select! { report = work => report?, report = fill => report }
        }
        None if command.user_agent.is_some() || !command.headers.is_empty() => {
            let reason = "--user-agent and --header are for a source at an address";
            return Err(CommandError::Refused(reason.to_owned()));
        }
        None => import_from(ctx, command.what, content, options, progress).await?,
    };
    Ok(Output {
        ok: !command.strict || report.warnings.is_empty(),
        ..done(report_lines(&report, Some(command.what), command.dry_run))
    })
}

async fn import_from(
    ctx: &Ctx,
    what: Imported,
    reader: Reader,
    options: Options,
    progress: Progress,
) -> Result<Report, OpError> {
    match what {
        Imported::M3u => ops::imports::import_m3u(ctx, reader, options, progress).await,
        Imported::Xmltv => ops::imports::import_xmltv(ctx, reader, options, progress).await,
    }
}

/// Takes the last import of a list back.
pub(super) async fn undo(
    ctx: &Ctx,
    sources: Vec<String>,
    dry_run: bool,
) -> Result<Output, CommandError> {
    let quiet: Progress = std::sync::Arc::new(|_| {});
    let report = ops::imports::undo(ctx, sources, dry_run, quiet).await?;
    Ok(done(report_lines(&report, None, dry_run)))
}

/// What is told of an import, or where `what` is none, of one that was undone.
fn report_lines(report: &Report, what: Option<Imported>, dry_run: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let would = if dry_run { "would be " } else { "" };
    let mut count = |kind: &str, counts: Option<Counts>| {
        let Some(counts) = counts else { return };
        let parts = [
            ("created", counts.created),
            ("changed", counts.changed),
            ("removed", counts.removed),
            ("left", counts.left),
        ];
        for (verb, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            lines.push(format!("{kind}: {count} {would}{verb}"));
        }
        if counts == Counts::default() && kind != "genres" {
            lines.push(format!("{kind}: none"));
        }
    };
    count("channels", report.channels);
    count("films", report.films);
    count("genres", report.genres);
    count("programmes", report.programmes);
    lines.extend(left_out(report.left_out));
    lines.extend(report.charset.iter().map(|said| format!("charset: {said}")));
    let mut list = |title: &str, notes: &Notes| {
        lines.extend(notes.lines.iter().map(|line| format!("{title}: {line}")));
        if notes.more > 0 {
            lines.push(format!("{title}: and {} more", notes.more));
        }
    };
    let removed = if dry_run {
        "would be removed"
    } else {
        "removed"
    };
    list(removed, &report.removed);
    list("kept", &report.kept);
    let unmatched = match what {
        Some(Imported::M3u) | None => "not in the list",
        Some(Imported::Xmltv) => "without a guide",
    };
    list(unmatched, &report.unmatched);
    list("only in the guide", &report.not_theirs);
    list("guide is over", &report.over);
    list("mended", &report.mended);
    list("not taken", &report.problems);
    let warnings = report.warnings.iter();
    lines.extend(warnings.map(|warning| format!("warning: {warning}")));
    lines
}

/// What the list has and was not taken on purpose.
fn left_out(left: Left) -> impl Iterator<Item = String> {
    let kinds = [
        ("films", left.films, "--live-only"),
        ("episodes", left.episodes, "series are not kept here"),
        ("headings", left.headings, "nothing to watch"),
        ("other groups", left.other_groups, "--groups"),
    ];
    let kinds = kinds.into_iter().filter(|(_, count, _)| *count > 0);
    kinds.map(|(kind, count, reason)| format!("{kind}: {count} left out ({reason})"))
}
