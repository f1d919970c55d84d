//! Connections: accepted within bounds, served by hyper, cut where the client lets us wait too
//! long, brought to an end without a request left unanswered. The same for the network and for the
//! control socket.

mod patience;
mod places;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{SockFilter, SockRef};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use patience::{Answer, Upload, Watched};
pub use patience::{Lateness, Patience};
use places::Taken;
pub use places::{Places, Quietly};

/// Most connections over the network at once, if the system allows that many files.
const CONNECTIONS_MAX: usize = 10_000;
/// Most connections to the control socket at once.
pub const CONTROL_CONNECTIONS_MAX: usize = 64;
/// Files that connections over the network leave to others: the data file, the control socket,
/// calls to other systems.
const FILES_KEPT_BACK: u64 = 200;
/// Files that we ask the system for.
const FILES_WANTED: u64 = 12_000;
/// hyper's own bounds lie above ours, so that a refusal has the dialect's shape. Room for that
/// many lines is made for every request, so they lie only a little above.
const HEAD_BYTES_MAX: usize = 256 * 1024;
const HEAD_LINES_MAX: usize = 160;
/// What the kernel keeps of an answer for a client that is slow to take it, in bytes. It is told in
/// pieces of a third how much was taken, so that a larger one would hide who takes nothing.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// How long a kept-alive connection stays after the box begins to go down, for a request that is
/// already on its way.
const LINGER: Duration = Duration::from_millis(300);

/// How many connections over the network there may be: as many files as the system gives, less what
/// others need. Asks the system for more first.
#[must_use]
pub fn connections_max() -> usize {
    let before = getrlimit(Resource::Nofile);
    let wanted = before
        .maximum
        .map_or(FILES_WANTED, |hard| hard.min(FILES_WANTED));
    if before.current.is_some_and(|soft| soft < wanted) {
        let more = Rlimit {
            current: Some(wanted),
            maximum: before.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, more) {
            tracing::debug!(%error, "files.not_raised");
        }
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(FILES_WANTED);
    // A system that gives hardly any gets a box that still answers.
    let ours = files.saturating_sub(FILES_KEPT_BACK).max(files / 2);
    usize::try_from(ours)
        .unwrap_or(CONNECTIONS_MAX)
        .min(CONNECTIONS_MAX)
}

/// What a listener does with its connections.
#[derive(Clone)]
pub struct Reception {
    pub router: Router,
    pub places: Arc<Places>,
    pub patience: Patience,
    pub closing: CancellationToken,
    pub tasks: TaskTracker,
}

impl Reception {
    /// Serves a connection, if there is a place for it.
    fn receive<S>(&self, stream: S, peer: Option<SocketAddr>, counted: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(place) = self.places.take(counted) {
            self.tasks.spawn(serve(stream, peer, place, self.clone()));
        }
    }

    /// Waits until there may be a file for a connection again.
    async fn wait_for_files(&self, error: &io::Error) {
        tracing::warn!(%error, "accept.failed");
        self.places.cut_one();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Accepts over the network until the box goes down; then takes what the kernel accepted already,
/// and stops. `is_counted`: whether connections of an address are bounded, as those of proxies are
/// not.
pub async fn on_network(
    listener: TcpListener,
    reception: Reception,
    is_counted: impl Fn(IpAddr) -> bool,
) {
    let receive = |stream: TcpStream, peer: SocketAddr| {
        // Small answers must not wait for the next packet.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
        let address = peer.ip().to_canonical();
        let counted = Some(address).filter(|address| is_counted(*address));
        reception.receive(stream, Some(peer), counted);
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = reception.closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => receive(stream, peer),
            Err(error) => reception.wait_for_files(&error).await,
        }
    }
    refuse_newcomers(&listener);
    // Clients whose connection stands in the kernel's line believe that they are heard.
    while let Ok(Ok((stream, peer))) =
        tokio::time::timeout(Duration::from_millis(20), listener.accept()).await
    {
        receive(stream, peer);
    }
}

/// Accepts at a socket of this machine until the box goes down.
pub async fn on_socket(listener: UnixListener, reception: Reception) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = reception.closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => reception.receive::<UnixStream>(stream, None, None),
            Err(error) => reception.wait_for_files(&error).await,
        }
    }
}

/// From here on the kernel drops what knocks at the socket. Without it a client that connects
/// between the last accept and the close of the socket is taken into the line and then reset;
/// with it that client's knock gets no answer, and the next one finds the port closed.
fn refuse_newcomers(listener: &TcpListener) {
    // One instruction of the kernel's packet filter: return, keeping 0 bytes.
    const BPF_RETURN_CONSTANT: u16 = 0x06;
    let drop_all = SockFilter::new(BPF_RETURN_CONSTANT, 0, 0, 0);
    if let Err(error) = SockRef::from(listener).attach_filter(&[drop_all]) {
        // Not every kernel has it; then only that short moment is uncovered.
        tracing::debug!(%error, "filter.failed");
    }
}

async fn serve<S>(stream: S, peer: Option<SocketAddr>, place: Taken, reception: Reception)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Reception {
        router,
        patience,
        closing,
        ..
    } = reception;
    let seat = Arc::clone(&place.seat);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        let seat = Arc::clone(&seat);
        async move {
            seat.awaits_input(false);
            let lateness = Lateness::default();
            let watched = Arc::clone(&seat);
            let mut request = request
                .map(|body| Body::new(Upload::new(body, watched, patience, lateness.clone())));
            let extensions = request.extensions_mut();
            if let Some(peer) = peer {
                extensions.insert(ConnectInfo(peer));
            }
            extensions.insert(lateness);
            let answer = router.oneshot(request).await;
            answer.map(|answer| answer.map(|body| Answer::new(body, seat))) as Result<_, Infallible>
        }
    });
    let stream = Watched::new(stream, Arc::clone(&place.seat), patience);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_LINES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = place.seat.cut() => return,
        () = closing.cancelled() => {}
    }
    // From here on every answer says `Connection: close`. A connection that is idle stays a
    // moment for the request that may be under way, then ends.
    if tokio::time::timeout(LINGER, &mut connection).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
