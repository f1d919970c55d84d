//! The one-time set-up link, which makes the owner's account. Browsers get the page, which sends
//! what scripts send.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::ops;
use crate::wire::kit::json::Body;
use crate::wire::kit::query::Query;

use super::error::Problem;
use crate::wire::console::pages::{shell, wants_page};
use crate::wire::console::request::Anonymous;

/// Whether a set-up link is good.
#[derive(Serialize)]
struct LinkOut {
    valid: bool,
}

/// Whose account was made.
#[derive(Serialize)]
struct OwnerOut {
    name: String,
    role: &'static str,
}

/// `GET /console/setup?code=…`
pub async fn page(
    Anonymous(ctx, _): Anonymous,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Result<Response, Problem> {
    let query = Query::parse(uri.query());
    let code = query.scalar("code").ok().flatten().unwrap_or_default();
    let valid = ops::staff::is_setup_code(&ctx, code)?;
    match (wants_page(&headers), valid) {
        (true, true) => Ok(shell(&headers, StatusCode::OK)),
        // The page says so in its own words.
        (true, false) => Ok(shell(&headers, StatusCode::FORBIDDEN)),
        (false, true) => Ok(Json(LinkOut { valid }).into_response()),
        (false, false) => Err(Problem::forbidden("the set-up link is no longer valid")),
    }
}

/// `POST /console/setup`, as the form sends it
pub async fn submit(Anonymous(ctx, _): Anonymous, body: Body) -> Result<Response, Problem> {
    let text = body.text()?;
    let form = Query::parse(Some(&text));
    let field = |name: &str| {
        form.scalar(name)
            .ok()
            .flatten()
            .unwrap_or_default()
            .to_owned()
    };
    let (code, name, password) = (field("code"), field("name"), field("password"));
    let known = code.bytes().all(|byte| byte.is_ascii_hexdigit());
    let plain =
        |text: &str| !text.is_empty() && text.len() <= 64 && !text.chars().any(char::is_control);
    if !known || !plain(&name) {
        return Err(Problem::bad_request("name: must have 1 to 64 characters"));
    }
    match ops::staff::set_up(&ctx, &code, name, password).await {
        Ok(made) => {
            let owner = OwnerOut {
                name: made.name,
                role: made.role.name(),
            };
            Ok((StatusCode::CREATED, Json(owner)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
