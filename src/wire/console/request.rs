//! Who calls, and how requests name records and instants.

use crate::app::{App, Ctx};
use crate::domain::refusal::StaffRefusal;
use crate::domain::staff::Actor;
use crate::domain::values::id::Id;
use crate::domain::values::time::Timestamp;
use crate::ops::staff::bearers::{Bearer, Nobody, Why, bearer};
use crate::ops::staff::sessions::{Holder, holder};
use crate::ops::{Handle, OpError};
use crate::wire::console::error::Problem;
use crate::wire::kit::query::{Query, Wrong};
use crate::wire::kit::{SESSION_COOKIE as COOKIE_NAME, request_ctx};
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::sync::Arc;

/// The dialect's name in logs, metrics and the audit log.
pub const DIALECT: &str = "console";

/// Parameters of the lists that have some. What is not here has none.
pub(in crate::wire::console) const PARAMETERS: &[(&str, &[&str])] = &[
    (
        "/console/api/audit",
        &["since", "until", "who", "of", "before", "limit"],
    ),
    (
        "/console/api/customers",
        &["status", "reseller", "cursor", "limit"],
    ),
    ("/console/api/customers/{id}/timeline", &["before", "limit"]),
    (
        "/console/api/invoices",
        &[
            "status",
            "customer",
            "issued_since",
            "issued_until",
            "cursor",
            "limit",
        ],
    ),
    (
        "/console/api/invoices.csv",
        &["status", "customer", "issued_since", "issued_until"],
    ),
    ("/console/api/revenue", &["before", "limit"]),
    ("/console/api/messages", &["state", "limit"]),
    (
        "/console/api/orders",
        &[
            "status",
            "standing",
            "plan",
            "customer",
            "due_since",
            "due_until",
            "cursor",
            "limit",
        ],
    ),
    (
        "/console/api/orders.csv",
        &[
            "status",
            "standing",
            "plan",
            "customer",
            "due_since",
            "due_until",
        ],
    ),
    ("/console/api/partners/{key}/calls", &["state", "limit"]),
    (
        "/console/api/partners/{key}/settlement",
        &["month", "format"],
    ),
    (
        "/console/api/partners/{key}/transactions",
        &["state", "limit"],
    ),
    (
        "/console/api/preview",
        &["until", "customer", "order", "limit"],
    ),
    ("/console/api/runs", &["limit"]),
    ("/console/api/search", &["q", "limit"]),
    ("/console/api/sessions", &["of"]),
    ("/console/api/webhooks/{id}/deliveries", &["state", "limit"]),
];

/// Refuses parameters that a path does not have: a filter that is passed over in silence would
/// answer with everything, and a wish that belongs in the body would not be heard.
pub(in crate::wire::console) fn check_parameters(parts: &Parts) -> Result<(), Problem> {
    let path = parts.extensions.get::<MatchedPath>();
    let path = path.map_or(parts.uri.path(), MatchedPath::as_str);
    let reads = parts.method.is_safe();
    let known = PARAMETERS.iter().find(|(of, _)| reads && *of == path);
    let known = known.map_or(&[][..], |(_, known)| known);
    let query = Query::parse(parts.uri.query());
    query.only(known).map_err(|found| {
        if reads {
            wrong(found)
        } else {
            let words = "there is no such parameter here; wishes are members of the body";
            wrong(Wrong::new(&found.parameter, words))
        }
    })
}

/// A record as a path or a body names it: by our own number, in decimals or in the 24 hex digits
/// of the AlphaOTT API, or by an id that a client brought.
pub(in crate::wire::console) fn handle<I: Id>(text: &str) -> Handle<I> {
    let hex = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = if hex {
        u64::from_str_radix(text, 16).ok()
    } else {
        text.parse().ok()
    };
    Handle {
        text: text.to_owned(),
        number: number.map(I::new),
    }
}

/// An instant that a member or parameter gives.
pub(in crate::wire::console) fn instant(
    name: &str,
    text: Option<&str>,
) -> Result<Option<Timestamp>, Problem> {
    let parse = |text: &str| {
        Timestamp::parse(text).ok_or_else(|| {
            let example = "such as 2026-01-31T10:00:00Z";
            Problem::bad_request(format!("{name}: must be a date and time {example}"))
        })
    };
    text.map(parse).transpose()
}

/// A parameter that does not fit.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(in crate::wire::console) fn wrong(wrong: Wrong) -> Problem {
    Problem::bad_request(format!("{}: {}", wrong.parameter, wrong.problem))
}

/// A member of staff by session, or a script by integration token.
pub struct Staff(pub Ctx);

