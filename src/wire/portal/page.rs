//! Our own page for boxes that show one, and the file by which STB-Proxy finds the portal
//! (stalker-stb-portal §1, §2.1). The original's page is not ours to give out.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;

pub async fn index() -> Response {
    let text = include_str!("../../../assets/portal/index.html");
    file("text/html; charset=utf-8", text)
}

pub async fn style() -> Response {
    let text = include_str!("../../../assets/portal/portal.css");
    file("text/css; charset=utf-8", text)
}

pub async fn script() -> Response {
    let text = include_str!("../../../assets/portal/portal.js");
    file("text/javascript; charset=utf-8", text)
}

/// Emulators and scanners know a portal by this one line; the number is of the portal whose ways
/// these are.
pub async fn version() -> Response {
    file("text/javascript; charset=utf-8", "var ver = '5.6.1';\n")
}

/// The five statements that STB-Proxy reads, one a line; it takes the last digit of a line for the
/// number of the group, and drops blanks, quotes and `+`.
pub async fn stub() -> Response {
    let text = r#"var pattern = /(https?):\/\/([^\/]*)\/(stalker_portal|c)\//;
this.portal_protocol = document.URL.replace(pattern, "$1");
this.portal_ip = document.URL.replace(pattern, "$2");
this.portal_path = document.URL.replace(pattern, "$3");
this.ajax_loader = this.portal_protocol + '://' + this.portal_ip + '/' + this.portal_path + '/portal.php';
"#;
    file("text/javascript; charset=utf-8", text)
}

/// Old boxes know no such policy, and none of it is in their way. Pictures and streams are wherever
/// the operator has them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src * data:; media-src * blob:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'self'";

fn file(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // Boxes keep pages for ever if they are let.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
