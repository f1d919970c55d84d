//! A command on the data: asked of the box that has the folder open, or else carried out here.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::place::Place;
use super::terminal::{confirm, print_lines};
use crate::app::clock::Clock;
use crate::app::entropy::Entropy;
use crate::app::{App, Ctx};
use crate::config::{Flags, Loaded};
use crate::control;
use crate::control::command::output::{CommandError, Output};
use crate::control::command::{Command, run};
use crate::ops;
use crate::serve;
use crate::store::{Storage, StoreError};

/// What a command would do is shown, and has to be confirmed.
pub struct Question {
    /// Says what would happen, a line each.
    pub look: Command,
    pub words: String,
    /// What to say instead of an answer.
    pub flag: &'static str,
}

/// Shows what a command would do and asks, where there is something to ask; then carries it out.
pub async fn ask_first(
    place: &Place,
    question: Option<Question>,
    command: Command,
) -> anyhow::Result<bool> {
    if let Some(Question { look, words, flag }) = question {
        run_on_data(place, look).await?;
        confirm(&words, flag)?;
    }
    run_on_data(place, command).await
}

/// The command for the page after this one, if there is one.
fn following(command: &Command, output: &Output) -> Option<Command> {
    match (command, output.next) {
        (Command::Export { .. } | Command::Audit { .. }, Some(next)) => {
            let mut following = command.clone();
            match &mut following {
                Command::Export { after, .. } => *after = next,
                Command::Audit { before, .. } => *before = next,
                _ => {}
            }
            Some(following)
        }
        _ => None,
    }
}

/// Asks the box that has the folder open; without one opens the file itself. Prints what comes of
/// it; `false` where the data was found to be wrong.
pub async fn run_on_data(place: &Place, command: Command) -> anyhow::Result<bool> {
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
    is_there(&file, place.may_create())?;
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
    let here = async |command: Command| {
        let done = run(&ctx, command).await;
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
    mut command: Command,
    mut output: Output,
    ask: impl AsyncFn(Command) -> anyhow::Result<Output>,
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
pub fn is_there(file: &Path, create: bool) -> anyhow::Result<()> {
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
pub async fn open_here(loaded: &Loaded, file: &Path) -> anyhow::Result<Option<Arc<App>>> {
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
