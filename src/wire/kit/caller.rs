//! Whom a request comes from: its connection, or what a proxy that the settings trust says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};

/// Most addresses of one header that are looked at, from its right end.
const HOPS_MAX: usize = 32;

/// What else proxies leave in a request: whoever sends one of these is not at this machine itself.
const TRACES: &[&str] = &[
    "x-forwarded-for",
    "x-real-ip",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "via",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-forwarded-for",
];

/// Where a request comes from, and how it got here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The client's address.
    pub address: IpAddr,
    /// Whether it came through a proxy, as far as its headers show.
    pub is_forwarded: bool,
    /// Whether the proxy that brings it is one that the settings trust.
    pub is_by_trusted_proxy: bool,
    /// Whether a proxy says that it came to it over TLS.
    pub is_tls: bool,
}

impl Caller {
    /// Nobody but a trusted proxy is believed. Of the addresses that one adds, the right-most that
    /// is no trusted proxy itself is the client's: what stands left of it may be invented. Where
    /// several headers name different clients, one of them was let through as it came: then the
    /// address of the proxy itself counts.
    pub(super) fn of(
        peer: SocketAddr,
        headers: &HeaderMap,
        is_trusted: impl Fn(IpAddr) -> bool,
    ) -> Self {
        let peer = peer.ip().to_canonical();
        let is_forwarded = TRACES.iter().any(|name| headers.contains_key(*name));
        let is_tls = is_forwarded && came_over_tls(headers);
        let is_by_trusted_proxy = is_forwarded && is_trusted(peer);
        let address = if is_by_trusted_proxy {
            client(peer, headers, is_trusted)
        } else {
            peer
        };
        Self {
            address,
            is_forwarded,
            is_by_trusted_proxy,
            is_tls,
        }
    }
}

fn client(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut found: Option<IpAddr> = None;
    let mut nearest = peer;
    for hops in [
        hops(headers, "x-forwarded-for", whole),
        hops(headers, "x-real-ip", whole),
        hops(headers, "forwarded", for_whom),
    ] {
        for hop in hops {
            // What is no address hides everything left of it.
            let Some(address) = hop else { break };
            if is_trusted(address) {
                nearest = address;
                continue;
            }
            match found {
                Some(other) if other != address => return peer,
                _ => found = Some(address),
            }
            break;
        }
    }
    // Nobody but proxies: the request is of the farthest of them.
    found.unwrap_or(nearest)
}

/// The addresses in all lines of a header, from right to left.
fn hops(
    headers: &HeaderMap,
    name: &str,
    of: for<'t> fn(&'t str) -> Option<&'t str>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    let texts: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("?")).collect();
    let elements = texts.iter().flat_map(|text| text.split(',')).rev();
    let hops = elements.map(|element| of(element).and_then(address_in));
    hops.take(HOPS_MAX).collect()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "beside for_whom, which may find none"
)]
fn whole(element: &str) -> Option<&str> {
    Some(element)
}

fn for_whom(element: &str) -> Option<&str> {
    parameter(element, "for")
}

/// The value of a parameter in an element of `Forwarded`.
fn parameter<'t>(element: &'t str, name: &str) -> Option<&'t str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:8080`, `[2001:db8::1]:8080`.
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => text,
    };
    let parsed = bare.parse::<IpAddr>().ok();
    let parsed = parsed.or_else(|| bare.parse::<SocketAddr>().ok().map(|with| with.ip()));
    parsed.map(|address| address.to_canonical())
}

/// Only makes cookies stricter, so whoever says it is believed.
fn came_over_tls(headers: &HeaderMap) -> bool {
    let last = |name: &str| {
        let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        line.rsplit(',').next()
    };
    let is_https = |text: &str| text.trim().eq_ignore_ascii_case("https");
    last("x-forwarded-proto").is_some_and(is_https)
        || last("forwarded")
            .and_then(|element| parameter(element, "proto"))
            .is_some_and(is_https)
}

