//! Customers (alphaott 2.2).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::customers::{Customer, CustomerStatus};

use crate::domain::staff::Permission;
use crate::domain::values::contact::found_as;
use crate::ops;
use crate::ops::customers::{CustomerChange, CustomerName, Filter};
use crate::wire::kit::json::{Body, Patch, given};

use super::error::Failure;
use super::fields::{Address, EmailIn, Moment, Name, Open, Opens, PasswordIn, Phones, shown, text};
use super::orders::OrderOut;
use super::words::CustomerStatusWord;
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::fields::MessageOut;
use crate::wire::alphaott::request::{Ids, Params, Staff, shown_customer};

/// A customer: the person or household who pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
#[serde(rename_all = "camelCase")]
pub struct CustomerOut {
    #[serde(rename = "_id")]
    #[schema(example = "000000000000000000000001")]
    id: String,
    title: String,
    first_name: String,
    last_name: String,
    middle_name: String,
    prefix: String,
    suffix: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    activated: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    status: CustomerStatusWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    service_provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Open>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    phones: Vec<String>,
    /// Only with `extraFields=orders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<Vec<OrderOut>>,
    /// The name the customer signs in with on boxes. Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    /// The contract; families share one. Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    /// Links to records of other systems; the contract number is among them. Ours.
    external_refs: Vec<Open>,
}

impl CustomerOut {
    fn new(ctx: &Ctx, customer: &Customer) -> Result<Self, Failure> {
        let mut external_refs = Open::show_all(&customer.external_refs);
        if let Some(number) = &customer.account_number {
            let id = serde_json::Value::from(number.as_str());
            let text = format!("{{\"type\":\"accountNumber\",\"id\":{id}}}");
            external_refs.push(Open::show(&crate::domain::values::open_object::OpenObject(
                text,
            )));
        }
        Ok(Self {
            id: shown_customer(ctx, customer.id)?,
            title: customer.name.title.clone(),
            first_name: customer.name.first.clone(),
            last_name: customer.name.last.clone(),
            middle_name: customer.name.middle.clone(),
            prefix: customer.name.prefix.clone(),
            suffix: customer.name.suffix.clone(),
            activated: customer.activated_at.map(shown),
            created: shown(customer.created_at),
            status: customer.status.into(),
            email: customer
                .email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
            service_provider: customer.service_provider.clone(),
            location: customer.location.as_ref().map(Open::show),
            billing_address: customer
                .billing_address
                .as_ref()
                .map(|a| Address(Open::show(a))),
            address: customer.address.as_ref().map(|a| Address(Open::show(a))),
            phones: customer.phones.clone(),
            orders: None,
            login: customer.login.clone(),
            account_number: customer.account_number.clone(),
            external_refs,
        })
    }
}

/// A customer as a caller describes it. Nothing is required; null clears texts, dates and objects
/// and leaves the status and lists as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = CustomerInput)]
#[serde(rename_all = "camelCase")]
pub struct CustomerIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    title: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    first_name: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    last_name: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    middle_name: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    prefix: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    suffix: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    activated: Patch<Moment>,
    /// Heeded for new customers only.
    #[schema(value_type = Option<Moment>)]
    created: Option<Moment>,
    status: Option<CustomerStatusWord>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<EmailIn>)]
    email: Patch<EmailIn>,
    service_provider: Option<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Open>)]
    location: Patch<Open>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Address>)]
    billing_address: Patch<Address>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Address>)]
    address: Patch<Address>,
    phones: Option<Phones>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    login: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    account_number: Patch<Name>,
    external_refs: Option<Opens>,
}

/// A text that null or nothing between the quotes makes absent.
fn optional(patch: Patch<Name>) -> Option<Option<String>> {
    patch.map(|name| name.map(|name| name.0).filter(|text| !text.is_empty()))
}

