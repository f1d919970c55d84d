//! The command line's end of the control socket.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::body::Bytes;
use tokio::sync::mpsc;

use super::socket::{Pieces, Said, WAITING_MAX, address, socket};
use crate::control::command::output::Output;
use crate::control::command::{Command, Import};
use crate::ops::imports::{Progress, Reader};

/// Bytes of a file that are sent in one piece.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest line of the answer to an import, in bytes.
const SAID_BYTES_MAX: usize = 4 * 1024 * 1024;

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
