//! The one-time set-up link: a small form that makes the owner's account.

use axum::http::StatusCode;
use axum::response::Response;

use crate::ops;
use crate::wire::kit::json::Body;
use crate::wire::kit::query::Query;

use super::error::Problem;
use crate::wire::console::request::Anonymous;

const PAGE: &str = include_str!("../../../assets/console/setup.html");

/// `GET /console/setup?code=…`
pub async fn page(Anonymous(ctx, _): Anonymous, uri: axum::http::Uri) -> Result<Response, Problem> {
    let query = Query::parse(uri.query());
    let code = query.scalar("code").ok().flatten().unwrap_or_default();
    if !ops::staff::is_setup_code(&ctx, code)? {
        return Err(Problem::forbidden("the set-up link is no longer valid"));
    }
    // The code is hex: it needs no escaping.
    Ok(crate::wire::console::pages::page(
        StatusCode::OK,
        PAGE.replace("{code}", code),
    ))
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
        Ok(_) => {
            let done = include_str!("../../../assets/console/setup-done.html");
            Ok(crate::wire::console::pages::page(StatusCode::CREATED, done))
        }
        Err(error) => Err(error.into()),
    }
}
