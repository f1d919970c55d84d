//! The MarketONE OTT API, version 1: partners charge our customers. Reference: marketone; what we
//! chose where it is silent stands in `docs/marketone.md`.
//!
//! Must not know how a charge is booked.

mod account;
pub(super) mod error;
mod fields;
mod notifications;
mod pins;
mod subscriptions;
mod transactions;

use std::sync::Arc;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use crate::app::{App, Ctx};
use crate::domain::partners::{Partner, REQUESTS_PER_SECOND};
use crate::domain::staff::Actor;
use crate::ops;
use crate::ops::partners::KeyOf;
use crate::ops::staff::bearers::note_nobody;
use crate::wire::kit::json;
use crate::wire::kit::{TurnedAway, request_ctx};

use error::{Failure, KeyRefusal};
use fields::Members;

/// Name of this dialect in logs, figures and the audit log.
pub const DIALECT: &str = "marketone";
/// Where it is. The original has no version in its paths (§1.1).
const PREFIXES: [&str; 2] = ["/marketone/v1", "/marketone"];
/// Largest body, in bytes (§1.3).
const BODY_BYTES_MAX: usize = 64 * 1024;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const TRACE: HeaderName = HeaderName::from_static("x-b3-traceid");

/// The whole API.
pub fn router() -> Router<Arc<App>> {
    let mut router = Router::new().route("/v2/partnerSubscription/{*id}", any(answer));
    for prefix in PREFIXES {
        router = router
            .route(&format!("{prefix}/account/validate"), any(answer))
            .route(&format!("{prefix}/transaction"), any(answer))
            .route(&format!("{prefix}/transaction/{{*id}}"), any(answer))
            .route(&format!("{prefix}/"), any(answer))
            .route(&format!("{prefix}/{{*other}}"), any(answer))
            .route(prefix, any(answer));
    }
    router
}

/// What is asked for.
enum Operation<'p> {
    Validate,
    Transact,
    MakePin,
    ValidatePin,
    Notify,
    /// The id as it stands in the path.
    Find(&'p str),
    /// What the partner says of a subscription (§5.2).
    Subscription(&'p str),
}

impl<'p> Operation<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let rest = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix));
        let rest = rest.unwrap_or(path);
        if let Some(id) = rest.strip_prefix("/v2/partnerSubscription/") {
            return Some(Self::Subscription(id));
        }
        match rest {
            "/account/validate" => Some(Self::Validate),
            "/transaction" => Some(Self::Transact),
            "/pin" => Some(Self::MakePin),
            "/pin/validate" => Some(Self::ValidatePin),
            "/notification" => Some(Self::Notify),
            _ => rest
                .strip_prefix("/transaction/")
                .filter(|id| !id.contains('/'))
                .map(Self::Find),
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Find(_) => "GET",
            Self::Subscription(_) => "PUT",
            _ => "POST",
        }
    }
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let trace = trace(&app, &parts.headers);
    let mut response = match answered(&app, &parts, body).await {
        Ok(text) => {
            let json = HeaderValue::from_static("application/json");
            (StatusCode::OK, [(CONTENT_TYPE, json)], text).into_response()
        }
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&trace) {
        headers.insert(TRACE, value);
    }
    response
}

/// The caller's trace, or one of ours; one that is none is passed over (§1.2).
fn trace(app: &App, headers: &HeaderMap) -> String {
    let given = headers.get(&TRACE).and_then(|value| value.to_str().ok());
    let fits = |text: &&str| {
        matches!(text.len(), 16 | 32)
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match given.filter(fits) {
        Some(text) => text.to_owned(),
        None => app.entropy.hex::<16>().unwrap_or_default(),
    }
}

/// What a request asks for, as far as its line says, and who sends it: the first three of §1.5.
struct Authorized<'p> {
    operation: Operation<'p>,
    ctx: Ctx,
    partner: Partner,
}

fn authorize<'p>(app: &Arc<App>, parts: &'p Parts) -> Result<Authorized<'p>, Failure> {
    let operation = Operation::of(parts.uri.path()).ok_or(Failure::NoRoute)?;
    if parts.method.as_str() != operation.method() {
        return Err(Failure::WrongMethod {
            allow: operation.method(),
        });
    }
    let (ctx, partner) = partner_of_key(app, parts)?;
    Ok(Authorized {
        operation,
        ctx,
        partner,
    })
}

