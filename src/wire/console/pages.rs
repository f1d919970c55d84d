//! The console's pages: the program that runs in the browser, and which scripts and styles it may
//! load. It knows nothing of what they show.
//!
//! Files whose names carry a hash are kept for a year; every other path is the one page, which
//! asks by itself what stands behind its address.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{any, get};
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::app::App;
use crate::wire::console::error::{Problem, unknown_route};

#[derive(RustEmbed)]
#[folder = "assets/console/"]
struct Files;

/// For the console's own pages. Menus are placed by styles that scripts set.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// What has the hash of its content in its name never changes.
const KEPT_A_YEAR: &str = "public, max-age=31536000, immutable";

/// Files as they are sent compressed, each made when it is asked for first.
type Packed = HashMap<String, OnceLock<Option<Bytes>>>;

/// Paths that are pages, and the files they are made of.
pub(in crate::wire::console) fn routes() -> Router<Arc<App>> {
    let names = Files::iter().filter_map(|name| Some(name.strip_prefix("assets/")?.to_owned()));
    let packed: Arc<Packed> = Arc::new(names.map(|name| (name, OnceLock::new())).collect());
    Router::new()
        .route("/console", get(async || Redirect::temporary("/console/")))
        .route("/console/", get(page))
        .route("/console/{*page}", get(page))
        .route(
            "/console/assets/{name}",
            get(async move |name, uri, headers: HeaderMap| asset(&packed, name, uri, &headers)),
        )
        .route("/console/api", any(unknown_route))
        .route("/console/api/{*path}", any(unknown_route))
}

/// The one page, whatever it is to show.
async fn page(headers: HeaderMap) -> Response {
    shell(&headers, StatusCode::OK)
}

/// The page, for whoever has its bytes already only that.
pub(in crate::wire::console) fn shell(headers: &HeaderMap, status: StatusCode) -> Response {
    let Some(file) = Files::get("index.html") else {
        return Problem::not_found("the console was not built").into_response();
    };
    let tag = tag(&file);
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let about = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            ETAG,
            HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")),
        ),
    ];
    if is_known && status == StatusCode::OK {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let text = String::from_utf8_lossy(&file.data).into_owned();
    (status, about, Html(text)).into_response()
}

/// Whether a browser asks for a page, not a script for an answer.
pub(in crate::wire::console) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn tag(file: &EmbeddedFile) -> String {
    let digits = HEXLOWER.encode(&file.metadata.sha256_hash());
    format!("\"{}\"", &digits[..24])
}

/// `GET /console/assets/{name}`
fn asset(
    packed: &Packed,
    Path(name): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: &HeaderMap,
) -> Response {
    let Some(file) = Files::get(&format!("assets/{name}")) else {
        return Problem::not_found(format!("{} does not exist", uri.path())).into_response();
    };
    let (kind, shrinks) = match name.rsplit('.').next() {
        Some("js") => ("text/javascript; charset=utf-8", true),
        Some("css") => ("text/css; charset=utf-8", true),
        Some("svg") => ("image/svg+xml", true),
        Some("woff2") => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    };
    let about = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, KEPT_A_YEAR),
        (VARY, "accept-encoding"),
    ];
    let taken = headers.get(ACCEPT_ENCODING);
    let takes_gzip = taken.is_some_and(|taken| taken.to_str().unwrap_or_default().contains("gzip"));
    if shrinks
        && takes_gzip
        && let Some(packed) = packed.get(&name)
        && let Some(packed) = packed.get_or_init(|| gzip(&file)).clone()
    {
        return (about, [(CONTENT_ENCODING, "gzip")], packed).into_response();
    }
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    (about, bytes).into_response()
}

fn gzip(file: &EmbeddedFile) -> Option<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&file.data).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// For paper, which brings its styles along and runs nothing.
pub(in crate::wire::console) const PAPER_POLICY: &str = "default-src 'none'; \
    style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page that is to be printed.
pub(in crate::wire::console) fn paper_page(text: String) -> Response {
    ([(CONTENT_SECURITY_POLICY, PAPER_POLICY)], Html(text)).into_response()
}
