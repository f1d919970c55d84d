//! The control socket: how the command line asks a running box. Both ends.
//!
//! HTTP over `DIR/control.sock`, mode 0600: who can open it owns the data anyway.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Ctx};
use crate::command::{Command, CommandError, Output, run};

/// Where the socket of a data folder is.
#[must_use]
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Answers commands until the box goes down.
pub fn listen(
    app: &Arc<App>,
    closing: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let path = socket(&app.config.data);
    // We hold the data file, so a socket that is there was left behind by a crash.
    if path.exists() {
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("cannot make the control socket {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let router = Router::new()
        .route("/command", post(answer))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(app));
    let closing = closing.clone();
    tasks.spawn(async move {
        let served =
            axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "control.failed");
        }
        let _ = std::fs::remove_file(&path);
    });
    Ok(())
}

async fn answer(
    State(app): State<Arc<App>>,
    Json(command): Json<Command>,
) -> Result<Json<Output>, (StatusCode, String)> {
    match run(&Ctx::system(app), command).await {
        Ok(output) => Ok(Json(output)),
        Err(CommandError::Refused(reason)) => Err((StatusCode::BAD_REQUEST, reason)),
    }
}

/// Asks the box that has the folder open; `None` if there is none.
pub async fn ask(folder: &Path, command: &Command) -> anyhow::Result<Option<Output>> {
    let path = socket(folder);
    if tokio::net::UnixStream::connect(&path).await.is_err() {
        return Ok(None);
    }
    let client = reqwest::Client::builder()
        .unix_socket(path)
        .no_proxy()
        .build()?;
    let response = client.post("http://box/command").json(command).send().await;
    let response = response.context("the running server did not answer")?;
    if response.status().is_success() {
        return Ok(Some(
            response
                .json()
                .await
                .context("the running server answered nonsense")?,
        ));
    }
    anyhow::bail!("{}", response.text().await.unwrap_or_default())
}