impl From<CustomerIn> for CustomerChange {
    fn from(input: CustomerIn) -> Self {
        let mut account_number = optional(input.account_number);
        let external_refs = input.external_refs.map(|refs| {
            let mut kept = Vec::new();
            for object in refs.stored() {
                match contract_number(&object.0) {
                    // The contract number has its own field; the list only shows it.
                    Some(number) => account_number = account_number.take().or(Some(Some(number))),
                    None => kept.push(object),
                }
            }
            kept
        });
        Self {
            login: optional(input.login),
            account_number,
            title: text(input.title),
            first_name: text(input.first_name),
            last_name: text(input.last_name),
            middle_name: text(input.middle_name),
            prefix: text(input.prefix),
            suffix: text(input.suffix),
            email: input.email.map(|email| email.and_then(|email| email.0)),
            phones: input.phones.map(Phones::texts),
            status: input.status.map(CustomerStatus::from),
            service_provider: input.service_provider.map(|name| name.0),
            location: input.location.map(|open| open.map(Open::stored)),
            address: input.address.map(|address| address.map(|a| a.0.stored())),
            billing_address: input
                .billing_address
                .map(|address| address.map(|a| a.0.stored())),
            external_refs,
            activated_at: input.activated.map(|at| at.map(|at| at.0)),
            created_at: input.created.map(|at| at.0),
        }
    }
}

/// The number in an external reference of type `accountNumber`.
fn contract_number(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Link {
        r#type: String,
        id: String,
    }
    let link: Link = serde_json::from_str(text).ok()?;
    let fits = link.r#type == "accountNumber" && Name::fits(&link.id) && !link.id.is_empty();
    fits.then_some(link.id)
}

/// Whether `extraFields` asks for the customers' orders; unknown names are ignored.
fn wants_orders(params: &Params) -> Result<bool, Failure> {
    params.0.scalar("extraFields")?;
    Ok(params
        .0
        .list("extraFields")
        .into_iter()
        .any(|name| name.trim() == "orders"))
}

fn with_orders(ctx: &Ctx, customer: &Customer, wanted: bool) -> Result<CustomerOut, Failure> {
    let mut out = CustomerOut::new(ctx, customer)?;
    if wanted {
        out.orders = Some(OrderOut::shown(
            ctx,
            &ops::orders::list_of(ctx, customer.id)?,
        )?);
    }
    Ok(out)
}

/// Get customers
///
/// Oldest first. Deleted customers are left out unless `status` asks for them.
#[utoipa::path(get, path = "/customers", tag = "Customers",
    params(
        ("status" = Option<Vec<CustomerStatusWord>>, Query,
         description = "Any of these; also `status[]=A` and `A,B`"),
        ("email" = Option<String>, Query,
         description = "Exactly this address, upper and lower case being one", min_length = 1),
        ("login" = Option<String>, Query, description = "Exactly this login", min_length = 1),
        ("accountNumber" = Option<String>, Query,
         description = "This contract number; several may share one", min_length = 1),
        ("phone" = Option<String>, Query,
         description = "Whoever has this number, with its country: `%2B14165550101`",
         min_length = 1),
        ("extraFields" = Option<String>, Query,
         description = "`orders`: each customer's orders as well"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, example = 50),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000),
    ),
    responses((status = 200, body = Vec<CustomerOut>), Refusals))]
pub async fn list(Staff(ctx): Staff, params: Params) -> Result<Json<Vec<CustomerOut>>, Failure> {
    ctx.require(Permission::CustomersRead)?;
    let words = CustomerStatusWord::WORDS;
    let mut statuses: Vec<CustomerStatus> = params
        .words("status", CustomerStatusWord::parse, words)?
        .into_iter()
        .map(Into::into)
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    if statuses.is_empty() {
        let all = CustomerStatus::ALL.into_iter();
        statuses = all
            .filter(|status| *status != CustomerStatus::Deleted)
            .collect();
    }
    params.only(&[
        "status",
        "email",
        "login",
        "accountNumber",
        "phone",
        "extraFields",
    ])?;
    let filter = Filter {
        statuses,
        named: named(&params)?,
    };
    let (offset, limit) = params.page()?;
    let wanted = wants_orders(&params)?;
    let page = ops::customers::page(&ctx, &filter, offset, limit)?;
    page.iter()
        .map(|customer| with_orders(&ctx, customer, wanted))
        .collect::<Result<_, _>>()
        .map(Json)
}

/// Whom a list asks for by name: those who have all of the names.
fn named(params: &Params) -> Result<Vec<CustomerName>, Failure> {
    let mut asked = Vec::new();
    for name in ["email", "login", "accountNumber", "phone"] {
        let Some(text) = params.0.scalar(name)? else {
            continue;
        };
        if text.trim().is_empty() {
            return Err(Failure::bad_request(name, "must not be empty"));
        }
        let text = text.to_owned();
        asked.push(match name {
            "email" => CustomerName::Email(text),
            "login" => CustomerName::Login(text),
            "accountNumber" => CustomerName::Account(text),
            // What is no whole number is nobody's.
            _ => CustomerName::Phone(found_as(&plus_again(&text)).unwrap_or_default()),
        });
    }
    Ok(asked)
}

