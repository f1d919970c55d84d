//! The list of orders over the console's API.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::RawQuery;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::billing::order::Due;
use crate::domain::billing::standing::StandingKind;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::staff::Permission;
use crate::domain::values::id::ProductSpecId;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::desk::orders::{self as desk, Filter, Row};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, handle, wrong};
use crate::wire::console::words::{standing_kind_word, standing_word, status_word};
use crate::wire::kit::query::Query;

use super::customer::name_of;
use super::listing::{csv, cursor, days, number, paging, words};
use super::shared::Refusals;

/// What is next to be done about an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderStep)]
struct StepOut {
    at: String,
    /// `RENEWAL`, `END`, `FREEZE`, `REMINDER` or `SUSPENSION`.
    #[schema(example = "RENEWAL")]
    what: &'static str,
}

fn step_word(due: Due) -> &'static str {
    match due {
        Due::Cycle => "RENEWAL",
        Due::End => "END",
        Due::Freeze => "FREEZE",
        Due::Reminder => "REMINDER",
        Due::Suspension => "SUSPENSION",
    }
}

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderRow)]
struct RowOut {
    id: u64,
    customer: u64,
    /// The customer's.
    name: String,
    /// What people call it: the title of its offer, or of its product.
    plan: String,
    product: u64,
    status: &'static str,
    /// How it stands with the money.
    standing: &'static str,
    /// What its next cycle costs, or the one that it waits for; of what is paid once, what that
    /// cost.
    price: Option<String>,
    currency: Option<String>,
    next: Option<StepOut>,
    expires: Option<String>,
    opened: String,
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Orders)]
pub(super) struct OrdersOut {
    /// How many fit the filter in all.
    count: u64,
    orders: Vec<RowOut>,
    /// The parameter `cursor` of the next page.
    next: Option<String>,
    previous: Option<String>,
}

impl RowOut {
    fn new(ctx: &Ctx, row: &Row) -> Self {
        let order = &row.order;
        let step = |(at, due): (Timestamp, Due)| StepOut {
            at: at.to_rfc3339_millis(),
            what: step_word(due),
        };
        Self {
            id: order.id.0,
            customer: order.customer.0,
            name: name_of(&row.customer),
            plan: row.title.clone(),
            product: order.product.0,
            status: status_word(order.status_at(ctx.now)),
            standing: standing_word(order.standing),
            price: row.price.map(Amount::to_fixed),
            currency: row.price.map(|price| price.currency.as_str().to_owned()),
            next: order.due().map(step),
            expires: order.expires_at.map(Timestamp::to_rfc3339_millis),
            opened: order.created_at.to_rfc3339_millis(),
        }
    }

    /// The fields of [`HEAD`].
    fn fields(self) -> Vec<String> {
        let (next, next_at) = match self.next {
            Some(step) => (step.what.to_owned(), step.at),
            None => Default::default(),
        };
        vec![
            self.id.to_string(),
            self.customer.to_string(),
            self.name,
            self.plan,
            self.status.to_owned(),
            self.standing.to_owned(),
            self.price.unwrap_or_default(),
            self.currency.unwrap_or_default(),
            next,
            next_at,
            self.expires.unwrap_or_default(),
            self.opened,
        ]
    }
}

const HEAD: &[&str] = &[
    "order", "customer", "name", "plan", "status", "standing", "price", "currency", "next",
    "next_at", "expires", "opened",
];

fn filter(ctx: &Ctx, query: &Query) -> Result<Filter, Problem> {
    Ok(Filter {
        statuses: words(query, "status", &OrderStatus::ALL, status_word)?,
        standings: words(query, "standing", &StandingKind::ALL, standing_kind_word)?,
        plan: number(query, "plan")?.map(ProductSpecId),
        customer: query.scalar("customer").map_err(wrong)?.map(handle),
        due: days(ctx, query, "due_since", "due_until")?,
    })
}

