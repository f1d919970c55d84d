//! Telling an address of the operator's what happened: one signed POST.
//! Reference: `docs/webhooks.md`.
//!
//! Must not know what is kept of it, nor when it is tried again.

pub mod objects;

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::CONTENT_TYPE;
use sha2::Sha256;

use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::WEBHOOK_URL_MAX;

/// Most of an answer that is read, in bytes, and how long it may take: nothing in it counts, but a
/// connection whose answer was read can be used again.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// Who tells.
pub struct Caller {
    http: reqwest::Client,
}

/// One telling.
#[derive(Debug, Clone)]
pub struct Call {
    pub url: String,
    /// The event's name: the same however often it is told.
    pub event: String,
    pub signature: String,
    pub body: String,
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// 0: there was no answer.
    pub status: u16,
    /// Names neither address nor body.
    pub reason: String,
}

impl Caller {
    pub(super) fn new(http: &reqwest::Client) -> Self {
        Self { http: http.clone() }
    }

    /// Tells, once; answers the status with which it was taken.
    pub async fn tell(&self, call: Call) -> Result<u16, NotTaken> {
        let request = self
            .http
            .post(call.url)
            .header(CONTENT_TYPE, "application/json")
            .header("Boxoffice-Event", call.event)
            .header("Boxoffice-Signature", call.signature)
            .body(call.body);
        let mut answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let _ = tokio::time::timeout(ANSWER_TIMEOUT, async {
            let mut seen = 0usize;
            while let Ok(Some(chunk)) = answer.chunk().await {
                seen = seen.saturating_add(chunk.len());
                if seen > ANSWER_BYTES_MAX {
                    break;
                }
            }
        })
        .await;
        if status.is_success() {
            return Ok(status.as_u16());
        }
        Err(NotTaken {
            status: status.as_u16(),
            reason: format!("answered {}", status.as_u16()),
        })
    }
}

pub(super) fn no_answer(error: reqwest::Error) -> NotTaken {
    let reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        // An address may hold a key.
        error.without_url().to_string()
    };
    NotTaken { status: 0, reason }
}

/// The value of the header `Boxoffice-Signature`: the time of the attempt, and what each secret
/// makes of time and body.
#[must_use]
pub fn signature(secrets: &[&str], at: Timestamp, body: &str) -> String {
    let stamp = at.seconds();
    let mut text = format!("t={stamp}");
    for secret in secrets {
        // A key of any length is one.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
            mac.update(format!("{stamp}.").as_bytes());
            mac.update(body.as_bytes());
            let mac = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
            text.push_str(&format!(",v1={mac}"));
        }
    }
    text
}

/// What is wrong with an address; `None`: nothing.
#[must_use]
pub fn fault_of(url: &str) -> Option<&'static str> {
    if url.len() > WEBHOOK_URL_MAX {
        return Some("must be at most 2048 bytes");
    }
    match reqwest::Url::parse(url) {
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() => {
            Some("must be an address that begins with http:// or https://")
        }
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            Some("must hold no name and no password")
        }
        Ok(_) => None,
        Err(_) => Some("must be an address that begins with http:// or https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::{fault_of, signature};
    use crate::domain::values::time::Timestamp;

    #[test]
    fn signatures_are_those_of_the_scheme() {
        // From `openssl dgst -sha256 -hmac whsec_x` of `1700000000.{}`.
        let at = Timestamp::from_micros(1_700_000_000_000_000).unwrap();
        let one = signature(&["whsec_x"], at, "{}");
        assert_eq!(one, format!("t=1700000000,v1={MAC}"));
        assert_eq!(
            signature(&["whsec_x", "whsec_x"], at, "{}"),
            format!("{one},v1={MAC}")
        );
    }

    const MAC: &str = "be8cb8325f2202445260a855532f967e30ad2a9394ce28da66ee02880ddcb661";

    #[test]
    fn addresses_are_of_the_web_and_hold_no_password() {
        for url in ["http://127.0.0.1:8080/x?a=b", "https://hooks.example/"] {
            assert_eq!(fault_of(url), None, "{url}");
        }
        for url in [
            "",
            "x",
            "/x",
            "ftp://a/",
            "http://",
            "http://a:b@c/",
            "file:///etc",
            "mailto:a@b.c",
        ] {
            assert!(fault_of(url).is_some(), "{url}");
        }
    }
}
