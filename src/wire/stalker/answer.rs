//! The envelope and every error text of the API (stalker-rest-v1 §1.7, §1.8).

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::channel::Channel;

use crate::app::Ctx;
use crate::domain::refusal::Refusal;
use crate::ops::OpError;
use crate::ops::rows::find::{By, Detail, Row, View, look_through};
use crate::wire::kit::php::Json;

/// What a resource answers.
pub enum Answer {
    /// The whole result.
    Results(Json),
    /// A list whose rows are shown while it is sent.
    Stream(Body),
}

impl Answer {
    pub fn truth(value: bool) -> Self {
        Self::Results(Json::boolean(value))
    }
}

/// Why there is none.
#[derive(Debug)]
pub enum Failure {
    Text(String),
    Unauthorized,
    /// The newer API for apps, which is not there.
    NoAppApi,
    TooManyAttempts {
        retry_after_s: u32,
    },
}

impl Failure {
    pub fn text(text: &'static str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Refused(refusal) => Self::Text(refused(&refusal)),
            OpError::Missing { .. } => Self::text("Account not found"),
            OpError::Denied(permission) => {
                Self::Text(format!("This login may not {}", permission.words()))
            }
            OpError::Document { path, problem } => Self::Text(format!("{path}: {problem}")),
            OpError::Throttled { .. } => Self::text("Too busy, try again in a moment"),
            OpError::DiskFull => Self::text("The disk is full, nothing was changed"),
            OpError::TooManyAttempts { retry_after_s } => Self::TooManyAttempts { retry_after_s },
            OpError::Elsewhere { problem } => Self::Text(problem),
            OpError::Store(_) | OpError::Failed(_) => {
                tracing::error!(%error, "stalker.failed");
                Self::text("Internal error")
            }
        }
    }
}

/// A refusal in the words of the original, where it has some.
#[deny(clippy::wildcard_enum_match_arm)]
fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::LoginTaken => "Login already in use".to_owned(),
        Refusal::MacTaken { .. } => "MAC address already in use".to_owned(),
        Refusal::NoSuchReseller => "Reseller does not exist".to_owned(),
        Refusal::ResellerTaken { .. } => "Reseller with this name already exists".to_owned(),
        Refusal::ResellerHasCustomers => {
            "Finded reseller's users, cannot delete reseller, operation canceled".to_owned()
        }
        Refusal::EmailTaken => "Email already in use".to_owned(),
        Refusal::TooMany { what, max } => format!("Too many {what}, at most {max}"),
        Refusal::PasswordLength { max, .. } => {
            format!("Password is too long, at most {max} bytes")
        }
        Refusal::BeyondCalendar => "Date is beyond the calendar".to_owned(),
        // Nothing that this API can do ends in one of these; if it does, the code says which.
        Refusal::IdTaken { .. }
        | Refusal::KeyUsed
        | Refusal::NotDead
        | Refusal::PartnerTaken { .. }
        | Refusal::MonthClosed { .. }
        | Refusal::MonthNotOver { .. }
        | Refusal::TransactionEnded
        | Refusal::ClockBackward
        | Refusal::Order(_)
        | Refusal::Money(_)
        | Refusal::Staff(_)
        | Refusal::Partner(_) => format!("Refused: {}", refusal.code()),
    }
}

/// A resource that is not there: each part of its name with its first letter in upper case (§1.4).
pub fn no_resource(name: &str) -> Failure {
    let mut shown = String::new();
    for part in name.split('_') {
        let mut letters = part.chars();
        shown.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        shown.extend(letters);
    }
    let shown: String = shown.chars().take(64).collect();
    Failure::Text(format!("Resource \"{shown}\" does not exist"))
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    // Exactly so, without a charset (§1.7).
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Results(results) => {
                let body = Json::object(|o| {
                    o.text("status", "OK");
                    o.raw("results", &results);
                });
                json(StatusCode::OK, body.into_string())
            }
            Self::Stream(body) => json(StatusCode::OK, body),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Text(text) => failed(&text),
            Self::Unauthorized => unauthorized(),
            Self::NoAppApi => no_app_api(),
            Self::TooManyAttempts { retry_after_s } => too_many_attempts(retry_after_s),
        }
    }
}

/// An application error: HTTP 200, `results` null (R1).
pub fn failed(text: &str) -> Response {
    failed_with(StatusCode::OK, text)
}

/// The same for what no client of the original knows, with the status that says it.
pub fn failed_with(status: StatusCode, text: &str) -> Response {
    let body = Json::object(|o| {
        o.text("status", "ERROR");
        o.null("results");
        o.text("error", text);
    });
    json(status, body.into_string())
}

/// Apps of the newer kind look for their API here: 404, in the shape that their errors have.
pub fn no_app_api() -> Response {
    let text = "This portal has no app API (v2, v3, auth/token). Apps of the MAG kind use \
                /stalker_portal/c/, billing scripts /stalker_portal/api/v1/";
    let body = Json::object(|o| {
        o.text("status", "ERROR");
        o.null("results");
        o.text("error", text);
    });
    json(StatusCode::NOT_FOUND, body.into_string())
}

/// Wrong credentials: HTTP 401, `results` empty (R2).
pub fn unauthorized() -> Response {
    let body = Json::object(|o| {
        o.text("status", "ERROR");
        o.text("results", "");
        o.text("error", "401 Unauthorized request");
    });
    let mut response = json(StatusCode::UNAUTHORIZED, body.into_string());
    let realm = HeaderValue::from_static("Basic realm=\"Stalker API\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}

/// Too many wrong credentials: shaped as one wrong one is, with the time to wait.
fn too_many_attempts(retry_after_s: u32) -> Response {
    let text = format!("429 Too many failed attempts, wait {retry_after_s} seconds");
    let body = Json::object(|o| {
        o.text("status", "ERROR");
        o.text("results", "");
        o.text("error", &text);
    });
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, body.into_string());
    let seconds = HeaderValue::from(retry_after_s);
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// Shows one row; nothing where it is not shown.
pub type ShowRow = fn(&Ctx, &Row, &View) -> Option<Json>;

/// Pages that wait for a slow client.
const PAGES_AHEAD: usize = 2;

/// The rows of all customers, sent page by page: each page is read when the one before it is on its
/// way, so that memory and the age of what is read stay small however many there are.
pub fn every_row(ctx: Ctx, by: By, detail: Detail, show: ShowRow) -> Answer {
    let (mut sender, body) = Channel::<Bytes, OpError>::new(PAGES_AHEAD);
    tokio::spawn(async move {
        let mut text = "{\"status\":\"OK\",\"results\":[".to_owned();
        let mut after = None;
        let mut any = false;
        loop {
            let reading = ctx.clone();
            let page = move || look_through(&reading, by, after, detail);
            let page = tokio::task::spawn_blocking(page).await;
            let page = page.unwrap_or_else(|error| Err(OpError::Failed(error.to_string())));
            let (rows, next) = match page {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "stalker.list_failed");
                    sender.abort(error);
                    return;
                }
            };
            for (row, view) in &rows {
                if let Some(shown) = show(&ctx, row, view) {
                    if any {
                        text.push(',');
                    }
                    any = true;
                    text.push_str(shown.as_str());
                }
            }
            if next.is_none() {
                text.push_str("]}");
            }
            // Whoever went away needs no more.
            let sent = sender.send_data(Bytes::from(std::mem::take(&mut text)));
            if sent.await.is_err() || next.is_none() {
                return;
            }
            after = next;
        }
    });
    Answer::Stream(Body::new(body))
}
