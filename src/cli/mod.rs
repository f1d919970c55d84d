//! The command line: what can be said, and what happens then.

mod channel;
mod import;
pub mod progress;
mod staff;

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::app::clock::Clock;
use crate::app::entropy::Entropy;
use crate::app::telemetry;
use crate::app::{App, Ctx};
use crate::config::{self, Config, Flags, Loaded};
use crate::control;
use crate::control::command::output::{CommandError, Output};
use crate::control::command::{Command as DataCommand, run as run_command};
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::demo::DemoLogin;
use crate::serve::{self, Setup};
use crate::store::{Storage, StoreError};

use channel::Channel;
use import::{Import, bring_in};
use staff::{Audit, Keys, Operator};

/// The back office of a small IPTV/OTT operator: one binary, one file.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the appliance
    Serve(Serve),
    /// Bring catalogue, offers, customers and partners in step with a JSON document
    Apply(Apply),
    /// Bring in channels or a programme guide of others
    #[command(subcommand)]
    Import(Import),
    /// Channels: list, remove, hide
    #[command(subcommand)]
    Channel(Channel),
    /// Staff accounts
    #[command(subcommand)]
    Operator(Operator),
    /// The key that signs integration tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Show who changed what, newest first
    Audit(Audit),
    /// Integration tokens (AlphaOTT)
    #[command(subcommand)]
    Token(Token),
    /// Partners that bill through the box (MarketONE)
    #[command(subcommand)]
    Partner(Partner),
    /// Prove the data file: every record, every index, the audit log's chain
    Check(Place),
    /// Say whether the box runs and is well, and what waits for a person
    Status(Place),
    /// Print the journal, the invoices or the customers for other programs
    Export(Export),
    /// Show the effective settings and where each comes from, secrets hidden
    Config(Place),
    /// Show what runs
    Version,
}

/// Where the data is.
#[derive(Debug, Args)]
struct Place {
    /// Folder of the data file [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings file [default: boxoffice.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make the data folder where there is none; else only `serve` makes one
    #[arg(long)]
    create: bool,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// On an empty data folder: put a demo operator in it
    #[arg(long)]
    demo: bool,
    /// Freeze time at this instant; POST /console/api/test-clock moves it
    #[arg(long, value_name = "RFC3339")]
    test_clock: Option<String>,
}

