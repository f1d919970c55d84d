//! Signing in and out.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::staff::{Actor, Permission, SESSION_SECONDS};
use crate::ops;
use crate::wire::kit::Caller;
use crate::wire::kit::json::Body;

use super::error::Problem;
use crate::wire::console::request::{Anonymous, Staff};
use crate::wire::kit::SESSION_COOKIE as COOKIE_NAME;

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
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
}

#[derive(Debug, Serialize)]
struct ProviderOut {
    name: String,
    currency: String,
    time_zone: String,
    language: String,
}

fn who_is(ctx: &Ctx, name: String, role: &'static str, actor: &Actor) -> Who {
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
    }
}

/// `POST /console/api/session`
pub async fn sign_in(
    Anonymous(ctx, _): Anonymous,
    caller: Option<Extension<Caller>>,
    body: Body,
) -> Result<Response, Problem> {
    let input: SignIn = body.parse()?;
    let (operator, _, secret) = ops::staff::sign_in(&ctx, input.name, input.password).await?;
    let secure = ctx.app.config.public_url.starts_with("https://")
        || caller.is_some_and(|Extension(caller)| caller.is_tls);
    let cookie = cookie(&secret, SESSION_SECONDS, secure)?;
    let actor = ops::staff::actor_of(&operator);
    let who = who_is(&ctx, operator.name, operator.role.name(), &actor);
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(who)).into_response())
}

/// `GET /console/api/session`
pub async fn who(Staff(ctx): Staff) -> Json<impl Serialize> {
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
    Json(who_is(&ctx, name, role, &ctx.actor))
}

/// `DELETE /console/api/session`
pub async fn sign_out(
    Staff(ctx): Staff,
    Anonymous(_, secrets): Anonymous,
) -> Result<Response, Problem> {
    for secret in secrets {
        ops::staff::sign_out(&ctx, &secret).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(SET_COOKIE, cookie("", 0, false)?)],
    )
        .into_response())
}

fn cookie(secret: &str, seconds: i64, secure: bool) -> Result<HeaderValue, Problem> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    );
    HeaderValue::from_str(&text).map_err(|_| Problem::bad_request("no cookie can be made"))
}
