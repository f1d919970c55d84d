//! Files of others, fetched piece by piece: channel lists and programme guides.
//! Must not know what they are for.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Response, StatusCode, Url};
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

/// How a file is asked for, where the other side wants it in a way of its own.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    headers: HeaderMap,
}

/// Most headers of one's own.
const HEADERS_MAX: usize = 32;

impl Asking {
    /// With a user agent and headers such as `Referer: http://example`. An error says in one line
    /// what is wrong with which; never a value, which may be a secret.
    pub fn new(user_agent: Option<&str>, headers: &[String]) -> Result<Self, String> {
        if headers.len() > HEADERS_MAX {
            return Err(format!("--header: more than {HEADERS_MAX}"));
        }
        let mut all = HeaderMap::new();
        for header in headers {
            let Some((name, value)) = header.split_once(':') else {
                return Err("--header: must be a name, a colon and a value".to_owned());
            };
            let name: HeaderName = name.trim().to_ascii_lowercase().parse().map_err(|_| {
                "--header: what stands before the colon is no name of a header".to_owned()
            })?;
            let kept_by_us = ["host", "content-length", "transfer-encoding", "connection"];
            if kept_by_us.contains(&name.as_str()) {
                return Err(format!("--header: {name} cannot be set"));
            }
            let value = HeaderValue::from_str(value.trim());
            let mut value = value.map_err(|_| format!("--header: {name} has no usable value"))?;
            value.set_sensitive(true);
            all.append(name, value);
        }
        if let Some(agent) = user_agent {
            let agent = HeaderValue::from_str(agent.trim());
            let agent = agent.map_err(|_| "--user-agent: has no usable value".to_owned())?;
            all.insert(USER_AGENT, agent);
        }
        Ok(Self { headers: all })
    }

    /// What another machine may see of it: who asks, but no secrets.
    fn elsewhere(&self) -> HeaderMap {
        let agent = self.headers.get(USER_AGENT).cloned();
        agent.map(|agent| (USER_AGENT, agent)).into_iter().collect()
    }
}

/// A file that is on its way.
pub struct Download(Response);

impl Fetcher {
    pub(super) fn new(http: &reqwest::Client) -> Self {
        Self { http: http.clone() }
    }

    /// Begins to fetch; an error says in one line why there is nothing to fetch. Never the address,
    /// which may hold a password.
    pub async fn open(&self, url: &str, asking: &Asking) -> Result<Download, String> {
        let mut url = web_address(Url::parse(url).ok())?;
        let first = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let headers = if url.origin() == first.origin() {
                asking.headers.clone()
            } else {
                asking.elsewhere()
            };
            let asked = self.http.get(url.clone()).headers(headers);
            let asked = asked.timeout(FILE_TIMEOUT).send();
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
                None => return Err(refused(status)),
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

/// What an answer means, and what may help.
fn refused(status: StatusCode) -> String {
    let hint = match status {
        StatusCode::UNAUTHORIZED => ": the name or password in the address is not right",
        StatusCode::FORBIDDEN => {
            ": it may want another program (--user-agent) or a header (--header)"
        }
        _ => "",
    };
    format!("the other side answered {status}{hint}")
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
