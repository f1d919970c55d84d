//! Files of others, fetched piece by piece: channel lists and programme guides. Must not know what they are for.

use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Response, Url};
use tokio_util::bytes::Bytes;

/// How long a whole file may take, and how long the next piece of it.
const FILE_TIMEOUT: Duration = Duration::from_hours(2);
const PIECE_TIMEOUT: Duration = Duration::from_mins(1);
/// How often an address may lead to another one.
const REDIRECTS_MAX: usize = 5;

/// Fetches over HTTP.
pub struct Fetcher {
    http: reqwest::Client,
}

/// A file that is on its way.
pub struct Download(Response);

impl Fetcher {
    pub(super) fn new(http: &reqwest::Client) -> Self {
        Self { http: http.clone() }
    }

    /// Begins to fetch; an error says in one line why there is nothing to fetch. Never the address, which may
    /// hold a password.
    pub async fn open(&self, url: &str) -> Result<Download, String> {
        let mut url = web_address(Url::parse(url).ok())?;
        for _ in 0..=REDIRECTS_MAX {
            let asked = self.http.get(url.clone()).timeout(FILE_TIMEOUT).send();
            let answer = tokio::time::timeout(PIECE_TIMEOUT, asked).await;
            let answer = answer.map_err(|_| "the other side does not answer".to_owned())?;
            let answer = answer.map_err(in_words)?;
            let status = answer.status();
            if status.is_success() {
                return Ok(Download(answer));
            }
            let next = answer.headers().get(LOCATION);
            let next = next.filter(|_| status.is_redirection());
            let next = next.and_then(|next| next.to_str().ok());
            match next {
                Some(next) => url = web_address(url.join(next).ok())?,
                None => return Err(format!("the other side answered {status}")),
            }
        }
        Err(format!(
            "the address leads on more than {REDIRECTS_MAX} times"
        ))
    }
}

impl Download {
    /// The next piece; `None`: that was all.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, String> {
        let piece = tokio::time::timeout(PIECE_TIMEOUT, self.0.chunk()).await;
        let piece = piece.map_err(|_| "the other side stopped sending".to_owned())?;
        piece.map_err(in_words)
    }
}

fn web_address(url: Option<Url>) -> Result<Url, String> {
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| "the address must be one of http or https".to_owned())
}

/// The innermost reason, without the address.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    format!("the other side cannot be read: {reason}")
}
