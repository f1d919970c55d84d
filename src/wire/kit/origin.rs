//! Whether a browser sends a request for a page that is not ours.
//!
//! Programs send neither `Origin` nor `Sec-Fetch-Site`, so nothing is asked of them.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Marks a request of a foreign page that only reads: what changes something all the same refuses
/// it.
#[derive(Debug, Clone, Copy)]
pub struct ForeignPage;

/// Whether the request is of a foreign page. `public_url`: where the box is reached from outside;
/// `forwarded_host`: which host a trusted proxy was asked for.
pub(super) fn is_foreign(headers: &HeaderMap, public_url: &str, forwarded_host: bool) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &axum::http::HeaderValue| value.to_str())
    };
    let site = text("sec-fetch-site").map(Result::unwrap_or_default);
    let same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    if !same_site {
        return true;
    }
    match text(ORIGIN.as_str()) {
        None => false,
        // A browser says so where a page hides where it is from; the other header tells the rest.
        Some(Ok("null")) => site.is_none(),
        Some(Ok(origin)) => {
            let hosts = [
                text(HOST.as_str()),
                text("x-forwarded-host").filter(|_| forwarded_host),
            ];
            let hosts = hosts.into_iter().flatten().filter_map(Result::ok);
            !is_own(origin, public_url, hosts)
        }
        Some(Err(_)) => true,
    }
}

/// Where `public_url` is set, it is the one name of the box; its addresses are good besides, since
/// no foreign page can be at one of them.
fn is_own<'h>(origin: &str, public_url: &str, mut hosts: impl Iterator<Item = &'h str>) -> bool {
    let Some(origin) = Place::of(origin) else {
        return false;
    };
    if Place::of(public_url).is_some_and(|own| own == origin) {
        return true;
    }
    let asked_here = hosts.any(|host| {
        let host = format!("{}://{}", origin.scheme, host.trim());
        Place::of(&host).is_some_and(|host| host == origin)
    });
    asked_here && (public_url.is_empty() || origin.is_address())
}

/// Scheme, host and port of an address, spelt one way.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    scheme: String,
    host: String,
    port: u16,
}

impl Place {
    fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let after_host = authority.rfind(']').map_or(0, |end| end);
        let colon = authority.rfind(':').filter(|at| *at >= after_host);
        let (host, port) = match colon {
            Some(at) => {
                let (host, port) = authority.split_at(at);
                (host, port.trim_start_matches(':').parse().ok()?)
            }
            None => (authority.as_str(), default),
        };
        (!host.is_empty()).then(|| Self {
            scheme,
            host: host.to_owned(),
            port,
        })
    }

    fn is_address(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok()
    }
}

/// Whether an address leads to another machine, or to this one as others see it.
#[must_use]
pub fn leads_elsewhere(url: &str) -> bool {
    Place::of(url).is_some_and(|place| {
        let bare = place.host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>();
        bare != "localhost" && !address.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::is_foreign;

    fn foreign(lines: &[(&str, &str)], public_url: &str) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        is_foreign(&headers, public_url, false)
    }

    #[test]
    fn pages_of_ours_and_programs_are_not_foreign() {
        const PUBLIC: &str = "https://tv.example.net/";
        for (lines, public_url, is) in [
            (&[][..], "", false),
            (&[("host", "box.lan:8080")], "", false),
            (
                &[("host", "box.lan:8080"), ("origin", "http://box.lan:8080")],
                "",
                false,
            ),
            (
                &[("host", "BOX.lan"), ("origin", "http://box.LAN:80")],
                "",
                false,
            ),
            (
                &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")],
                "",
                false,
            ),
            (
                &[("host", "box.lan:8080"), ("origin", "http://box.lan")],
                "",
                true,
            ),
            (
                &[("host", "box.lan"), ("origin", "http://evil.example")],
                "",
                true,
            ),
            (&[("host", "box.lan"), ("origin", "null")], "", true),
            (&[("host", "box.lan"), ("origin", "file://")], "", true),
            (&[("host", "box.lan"), ("origin", "")], "", true),
            (
                &[
                    ("host", "box.lan"),
                    ("origin", "null"),
                    ("sec-fetch-site", "same-origin"),
                ],
                "",
                false,
            ),
            // The proxy asks us by an address of its own.
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "https://tv.example.net"),
                ],
                PUBLIC,
                false,
            ),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://127.0.0.1:8080"),
                ],
                PUBLIC,
                false,
            ),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://tv.example.net"),
                ],
                PUBLIC,
                true,
            ),
            // A name that somebody else let lead here.
            (
                &[("host", "evil.example"), ("origin", "http://evil.example")],
                PUBLIC,
                true,
            ),
            (&[("sec-fetch-site", "cross-site")], "", true),
            (&[("sec-fetch-site", "same-site")], "", true),
            (&[("sec-fetch-site", "same-origin")], "", false),
            (&[("sec-fetch-site", "none")], "", false),
            (&[("sec-fetch-site", "nonsense")], "", true),
            (
                &[
                    ("host", "box.lan"),
                    ("origin", "http://box.lan"),
                    ("sec-fetch-site", "cross-site"),
                ],
                "",
                true,
            ),
            (
                &[
                    ("host", "box.lan"),
                    ("origin", "http://evil.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                "",
                true,
            ),
        ] {
            assert_eq!(foreign(lines, public_url), is, "{lines:?} {public_url}");
        }
    }
}