/// Orders
///
/// Newest first. Those that were deleted are left out unless `status` asks for them. With
/// `due_since` or `due_until` those of which something is due on these days, soonest first.
#[utoipa::path(get, path = "/console/api/orders", tag = "Orders",
    operation_id = "orders",
    params(
        ("status" = Option<Vec<String>>, Query, description = "Any of these"),
        ("standing" = Option<Vec<String>>, Query, description = "Standing in any of these ways"),
        ("plan" = Option<u64>, Query, description = "Of this product, by its number"),
        ("customer" = Option<String>, Query,
            description = "This one's; with no other filter"),
        ("due_since" = Option<String>, Query,
            description = "Something of it is due on this day or later; with no other filter"),
        ("due_until" = Option<String>, Query, description = "On this day or before"),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of another page"),
        ("limit" = Option<u64>, Query, description = "1 to 200; 50 if nothing is said")),
    responses((status = 200, body = OrdersOut), Refusals))]
pub(super) async fn list(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<OrdersOut>, Problem> {
    ctx.require(Permission::OrdersRead)?;
    let query = Query::parse(query.as_deref());
    let (place, limit) = paging(&query)?;
    let found = desk::page(&ctx, &filter(&ctx, &query)?, &place, limit)?;
    Ok(Json(OrdersOut {
        count: found.count,
        orders: found
            .rows
            .iter()
            .map(|row| RowOut::new(&ctx, row))
            .collect(),
        next: cursor(found.next),
        previous: cursor(found.previous),
    }))
}

/// Orders as a file
///
/// All that fit the filter, in the order of the list.
#[utoipa::path(get, path = "/console/api/orders.csv", tag = "Orders",
    operation_id = "exportOrders",
    params(
        ("status" = Option<Vec<String>>, Query, description = "Any of these"),
        ("standing" = Option<Vec<String>>, Query, description = "Standing in any of these ways"),
        ("plan" = Option<u64>, Query, description = "Of this product, by its number"),
        ("customer" = Option<String>, Query, description = "This one's"),
        ("due_since" = Option<String>, Query,
            description = "Something of it is due on this day or later"),
        ("due_until" = Option<String>, Query, description = "On this day or before")),
    responses(
        (status = 200, description = "Rows", content_type = "text/csv", body = String), Refusals))]
pub(super) async fn export(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersRead)?;
    let filter = filter(&ctx, &Query::parse(query.as_deref()))?;
    csv("orders", HEAD, move |after| {
        let (rows, next) = desk::export(&ctx, &filter, after)?;
        let lines = rows.iter().map(|row| RowOut::new(&ctx, row).fields());
        Ok((lines.collect(), next))
    })
}

/// How many orders there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderFigures)]
pub(super) struct FiguresOut {
    /// By status.
    #[schema(value_type = BTreeMap<String, u64>)]
    statuses: BTreeMap<&'static str, u64>,
    /// By how they stand with the money, without deleted ones.
    #[schema(value_type = BTreeMap<String, u64>)]
    standings: BTreeMap<&'static str, u64>,
    /// What orders may be of.
    plans: Vec<PlanOut>,
}

/// What is sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
struct PlanOut {
    id: u64,
    title: String,
}

/// How many orders there are
#[utoipa::path(get, path = "/console/api/orders/figures", tag = "Orders",
    operation_id = "orderFigures",
    responses((status = 200, body = FiguresOut), Refusals))]
pub(super) async fn figures(Staff(ctx): Staff) -> Result<Json<FiguresOut>, Problem> {
    let mut statuses = BTreeMap::new();
    let mut standings = BTreeMap::new();
    for (status, standing, count) in desk::figures(&ctx)? {
        let sum: &mut u64 = statuses.entry(status_word(status)).or_default();
        *sum = sum.saturating_add(count);
        if status != OrderStatus::Deleted {
            let sum: &mut u64 = standings.entry(standing_kind_word(standing)).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let plans = desk::plans(&ctx)?.into_iter().map(|plan| PlanOut {
        id: plan.id.0,
        title: plan.title,
    });
    Ok(Json(FiguresOut {
        statuses,
        standings,
        plans: plans.collect(),
    }))
}