/// A plus that was not encoded arrives as a blank.
fn plus_again(text: &str) -> String {
    match text.strip_prefix(' ') {
        Some(rest) => format!("+{rest}"),
        None => text.to_owned(),
    }
}

/// Create customer
///
/// Nothing is required. `status` defaults to `ACTIVE`; an e-mail address or login that another
/// customer has is a conflict.
#[utoipa::path(post, path = "/customers", tag = "Customers", request_body = Option<CustomerIn>,
    responses((status = 201, body = CustomerOut), Refusals))]
pub async fn create(
    Staff(ctx): Staff,
    body: Body,
) -> Result<(StatusCode, Json<CustomerOut>), Failure> {
    ctx.require(Permission::CustomersWrite)?;
    let input: CustomerIn = body.parse_or_empty()?;
    let customer = ops::customers::create(&ctx, input.into()).await?;
    Ok((
        StatusCode::CREATED,
        Json(CustomerOut::new(&ctx, &customer)?),
    ))
}

/// Get customer by id
#[utoipa::path(get, path = "/customers/{customerId}", tag = "Customers",
    params(
        ("customerId" = String, Path),
        ("extraFields" = Option<String>, Query, description = "`orders`: the orders as well",
         example = "orders"),
    ),
    responses((status = 200, body = CustomerOut), Refusals))]
pub async fn get(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<CustomerOut>, Failure> {
    ctx.require(Permission::CustomersRead)?;
    let wanted = wants_orders(&params)?;
    let customer = ops::customers::get(&ctx, &path.customer())?;
    with_orders(&ctx, &customer, wanted).map(Json)
}

/// Update customer
///
/// Merges: what is not given stays, null clears what can be absent. `_id` and `created` never
/// change.
#[utoipa::path(put, path = "/customers/{customerId}", tag = "Customers",
    params(("customerId" = String, Path)), request_body = CustomerIn,
    responses((status = 200, body = CustomerOut), Refusals))]
pub async fn update(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<Json<CustomerOut>, Failure> {
    ctx.require(Permission::CustomersWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: CustomerIn = body.parse()?;
    let customer = ops::customers::update(&ctx, path.customer(), input.into()).await?;
    Ok(Json(CustomerOut::new(&ctx, &customer)?))
}

/// Remove customer
///
/// The customer stays as a tombstone that only `GET /customers?status=DELETED` shows; its login,
/// e-mail address and MACs are free again.
#[utoipa::path(delete, path = "/customers/{customerId}", tag = "Customers",
    params(("customerId" = String, Path)), responses((status = 204), Refusals))]
pub async fn remove(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    ops::customers::remove(&ctx, path.customer()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A customer's new password.
#[derive(Deserialize, ToSchema)]
#[schema(as = Password)]
pub struct PasswordBody {
    password: PasswordIn,
}

/// Change customer password
#[utoipa::path(put, path = "/customers/{customerId}/password", tag = "Customers",
    params(("customerId" = String, Path)), request_body = PasswordBody,
    responses((status = 200, body = MessageOut), Refusals))]
pub async fn change_password(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<Json<MessageOut>, Failure> {
    ctx.require(Permission::CustomersWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: PasswordBody = body.parse_or_empty()?;
    ops::customers::change_password(&ctx, path.customer(), input.password.0).await?;
    Ok(Json(MessageOut {
        message: PASSWORD_CHANGED,
    }))
}

/// Reset customer password
///
/// The present password stops working at once; the customer signs in again when a new one has
/// been set. The answer never holds a password.
#[utoipa::path(post, path = "/customers/{customerId}/password/reset", tag = "Customers",
    params(("customerId" = String, Path)),
    responses((status = 200, body = MessageOut), Refusals))]
pub async fn reset_password(Staff(ctx): Staff, path: Ids) -> Result<Json<MessageOut>, Failure> {
    ops::customers::reset_password(&ctx, path.customer()).await?;
    Ok(Json(MessageOut {
        message: PASSWORD_CHANGED,
    }))
}

/// The vendor answers both operations with these words (alphaott 2.2).
const PASSWORD_CHANGED: &str = "Password has been successfully changed";
