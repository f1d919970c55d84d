//! Signing in and out.

use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::staff::{Actor, Permission, SESSION_SECONDS};
use crate::ops;
use crate::ops::staff::sign_in::{self, SignIn};
use crate::wire::kit::Caller;
use crate::wire::kit::json::{Body, object};

use super::error::Problem;
use super::members::without_proof;
use super::repeatable::EmptyBody;
use crate::wire::console::request::{Anonymous, Known, Person};
use crate::wire::kit::SESSION_COOKIE as COOKIE_NAME;

#[derive(Deserialize)]
struct SignInIn {
    name: String,
    password: String,
    /// For those who have a second factor.
    #[serde(default)]
    code: Option<String>,
}

/// Who is signed in, what they may do, and what one has to know of the box to show anything.
#[derive(Debug, Serialize)]
struct Who {
    name: String,
    role: &'static str,
    may: Vec<&'static str>,
    provider: ProviderOut,
    /// The box's time.
    now: String,
    test_clock: bool,
    /// What has to be done before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    must: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ProviderOut {
    name: String,
    currency: String,
    time_zone: String,
    language: String,
}

fn who_is(
    ctx: &Ctx,
    (name, role): (String, &'static str),
    actor: &Actor,
    must_set_up: bool,
) -> Who {
    let company = ctx.app.company();
    let may = Permission::ALL
        .into_iter()
        .filter(|right| actor.may(*right));
    Who {
        name,
        role,
        may: may.map(Permission::name).collect(),
        provider: ProviderOut {
            name: company.name.clone(),
            currency: company.currency.as_str().to_owned(),
            time_zone: company.zone.name().to_owned(),
            language: ctx.app.config.provider.locale.clone(),
        },
        now: ctx.now.to_rfc3339_millis(),
        test_clock: ctx.app.clock.is_test(),
        must: must_set_up.then_some("SECOND_FACTOR"),
    }
}

/// `POST /console/api/session`
pub async fn begin(
    Anonymous(ctx, _): Anonymous,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let input: SignInIn = body.parse()?;
    let agent = headers
        .get(USER_AGENT)
        .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned())
        .unwrap_or_default();
    let shown = SignIn {
        name: input.name,
        password: input.password,
        code: input.code,
        agent,
    };
    let (operator, secret) = sign_in::sign_in(&ctx, shown).await?;
    let secure = ctx.app.config.public_url.starts_with("https://")
        || caller.is_some_and(|Extension(caller)| caller.is_tls);
    let cookie = cookie(&secret, SESSION_SECONDS, secure)?;
    let actor = ops::staff::actor_of(&operator);
    let must_set_up = ops::staff::second_factor::comes_first(&ctx, &operator);
    let who = who_is(
        &ctx,
        (operator.name, operator.role.name()),
        &actor,
        must_set_up,
    );
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(who)).into_response())
}

/// `GET /console/api/session`
pub async fn who(Known { ctx, must_set_up }: Known) -> Json<impl Serialize> {
    let (name, role) = match &ctx.actor {
        Actor::Operator { name, role, .. } | Actor::Token { name, role, .. } => {
            (name.clone(), role.name())
        }
        Actor::Script { .. }
        | Actor::Viewer
        | Actor::Partner { .. }
        | Actor::System
        | Actor::Nobody => (String::new(), ""),
    };
    Json(who_is(&ctx, (name, role), &ctx.actor, must_set_up))
}

/// `DELETE /console/api/session`
pub async fn sign_out(
    Known { ctx, .. }: Known,
    Anonymous(_, secrets): Anonymous,
) -> Result<Response, Problem> {
    for secret in secrets {
        sign_in::sign_out(&ctx, &secret).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(SET_COOKIE, cookie("", 0, false)?)],
    )
        .into_response())
}

/// `POST /console/api/session/confirm`: proves once more who they are, for what is asked next.
pub async fn confirm(Person { ctx, .. }: Person, body: Body) -> Result<StatusCode, Problem> {
    let (rest, given) = without_proof(body.text()?)?;
    object::<EmptyBody>(rest.trim())?;
    ops::staff::confirming::confirm(&ctx, given).await?;
    ops::staff::confirming::require_fresh(&ctx)?;
    Ok(StatusCode::NO_CONTENT)
}

fn cookie(secret: &str, seconds: i64, secure: bool) -> Result<HeaderValue, Problem> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    );
    HeaderValue::from_str(&text).map_err(|_| Problem::bad_request("no cookie can be made"))
}
