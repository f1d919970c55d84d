//! How long we wait for a client: to send the head of a request, to send its body, to take an
//! answer.
//!
//! What counts is progress, not the whole: a large upload or answer may take as long as it goes on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::places::ConnectionPlace;

/// How patient a listener is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the beginning of a connection, or the end of a request, to the end of the next head.
    pub head: Duration,
    /// Between two pieces of a body, or of an answer.
    pub pause: Duration,
    /// In all, beyond what a body of its length takes at `bytes_per_second`.
    pub body: Duration,
    /// Slowest upload that may go on; 0: any.
    pub bytes_per_second: u64,
}

impl Patience {
    /// With those who come over the network.
    pub const NETWORK: Self = Self {
        head: Duration::from_secs(20),
        pause: Duration::from_secs(20),
        body: Duration::from_secs(30),
        bytes_per_second: 512,
    };
    /// With the owner at the machine, whose import may itself wait for what it reads.
    pub const CONTROL: Self = Self {
        head: Duration::from_secs(20),
        pause: Duration::from_mins(10),
        body: Duration::MAX,
        bytes_per_second: 0,
    };

    /// How long a body of so many bytes may let us wait.
    fn of_body(self, bytes: u64) -> Duration {
        let seconds = bytes.checked_div(self.bytes_per_second).unwrap_or(0);
        self.body.saturating_add(Duration::from_secs(seconds))
    }
}

/// Whether the body of a request did not come in time; stands in the request's extensions.
#[derive(Debug, Clone, Default)]
pub struct Lateness(Arc<AtomicBool>);

impl Lateness {
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Waits until a deadline that is set anew with every pause.
#[derive(Debug, Default)]
struct Pause {
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pause {
    /// Whether it has lasted longer than `max`; it begins with the first call.
    fn is_over(&mut self, max: Duration, context: &mut Context<'_>) -> bool {
        let begin = || (Instant::now(), Box::pin(sleep(max)));
        let (_, timer) = self.timer.get_or_insert_with(begin);
        timer.as_mut().poll(context).is_ready()
    }

    fn is_on(&self) -> bool {
        self.timer.is_some()
    }

    /// Ends it. How long it was.
    fn end(&mut self) -> Duration {
        let timer = self.timer.take();
        timer.map_or(Duration::ZERO, |(begun, _)| begun.elapsed())
    }
}

/// The body of a request, which is an error as soon as it lets us wait too long.
pub struct Upload {
    inner: Incoming,
    seat: Arc<ConnectionPlace>,
    patience: Patience,
    lateness: Lateness,
    pause: Pause,
    waited: Duration,
    bytes: u64,
}

impl Upload {
    pub fn new(
        inner: Incoming,
        seat: Arc<ConnectionPlace>,
        patience: Patience,
        lateness: Lateness,
    ) -> Self {
        Self {
            inner,
            seat,
            patience,
            lateness,
            pause: Pause::default(),
            waited: Duration::ZERO,
            bytes: 0,
        }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                this.waited = this.waited.saturating_add(this.pause.end());
                this.seat.awaits_input(false);
                if let Some(Ok(frame)) = &frame {
                    let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                    this.bytes = this.bytes.saturating_add(bytes);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                if !this.pause.is_on() {
                    this.seat.awaits_input(true);
                }
                let left = this
                    .patience
                    .of_body(this.bytes)
                    .saturating_sub(this.waited);
                if this.pause.is_over(left.min(this.patience.pause), context) {
                    this.lateness.0.store(true, Ordering::Release);
                    return Poll::Ready(Some(Err(late().into())));
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer; when it is sent or given up, we wait for the next request.
pub struct Answer {
    inner: Body,
    seat: Arc<ConnectionPlace>,
}

impl Answer {
    pub fn new(inner: Body, seat: Arc<ConnectionPlace>) -> Self {
        Self { inner, seat }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.seat.awaits_input(true);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection that breaks when its client takes nothing for too long.
pub struct Watched<S> {
    inner: S,
    seat: Arc<ConnectionPlace>,
    max: Duration,
    pause: Pause,
}

impl<S> Watched<S> {
    pub fn new(inner: S, seat: Arc<ConnectionPlace>, patience: Patience) -> Self {
        Self {
            inner,
            seat,
            // What lies in the kernel's buffers is taken piece by piece, so that we hear of it
            // late.
            max: patience.pause.saturating_mul(3),
            pause: Pause::default(),
        }
    }

    fn watch<T>(
        &mut self,
        wrote: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match wrote {
            Poll::Ready(wrote) => {
                if self.pause.is_on() {
                    self.pause.end();
                    self.seat.awaits_taking(false);
                }
                Poll::Ready(wrote)
            }
            Poll::Pending => {
                if !self.pause.is_on() {
                    self.seat.awaits_taking(true);
                }
                if self.pause.is_over(self.max, context) {
                    return Poll::Ready(Err(late()));
                }
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(wrote, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.watch(wrote, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client lets us wait too long")
}
