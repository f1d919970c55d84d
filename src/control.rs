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

/// Longest path that a socket's address surely holds, in bytes.
const ADDRESS_BYTES_MAX: usize = 100;

/// A socket's path as an address. One that is too long for an address is reached through the
/// open folder, which must stay open as long as the address is used.
fn address(folder: &Path) -> anyhow::Result<(PathBuf, std::fs::File)> {
    use std::os::fd::AsRawFd as _;
    let path = socket(folder);
    let open = std::fs::File::open(folder)
        .with_context(|| format!("cannot open the folder {}", folder.display()))?;
    if path.as_os_str().len() <= ADDRESS_BYTES_MAX {
        return Ok((path, open));
    }
    Ok((
        PathBuf::from(format!("/proc/self/fd/{}/control.sock", open.as_raw_fd())),
        open,
    ))
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
    let (short, folder) = address(&app.config.data)?;
    let listener = UnixListener::bind(&short)
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
        drop(folder);
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

/// Whether a box answers at the socket of a folder.
pub async fn answers(folder: &Path) -> bool {
    match address(folder) {
        Ok((path, _open)) => tokio::net::UnixStream::connect(path).await.is_ok(),
        Err(_) => false,
    }
}

/// Asks the box that has the folder open; `None` if there is none.
pub async fn ask(folder: &Path, command: &Command) -> anyhow::Result<Option<Output>> {
    if !socket(folder).exists() || !answers(folder).await {
        return Ok(None);
    }
    let (path, _open) = address(folder)?;
    crate::outbound::choose_crypto();
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
