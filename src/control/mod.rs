//! The control socket: how the command line asks a running box. Both ends.
//!
//! HTTP over `DIR/control.sock`, mode 0600: who can open it owns the data anyway. A command is one
//! JSON text, and so is its answer. An import is a stream: a line that says what it is, then the
//! file itself; the answer comes in lines while it is worked.
//! So the box need not be able to read the file.

pub mod command;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use http_body::Frame;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Ctx};
use crate::control::command::output::{CommandError, Output};
use crate::control::command::{Command, Import, import, run};
use crate::listener::{self, House, Patience, Places};
use crate::ops::imports::{Feed, Incoming, Progress, Reader, Step};

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

/// What the box needs to work a command.
#[derive(Clone)]
struct Host {
    app: Arc<App>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// A line of the answer to an import.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Progress(Step),
    Done(Output),
    Refused(String),
}

/// A body that is made while it is sent.
struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

/// Pieces of a body that wait to be sent, and bytes of a file in one.
const WAITING_MAX: usize = 16;
const PIECE_BYTES: usize = 64 * 1024;
/// Longest first line of an import, and of its answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const SAID_BYTES_MAX: usize = 4 * 1024 * 1024;

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.0.poll_recv(context);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
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
    let house = House {
        router,
        places: Places::new(listener::CONTROL_CONNECTIONS_MAX),
        patience: Patience::CONTROL,
        closing: closing.clone(),
        tasks: tasks.clone(),
    };
    tasks.spawn(async move {
        listener::on_socket(listener, house).await;
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
    let response = client_of(path)?
        .post("http://box/command")
        .json(command)
        .send()
        .await;
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

fn client_of(socket: PathBuf) -> anyhow::Result<reqwest::Client> {
    crate::outbound::choose_crypto();
    let client = reqwest::Client::builder().unix_socket(socket).no_proxy();
    Ok(client.build()?)
}

/// Has the box that has the folder open import what `content` holds; `None` if there is none, and
/// then the content is still there.
pub async fn ask_import(
    folder: &Path,
    command: &Import,
    content: &mut Option<Reader>,
    progress: &Progress,
) -> anyhow::Result<Option<Output>> {
    if !socket(folder).exists() || !answers(folder).await {
        return Ok(None);
    }
    let (path, _open) = address(folder)?;
    let mut head = serde_json::to_vec(command)?;
    head.push(b'\n');
    let (pieces, upload) = mpsc::channel(WAITING_MAX);
    let reader = content.take();
    tokio::task::spawn_blocking(move || send_all(head, reader, &pieces));
    let body = reqwest::Body::wrap(Pieces(upload));
    let response = client_of(path)?
        .post("http://box/import")
        .body(body)
        .send()
        .await;
    let mut response = response.context("the running server did not answer")?;
    if !response.status().is_success() {
        anyhow::bail!("{}", response.text().await.unwrap_or_default());
    }
    let mut said = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .context("the running server fell silent")?
    {
        said.extend_from_slice(&piece);
        while let Some(end) = said.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = said.drain(..=end).collect();
            let line = serde_json::from_slice(&line);
            match line.context("the running server answered nonsense")? {
                Said::Progress(step) => progress(step),
                Said::Done(output) => return Ok(Some(output)),
                Said::Refused(reason) => anyhow::bail!(reason),
            }
        }
        anyhow::ensure!(
            said.len() <= SAID_BYTES_MAX,
            "the running server says too much"
        );
    }
    anyhow::bail!("the running server went down before it was done")
}

/// Sends the head and then a file, as fast as it is taken.
fn send_all(head: Vec<u8>, reader: Option<Reader>, pieces: &mpsc::Sender<io::Result<Bytes>>) {
    let mut is_taken = pieces.blocking_send(Ok(Bytes::from(head))).is_ok();
    let Some(mut reader) = reader else { return };
    let mut buffer = vec![0; PIECE_BYTES];
    while is_taken {
        let piece = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(Bytes::copy_from_slice(
                buffer.get(..count).unwrap_or_default(),
            )),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        is_taken = piece.is_ok();
        is_taken &= pieces.blocking_send(piece).is_ok();
    }
}
