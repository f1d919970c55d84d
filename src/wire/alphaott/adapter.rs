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
use crate::ops::peers::billing_system::Call;
use crate::wire::kit::json::Body;

use super::error::Failure;
use super::payments::{PageIn, return_url};
use crate::wire::alphaott::request::{Ids, Staff};

/// A path of the table, and what reading and changing there takes here; `None`: there is nothing to
/// read or change.
struct Operation {
    path: &'static str,
    read: Option<Permission>,
    write: Option<Permission>,
}

const fn catalogue(path: &'static str) -> Operation {
    Operation {
        path,
        read: Some(Permission::CatalogueRead),
        write: Some(Permission::CatalogueWrite),
    }
}

const fn orders(path: &'static str) -> Operation {
    Operation {
        path,
        read: Some(Permission::OrdersRead),
        write: Some(Permission::OrdersWrite),
    }
}

const fn reading(path: &'static str, permission: Permission) -> Operation {
    Operation {
        path,
        read: Some(permission),
        write: None,
    }
}

/// Operations 21 to 39 of the path table, which a billing system implements.
const OPERATIONS: &[Operation] = &[
    reading(
        "/customers/{customerId}/product-specs",
        Permission::CatalogueRead,
    ),
    reading(
        "/customers/{customerId}/product-specs/{productSpecId}/offers",
        Permission::CatalogueRead,
    ),
    catalogue("/product-specs"),
    catalogue("/product-specs/{productSpecId}"),
    catalogue("/product-specs/{productSpecId}/offers"),
    catalogue("/product-specs/{productSpecId}/offers/{offerId}"),
    orders("/customers/{customerId}/orders"),
    orders("/customers/{customerId}/orders/{orderId}"),
    reading(
        "/customers/{customerId}/transactions",
        Permission::MoneyRead,
    ),
    reading(
        "/customers/{customerId}/account/balance",
        Permission::MoneyRead,
    ),
    Operation {
        path: HOSTED_PAGE,
        read: None,
        write: Some(Permission::OrdersWrite),
    },
];

const HOSTED_PAGE: &str = "/customers/{customerId}/orders/hosted-page";

/// The operation that a request is for, if it is a billing system's.
fn operation(app: &App, request: &Request) -> Option<&'static Operation> {
    let matched = request.extensions().get::<MatchedPath>()?;
    let prefix = &app.config.alphaott.prefix;
    let path = matched.as_str().strip_prefix(prefix.as_str())?;
    OPERATIONS.iter().find(|known| known.path == path)
}

/// Sends what is the billing system's business on to it. What is no operation is refused as ever.
pub async fn forward(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let wanted = operation(&app, &request).and_then(|operation| {
        let (method, permission) = match *request.method() {
            Method::GET => ("GET", operation.read),
            Method::HEAD => ("HEAD", operation.read),
            Method::POST => ("POST", operation.write),
            // The vendor has PUT only.
            Method::PUT | Method::PATCH => ("PUT", operation.write),
            Method::DELETE => ("DELETE", operation.write),
            _ => return None,
        };
        Some((operation.path, method, permission?))
    });
    let Some(wanted) = wanted else {
        return next.run(request).await;
    };
    match forwarded(&app, wanted, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn forwarded(
    app: &Arc<App>,
    (path, method, permission): (&'static str, &'static str, Permission),
    request: Request,
) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let Staff(ctx) = Staff::from_request_parts(&mut parts, app).await?;
    ctx.require(permission)?;
    let ids = Ids::from_request_parts(&mut parts, app).await?;
    if path.starts_with("/customers/") {
        ops::customers::exists(&ctx, &ids.customer())?;
    }
    // Nobody's id, and on the way it would lead to another path.
    if let Some(id) = ids
        .texts
        .iter()
        .find(|id| matches!(id.as_str(), "." | ".."))
    {
        return Err(Failure::not_found(format!("{id} not found")));
    }
    // Inside a nested router the address has lost its prefix already.
    let path_and_query = parts.uri.path_and_query();
    let wire_path = path_and_query.map_or("", |path| path.as_str()).to_owned();
    let request = Request::from_parts(parts, body);
    let Ok(body) = Body::from_request(request, app).await;
    if path == HOSTED_PAGE {
        return hosted_page(&ctx, wire_path, body).await;
    }
    let text = body.text()?;
    if let Some(right) = right_beyond(path, method, &text) {
        ctx.require(right)?;
    }
    let call = Call {
        method,
        path: wire_path,
        body: text.into_bytes(),
    };
    let answer = ops::peers::billing_system::forward(&ctx, call).await?;
    Ok(shown(
        answer.status,
        answer.content_type,
        answer.retry_after,
        answer.body,
    ))
}

/// Members of an order that say what is sold; all others say more than its offer does.
const PLAIN_ORDER: &[&str] = &[
    "offer",
    "_id",
    "status",
    "externalRefs",
    "createCustomerServices",
];

/// The right to give value away that a change needs besides. The billing system takes the word of
/// this box, whoever asked it, and what an order costs there is not known here.
fn right_beyond(path: &str, method: &str, text: &str) -> Option<Permission> {
    if !matches!(method, "POST" | "PUT") {
        return None;
    }
    if path.ends_with("/offers/{offerId}") {
        return Some(Permission::RunningPricesWrite);
    }
    let orders = "/customers/{customerId}/orders";
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let members = body.as_object().filter(|_| path.starts_with(orders))?;
    let plain = members
        .keys()
        .all(|name| PLAIN_ORDER.contains(&name.as_str()));
    let runs_again = method == "PUT"
        && body
            .get("status")
            .and_then(Value::as_str)
            .is_some_and(|word| word.starts_with("ACT"));
    (!plain || runs_again).then_some(Permission::TimeGive)
}

/// Steps 4 to 6 of the ordering flow: the billing system makes the page; its customer is to come
/// back through the redirect of this box, which knows where to.
async fn hosted_page(ctx: &Ctx, path: String, body: Body) -> Result<Response, Failure> {
    let text = body.text()?;
    let text = if text.trim().is_empty() { "{}" } else { &text };
    let input: PageIn = crate::wire::kit::json::object(text)?;
    input.wanted()?;
    let return_url = return_url(ctx, input.return_url);
    let mut body: Value = serde_json::from_str(text).unwrap_or_default();
    let prefix = &ctx.app.config.alphaott.prefix;
    let back = format!("{}{prefix}/payments/redirect", ctx.app.base_url());
    body["returnUrl"] = Value::from(back);
    let call = Call {
        method: "POST",
        path,
        body: body.to_string().into_bytes(),
    };
    let answer = ops::peers::billing_system::forward(ctx, call).await?;
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
        ops::peers::billing_system::remember_page(ctx, id, says, return_url).await?;
    }
    if let (Some(name), Some(page)) = (ops::peers::billing_system::name(ctx), page.as_object_mut())
    {
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
    let of_customer = operation(&app, &request).filter(|of| of.path.starts_with("/customers/"));
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
    ops::peers::middleware::bring_customer(&ctx, &ids.customer().text).await?;
    Ok(())
}
