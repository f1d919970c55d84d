//! Customers' orders (alphaott 2.7).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::billing::order_change::OrderChange;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::staff::Permission;
use crate::ops;
use crate::ops::orders::{NewOrder, ServicesMade};
use crate::wire::kit::json::{Body, Patch, given};

use super::error::Failure;
use super::fields::{BroughtId, Count, Cycles, Moment, Open, Opens, Reference, shown};
use super::ids;
use super::words::{OrderStatusWord, OrderTypeWord, PeriodWord};
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::request::{Ids, Params, Staff, shown_customer};

/// This customer has this product, until when, renewed how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub struct OrderOut {
    #[serde(rename = "_id")]
    id: String,
    duration: Count,
    period: PeriodWord,
    number_of_billing_cycles: u32,
    r#type: OrderTypeWord,
    status: OrderStatusWord,
    /// Absent on an order that another system bills.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
    customer: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_billing_cycle: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    updated: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    external_refs: Vec<Open>,
    /// The ordered product. Ours.
    product_spec: String,
}

impl OrderOut {
    fn new(ctx: &Ctx, order: &Order) -> Result<Self, Failure> {
        let (offer, product_spec) = match order.offer {
            Some(offer) => {
                let names = ops::catalogue::offer_names(ctx, offer)?;
                let product = ids::show_named(names.named_product.as_ref(), names.product);
                (Some(ids::show_named(names.offer.as_ref(), offer)), product)
            }
            None => (None, ids::show(order.product)),
        };
        Ok(Self {
            id: ids::show_named(order.foreign_id.as_ref(), order.id),
            duration: Count(order.term.count),
            period: order.term.period.into(),
            number_of_billing_cycles: order.cycles_total,
            r#type: order.order_type.into(),
            status: order.status_at(ctx.now).into(),
            offer,
            customer: shown_customer(ctx, order.customer)?,
            next_billing_cycle: order.next_cycle_at.map(shown),
            created: shown(order.created_at),
            updated: shown(order.updated_at),
            expires: order.expires_at.map(shown),
            external_refs: Open::show_all(&order.external_refs),
            product_spec,
        })
    }

    /// Those of `orders` that a list shows unasked: all but the deleted ones.
    pub fn shown(ctx: &Ctx, orders: &[Order]) -> Result<Vec<Self>, Failure> {
        let kept = orders
            .iter()
            .filter(|order| order.status != OrderStatus::Deleted);
        kept.map(|order| Self::new(ctx, order)).collect()
    }
}

/// An order as a caller wishes it. `offer` is required; what else is not given comes from it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OrderInput)]
#[serde(rename_all = "camelCase")]
pub struct OrderIn {
    /// Also make the product's services for the customer, at once.
    #[serde(default)]
    create_customer_services: Option<bool>,
    #[serde(rename = "_id", default)]
    id: Option<BroughtId>,
    #[serde(default)]
    duration: Option<Count>,
    #[serde(default)]
    period: Option<PeriodWord>,
    #[serde(default)]
    number_of_billing_cycles: Option<Cycles>,
    #[serde(default)]
    r#type: Option<OrderTypeWord>,
    #[serde(default)]
    status: Option<OrderStatusWord>,
    /// Id of the product offer.
    offer: Reference,
    #[serde(default)]
    next_billing_cycle: Option<Moment>,
    // One line in the API document.
    #[doc = " Until when another system was paid for this order: nothing before it is invoiced, \
    and the first cycle"]
    /// that we bill begins there. Ours.
    #[serde(default)]
    paid_until: Option<Moment>,
    /// May lie in the past.
    #[serde(default)]
    created: Option<Moment>,
    #[serde(default)]
    expires: Option<Moment>,
    #[serde(default)]
    external_refs: Option<Opens>,
}

/// What may be changed on an order; everything else is ignored. Null clears the dates.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = OrderUpdate)]
#[serde(rename_all = "camelCase")]
pub struct OrderUpdateIn {
    status: Option<OrderStatusWord>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires: Patch<Moment>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    next_billing_cycle: Patch<Moment>,
    number_of_billing_cycles: Option<Cycles>,
}

/// Get customer orders
///
/// Deleted orders are left out unless `status` asks for them.
#[utoipa::path(get, path = "/customers/{customerId}/orders", tag = "Orders",
    params(
        ("customerId" = String, Path),
        ("status" = Option<Vec<OrderStatusWord>>, Query, description = "Any of these"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, example = 50),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000),
    ),
    responses((status = 200, body = Vec<OrderOut>), Refusals))]