impl FromRequestParts<Arc<App>> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Known { ctx, must_set_up } = Known::from_request_parts(parts, app).await?;
        if must_set_up {
            return Err(OpError::from(StaffRefusal::SecondFactorFirst).into());
        }
        Ok(Self(ctx))
    }
}

/// A person who is signed in, for what is theirs: a script has no sign-in.
pub struct Person {
    pub ctx: Ctx,
    pub must_set_up: bool,
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Known { ctx, must_set_up } = Known::from_request_parts(parts, app).await?;
        if ctx.session.is_none() {
            return Err(Problem::forbidden(
                "this is for people who sign in, and a token is none",
            ));
        }
        Ok(Self { ctx, must_set_up })
    }
}

impl Person {
    /// Refuses whoever has to set up a second factor before anything else.
    pub fn done_first(self) -> Result<Self, Problem> {
        if self.must_set_up {
            return Err(OpError::from(StaffRefusal::SecondFactorFirst).into());
        }
        Ok(self)
    }
}

/// As [`Staff`], also of those who have to set up a second factor before anything else.
pub(in crate::wire::console) struct Known {
    pub ctx: Ctx,
    pub must_set_up: bool,
}

impl FromRequestParts<Arc<App>> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let ctx = request_ctx(app, DIALECT, parts);
        // A proxy may put a header of its own before a session.
        let no_token = match token_holder(&ctx, &parts.headers)? {
            TokenHolder::Actor(actor) => {
                check_parameters(parts)?;
                return Ok(Self {
                    ctx: Ctx { actor, ..ctx },
                    must_set_up: false,
                });
            }
            TokenHolder::Nobody(nobody) => Some(nobody),
            TokenHolder::NoToken => None,
        };
        let holder = signed_in(&ctx, parts)?.ok_or_else(|| {
            let sent_session = !session_secrets(parts).is_empty();
            let nobody = no_token.unwrap_or_else(|| Nobody::without_token(sent_session));
            Problem::nobody(nobody.noted(&ctx))
        })?;
        if holder.actor.reseller().is_some() {
            // Nothing here shows one reseller's customers only.
            return Err(Problem::forbidden(
                "accounts of a reseller are for the Stalker API",
            ));
        }
        if !parts.method.is_safe() && !parts.headers.contains_key("x-boxoffice") {
            return Err(Problem::forbidden(
                "send the header X-Boxoffice: 1 with what changes something",
            ));
        }
        check_parameters(parts)?;
        Ok(Self {
            must_set_up: holder.must_set_up,
            ctx: Ctx {
                actor: holder.actor,
                session: Some(holder.session),
                ..ctx
            },
        })
    }
}

/// Who holds the integration token of a request.
pub(in crate::wire::console) enum TokenHolder {
    Actor(Actor),
    Nobody(Nobody),
    NoToken,
}

pub(in crate::wire::console) fn token_holder(
    ctx: &Ctx,
    headers: &HeaderMap,
) -> Result<TokenHolder, Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(TokenHolder::NoToken);
    };
    Ok(match bearer(ctx, header.to_str().unwrap_or_default())? {
        Bearer::Integration(actor) => TokenHolder::Actor(actor),
        Bearer::Client => TokenHolder::Nobody(Why::ClientApi.into()),
        Bearer::Nobody(nobody) => TokenHolder::Nobody(nobody),
    })
}

/// Refuses a request that carries no good integration token, whatever that may do.
pub fn require_token(ctx: &Ctx, headers: &HeaderMap) -> Result<(), Problem> {
    let nobody = match token_holder(ctx, headers)? {
        TokenHolder::Actor(_) => return Ok(()),
        TokenHolder::Nobody(nobody) => nobody,
        TokenHolder::NoToken => Nobody::without_token(false),
    };
    Err(Problem::nobody(nobody.noted(ctx)))
}

/// The circumstances of a request before anybody signed in: may do nothing but what needs no right.
pub struct Anonymous(pub Ctx, pub Vec<String>);

impl FromRequestParts<Arc<App>> for Anonymous {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(
            request_ctx(app, DIALECT, parts),
            session_secrets(parts),
        ))
    }
}

/// Who is signed in with one of the request's session cookies.
fn signed_in(ctx: &Ctx, parts: &Parts) -> Result<Option<Holder>, Problem> {
    for secret in session_secrets(parts) {
        if let Some(holder) = holder(ctx, &secret)? {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// The session cookies of a request. A browser may still send one of before, for another path.
pub(in crate::wire::console) fn session_secrets(parts: &Parts) -> Vec<String> {
    crate::wire::kit::cookies(&parts.headers, COOKIE_NAME)
}
