//! The console's own API: sign-in, tokens, first set-up, the test clock. Its screens come on top.
//!
//! Errors are `application/problem+json`. A session is a cookie that scripts cannot read; what
//! changes something over a session also needs the header `X-Boxoffice: 1`, which no foreign page
//! can send.

mod audits;
mod billing;
mod boxes;
mod effect;
pub mod error;
mod messages;
mod middleware;
mod money;
mod partner_calls;
mod partners;
mod repeatable;
mod sensitive;
mod session;
mod setup;
mod staff;
mod templates;
mod test_clock;
mod tokens;
mod transactions;
mod vouchers;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{delete, get, post, put};

use crate::app::{App, Ctx};
use crate::domain::staff::Actor;
use crate::domain::values::id::Id;
use crate::domain::values::time::Timestamp;
use crate::ops::Handle;
use crate::ops::staff::bearers::{Bearer, Nobody, Why, bearer};
use crate::ops::staff::session_actor;
use crate::wire::kit::query::{Query, Wrong};
use crate::wire::kit::{KEPT_AN_HOUR, circumstances};

use error::Problem;

/// The dialect's name in logs, metrics and the audit log.
pub const DIALECT: &str = "console";

use crate::wire::kit::SESSION_COOKIE as COOKIE_NAME;

/// Every path of the console, in one table.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/console", get(async || Redirect::temporary("/console/")))
        .route("/console/", get(home))
        .route("/console/style.css", get(style))
        .route("/console/setup", get(setup::page).post(setup::submit))
        .route(
            "/console/api/session",
            get(session::who)
                .post(session::sign_in)
                .delete(session::sign_out),
        )
        .route(
            "/console/api/tokens",
            get(tokens::list).post(tokens::create),
        )
        .route("/console/api/tokens/{jti}", delete(tokens::revoke))
        .route("/console/api/staff", get(staff::list).post(staff::add))
        .route(
            "/console/api/staff/{name}",
            put(staff::change).delete(staff::remove),
        )
        .route("/console/api/audit", get(audits::page))
        .merge(money_routes())
        .merge(webhook_routes())
        .route("/console/api/test-clock", post(test_clock::advance))
        .method_not_allowed_fallback(error::wrong_method)
}

/// Payments, invoices, vouchers; orders and the billing.
#[expect(clippy::too_many_lines, reason = "one table of paths")]
fn money_routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/console/api/customers/{id}/payments",
            get(money::payments).post(money::receive),
        )
        .route(
            "/console/api/customers/{id}/vouchers",
            post(vouchers::redeem),
        )
        .route(
            "/console/api/customers/{id}/boxes",
            get(boxes::list).put(boxes::set_max),
        )
        .route("/console/api/customers/{id}/invoices", get(money::invoices))
        .route("/console/api/invoices/{name}", get(money::invoice))
        .route("/console/api/invoices/{name}/void", post(money::void))
        .route(
            "/console/api/customers/{id}/write-offs",
            post(money::write_off),
        )
        .route("/console/api/payments/open", get(money::open_payments))
        .route("/console/api/payments/{id}/refunds", post(money::refund))
        .route("/console/api/payments/{id}/confirm", post(money::confirm))
        .route("/console/api/payments/{id}/fail", post(money::fail))
        .route("/console/api/payments/{id}/resolve", post(money::resolve))
        .route(
            "/console/api/voucher-batches",
            get(vouchers::batches).post(vouchers::create_batch),
        )
        .route(
            "/console/api/voucher-batches/{id}",
            delete(vouchers::revoke_batch),
        )
        .route(
            "/console/api/voucher-batches/{id}/sales",
            post(vouchers::sell),
        )
        .route(
            "/console/api/voucher-batches/{id}/returns",
            post(vouchers::take_back),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/pause",
            post(billing::pause),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/resume",
            post(billing::resume),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/renew",
            post(billing::renew),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/change",
            post(billing::change),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/end",
            post(billing::end),
        )
        .route("/console/api/middleware", get(middleware::untold))
        .route("/console/api/messages", get(messages::list))
        .route("/console/api/messages/{id}/retry", post(messages::retry))
        .route("/console/api/templates", get(templates::list))
        .route(
            "/console/api/templates/{kind}/preview",
            post(templates::preview),
        )
        .route(
            "/console/api/templates/{kind}/{language}",
            put(templates::set).delete(templates::reset),
        )
        .route(
            "/console/api/partners",
            get(partners::list).post(partners::add),
        )
        .route(
            "/console/api/partners/{key}",
            get(partners::get).put(partners::set),
        )
        .route("/console/api/partners/{key}/rotate", post(partners::rotate))
        .route(
            "/console/api/partners/{key}/calls",
            get(partner_calls::list),
        )
        .route(
            "/console/api/partners/{key}/settlement",
            get(partners::settlement),
        )
        .route(
            "/console/api/partners/{key}/settlement/close",
            post(partners::close),
        )
        .route(
            "/console/api/partners/{key}/transactions",
            get(transactions::processing),
        )
        .route(
            "/console/api/partners/transactions/{id}/resolve",
            post(transactions::resolve),
        )
        .route(
            "/console/api/partners/{key}/settlements",
            get(partners::closed_months),
        )
        .route("/console/api/preview", get(billing::preview))
        .route("/console/api/runs", get(billing::runs))
        .route("/console/api/runs/{id}/release", post(billing::release))
}

