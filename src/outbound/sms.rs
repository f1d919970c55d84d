//! Short messages through a gateway that speaks HTTP in its own way.
//! Must not know what they are about.

use std::time::Duration;

use anyhow::Context as _;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use crate::config::SmsSettings;

/// How long the gateway may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is looked at, in bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// What is sent where the settings say nothing.
const BODY: &str = "{\"to\":{{ to | tojson }},\"text\":{{ text | tojson }}}";

/// The gateway.
pub struct Sms {
    http: reqwest::Client,
    words: Environment<'static>,
    method: Method,
    headers: HeaderMap,
    success: String,
}

/// Why a short message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsError {
    /// This one never will be.
    Refused(String),
    /// This one may be, later. It may also have been taken: nobody said so.
    Later(String),
    /// Nobody answers in time, or not as a gateway: none will be taken now. This one may have been.
    Unreachable(String),
}

impl Sms {
    /// `None` where no gateway is set up.
    pub(super) fn new(
        http: &reqwest::Client,
        settings: &SmsSettings,
    ) -> anyhow::Result<Option<Self>> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        let method = match settings.method.as_str() {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "GET" => Method::GET,
            _ => anyhow::bail!("setting sms.method: must be POST, PUT or GET"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for line in &settings.headers {
            // The line may hold a password: it is not repeated.
            let header = || -> Option<(HeaderName, HeaderValue)> {
                let (name, value) = line.expose().split_once(':')?;
                let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
                Some((name, HeaderValue::from_str(value.trim()).ok()?))
            };
            let (name, mut value) =
                header().context("setting sms.headers: every line must be like Name: value")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let mut words = Environment::new();
        words.set_undefined_behavior(UndefinedBehavior::Strict);
        words.set_auto_escape_callback(|_| AutoEscape::None);
        let body = if settings.body.is_empty() {
            BODY
        } else {
            settings.body.expose()
        };
        for (name, text) in [("url", settings.url.expose()), ("body", body)] {
            words
                .add_template_owned(name.to_owned(), text.to_owned())
                .map_err(|error| anyhow::anyhow!("setting sms.{name}: {error}"))?;
        }
        let sms = Self {
            http: http.clone(),
            words,
            method,
            headers,
            success: settings.success.clone(),
        };
        // A gateway that cannot be spoken to is found out at the start, not with the first PIN.
        sms.prove()?;
        Ok(Some(sms))
    }

    /// Whether the settings make sense, also for a text that would say more than it should if it
    /// were put in as it is.
    fn prove(&self) -> anyhow::Result<()> {
        const TO: &str = "+14165550101";
        const STRANGE: &str = "a\"b&c=d#e\nf";
        let wrong = |name: &str, problem: String| anyhow::anyhow!("setting sms.{name}: {problem}");
        let url = |text: &str| self.address(TO, text).map_err(|e| wrong("url", e));
        let (plain, strange) = (url("a")?, url(STRANGE)?);
        let parts = |url: &Url| (url.query_pairs().count(), url.fragment().is_some());
        anyhow::ensure!(
            parts(&plain) == parts(&strange),
            "setting sms.url: write {{{{ text | urlencode }}}} and {{{{ to | urlencode }}}}"
        );
        let body = |text: &str| self.filled("body", TO, text).map_err(|e| wrong("body", e));
        let (plain, strange) = (body("a")?, body(STRANGE)?);
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        anyhow::ensure!(
            !is_json(&plain) || is_json(&strange),
            "setting sms.body: write {{{{ text | tojson }}}} and {{{{ to | tojson }}}}, without \
             quotes around them"
        );
        let pairs = |text: &str| form_urlencoded::parse(text.as_bytes()).count();
        let kind = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let is_form = kind.is_some_and(|kind| kind.contains("form-urlencoded"));
        anyhow::ensure!(
            !is_form || pairs(&plain) == pairs(&strange),
            "setting sms.body: write {{{{ text | urlencode }}}} and {{{{ to | urlencode }}}}"
        );
        Ok(())
    }

    fn filled(&self, name: &str, to: &str, text: &str) -> Result<String, String> {
        let template = self.words.get_template(name).map_err(|e| e.to_string())?;
        template
            .render(context! { to => to, text => text })
            .map_err(|e| e.to_string())
    }

    fn address(&self, to: &str, text: &str) -> Result<Url, String> {
        let url = self.filled("url", to, text)?;
        let url = Url::parse(&url).map_err(|error| error.to_string())?;
        if matches!(url.scheme(), "http" | "https") {
            Ok(url)
        } else {
            Err("must begin with http:// or https://".to_owned())
        }
    }

    /// Hands a short message over. `to`: E.164 with its plus. When this is well, the gateway has
    /// taken it. `name` is the same for every try of one message.
    pub async fn send(&self, name: &str, to: &str, text: &str) -> Result<(), SmsError> {
        let url = self.address(to, text).map_err(SmsError::Refused)?;
        let mut request = self
            .http
            .request(self.method.clone(), url)
            .timeout(TIMEOUT)
            .headers(self.headers.clone())
            .header("idempotency-key", name);
        if self.method != Method::GET {
            let body = self.filled("body", to, text).map_err(SmsError::Refused)?;
            request = request.body(body);
        }
        let answer = request.send().await.map_err(|error| {
            let silent = error.is_connect() || error.is_timeout();
            let reason = in_words(error);
            if silent {
                SmsError::Unreachable(reason)
            } else {
                SmsError::Later(reason)
            }
        })?;
        let status = answer.status();
        if !status.is_success() {
            let reason = format!("the gateway answered {status}");
            let later = status.is_server_error()
                || matches!(
                    status,
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                );
            return Err(match status {
                // The password is wrong, or there is no money left: no message will be taken.
                StatusCode::UNAUTHORIZED
                | StatusCode::PAYMENT_REQUIRED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                // Or it is spoken to in a wrong way.
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_ACCEPTABLE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::MISDIRECTED_REQUEST => SmsError::Unreachable(reason),
                _ if status.is_redirection() => SmsError::Unreachable(reason),
                _ if later => SmsError::Later(reason),
                _ => SmsError::Refused(reason),
            });
        }
        if self.success.is_empty() {
            return Ok(());
        }
        let told = beginning(answer).await.map_err(SmsError::Later)?;
        if told.contains(&self.success) {
            Ok(())
        } else {
            // Too much at once is said so, too.
            Err(SmsError::Later(
                "the gateway's answer does not say that it took the message".to_owned(),
            ))
        }
    }
}

/// The first part of an answer, as text.
async fn beginning(mut answer: reqwest::Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_MAX
        && let Some(piece) = answer.chunk().await.map_err(in_words)?
    {
        bytes.extend_from_slice(&piece);
    }
    bytes.truncate(ANSWER_MAX);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The innermost reason, without the address, which may hold number and text.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    format!("the gateway cannot be reached: {reason}")
}
