//! The Billing Adapter (alphaott 2.0 and 5.5): with a billing system in the settings, the
//! operations that are its business are sent on to it; for a middleware in the settings, its
//! customers are made known here before they are asked for.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest as _, FromRequestParts as _, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::app::{App, Ctx};
use crate::domain::staff::Permission;
use crate::ops;
use crate::ops::billing_system::Call;
use crate::wire::kit::json::Body;

use super::error::Failure;
use super::payments::{PageIn, return_url};
use super::{Ids, Staff};

/// Operations 21 to 39 of the path table, which a billing system implements, and what reading and
/// changing there takes here. In the order of the table.
const OPERATIONS: &[(&str, Permission, Permission)] = &[
    (
        "/customers/{customerId}/product-specs",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/customers/{customerId}/product-specs/{productSpecId}/offers",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/product-specs",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/product-specs/{productSpecId}",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/product-specs/{productSpecId}/offers",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/product-specs/{productSpecId}/offers/{offerId}",
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
    ),
    (
        "/customers/{customerId}/orders",
        Permission::OrdersRead,
        Permission::OrdersWrite,
    ),
    (
        "/customers/{customerId}/orders/{orderId}",
        Permission::OrdersRead,
        Permission::OrdersWrite,
    ),
    (
        "/customers/{customerId}/transactions",
        Permission::MoneyRead,
        Permission::MoneyRead,
    ),
    (
        "/customers/{customerId}/account/balance",
        Permission::MoneyRead,
        Permission::MoneyRead,
    ),
    (
        HOSTED_PAGE,
        Permission::OrdersWrite,
        Permission::OrdersWrite,
    ),
];

const HOSTED_PAGE: &str = "/customers/{customerId}/orders/hosted-page";

/// The operation that a request is for, if it is a billing system's.
fn operation(
    app: &App,
    request: &Request,
) -> Option<&'static (&'static str, Permission, Permission)> {
    let matched = request.extensions().get::<MatchedPath>()?;
    let prefix = &app.config.alphaott.prefix;
    let path = matched.as_str().strip_prefix(prefix.as_str())?;
    OPERATIONS.iter().find(|(known, ..)| *known == path)
}

/// Sends what is the billing system's business on to it.
pub async fn forward(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(operation) = operation(&app, &request) else {
        return next.run(request).await;
    };
    match forwarded(&app, operation, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn forwarded(
    app: &Arc<App>,
    (path, read, write): &(&str, Permission, Permission),
    request: Request,
) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let Staff(ctx) = Staff::from_request_parts(&mut parts, app).await?;
    let (method, permission) = match parts.method {
        Method::GET => ("GET", *read),
        Method::HEAD => ("HEAD", *read),
        Method::POST => ("POST", *write),
        // The vendor has PUT only.
        Method::PUT | Method::PATCH => ("PUT", *write),
        Method::DELETE => ("DELETE", *write),
        _ => return Err(Failure::bad_request("", "this method is not sent on")),
    };
    ctx.require(permission)?;
    let ids = Ids::from_request_parts(&mut parts, app).await?;
    if path.starts_with("/customers/") {
        ops::customers::exists(&ctx, &ids.customer())?;
    }
    // Inside a nested router the address has lost its prefix already.
    let path_and_query = parts.uri.path_and_query();
    let wire_path = path_and_query.map_or("", |path| path.as_str()).to_owned();
    let request = Request::from_parts(parts, body);
    let Ok(body) = Body::from_request(request, app).await;
    if *path == HOSTED_PAGE {
        return hosted_page(&ctx, wire_path, body).await;
    }
    let call = Call {
        method,
        path: wire_path,
        body: body.text()?.into_bytes(),
    };
    let answer = ops::billing_system::forward(&ctx, call).await?;
    Ok(shown(
        answer.status,
        answer.content_type,
        answer.retry_after,
        answer.body,
    ))
}

/// Steps 4 to 6 of the ordering flow: the billing system makes the page; its customer is to come
/// back through the redirect of this box, which knows where to.
async fn hosted_page(ctx: &Ctx, path: String, body: Body) -> Result<Response, Failure> {
    let text = body.text()?;
    let text = if text.trim().is_empty() { "{}" } else { &text };
    let wish: PageIn = crate::wire::kit::json::object(text)?;
    let return_url = return_url(ctx, wish.return_url);
    let mut body: Value = serde_json::from_str(text).unwrap_or_default();
    let prefix = &ctx.app.config.alphaott.prefix;
    let back = format!("{}{prefix}/payments/redirect", ctx.app.base_url());
    body["returnUrl"] = Value::from(back);
    let call = Call {
        method: "POST",
        path,
        body: body.to_string().into_bytes(),
    };
    let answer = ops::billing_system::forward(ctx, call).await?;
    let mut page: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !(200..300).contains(&answer.status) {
        return Ok(shown(
            answer.status,
            answer.content_type,
            answer.retry_after,
            answer.body,
        ));
    }
    let text = |key: &str| {
        page.get(key)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    if text("url").is_empty() {
        return Err(Failure::bad_gateway(
            "the billing system's answer has no url of a payment page",
        ));
    }
    // A page without an id can be paid, but nobody can be led back from it.
    if !text("id").is_empty() {
        let (id, says) = (text("id"), text("type"));
        ops::billing_system::remember_page(ctx, id, says, return_url).await?;
    }
    if let (Some(name), Some(page)) = (ops::billing_system::name(ctx), page.as_object_mut()) {
        page.insert("type".to_owned(), Value::from(name));
    }
    Ok(shown(
        answer.status,
        answer.content_type,
        None,
        page.to_string().into_bytes(),
    ))
}

fn shown(
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: Vec<u8>,
) -> Response {
    let mut response = Response::new(HttpBody::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in [(CONTENT_TYPE, content_type), (RETRY_AFTER, retry_after)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Makes a customer of the middleware known here before the billing's operations look for them.
pub async fn bring_customer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let of_customer =
        operation(&app, &request).filter(|(path, ..)| path.starts_with("/customers/"));
    if of_customer.is_none() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match known(&app, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(failure) => failure.into_response(),
    }
}

async fn known(app: &Arc<App>, parts: &mut axum::http::request::Parts) -> Result<(), Failure> {
    let Staff(ctx) = Staff::from_request_parts(parts, app).await?;
    let ids = Ids::from_request_parts(parts, app).await?;
    ops::middleware::bring_customer(&ctx, &ids.customer().text).await?;
    Ok(())
}
