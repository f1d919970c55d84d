//! Connections: accepted within bounds, served by hyper, brought to an end without a request
//! left unanswered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockFilter, SockRef};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Most connections at once; further ones wait in the kernel's line.
const CONNECTIONS_MAX: usize = 10_000;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// hyper's own bounds lie above ours, so that a refusal has the dialect's shape. Room for that
/// many lines is made for every request, so they lie only a little above.
const HEAD_BYTES_MAX: usize = 256 * 1024;
const HEAD_LINES_MAX: usize = 160;
/// How long a kept-alive connection stays after the box begins to go down, for a request that is
/// already on its way.
const LINGER: Duration = Duration::from_millis(300);

/// Accepts until the box goes down; then takes what the kernel accepted already, and stops.
pub async fn run(
    listener: TcpListener,
    router: Router,
    closing: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = closing.cancelled() => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = serve(stream, peer, router.clone(), closing.clone());
                tasks.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors: give those in use time to be freed.
                tracing::warn!(%error, "accept.failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    refuse_newcomers(&listener);
    // Clients whose connection stands in the kernel's line believe that they are heard.
    while let Ok(Ok((stream, peer))) =
        tokio::time::timeout(Duration::from_millis(20), listener.accept()).await
    {
        tasks.spawn(serve(stream, peer, router.clone(), closing.clone()));
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

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, closing: CancellationToken) {
    // Small answers must not wait for the next packet.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.oneshot(request).await as Result<_, Infallible>
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_LINES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = closing.cancelled() => {}
    }
    // From here on every answer says `Connection: close`. A connection that is idle stays a
    // moment for the request that may be under way, then ends.
    if tokio::time::timeout(LINGER, &mut connection).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
