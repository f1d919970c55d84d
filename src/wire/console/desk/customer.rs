//! One customer over the console's API: all that their page shows, in one answer.

use axum::Json;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::ETAG;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::values::id::CustomerId;
use crate::domain::values::time::Timestamp;
use crate::ops::Handle;
use crate::ops::desk::customer::{CustomerPage, OrderLine, ServiceLine, page};
use crate::wire::console::billing::OrderOut;
use crate::wire::console::boxes::{self, BoxesOut};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, handle};
use crate::wire::console::words::{customer_word, service_word};

use super::shared::{MoneyOut, Refusals};
use super::why::{BecauseOut, WatchingOut, because};

/// Who sold it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResellerName)]
struct ResellerOut {
    id: u64,
    name: String,
}

/// An order, as people speak of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerOrder)]
struct OrderLineOut {
    #[serde(flatten)]
    order: OrderOut,
    title: String,
    /// What its next cycle costs, or the one that it waits for.
    price: Option<String>,
    currency: Option<String>,
}

/// What a customer may use, until when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerService)]
struct ServiceOut {
    id: u64,
    title: String,
    status: &'static str,
    order: Option<u64>,
    expires: Option<String>,
    /// Why it is closed; empty where it is open.
    reasons: Vec<BecauseOut>,
}

/// A customer and all that is theirs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(super) struct CustomerOut {
    id: u64,
    name: String,
    login: Option<String>,
    phone: Option<String>,
    /// All of them, as they were given.
    phones: Vec<String>,
    email: Option<String>,
    contract: Option<String>,
    status: &'static str,
    /// In which letters are written; `null`: the operator's.
    language: Option<String>,
    reseller: Option<ResellerOut>,
    created: String,
    note: String,
    /// What the header `ETag` says too.
    version: String,
    watching: WatchingOut,
    /// What is on the account, by currency. Not there for roles that may not read money.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Vec<MoneyOut>>,
    /// What is open of invoices and of what was owed before. Not there for the same roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    owed: Option<Vec<MoneyOut>>,
    /// The newest first.
    orders: Vec<OrderLineOut>,
    services: Vec<ServiceOut>,
    /// Whether there are more orders or services than are shown.
    is_cut: bool,
    boxes: BoxesOut,
}

impl CustomerOut {
    pub(super) fn new(ctx: &Ctx, page: CustomerPage) -> Self {
        let customer = &page.customer;
        let orders = page.orders.iter().map(|line| order_out(ctx, line));
        let services = page
            .services
            .iter()
            .map(|line| service_out(ctx, &page, line));
        let reseller = page.reseller.as_ref().map(|reseller| ResellerOut {
            id: reseller.id.0,
            name: reseller.name.clone(),
        });
        let money = page.money.as_ref();
        Self {
            id: customer.id.0,
            name: name_of(customer),
            login: customer.login.clone(),
            phone: phone_of(customer),
            phones: customer.phones.clone(),
            email: customer.email.as_ref().map(|of| of.as_str().to_owned()),
            contract: customer.account_number.clone(),
            status: customer_word(customer.status),
            language: None,
            reseller,
            created: customer.created_at.to_rfc3339_millis(),
            note: customer.box_profile.comment.clone(),
            watching: WatchingOut::new(&page),
            balance: money.map(|money| MoneyOut::all(&money.balances)),
            owed: money.map(|money| MoneyOut::all(&money.owed)),
            orders: orders.collect(),
            services: services.collect(),
            is_cut: page.is_cut,
            version: page.version.clone(),
            boxes: boxes::shown(page.boxes),
        }
    }
}

impl CustomerOut {
    /// The version as the header `ETag` names it.
    pub(super) fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// The name as one text.
pub(super) fn name_of(customer: &Customer) -> String {
    customer.name.whole().trim().to_owned()
}

/// The number to call: in E.164 where it can be called from anywhere, else as it was given.
pub(super) fn phone_of(customer: &Customer) -> Option<String> {
    customer.phone().or_else(|| customer.first_phone())
}

fn order_out(ctx: &Ctx, line: &OrderLine) -> OrderLineOut {
    let price = line.price.as_ref();
    OrderLineOut {
        order: OrderOut::new(ctx, &line.order),
        title: line.title.clone(),
        price: price.map(|price| price.to_fixed()),
        currency: price.map(|price| price.currency.as_str().to_owned()),
    }
}

fn service_out(ctx: &Ctx, page: &CustomerPage, line: &ServiceLine) -> ServiceOut {
    let service = &line.service;
    ServiceOut {
        id: service.id.0,
        title: line.title.clone(),
        status: service_word(service.status_at(ctx.now)),
        order: service.origin.order().map(|order| order.0),
        expires: service.expires_at.map(Timestamp::to_rfc3339_millis),
        reasons: line
            .reason
            .map(|of| because(page, of))
            .into_iter()
            .collect(),
    }
}

/// The answer that shows a customer as they are now, with the name of that version.
pub(super) fn answer(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Response, Problem> {
    let shown = CustomerOut::new(ctx, page(ctx, customer)?);
    let tag = HeaderValue::from_str(&shown.tag());
    let mut response = Json(shown).into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// One customer
///
/// Whether they may watch and if not why not, what they owe, what opens it again, their orders,
/// services and boxes.
#[utoipa::path(get, path = "/console/api/customers/{id}", tag = "Customers",
    operation_id = "customer",
    params(("id" = String, Path, description = "The number, or an id that a client gave")),
    responses((status = 200, body = CustomerOut), Refusals))]
pub(super) async fn get(Staff(ctx): Staff, Path(id): Path<String>) -> Result<Response, Problem> {
    answer(&ctx, &handle(&id))
}
