//! What all dialects share: request ids, client addresses, limits, JSON bodies, query strings,
//! and the ways of PHP.
//!
//! Must not know any dialect, nor what an operation does.

mod caller;
pub mod json;
pub mod php;
pub mod query;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONNECTION, HeaderName},
};
use axum::middleware::Next;
use axum::response::Response;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Ctx};
use crate::clock::Stopwatch;
use crate::domain::staff::Actor;
use crate::telemetry::RequestCounters;

pub use caller::{Caller, client_address};

/// Largest request line target, in bytes; a dialect may allow more.
pub const URI_BYTES_MAX: usize = 8 * 1024;
/// Largest sum of header names and values, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Most header lines.
pub const HEADERS_MAX: usize = 100;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request in the log, in the audit log and in the answer.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Why a request is refused before any operation sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    UriTooLong,
    HeadersTooLarge,
}

impl TooMuch {
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// What the edge of a dialect needs to know of it.
#[derive(Clone)]
pub struct Edge {
    pub app: Arc<App>,
    pub dialect: &'static str,
    pub counters: RequestCounters,
    /// Largest request line target, in bytes.
    pub uri_bytes_max: usize,
    /// Cancelled when the box begins to go down.
    pub closing: CancellationToken,
    /// Words a refusal in the dialect's shape.
    pub refuse: fn(TooMuch) -> Response,
}

/// The edge of every dialect: bounds, a name for the request, one log line, figures.
///
/// The line is at `debug` for what succeeded without changing anything, at `info` for the rest;
/// it holds neither query nor headers nor bodies.
pub async fn edge(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id = request_id(request.headers(), &edge.app);
    let name = Arc::clone(&id.0);
    request.extensions_mut().insert(id);
    if let Some(caller) = caller(&edge.app, &request) {
        request.extensions_mut().insert(caller);
    }
    let method = request.method().clone();
    let reads = method.is_safe();
    let path: Option<String> = (!reads || tracing::enabled!(tracing::Level::DEBUG))
        .then(|| request.uri().path().chars().take(200).collect());
    let mut response = match too_much(&request, edge.uri_bytes_max) {
        Some(reason) => (edge.refuse)(reason),
        None => next.run(request).await,
    };
    let status = response.status();
    let took = watch.elapsed();
    edge.counters.answered(status.as_u16(), took);
    let duration_ms = took.as_secs_f64() * 1_000.0;
    let path = path.as_deref().unwrap_or("");
    let status_number = status.as_u16();
    if status.is_server_error() || !reads {
        tracing::info!(dialect = edge.dialect, request.id = %name, %method, path, status = status_number, duration_ms, "request");
    } else {
        tracing::debug!(dialect = edge.dialect, request.id = %name, %method, path, status = status_number, duration_ms, "request");
    }
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if edge.closing.is_cancelled() {
        // This answer is the connection's last.
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn too_much(request: &Request, uri_bytes_max: usize) -> Option<TooMuch> {
    let uri = request.uri();
    let target = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > uri_bytes_max {
        return Some(TooMuch::UriTooLong);
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    (headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX).then_some(TooMuch::HeadersTooLarge)
}

/// The caller's own name for the request if it is a plain one, else one of ours.
fn request_id(headers: &HeaderMap, app: &App) -> RequestId {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let plain = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    RequestId(match given.filter(plain) {
        Some(text) => Arc::from(text),
        None => app
            .entropy
            .hex::<8>()
            .map_or_else(|_| Arc::from("-"), Arc::from),
    })
}

/// The circumstances of a request whose caller has shown nothing yet.
#[must_use]
pub fn circumstances(app: &Arc<App>, dialect: &'static str, parts: &Parts) -> Ctx {
    let request_id = parts.extensions.get::<RequestId>();
    Ctx {
        actor: Actor::Nobody,
        dialect,
        request_id: request_id.map_or_else(|| Arc::from("-"), |id| Arc::clone(&id.0)),
        address: client_address(&parts.extensions),
        ..Ctx::system(Arc::clone(app))
    }
}

/// Whom the request comes from, through the proxies that the settings trust.
fn caller(app: &App, request: &Request) -> Option<Caller> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let trusted = |address| app.config.is_trusted_proxy(address);
    Some(Caller::of(peer.0, request.headers(), trusted))
}
