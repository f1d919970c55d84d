//! Bytes that come piece by piece from the async side, for one who reads in a thread of their own;
//! and how much of them was read.

use std::io::{self, Read};

use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::report::{Progress, Step, long};
use crate::ops::OpError;

/// Where bytes come from, read away from the async threads.
pub type Reader = Box<dyn Read + Send>;

/// After how many bytes progress is told again.
const TOLD_BYTES: u64 = 4 * 1024 * 1024;
/// Pieces of a stream that wait to be read.
const WAITING_MAX: usize = 16;

/// A stream of bytes from the async side, for one who reads in a thread of their own.
pub struct Incoming {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    ended: bool,
}

/// The other end of [`Incoming`]. One that goes away without [`Feed::end`] cuts the stream short,
/// which is an error.
pub struct Feed(mpsc::Sender<io::Result<Bytes>>);

impl Incoming {
    #[must_use]
    pub fn new() -> (Feed, Self) {
        let (feed, pieces) = mpsc::channel(WAITING_MAX);
        let incoming = Self {
            pieces,
            piece: Bytes::new(),
            ended: false,
        };
        (Feed(feed), incoming)
    }
}

impl Feed {
    /// `false`: nobody reads any more.
    pub async fn give(&self, piece: io::Result<Bytes>) -> bool {
        // An empty piece is the end.
        if matches!(&piece, Ok(bytes) if bytes.is_empty()) {
            return true;
        }
        self.0.send(piece).await.is_ok()
    }

    pub async fn end(self) {
        let _ = self.0.send(Ok(Bytes::new())).await;
    }
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && !self.ended {
            self.piece = match self.pieces.blocking_recv() {
                Some(piece) => piece?,
                None => return Err(io::Error::other("was cut short")),
            };
            self.ended = self.piece.is_empty();
        }
        let count = self.piece.len().min(into.len());
        let taken = self.piece.split_to(count);
        into.get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(&taken);
        Ok(count)
    }
}

/// Tells how much was read.
pub struct Counted {
    reader: Reader,
    progress: Progress,
    read: u64,
    told: u64,
}

impl Counted {
    pub fn new(reader: Reader, progress: Progress) -> Self {
        Self {
            reader,
            progress,
            read: 0,
            told: 0,
        }
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.read = self.read.saturating_add(long(count));
        if self.read.saturating_sub(self.told) >= TOLD_BYTES || count == 0 {
            self.told = self.read;
            (self.progress)(Step::Read { bytes: self.read });
        }
        Ok(count)
    }
}

/// Work that reads, away from the async threads.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpError> + Send + 'static,
) -> Result<T, OpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(OpError::Failed(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::{Feed, Incoming};
    use std::io::Read as _;

    #[test]
    fn a_stream_without_its_end_is_an_error() {
        let (feed, mut incoming) = Incoming::new();
        let Feed(sender) = feed;
        sender.blocking_send(Ok("some".into())).unwrap();
        drop(sender);
        let mut got = Vec::new();
        assert!(incoming.read_to_end(&mut got).is_err());
        assert_eq!(got, b"some");
    }
}
