//! What every answer carries, whoever made it: how far a browser may trust it, and that nobody
//! keeps what is private.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

/// For answers that are no page: a browser that is led to one runs and loads nothing.
const NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a page says that may stand in a frame of its own site.
const FRAMED: &str = "frame-ancestors 'self'";

/// Headers for what is the same for everybody and may be kept for an hour.
pub const KEPT_AN_HOUR: (HeaderName, &str) = (CACHE_CONTROL, "max-age=3600");

/// Puts them on an answer. Of what a page says of itself the policy and how long it may be kept
/// stand.
pub async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = headers.get(CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok());
    let may_be_framed = policy.is_some_and(|policy| policy.contains(FRAMED));
    // For browsers that know no frame-ancestors.
    let frames = if may_be_framed { "SAMEORIGIN" } else { "DENY" };
    set(headers, X_FRAME_OPTIONS, frames);
    set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not no-referrer: a form would then come from nowhere, as one of a foreign page does.
    set(headers, REFERRER_POLICY, "same-origin");
    keep(headers, CONTENT_SECURITY_POLICY, NO_PAGE);
    keep(headers, CACHE_CONTROL, "no-store");
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn keep(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}