pub async fn list(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<OrderOut>>, Failure> {
    ctx.require(Permission::OrdersRead)?;
    params.only(&["status"])?;
    let wanted = params.words("status", OrderStatusWord::parse, OrderStatusWord::WORDS)?;
    let (offset, limit) = params.page()?;
    let orders = ops::orders::list(&ctx, &path.customer())?;
    let fits = |order: &&Order| {
        let status = order.status_at(ctx.now);
        if wanted.is_empty() {
            status != OrderStatus::Deleted
        } else {
            wanted.contains(&status.into())
        }
    };
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let page = orders.iter().filter(fits).skip(skip).take(limit);
    page.map(|order| OrderOut::new(&ctx, order))
        .collect::<Result<_, _>>()
        .map(Json)
}

/// Create customer order
///
/// Active at once unless `status` says otherwise. The first cycle begins with `created`, or with
/// `paidUntil` where another system was paid until then.
#[utoipa::path(post, path = "/customers/{customerId}/orders", tag = "Orders",
    params(
        ("customerId" = String, Path),
        ("X-Request-Id" = Option<String>, Header,
         description = "Your own name for this request; comes back in the answer"),
    ),
    request_body = OrderIn,
    responses((status = 201, body = OrderOut), Refusals))]
pub async fn create(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<(StatusCode, Json<OrderOut>), Failure> {
    ctx.require(Permission::OrdersWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: OrderIn = body.parse_or_empty()?;
    let input = NewOrder {
        id: input.id.map(|id| ids::handle(&id.0)),
        offer: ids::handle(&input.offer.0),
        count: input.duration.map(|count| count.0),
        period: input.period.map(Into::into),
        cycles_total: input.number_of_billing_cycles.map(|cycles| cycles.0),
        order_type: input.r#type.map(Into::into),
        status: input.status.map(Into::into),
        created_at: input.created.map(|at| at.0),
        expires_at: input.expires.map(|at| at.0),
        next_cycle_at: input.next_billing_cycle.map(|at| at.0),
        paid_until: input.paid_until.map(|at| at.0),
        external_refs: input.external_refs.map(Opens::stored).unwrap_or_default(),
        services: match input.create_customer_services {
            Some(true) => ServicesMade::WithOrder,
            Some(false) | None => ServicesMade::ByCaller,
        },
    };
    let order = ops::orders::place(&ctx, path.customer(), input).await?;
    Ok((StatusCode::CREATED, Json(OrderOut::new(&ctx, &order)?)))
}

/// Get customer order
#[utoipa::path(get, path = "/customers/{customerId}/orders/{orderId}", tag = "Orders",
    params(("customerId" = String, Path), ("orderId" = String, Path)),
    responses((status = 200, body = OrderOut), Refusals))]
pub async fn get(Staff(ctx): Staff, path: Ids) -> Result<Json<OrderOut>, Failure> {
    let order = ops::orders::get(&ctx, &path.customer(), &path.id(1))?;
    OrderOut::new(&ctx, &order).map(Json)
}

/// Update customer order
///
/// Services made by the order follow its end, and its status where that is `EXPIRED`,
/// `INACTIVE`, `DELETED` or `ACTTIVE` again; those of a `CANCELED` order run to its end.
#[utoipa::path(put, path = "/customers/{customerId}/orders/{orderId}", tag = "Orders",
    params(("customerId" = String, Path), ("orderId" = String, Path)),
    request_body = OrderUpdateIn,
    responses((status = 200, body = OrderOut), Refusals))]
pub async fn update(Staff(ctx): Staff, path: Ids, body: Body) -> Result<Json<OrderOut>, Failure> {
    ctx.require(Permission::OrdersWrite)?;
    ops::orders::get(&ctx, &path.customer(), &path.id(1))?;
    let input: OrderUpdateIn = body.parse()?;
    let change = OrderChange {
        status: input.status.map(Into::into),
        expires_at: input.expires.map(|at| at.map(|at| at.0)),
        next_cycle_at: input.next_billing_cycle.map(|at| at.map(|at| at.0)),
        cycles_total: input.number_of_billing_cycles.map(|cycles| cycles.0),
    };
    let order = ops::orders::update(&ctx, path.customer(), path.id(1), change).await?;
    OrderOut::new(&ctx, &order).map(Json)
}

/// Remove customer order
///
/// It stays in `GET …/orders?status=DELETED`; the services it made are deleted with it.
#[utoipa::path(delete, path = "/customers/{customerId}/orders/{orderId}", tag = "Orders",
    params(("customerId" = String, Path), ("orderId" = String, Path)),
    responses((status = 204), Refusals))]
pub async fn remove(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    ops::orders::remove(&ctx, path.customer(), path.id(1)).await?;
    Ok(StatusCode::NO_CONTENT)
}