/// The client's address. The one place that says which address a request comes from.
#[must_use]
pub fn client_address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<Caller>().map(|caller| caller.address)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::Caller;

    fn caller(peer: &str, lines: &[(&str, &str)]) -> Caller {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let trusted = |address: IpAddr| match address {
            IpAddr::V4(address) => address.is_loopback() || address.octets()[0] == 10,
            IpAddr::V6(address) => address.is_loopback(),
        };
        Caller::of(
            SocketAddr::new(peer.parse().unwrap(), 40_000),
            &headers,
            trusted,
        )
    }

    fn address(peer: &str, lines: &[(&str, &str)]) -> String {
        caller(peer, lines).address.to_string()
    }

    #[test]
    fn the_rightmost_that_is_no_proxy_is_the_client() {
        const XFF: &str = "X-Forwarded-For";
        for (peer, lines, client) in [
            ("203.0.113.1", &[][..], "203.0.113.1"),
            // Nobody asked this one.
            ("203.0.113.1", &[(XFF, "198.51.100.7")], "203.0.113.1"),
            ("127.0.0.1", &[(XFF, "198.51.100.7")], "198.51.100.7"),
            ("::ffff:127.0.0.1", &[(XFF, "198.51.100.7")], "198.51.100.7"),
            // What the client itself sent stands on the left.
            (
                "127.0.0.1",
                &[(XFF, "192.0.2.9, 198.51.100.7")],
                "198.51.100.7",
            ),
            (
                "127.0.0.1",
                &[(XFF, "192.0.2.9"), (XFF, "198.51.100.7")],
                "198.51.100.7",
            ),
            (
                "127.0.0.1",
                &[(XFF, "192.0.2.9, 198.51.100.7, 10.0.0.4")],
                "198.51.100.7",
            ),
            (
                "127.0.0.1",
                &[(XFF, "192.0.2.9, nonsense, 10.0.0.4")],
                "10.0.0.4",
            ),
            ("127.0.0.1", &[(XFF, "nonsense")], "127.0.0.1"),
            ("127.0.0.1", &[(XFF, "10.0.0.9, 10.0.0.4")], "10.0.0.9"),
            ("127.0.0.1", &[(XFF, "198.51.100.7:51512")], "198.51.100.7"),
            ("127.0.0.1", &[(XFF, "[2001:db8::7]:51512")], "2001:db8::7"),
            ("127.0.0.1", &[(XFF, "::ffff:198.51.100.7")], "198.51.100.7"),
            (
                "127.0.0.1",
                &[("X-Real-IP", "198.51.100.7")],
                "198.51.100.7",
            ),
            (
                "::1",
                &[("Forwarded", "for=192.0.2.9, for=198.51.100.7;proto=https")],
                "198.51.100.7",
            ),
            (
                "::1",
                &[("Forwarded", "For=\"[2001:db8::7]:4711\"")],
                "2001:db8::7",
            ),
            ("::1", &[("Forwarded", "for=_hidden, for=unknown")], "::1"),
            (
                "127.0.0.1",
                &[(XFF, "198.51.100.7"), ("X-Real-IP", "198.51.100.7")],
                "198.51.100.7",
            ),
            // One of the two was let through as the client sent it.
            (
                "127.0.0.1",
                &[(XFF, "192.0.2.9"), ("X-Real-IP", "198.51.100.7")],
                "127.0.0.1",
            ),
            (
                "127.0.0.1",
                &[("Forwarded", "for=192.0.2.9"), (XFF, "198.51.100.7")],
                "127.0.0.1",
            ),
        ] {
            assert_eq!(address(peer, lines), client, "{peer} {lines:?}");
        }
    }

    #[test]
    fn traces_of_a_proxy_and_tls_are_seen() {
        let plain = caller("127.0.0.1", &[("Host", "localhost")]);
        assert!(!plain.is_forwarded && !plain.is_tls);
        for (name, value, tls) in [
            ("X-Forwarded-Proto", "https", true),
            ("X-Forwarded-Proto", "https, http", false),
            ("Forwarded", "for=192.0.2.9;proto=https", true),
            ("Forwarded", "for=192.0.2.9;proto=http", false),
            ("Via", "1.1 proxy", false),
        ] {
            let seen = caller("127.0.0.1", &[(name, value)]);
            assert!(seen.is_forwarded, "{name}");
            assert_eq!(seen.is_tls, tls, "{name}: {value}");
        }
    }

    proptest! {
        /// Whatever a client invents, in whatever header: behind a proxy that adds its address on
        /// the right it is itself, or else the proxy; never whom it names.
        #[test]
        fn fuzz_nobody_invents_an_address(
            invented in "[0-9a-f:., \\[\\]\"=;_for]{0,60}",
            other in "[0-9., ]{0,30}",
        ) {
            let added = format!("{invented}, 198.51.100.7");
            let seen = address("127.0.0.1", &[("X-Forwarded-For", &added), ("X-Real-IP", &other)]);
            prop_assert!(seen == "198.51.100.7" || seen == "127.0.0.1", "{}", seen);
            prop_assert_eq!(address("203.0.113.1", &[("X-Forwarded-For", &added)]), "203.0.113.1");
        }
    }
}