/// In the order of §1.5: route, key, partner, rate, media type, syntax, fields, and what the
/// operation says.
async fn answered(app: &Arc<App>, parts: &Parts, body: HttpBody) -> Result<String, Failure> {
    // No answer waits for the body of a stranger.
    let Authorized {
        operation,
        ctx,
        partner,
    } = match authorize(app, parts) {
        Ok(authorized) => authorized,
        Err(failure) => {
            json::discard(&parts.headers, body);
            return Err(failure);
        }
    };
    // A partner's is read whatever else is wrong: one that nobody reads costs it the connection.
    let body = json::read(&parts.headers, body, BODY_BYTES_MAX).await;
    let per_second = match partner.requests_per_second {
        0 => REQUESTS_PER_SECOND,
        own => own,
    };
    let let_in = app.rates.let_in(partner.id.0, per_second);
    let_in.map_err(|retry_after_s| Failure::TooMany { retry_after_s })?;
    if !accepts_json(&parts.headers) {
        return Err(Failure::NotAcceptable);
    }
    if let Operation::Find(id) = operation {
        return transactions::find(&ctx, &partner, id);
    }
    if !is_json(&parts.headers) {
        return Err(Failure::MediaType);
    }
    let bytes = body.map_err(|_| Failure::Invalid)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::Invalid)?;
    let members: Members = json::object(text).map_err(|_| Failure::Invalid)?;
    match operation {
        Operation::Validate => account::validate(&ctx, &partner, &members),
        Operation::MakePin => pins::make(&ctx, &partner, &members).await,
        Operation::ValidatePin => pins::validate(&ctx, &partner, &members).await,
        Operation::Notify => notifications::notify(&ctx, &partner, &members).await,
        Operation::Subscription(id) => subscriptions::update(&ctx, &partner, id, &members).await,
        Operation::Transact | Operation::Find(_) => {
            transactions::transact(&ctx, &partner, &members).await
        }
    }
}

/// Who calls, by the key of the partner: nothing in a body says it.
fn partner_of_key(app: &Arc<App>, parts: &Parts) -> Result<(Ctx, Partner), Failure> {
    let ctx = request_ctx(app, DIALECT, parts);
    let key = parts.headers.get(&API_KEY);
    let key = key.and_then(|value| value.to_str().ok());
    let nobody = |why: KeyRefusal, said: &'static str| {
        note_nobody(&ctx, said);
        Failure::Unauthorized(why)
    };
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Err(nobody(KeyRefusal::Missing, "no API key of a partner"));
    };
    let partner = match ops::partners::of_key(&ctx, key)? {
        KeyOf::Partner(partner) => *partner,
        KeyOf::Replaced => {
            return Err(nobody(KeyRefusal::Replaced, "an API key that was replaced"));
        }
        KeyOf::Nobody => return Err(nobody(KeyRefusal::Unknown, "an API key of no partner")),
    };
    // Until something was agreed with it, it is off as one that was switched off is.
    if !partner.on || !partner.agreed {
        return Err(Failure::Denied);
    }
    let actor = Actor::Partner {
        id: partner.id,
        key: partner.key.clone(),
    };
    Ok((Ctx { actor, ..ctx }, partner))
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media = given.and_then(|text| text.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(ACCEPT).and_then(|v| v.to_str().ok()) else {
        return true;
    };
    given.split(',').any(|range| {
        let media = range.split(';').next().unwrap_or_default().trim();
        matches!(media, "" | "*/*" | "application/*")
            || media.eq_ignore_ascii_case("application/json")
    })
}

/// A panic is a bug, but its caller still gets an answer in shape.
#[must_use]
pub fn panicked() -> Response {
    Failure::System.into_response()
}

/// Requests that are refused before anything sees them.
#[must_use]
pub fn turned_away(reason: TurnedAway) -> Response {
    match reason {
        TurnedAway::UriTooLong | TurnedAway::HeadersTooLarge | TurnedAway::NoHost => {
            Failure::Invalid.into_response()
        }
        TurnedAway::ForeignPage => Failure::Denied.into_response(),
        TurnedAway::TooSlow => Failure::TooSlow.into_response(),
    }
}
