//! What all dialects share: request ids, client addresses, limits, JSON bodies, query strings,
//! and the ways of PHP.
//!
//! Must not know any dialect, nor what an operation does.

mod caller;
mod headers;
pub mod json;
mod origin;
pub mod php;
pub mod query;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{
    HeaderMap, HeaderValue, StatusCode, Version,
    header::{CONNECTION, COOKIE, HOST, HeaderName, ORIGIN},
};
use axum::middleware::Next;
use axum::response::Response;
use tokio_util::sync::CancellationToken;

use crate::app::clock::Stopwatch;
use crate::app::telemetry::RequestCounters;
use crate::app::{App, Ctx};
use crate::domain::staff::Actor;
use crate::listener::{Lateness, Quietly};

pub use caller::{Caller, client_address};
pub use headers::{KEPT_AN_HOUR, protect};
pub use origin::{ForeignPage, leads_elsewhere};

/// Largest request line target, in bytes; a dialect may allow more.
pub const URI_BYTES_MAX: usize = 8 * 1024;
/// Largest sum of header names and values, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Most header lines.
pub const HEADERS_MAX: usize = 100;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request in the log, in the audit log and in the answer.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Why a request is turned away at the edge, whatever operation it was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    UriTooLong,
    HeadersTooLarge,
    /// HTTP/1.1 without `Host`, or with several.
    NoHost,
    /// It would change something, and a browser sends it for a page that is not ours.
    ForeignPage,
    /// The body did not come in time.
    TooSlow,
}

impl TurnedAway {
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::ForeignPage => StatusCode::FORBIDDEN,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// What to do about it; for dialects without words of their own.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::UriTooLong => "the URI must be at most 8192 bytes",
            Self::HeadersTooLarge => "headers must be at most 100 lines and 16384 bytes",
            Self::NoHost => "Host: must be there once",
            Self::ForeignPage => {
                "Origin: a page of another site may not change anything here; if this is the box's \
                 own page, set public_url to the address that the browser shows"
            }
            Self::TooSlow => "the body did not come in time",
        }
    }
}

/// Most cookies of one name that are looked at.
const COOKIES_MAX: usize = 4;
/// The cookie of a session of staff: it is good wherever their role is.
pub const SESSION_COOKIE: &str = "boxoffice_session";

/// The values of the cookies with this name, in their order.
#[must_use]
pub fn cookies(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter();
    let texts = lines.filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|cookies| cookies.split(';'));
    let values = pairs.filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    });
    values.take(COOKIES_MAX).collect()
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
    pub refuse: fn(TurnedAway) -> Response,
    /// Says now and then that bodies do not come in time.
    pub late: Arc<Quietly>,
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
    let caller = caller(&edge.app, &request);
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    let method = request.method().clone();
    let reads = method.is_safe();
    let path = (!reads || tracing::enabled!(tracing::Level::DEBUG))
        .then(|| without_secrets(request.uri().path()));
    let foreign = is_foreign(&edge.app, caller, &request);
    if foreign {
        request.extensions_mut().insert(ForeignPage);
    }
    let lateness = request.extensions().get::<Lateness>().cloned();
    let mut response = match turned_away(&request, edge.uri_bytes_max) {
        Some(reason) => (edge.refuse)(reason),
        None if foreign && !reads => {
            let address = shown(caller);
            tracing::warn!(dialect = edge.dialect, address, "request.of_foreign_page");
            (edge.refuse)(TurnedAway::ForeignPage)
        }
        None => next.run(request).await,
    };
    let is_late = lateness.is_some_and(|lateness| lateness.is_late());
    if is_late {
        // Whatever the operation made of half a body.
        response = (edge.refuse)(TurnedAway::TooSlow);
        if let Some(unsaid) = edge.late.may_speak() {
            let address = shown(caller);
            tracing::warn!(dialect = edge.dialect, address, unsaid, "request.too_slow");
        }
    }
    let status = response.status();
    let took = watch.elapsed();
    edge.counters.answered(status.as_u16(), took);
    let duration_ms = took.as_secs_f64() * 1_000.0;
    let path = path.as_deref().unwrap_or("");
    let status_number = status.as_u16();
    if status.is_server_error() || !reads {
        tracing::info!(dialect = edge.dialect, request.id = %name, %method, path,
            status = status_number, duration_ms, "request");
    } else {
        tracing::debug!(dialect = edge.dialect, request.id = %name, %method, path,
            status = status_number, duration_ms, "request");
    }
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if is_late || edge.closing.is_cancelled() {
        // This answer is the connection's last.
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn turned_away(request: &Request, uri_bytes_max: usize) -> Option<TurnedAway> {
    let uri = request.uri();
    let target = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > uri_bytes_max {
        return Some(TurnedAway::UriTooLong);
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        return Some(TurnedAway::HeadersTooLarge);
    }
    let hosts = headers.get_all(HOST).iter().count();
    let fits = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    (!fits).then_some(TurnedAway::NoHost)
}

/// Whether a browser sends the request for a page that is not ours.
fn is_foreign(app: &App, caller: Option<Caller>, request: &Request) -> bool {
    let headers = request.headers();
    if !headers.contains_key(ORIGIN) && !headers.contains_key("sec-fetch-site") {
        return false;
    }
    let by_proxy = caller.is_some_and(|caller| caller.is_by_trusted_proxy);
    origin::is_foreign(headers, &app.config.public_url, by_proxy)
}

/// Where paths hold secrets, and how many of their parts are secret.
const SECRET_PARTS: &[(&str, usize)] = &[
    ("/pay/", 1),
    // A login and a password.
    ("/live/", 2),
    ("/movie/", 2),
    ("/series/", 2),
    ("/timeshift/", 2),
];

/// A path as the log may have it.
fn without_secrets(path: &str) -> String {
    let secret = SECRET_PARTS.iter().find_map(|(front, parts)| {
        let rest = path.strip_prefix(front)?;
        Some((front, parts, rest))
    });
    let shown = match secret {
        Some((front, parts, rest)) if !rest.starts_with("assets/") => {
            let hidden = std::iter::repeat_n("...", *parts);
            let rest = rest.split('/').skip(*parts);
            let all: Vec<&str> = hidden.chain(rest).collect();
            format!("{front}{}", all.join("/"))
        }
        _ => path.to_owned(),
    };
    shown.chars().take(200).collect()
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
pub fn request_ctx(app: &Arc<App>, dialect: &'static str, parts: &Parts) -> Ctx {
    let request_id = parts.extensions.get::<RequestId>();
    Ctx {
        actor: Actor::Nobody,
        dialect,
        request_id: request_id.map_or_else(|| Arc::from("-"), |id| Arc::clone(&id.0)),
        address: client_address(&parts.extensions),
        ..Ctx::system(Arc::clone(app))
    }
}

fn shown(caller: Option<Caller>) -> String {
    let address = caller.map(|caller| caller.address.to_string());
    address.unwrap_or_default()
}

/// Whom the request comes from, through the proxies that the settings trust.
fn caller(app: &App, request: &Request) -> Option<Caller> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let trusted = |address| app.config.is_trusted_proxy(address);
    Some(Caller::of(peer.0, request.headers(), trusted))
}