#[derive(Debug, Args)]
struct Apply {
    /// The document; `-` reads standard input
    file: PathBuf,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Export {
    /// journal, invoices, customers, or catalogue: an apply document
    #[arg(value_parser = ["journal", "invoices", "customers", "catalogue"])]
    what: String,
    /// How to write it; hledger and beancount are for the journal
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv", "hledger", "beancount"])]
    format: String,
    /// First day of the journal or of invoices, such as 2026-01-01; what was before is brought
    /// forward
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day of the journal or of invoices
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Name customers in hledger and beancount files
    #[arg(long)]
    names: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Partner {
    /// Add a partner and print its API key, and nothing else: it cannot be shown again
    Add {
        /// Short name, for logs and accounts
        key: String,
        #[arg(long)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print another API key for a partner; the one before stays good for a while
    Rotate {
        key: String,
        /// How long the key before stays good: 90s, 12h, 1d
        #[arg(long, default_value = "1d", value_parser = parse_ttl)]
        overlap: i64,
        #[command(flatten)]
        place: Place,
    },
    /// List partners: key, name, state, who made their key
    List {
        #[command(flatten)]
        place: Place,
    },
}

impl Partner {
    fn command(self) -> (Place, DataCommand) {
        match self {
            Self::Add { key, name, place } => (place, DataCommand::PartnerAdd { key, name }),
            Self::Rotate {
                key,
                overlap: overlap_seconds,
                place,
            } => {
                let rotate = DataCommand::PartnerRotate {
                    key,
                    overlap_seconds,
                };
                (place, rotate)
            }
            Self::List { place } => (place, DataCommand::PartnerList),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Token {
    /// Print a new token, and nothing else
    Create {
        /// Who will hold it
        #[arg(long)]
        name: String,
        /// owner, manager, support, cashier, content-editor, dealer or auditor
        #[arg(long, default_value = "manager")]
        role: String,
        /// How long it is good for: 90s, 12h, 1d, 2y
        #[arg(long, default_value = "2y", value_parser = parse_ttl)]
        ttl: i64,
        #[command(flatten)]
        place: Place,
    },
    /// List tokens: id, name, role, state, end, who made them
    List {
        #[command(flatten)]
        place: Place,
    },
    /// End a token by its id (`jti`), from the next request on
    Revoke {
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// `90s`, `15m`, `12h`, `1d`, `2y` in seconds; a year has 365.25 days.
fn parse_ttl(text: &str) -> Result<i64, String> {
    let wrong = || "must be a number with s, m, h, d or y behind it, such as 90s or 2y".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'y' => 31_557_600,
        _ => return Err(wrong()),
    };
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|n| n.parse().ok())
        .ok_or_else(wrong)?;
    let max = ops::staff::tokens::TOKEN_SECONDS_MAX;
    let ttl = count
        .checked_mul(seconds)
        .filter(|ttl| (1..=max).contains(ttl));
    ttl.ok_or_else(|| "must be more than nothing and at most 30y".to_owned())
}

impl Place {
    fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        if let Some(data) = &self.data {
            flags.insert("data".to_owned(), data.display().to_string());
        }
        flags
    }

    fn load(&self, more: Flags) -> anyhow::Result<Loaded> {
        let mut flags = self.flags();
        flags.extend(more);
        Config::load(&flags, self.config.as_deref())
    }
}

/// Does what the command line says. An error is one line for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (place, command) = match cli.command {
        Command::Serve(serve) => return runtime.block_on(run_server(serve)).map(|()| true),
        Command::Version => {
            print_lines(&[format!("boxoffice {}", env!("CARGO_PKG_VERSION"))])?;
            return Ok(true);
        }
        Command::Config(place) => {
            let loaded = place.load(Flags::new())?;
            warn(&loaded)?;
            print_lines(&[config::describe(&loaded)?.trim_end().to_owned()])?;
            return Ok(true);
        }
        Command::Apply(apply) => {
            let document = read_document(&apply.file)?;
            (
                apply.place,
                DataCommand::Apply {
                    document,
                    dry_run: apply.dry_run,
                },
            )
        }
        Command::Import(wish) => match wish.command() {
            Ok((place, command)) => (place, command),
            Err((place, source, command)) => {
                return runtime.block_on(bring_in(&place, &source, *command));
            }
        },
        Command::Channel(channel) => channel.command(),
        Command::Operator(operator) => return ask_first(&runtime, operator.asked()?),
        Command::Keys(keys) => return ask_first(&runtime, keys.asked()),
        Command::Audit(audit) => return ask_first(&runtime, audit.asked()),
        Command::Partner(partner) => partner.command(),
        Command::Token(Token::Create {
            name,
            role,
            ttl,
            place,
        }) => (
            place,
            DataCommand::TokenCreate {
                name,
                role,
                ttl_seconds: ttl,
            },
        ),
        Command::Token(Token::List { place }) => (place, DataCommand::TokenList),
        Command::Token(Token::Revoke { id, place }) => {
            (place, DataCommand::TokenRevoke { jti: id })
        }
        Command::Check(place) => (place, DataCommand::Check),
        Command::Status(place) => (place, DataCommand::Status),
        Command::Export(export) if export.what == "catalogue" => {
            (export.place, DataCommand::ExportCatalogue)
        }
        Command::Export(export) => (
            export.place,
            DataCommand::Export {
                what: export.what,
                format: export.format,
                from: export.from,
                to: export.to,
                names: export.names,
                after: 0,
            },
        ),
    };
    runtime.block_on(run_on_data(&place, command))
}

/// Shows what a command would do and asks, where it is to be asked; then carries it out.
fn ask_first(runtime: &tokio::runtime::Runtime, asked: staff::Asked) -> anyhow::Result<bool> {
    if let Some(question) = asked.first {
        runtime.block_on(run_on_data(&asked.place, question.look.clone()))?;
        staff::confirmed(&question)?;
    }
    runtime.block_on(run_on_data(&asked.place, asked.command))
}

/// The command for the page after this one, if there is one.
fn following(command: &DataCommand, output: &Output) -> Option<DataCommand> {
    match (command, output.next) {
        (DataCommand::Export { .. } | DataCommand::Audit { .. }, Some(next)) => {
            let mut following = command.clone();
            match &mut following {
                DataCommand::Export { after, .. } => *after = next,
                DataCommand::Audit { before, .. } => *before = next,
                _ => {}
            }
            Some(following)
        }
        _ => None,
    }
}

/// Asks the box that has the folder open; without one opens the file itself. Prints what comes of
/// it; `false` where the data was found to be wrong.
async fn run_on_data(place: &Place, command: DataCommand) -> anyhow::Result<bool> {
    let loaded = place.load(Flags::new())?;
    let folder = &loaded.config.data;
    if let Some(output) = control::ask(folder, &command).await? {
        return print_all(command, output, async |next| {
            let gone = || anyhow::anyhow!("the running server has gone away");
            control::ask(folder, &next).await?.ok_or_else(gone)
        })
        .await;
    }
    let file = serve::data_file(&loaded.config);
    is_there(&file, place.create)?;
    let Some(app) = open_here(&loaded, &file).await? else {
        let busy = || anyhow::anyhow!("another process has the data open and does not answer");
        let output = control::ask(folder, &command).await?.ok_or_else(busy)?;
        return print_all(command, output, async |next| {
            control::ask(folder, &next).await?.ok_or_else(busy)
        })
        .await;
    };
    let ctx = Ctx::system(app.clone());
    // That nothing but the demo is in such a file is why it may be thrown away.
    if !command.only_looks() && ops::demo::is_unfinished(&ctx)? {
        anyhow::bail!(serve::DEMO_UNFINISHED);
    }
    let here = async |command: DataCommand| {
        let done = run_command(&ctx, command).await;
        done.map_err(|CommandError::Refused(reason)| anyhow::anyhow!(reason))
    };
    let outcome = match here(command.clone()).await {
        Ok(output) => print_all(command, output, here).await,
        Err(error) => Err(error),
    };
    tokio::task::spawn_blocking(move || app.store.close()).await?;
    outcome
}

/// Prints what a command answered, and the pages that follow.
async fn print_all(
    mut command: DataCommand,
    mut output: Output,
    ask: impl AsyncFn(DataCommand) -> anyhow::Result<Output>,
) -> anyhow::Result<bool> {
    loop {
        print_lines(&output.lines)?;
        let Some(next) = following(&command, &output) else {
            return Ok(output.ok);
        };
        output = ask(next.clone()).await?;
        command = next;
    }
}

/// Refuses to work on a data file that is not there: a mistyped folder, or another user's home,
/// must not quietly become a new box.
fn is_there(file: &Path, create: bool) -> anyhow::Result<()> {
    let shown = file.display();
    let Err(error) = std::fs::metadata(file) else {
        return Ok(());
    };
    match error.kind() {
        std::io::ErrorKind::NotFound if create => Ok(()),
        std::io::ErrorKind::NotFound => anyhow::bail!(
            "there is no data file {shown}: name the folder of your box with --data, or make a new \
             one with --create"
        ),
        std::io::ErrorKind::PermissionDenied => anyhow::bail!(
            "not allowed to look at {shown}: run this as the user that the box runs as, or with \
             sudo"
        ),
        _ => Err(error).with_context(|| format!("cannot look at {shown}")),
    }
}

/// How often, and how long apart, a file that is in use is tried again: its holder may be a
/// server that is about to answer, or another command that is about to end.
const TRIES: u32 = 50;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(100);

/// Opens the file; `None` if a server that answers has it.
async fn open_here(loaded: &Loaded, file: &Path) -> anyhow::Result<Option<Arc<App>>> {
    let mut tries = 0;
    loop {
        let (config, storage) = (loaded.config.clone(), Storage::File(file.to_owned()));
        let opening = tokio::task::spawn_blocking(move || {
            App::open(config, storage, Clock::System, Entropy::system())
        });
        let error = match opening.await.context("opening was cut short")? {
            Ok(app) => return Ok(Some(app)),
            Err(error) => error,
        };
        let in_use = matches!(error.downcast_ref::<StoreError>(), Some(StoreError::InUse));
        if !in_use || tries >= TRIES {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(BETWEEN_TRIES).await;
        if control::answers(&loaded.config.data).await {
            return Ok(None);
        }
    }
}

async fn run_server(serve: Serve) -> anyhow::Result<()> {
    let mut flags = Flags::new();
    if let Some(listen) = &serve.listen {
        flags.insert("listen".to_owned(), listen.clone());
    }
    let mut loaded = serve.place.load(flags)?;
    // The demo has nobody's money.
    loaded.config.payments.sandbox |= serve.demo;
    telemetry::start_log(&loaded.config.log);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let clock = match &serve.test_clock {
        None => Clock::System,
        Some(text) => Clock::test(
            Timestamp::parse(text)
                .context("--test-clock: must be a date and time such as 2026-01-31T10:00:00Z")?,
        ),
    };
    // Listen for the signals before saying that we are here.
    let stop = StopSignal::new()?;
    let login = if serve.demo {
        serve::put_demo_in(&loaded.config, &clock).await?
    } else {
        None
    };
    let running = serve::start(Setup::in_folder(loaded.config, clock)).await?;
    let health = Arc::clone(running.app().store.health());
    telemetry::log_panics(move |what| health.note_damage(what));
    let ctx = Ctx::system(running.app());
    let after = first_words(&ctx, serve.demo, login).await?;
    print_lines(&[format!("listening on http://{}", running.address())])?;
    print_lines(&after)?;
    stop.wait().await;
    tracing::info!("going down: answering what is in flight");
    running.stop().await;
    Ok(())
}

/// What a first start tells its operator: the demo's login, or the set-up link.
async fn first_words(
    ctx: &Ctx,
    demo: bool,
    login: Option<DemoLogin>,
) -> anyhow::Result<Vec<String>> {
    let base = ctx.app.base_url();
    let refused = |error: ops::OpError| anyhow::anyhow!("{error}");
    if demo {
        return Ok(match login {
            Some(login) => vec![
                format!("demo operator: {base}/console/"),
                format!("login: {}  password: {}", login.name, login.password),
                format!("stalker: {} {}", login.script, login.script_password),
            ],
            None => vec!["the data folder is not empty: no demo was put in".to_owned()],
        });
    }
    let code = match ops::staff::setup_code(ctx).await {
        // The box is read all the same; there is a link at the next start.
        Err(ops::OpError::DiskFull) => {
            tracing::warn!("there is no set-up link while the disk is full");
            None
        }
        code => code.map_err(refused)?,
    };
    Ok(code
        .map(|code| format!("set up the owner account: {base}/console/setup?code={code}"))
        .into_iter()
        .collect())
}

/// SIGTERM or SIGINT. SIGHUP, which a terminal sends when it is closed and some tools to have
/// settings read again, ends nothing.
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl StopSignal {
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::info!(
                    "SIGHUP changes nothing: settings are read at the start, so restart to change \
                     them"
                ),
            }
        }
    }
}

fn read_document(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn read_password(from_stdin: bool) -> anyhow::Result<String> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .context("cannot read standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("there is no terminal to ask for the password; use --password-stdin");
    }
    let password = rpassword::prompt_password("Password: ")?;
    let again = rpassword::prompt_password("Again: ")?;
    anyhow::ensure!(password == again, "the two passwords differ");
    Ok(password)
}

fn warn(loaded: &Loaded) -> anyhow::Result<()> {
    for warning in &loaded.warnings {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    Ok(())
}

/// Prints at once. A reader that went away is no failure.
fn print_lines(lines: &[String]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cli, parse_ttl};
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lives_of_tokens_have_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("12h", 43_200),
            ("1d", 86_400),
            ("2y", 63_115_200),
            ("20y", 631_152_000),
        ] {
            assert_eq!(parse_ttl(text), Ok(seconds));
        }
        for text in [
            "",
            "s",
            "0s",
            "-1d",
            "5",
            "1w",
            "31y",
            "99999999999999999999y",
            "1é",
        ] {
            assert!(parse_ttl(text).is_err(), "{text}");
        }
    }
}
