//! The box's end of the control socket.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::BodyExt as _;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::socket::{Pieces, Said, WAITING_MAX, address, socket};
use crate::app::{App, Ctx};
use crate::control::command::output::{CommandError, Output};
use crate::control::command::{Command, Import, import, run};
use crate::listener::{self, Patience, Places, Reception};
use crate::ops::imports::{Feed, Incoming, Progress};

/// Longest first line of an import, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What the box needs to work a command.
#[derive(Clone)]
struct Host {
    app: Arc<App>,
    tasks: TaskTracker,
    closing: CancellationToken,
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
        .route("/import", post(answer_import))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Host {
            app: Arc::clone(app),
            tasks: tasks.clone(),
            closing: closing.clone(),
        });
    let reception = Reception {
        router,
        places: Places::new(listener::CONTROL_CONNECTIONS_MAX),
        patience: Patience::CONTROL,
        closing: closing.clone(),
        tasks: tasks.clone(),
    };
    tasks.spawn(async move {
        listener::on_socket(listener, reception).await;
        let _ = std::fs::remove_file(&path);
        drop(folder);
    });
    Ok(())
}

async fn answer(
    State(host): State<Host>,
    Json(command): Json<Command>,
) -> Result<Json<Output>, (StatusCode, String)> {
    match run(&Ctx::system(host.app), command).await {
        Ok(output) => Ok(Json(output)),
        Err(CommandError::Refused(reason)) => Err((StatusCode::BAD_REQUEST, reason)),
    }
}

/// Works an import while its body comes in, and says in lines how far it is and what came of it.
async fn answer_import(
    State(host): State<Host>,
    mut body: Body,
) -> Result<Body, (StatusCode, String)> {
    let refused = |reason: &str| (StatusCode::BAD_REQUEST, reason.to_owned());
    let (head, rest) = head_of(&mut body).await.map_err(refused)?;
    let command: Import =
        serde_json::from_slice(&head).map_err(|error| refused(&error.to_string()))?;
    let (say, said) = mpsc::channel(WAITING_MAX);
    host.tasks.spawn(async move {
        let (feed, incoming) = Incoming::new();
        let progress_to = say.clone();
        let progress: Progress = Arc::new(move |step| {
            // Where nobody listens as fast as that, the next step will do.
            let _ = progress_to.try_send(Ok(line_of(&Said::Progress(step))));
        });
        let ctx = Ctx::system(host.app);
        let work = import(&ctx, command, Box::new(incoming), progress);
        let both = async { tokio::join!(take_in(rest, body, feed), work) };
        let said = tokio::select! {
            ((), worked) = both => match worked {
                Ok(output) => Said::Done(output),
                Err(CommandError::Refused(reason)) => Said::Refused(reason),
            },
            // A stop does not wait for it: what is written stands,
            // and the next import does the rest.
            () = host.closing.cancelled() => {
                Said::Refused("the box goes down; import again when it is up".to_owned())
            }
        };
        let _ = say.send(Ok(line_of(&said))).await;
    });
    Ok(Body::new(Pieces(said)))
}

/// The first line of a body, and what of it has come already.
async fn head_of(body: &mut Body) -> Result<(Bytes, Bytes), &'static str> {
    let mut front = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| "the command was cut short")?;
        front.extend_from_slice(&frame.into_data().unwrap_or_default());
        if let Some(end) = front.iter().position(|byte| *byte == b'\n') {
            let mut head = Bytes::from(front);
            let rest = head.split_off(end.saturating_add(1));
            return Ok((head, rest));
        }
        if front.len() > HEAD_BYTES_MAX {
            break;
        }
    }
    Err("the command does not say what to import")
}

/// Hands a body on as it comes. All of it is taken in, also where nobody reads it: who sends it
/// listens to the answer only when they are done.
async fn take_in(rest: Bytes, mut body: Body, feed: Feed) {
    let mut is_read = feed.give(Ok(rest)).await;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) if is_read => {
                let piece = frame.into_data().unwrap_or_default();
                is_read = feed.give(Ok(piece)).await;
            }
            Ok(_) => {}
            Err(error) => {
                feed.give(Err(io::Error::other(error))).await;
                return;
            }
        }
    }
    feed.end().await;
}

fn line_of(said: &Said) -> Bytes {
    let mut line = serde_json::to_vec(said).unwrap_or_default();
    line.push(b'\n');
    Bytes::from(line)
}
