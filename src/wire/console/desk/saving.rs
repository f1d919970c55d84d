//! Customers written down and changed over the console's API.

use axum::extract::Path;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::customers::CustomerStatus;
use crate::domain::staff::Permission;
use crate::domain::values::contact::Email;
use crate::domain::values::id::CustomerId;
use crate::ops::Handle;
use crate::ops::desk::customer::page;
use crate::ops::desk::saving::{self, CustomerInput, Saved};
use crate::wire::console::effect::{Done, answer};
use crate::wire::console::error::Problem;
use crate::wire::console::repeatable::{Asked, Repeatable};
use crate::wire::console::request::{Staff, handle};
use crate::wire::console::words::{customer_status, customer_word};
use crate::wire::kit::json::{Patch, given};

use super::customer::CustomerOut;
use super::shared::{NOTE_CHARS_MAX, Refusals, TEXT_CHARS_MAX, text};

/// Longest phone number, in characters.
const PHONE_CHARS_MAX: usize = 40;

/// A customer as staff writes them down. Of those that may be `null`, `null` takes away what is
/// there.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = CustomerInput)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerIn {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    login: Patch<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    contract: Patch<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    status: Option<String>,
    /// With which the customer signs in.
    #[serde(default)]
    password: Option<String>,
    /// Only look what would come of it.
    #[serde(default)]
    #[expect(dead_code, reason = "taken out before it is read")]
    preview: Option<bool>,
}

/// A text that may be taken away.
fn patch(name: &str, said: Patch<String>, chars_max: usize) -> Result<Patch<String>, Problem> {
    if let Some(Some(said)) = &said {
        text(name, said, chars_max)?;
    }
    Ok(said)
}

fn email(said: Patch<String>) -> Result<Patch<Email>, Problem> {
    let Some(Some(said)) = said else {
        return Ok(said.map(|_| None));
    };
    let said = said.trim();
    if said.is_empty() {
        return Ok(Some(None));
    }
    let unfit = || Problem::bad_request("email: must be an e-mail address");
    Email::parse(said)
        .map(|email| Some(Some(email)))
        .ok_or_else(unfit)
}

fn status(word: &str) -> Result<CustomerStatus, Problem> {
    let known = CustomerStatus::ALL.into_iter();
    let known = known.filter(|status| *status != CustomerStatus::Deleted);
    let known: Vec<&str> = known.map(customer_word).collect();
    customer_status(word)
        .filter(|status| *status != CustomerStatus::Deleted)
        .ok_or_else(|| Problem::bad_request(format!("status: must be of {}", known.join(", "))))
}

impl CustomerIn {
    fn input(self) -> Result<CustomerInput, Problem> {
        if let Some(name) = &self.name {
            text("name", name, TEXT_CHARS_MAX)?;
        }
        if let Some(note) = &self.note {
            text("note", note, NOTE_CHARS_MAX)?;
        }
        Ok(CustomerInput {
            name: self.name,
            login: patch("login", self.login, TEXT_CHARS_MAX)?,
            contract: patch("contract", self.contract, TEXT_CHARS_MAX)?,
            email: email(self.email)?,
            phone: patch("phone", self.phone, PHONE_CHARS_MAX)?,
            note: self.note,
            status: self.status.as_deref().map(status).transpose()?,
            password: self.password,
        })
    }
}

/// The answer of what was done, with the name of the version that it left.
fn shown(ctx: &Ctx, code: StatusCode, customer: &Handle<CustomerId>) -> Result<Response, Problem> {
    let mut tag = None;
    let mut response = answer(ctx, code, || {
        let shown = CustomerOut::new(ctx, page(ctx, customer)?);
        tag = HeaderValue::from_str(&shown.tag()).ok();
        Ok(shown)
    })?;
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

fn by_number(id: CustomerId) -> Handle<CustomerId> {
    Handle {
        text: id.0.to_string(),
        number: Some(id),
    }
}

/// A new customer
///
/// With a `name` at least.
#[utoipa::path(post, path = "/console/api/customers", tag = "Customers",
    operation_id = "createCustomer",
    request_body = CustomerIn,
    responses((status = 201, body = Done<CustomerOut>), Refusals))]
pub(super) async fn create(Staff(ctx): Staff, request: Repeatable) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let Asked { ctx, input, once } = request.input::<CustomerIn>(ctx)?;
    if input
        .name
        .as_deref()
        .is_none_or(|name| name.trim().is_empty())
    {
        return Err(Problem::bad_request("name: is required"));
    }
    let customer = saving::create(&ctx, input.input()?, once).await?;
    shown(&ctx, StatusCode::CREATED, &by_number(customer.id))
}

/// Changes a customer
///
/// What is not given stays. With `If-Match` only the version that was seen is changed.
#[utoipa::path(put, path = "/console/api/customers/{id}", tag = "Customers",
    operation_id = "changeCustomer",
    params(
        ("id" = String, Path, description = "The number, or an id that a client gave"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen")),
    request_body = CustomerIn,
    responses((status = 200, body = Done<CustomerOut>),
        (status = 412, description = "Somebody else changed the customer meanwhile",
            body = Problem, content_type = "application/problem+json"), Refusals))]
pub(super) async fn update(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let seen = seen(&headers)?;
    let Asked { ctx, input, once } = request.input::<CustomerIn>(ctx)?;
    if input
        .name
        .as_deref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Problem::bad_request("name: must not be empty"));
    }
    let saved = saving::update(&ctx, handle(&id), input.input()?, seen, once).await?;
    match saved {
        Saved::Done(customer) => shown(&ctx, StatusCode::OK, &by_number(customer.id)),
        Saved::Outdated => Err(Problem::precondition_failed(
            "the customer was changed meanwhile; look at them again",
        )),
    }
}

/// The version that was seen, as `If-Match` names it; `*` is any.
fn seen(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(said) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let said = said.to_str().unwrap_or_default().trim();
    if said == "*" {
        return Ok(None);
    }
    let tag = said
        .strip_prefix('"')
        .and_then(|said| said.strip_suffix('"'));
    let tag = tag.filter(|tag| !tag.is_empty() && !tag.contains('"'));
    let unfit = || Problem::bad_request("If-Match: must be one ETag in quotation marks, or *");
    tag.map(|tag| Some(tag.to_owned())).ok_or_else(unfit)
}
