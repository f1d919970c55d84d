//! Signing in and out.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use crate::domain::staff::{Actor, SESSION_SECONDS};
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

/// Who is signed in.
#[derive(Debug, Serialize)]
struct Who {
    name: String,
    role: &'static str,
}

/// `POST /console/api/session`
pub async fn sign_in(
    Anonymous(ctx, _): Anonymous,
    caller: Option<Extension<Caller>>,
    body: Body,
) -> Result<Response, Problem> {
    let wish: SignIn = body.parse()?;
    let (operator, _, secret) = ops::staff::sign_in(&ctx, wish.name, wish.password).await?;
    let secure = ctx.app.config.public_url.starts_with("https://")
        || caller.is_some_and(|Extension(caller)| caller.is_tls);
    let cookie = cookie(&secret, SESSION_SECONDS, secure)?;
    let who = Who {
        name: operator.name,
        role: operator.role.name(),
    };
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
    Json(Who { name, role })
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