/// Who is told what happens.
fn webhook_routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/console/api/webhooks",
            get(webhooks::list).post(webhooks::add),
        )
        .route(
            "/console/api/webhooks/{id}",
            put(webhooks::change).delete(webhooks::remove),
        )
        .route("/console/api/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/console/api/webhooks/{id}/test", post(webhooks::test))
        .route(
            "/console/api/webhooks/{id}/deliveries",
            get(webhooks::deliveries),
        )
        .route(
            "/console/api/webhooks/{id}/deliveries/{delivery}/replay",
            post(webhooks::replay),
        )
}

/// Parameters of the lists that have some. What is not here has none.
const PARAMETERS: &[(&str, &[&str])] = &[
    (
        "/console/api/audit",
        &["since", "until", "who", "of", "before", "limit"],
    ),
    ("/console/api/messages", &["state", "limit"]),
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
    ("/console/api/webhooks/{id}/deliveries", &["state", "limit"]),
];

/// Refuses parameters that a path does not have: a filter that is passed over in silence would
/// answer with everything, and a wish that belongs in the body would not be heard.
fn check_parameters(parts: &Parts) -> Result<(), Problem> {
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
fn handle<I: Id>(text: &str) -> Handle<I> {
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
fn instant(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
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
fn wrong(wrong: Wrong) -> Problem {
    Problem::bad_request(format!("{}: {}", wrong.parameter, wrong.problem))
}

/// For the console's own pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// A page of the console.
fn page(status: StatusCode, text: impl Into<String>) -> Response {
    let policy = [(CONTENT_SECURITY_POLICY, POLICY)];
    (status, policy, Html(text.into())).into_response()
}

/// For paper, which brings its styles along and runs nothing.
const PAPER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                            form-action 'none'; frame-ancestors 'none'";

/// A page that is to be printed.
fn paper_page(text: String) -> Response {
    ([(CONTENT_SECURITY_POLICY, PAPER_POLICY)], Html(text)).into_response()
}

async fn home() -> Response {
    page(
        StatusCode::OK,
        include_str!("../../../assets/console/index.html"),
    )
}

async fn style() -> Response {
    let text = include_str!("../../../assets/console/style.css");
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), KEPT_AN_HOUR];
    (headers, text).into_response()
}

/// A member of staff by session, or a script by integration token.
pub struct Staff(pub Ctx);

impl FromRequestParts<Arc<App>> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let ctx = circumstances(app, DIALECT, parts);
        // A proxy may put a header of its own before a session.
        let no_token = match token_actor(&ctx, &parts.headers)? {
            Some(Ok(actor)) => {
                check_parameters(parts)?;
                return Ok(Self(Ctx { actor, ..ctx }));
            }
            Some(Err(nobody)) => Some(nobody),
            None => None,
        };
        let actor = signed_in(&ctx, parts)?.ok_or_else(|| {
            let sent_session = !session_secrets(parts).is_empty();
            let nobody = no_token.unwrap_or_else(|| Nobody::without_token(sent_session));
            Problem::nobody(nobody.noted(&ctx))
        })?;
        if actor.reseller().is_some() {
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
        Ok(Self(Ctx { actor, ..ctx }))
    }
}

/// Whoever holds the integration token of a request, or why nobody does; nothing where none was
/// sent.
fn token_actor(ctx: &Ctx, headers: &HeaderMap) -> Result<Option<Result<Actor, Nobody>>, Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let holder = match bearer(ctx, header.to_str().unwrap_or_default())? {
        Ok(Bearer::Integration(actor)) => Ok(actor),
        Ok(Bearer::Client) => Err(Why::ClientApi.into()),
        Err(nobody) => Err(nobody),
    };
    Ok(Some(holder))
}

/// Refuses a request that carries no good integration token, whatever that may do.
pub fn require_token(ctx: &Ctx, headers: &HeaderMap) -> Result<(), Problem> {
    match token_actor(ctx, headers)? {
        Some(Ok(_)) => Ok(()),
        Some(Err(nobody)) => Err(Problem::nobody(nobody.noted(ctx))),
        None => Err(Problem::nobody(Nobody::without_token(false).noted(ctx))),
    }
}

/// The circumstances of a request before anybody signed in: may do nothing but what needs no right.
pub struct Anybody(pub Ctx, pub Vec<String>);

impl FromRequestParts<Arc<App>> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self(
            circumstances(app, DIALECT, parts),
            session_secrets(parts),
        ))
    }
}

/// Who is signed in with one of the request's session cookies.
fn signed_in(ctx: &Ctx, parts: &Parts) -> Result<Option<Actor>, Problem> {
    for secret in session_secrets(parts) {
        if let Some(actor) = session_actor(ctx, &secret)? {
            return Ok(Some(actor));
        }
    }
    Ok(None)
}

/// The session cookies of a request. A browser may still send one of before, for another path.
fn session_secrets(parts: &Parts) -> Vec<String> {
    crate::wire::kit::cookies(&parts.headers, COOKIE_NAME)
}
