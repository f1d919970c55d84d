//! Pages of the console, and which scripts and styles they may load.

use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse as _, Response};

/// For the console's own pages.
pub(in crate::wire::console) const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// A page of the console.
pub(in crate::wire::console) fn page(status: StatusCode, text: impl Into<String>) -> Response {
    let policy = [(CONTENT_SECURITY_POLICY, POLICY)];
    (status, policy, Html(text.into())).into_response()
}

/// For paper, which brings its styles along and runs nothing.
pub(in crate::wire::console) const PAPER_POLICY: &str = "default-src 'none'; \
    style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page that is to be printed.
pub(in crate::wire::console) fn paper_page(text: String) -> Response {
    ([(CONTENT_SECURITY_POLICY, PAPER_POLICY)], Html(text)).into_response()
}
