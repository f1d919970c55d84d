//! One request as a box makes it: parameters, cookies, token (stalker-stb-portal §2.2).
//!
//! Everything is optional and nothing is refused here:
//! what makes no sense is as if it were not there.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::app::{App, Ctx};
use crate::domain::staff::Actor;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::{ChannelId, Id};
use crate::domain::values::mac::Mac;
use crate::wire::kit::request_ctx;

/// Most parameters of one request; further ones are not looked at.
const PARAMETERS_MAX: usize = 200;
/// Longest token that a box may present, in bytes.
const TOKEN_BYTES_MAX: usize = 256;
/// Longest name of a host, with its port, in bytes.
const HOST_BYTES_MAX: usize = 260;
/// Longest word that is kept, in characters.
const WORD_CHARS_MAX: usize = 64;

/// One request of a box.
pub struct Call {
    pub ctx: Ctx,
    parameters: Vec<(String, String)>,
    /// What the box says its MAC is.
    pub mac: Option<ToldMac>,
    pub bearer: Option<String>,
    timezone: Option<String>,
    /// The language of the viewer, as the box spells it.
    pub language: String,
    /// The host that the box asked, with its port.
    host: Option<String>,
}

impl Call {
    /// Query and form are one; what stands in the form counts.
    #[must_use]
    pub fn read(app: &Arc<App>, parts: &Parts, form: &[u8]) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let pairs = pairs.chain(form_urlencoded::parse(form).into_owned());
        let parameters = pairs.take(PARAMETERS_MAX).collect();
        let ctx = Ctx {
            actor: Actor::Viewer,
            ..request_ctx(app, DIALECT, parts)
        };
        let mut call = Self {
            ctx,
            parameters,
            mac: None,
            bearer: bearer(&parts.headers),
            timezone: None,
            language: String::new(),
            host: host(&parts.headers),
        };
        call.read_cookies(&parts.headers);
        if call.mac.is_none() {
            call.mac = call.text("mac").map(ToldMac::new);
        }
        call
    }

    fn read_cookies(&mut self, headers: &HeaderMap) {
        let cookies = headers.get_all(COOKIE).into_iter();
        let pairs = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        for (name, value) in pairs {
            let value = percent_decoded(value);
            let value = value.trim().trim_matches('"').trim();
            if value.is_empty() {
                continue;
            }
            match name {
                "mac" if self.mac.is_none() => self.mac = Some(ToldMac::new(value)),
                "timezone" => self.timezone = Some(value.to_owned()),
                "stb_lang" => self.language = value.chars().take(WORD_CHARS_MAX).collect(),
                _ => {}
            }
        }
    }

    /// The MAC of the box, if what it says is one.
    #[must_use]
    pub fn box_mac(&self) -> Option<Mac> {
        self.mac.as_ref().and_then(ToldMac::mac)
    }

    /// What the box says its MAC is, as it is said back.
    #[must_use]
    pub fn mac_text(&self) -> &str {
        self.mac.as_ref().map_or("", |told| &told.text)
    }

    /// A parameter that says something. Of several with a name the last one counts, as in PHP.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut given = self.parameters.iter().rev();
        let (_, value) = given.find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A parameter whose blanks count.
    #[must_use]
    pub fn verbatim(&self, name: &str) -> &str {
        let mut given = self.parameters.iter().rev();
        given
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// A whole number that is not negative; 0 where there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.text(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// An id of ours.
    #[must_use]
    pub fn id<I: Id>(&self, name: &str) -> Option<I> {
        self.text(name)?.parse().ok().map(I::new)
    }

    /// An address as a player can fetch it: one on this box gets the box's own name, as the
    /// settings say it or as the player knows it.
    #[must_use]
    pub fn absolute<'u>(&self, url: &'u str) -> Cow<'u, str> {
        if !url.starts_with('/') {
            return Cow::Borrowed(url);
        }
        let base = match &self.host {
            Some(host) if self.ctx.app.config.public_url.is_empty() => format!("http://{host}"),
            _ => self.ctx.app.base_url(),
        };
        Cow::Owned(base + url)
    }

    /// A list of channels, `1,5,7`.
    #[must_use]
    pub fn channels(&self, name: &str) -> Vec<ChannelId> {
        let list = self.text(name).unwrap_or_default().split(',');
        list.filter_map(|text| text.trim().parse().ok())
            .map(ChannelId)
            .collect()
    }

    /// Whether a switch is on: it comes as `1` or as `true`.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.text(name), Some("1" | "true"))
    }

    /// The box's own time zone, else the operator's (§2.2: it may be any nonsense).
    #[must_use]
    pub fn zone(&self) -> Zone {
        let own = self.timezone.as_deref().filter(|name| name.len() <= 64);
        own.and_then(Zone::parse)
            .unwrap_or_else(|| self.ctx.app.company().zone.clone())
    }
}

/// What a box says its MAC is. It need not be one.
pub struct ToldMac {
    mac: Option<Mac>,
    /// In its usual spelling, where it is one.
    text: String,
}

impl ToldMac {
    fn new(text: &str) -> Self {
        let mac = Mac::parse(text);
        let text = match mac {
            Some(mac) => mac.to_string(),
            None => text.chars().take(WORD_CHARS_MAX).collect(),
        };
        Self { mac, text }
    }

    fn mac(&self) -> Option<Mac> {
        self.mac
    }
}

/// The host of a request, if it is one that can stand in an address.
fn host(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(HOST)?.to_str().ok()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let fits = (1..=HOST_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits);
    fits.then(|| text.to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && is_token(token);
    fits.then(|| token.to_owned())
}

/// Whether a text can be a token.
#[must_use]
pub fn is_token(text: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Cookies come percent-encoded or not.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The name in logs, metrics and the audit log.
pub const DIALECT: &str = "portal";

#[cfg(test)]
mod tests {
    use super::{ToldMac, is_token, percent_decoded};
    use proptest::prelude::*;

    #[test]
    fn cookies_are_decoded_where_they_are_encoded() {
        for (text, decoded) in [
            ("00%3A1a%3A79", "00:1a:79"),
            ("Etc/GMT+3", "Etc/GMT+3"),
            ("Europe%2FBerlin", "Europe/Berlin"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
        ] {
            assert_eq!(percent_decoded(text), decoded);
        }
        assert_eq!(ToldMac::new("001a79aabb01").text, "00:1A:79:AA:BB:01");
        let other = ToldMac::new("undefined");
        assert_eq!((other.mac(), &*other.text), (None, "undefined"));
    }

    #[test]
    fn tokens_are_bounded_and_printable() {
        assert!(is_token("A") && is_token(&"f".repeat(256)));
        assert!(!is_token("") && !is_token("a b") && !is_token(&"f".repeat(257)));
    }

    proptest! {
        #[test]
        fn fuzz_decoding_never_panics(text in "\\PC{0,40}") {
            let _ = percent_decoded(&text);
            let _ = ToldMac::new(&text);
        }
    }
}
