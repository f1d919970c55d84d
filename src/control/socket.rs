//! What both ends of the control socket know: HTTP over `DIR/control.sock`, mode 0600, because who
//! can open it owns the data anyway.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Context as _;
use axum::body::Bytes;
use http_body::Frame;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::control::command::output::Output;
use crate::ops::imports::Step;

/// Where the socket of a data folder is.
#[must_use]
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Longest path that a socket's address surely holds, in bytes.
const ADDRESS_BYTES_MAX: usize = 100;

/// A socket's path as an address. One that is too long for an address is reached through the
/// open folder, which must stay open as long as the address is used.
pub fn address(folder: &Path) -> anyhow::Result<(PathBuf, std::fs::File)> {
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

/// A line of the answer to an import.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    Progress(Step),
    Done(Output),
    Refused(String),
}

/// A body that is made while it is sent.
pub struct Pieces(pub mpsc::Receiver<io::Result<Bytes>>);

/// Pieces of a body that wait to be sent.
pub const WAITING_MAX: usize = 16;

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
