//! Imports, from the command line: what can be said, and where the source is read.

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sha2::{Digest as _, Sha256};

use super::on_data::{is_there, open_here, run_on_data};
use super::place::Place;
use super::progress::Meter;
use super::terminal::print_lines;
use crate::app::Ctx;
use crate::config::{Flags, Loaded};
use crate::control;
use crate::control::command::output::{CommandError, Output};
use crate::control::command::{Command, Import as ImportCommand, Imported, import as run_import};
use crate::ops::imports::{Progress, Reader};
use crate::serve;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Channels and films from an M3U list
    M3u {
        #[command(flatten)]
        from: Input,
        /// Take channels and no films
        #[arg(long)]
        live_only: bool,
        /// Take what is in these groups only: News,Sport
        #[arg(long, value_name = "A,B", value_delimiter = ',')]
        groups: Vec<String>,
        /// Remove what an earlier import of this source made and the list does not have any more
        #[arg(long)]
        remove_missing: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Programmes from an XMLTV guide
    Xmltv {
        #[command(flatten)]
        from: Input,
        #[command(flatten)]
        place: Place,
    },
    /// Take the last import of a list back
    Undo {
        /// The file or address that was imported, or the name that --source gave it
        source: String,
        /// Say what would happen and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub struct Input {
    /// A file, packed or not; or where it is on the web, http:// or https://; `-` reads standard
    /// input
    from: String,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Fail (exit status 1) where there is a warning: an empty list, a guide that shows nothing
    #[arg(long)]
    strict: bool,
    /// What the source is called from one import to the next [default: its file or address]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How its letters are written, where that is not recognised: windows-1251, iso-8859-2, koi8-r,
    /// ...
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
    /// What to call oneself where the source is on the web
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// A header to send where the source is on the web, such as 'Referer: https://tv.example'
    #[arg(long, value_name = "K: V")]
    header: Vec<String>,
}

impl Import {
    pub async fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::M3u {
                from,
                live_only,
                groups,
                remove_missing,
                place,
            } => {
                let groups = groups.iter().map(|group| group.trim().to_owned());
                let groups = groups.filter(|group| !group.is_empty()).collect();
                let (source, wanted) = from.wanted(Imported::M3u);
                let wanted = ImportCommand {
                    live_only,
                    groups,
                    remove_missing,
                    ..wanted
                };
                bring_in(&place, &source, wanted).await
            }
            Self::Xmltv { from, place } => {
                let (source, wanted) = from.wanted(Imported::Xmltv);
                bring_in(&place, &source, wanted).await
            }
            Self::Undo {
                source,
                dry_run,
                place,
            } => {
                let sources = vec![called(&source), source];
                run_on_data(&place, Command::ImportUndo { sources, dry_run }).await
            }
        }
    }
}

impl Input {
    fn wanted(self, what: Imported) -> (String, ImportCommand) {
        let wanted = ImportCommand {
            url: is_url(&self.from).then(|| self.from.clone()),
            dry_run: self.dry_run,
            source: self.source.unwrap_or_else(|| called(&self.from)),
            charset: self.charset,
            user_agent: self.user_agent,
            headers: self.header,
            strict: self.strict,
            ..ImportCommand::new(what)
        };
        (self.from, wanted)
    }
}

fn is_url(source: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        let front = source.get(..scheme.len());
        front.is_some_and(|front| front.eq_ignore_ascii_case(scheme))
    })
}

/// What a source is called where nobody names it: its whole path. Of an address the machine and a
/// mark, because addresses of lists have passwords in them.
fn called(source: &str) -> String {
    if is_url(source) {
        let (scheme, rest) = source.split_once("://").unwrap_or(("", source));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, _) = rest.split_at_checked(end).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let mark = Sha256::digest(source.as_bytes());
        let mark = mark
            .iter()
            .take(4)
            .fold(String::new(), |mark, byte| format!("{mark}{byte:02x}"));
        return format!("{}://{host} {mark}", scheme.to_ascii_lowercase());
    }
    if source == "-" {
        return "standard input".to_owned();
    }
    let path = std::path::absolute(source);
    path.map_or_else(|_| source.to_owned(), |path| path.display().to_string())
}

/// Imports a list or a guide: by the box that has the folder open, else here. Shows how far it is.
async fn bring_in(place: &Place, source: &str, command: ImportCommand) -> anyhow::Result<bool> {
    let loaded = place.load(Flags::new())?;
    let (mut content, size): (Option<Reader>, _) = match source {
        _ if command.url.is_some() => (None, None),
        "-" => (Some(Box::new(std::io::stdin())), None),
        file => {
            let cannot = || format!("cannot read {file}");
            let open = std::fs::File::open(file).with_context(cannot)?;
            let about = open.metadata().with_context(cannot)?;
            anyhow::ensure!(!about.is_dir(), "{file} is a folder");
            let size = about.is_file().then_some(about.len());
            (Some(Box::new(open)), size)
        }
    };
    let meter = Arc::new(Meter::new(size));
    let telling = Arc::clone(&meter);
    let progress: Progress = Arc::new(move |step| telling.tell(step));
    let create = place.may_create();
    let imported = import_there_or_here(&loaded, create, command, &mut content, &progress).await;
    meter.end();
    let output = imported?;
    print_lines(&output.lines)?;
    Ok(output.ok)
}

async fn import_there_or_here(
    loaded: &Loaded,
    create: bool,
    command: ImportCommand,
    content: &mut Option<Reader>,
    progress: &Progress,
) -> anyhow::Result<Output> {
    let folder = &loaded.config.data;
    if let Some(output) = control::ask_import(folder, &command, content, progress).await? {
        return Ok(output);
    }
    is_there(&serve::data_file(&loaded.config), create)?;
    let Some(app) = open_here(loaded, &serve::data_file(&loaded.config)).await? else {
        let asked = control::ask_import(folder, &command, content, progress).await?;
        return asked.context("another process has the data open and does not answer");
    };
    let ctx = Ctx::system(app.clone());
    let content = content.take().unwrap_or_else(|| Box::new(std::io::empty()));
    let done = run_import(&ctx, command, content, progress.clone()).await;
    tokio::task::spawn_blocking(move || app.store.close()).await?;
    done.map_err(|CommandError::Refused(reason)| anyhow::anyhow!(reason))
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn sources_have_names_without_secrets() {
        let list = "http://name:secret@panel.example:8080/get.php?username=u&password=p";
        let told = called(list);
        assert!(told.starts_with("http://panel.example:8080 "), "{told}");
        assert!(
            !told.contains("secret") && !told.contains("get.php"),
            "{told}"
        );
        assert_ne!(told, called(&list.replace("=p", "=q")));
        assert_eq!(called("/var/list.m3u"), "/var/list.m3u");
        assert!(called("list.m3u").ends_with("/list.m3u"));
    }
}
