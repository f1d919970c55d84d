//! The list of customers over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::customers::CustomerStatus;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, ResellerId};
use crate::domain::values::time::Timestamp;
use crate::ops::desk::customers::{PAGE_MAX, Place, Row, Wanted, page};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, wrong};
use crate::wire::console::words::{customer_status, customer_word};
use crate::wire::kit::query::{Query, Wrong};

use super::customer::{name_of, phone_of};
use super::shared::{MoneyOut, Refusals};

/// A customer in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerRow)]
struct RowOut {
    id: u64,
    name: String,
    login: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    status: &'static str,
    /// The title of their own plan.
    plan: Option<String>,
    paid_until: Option<String>,
    /// Not there for roles that may not read money.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Vec<MoneyOut>>,
    boxes: usize,
    online: usize,
    created: String,
}

/// A page of customers, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customers)]
pub(super) struct CustomersOut {
    /// How many fit the filter in all.
    count: u64,
    customers: Vec<RowOut>,
    /// The parameter `cursor` of the next page.
    next: Option<String>,
    previous: Option<String>,
}

impl RowOut {
    fn new(row: &Row) -> Self {
        let customer = &row.customer;
        let balances = row.balances.as_ref();
        Self {
            id: customer.id.0,
            name: name_of(customer),
            login: customer.login.clone(),
            phone: phone_of(customer),
            email: customer.email.as_ref().map(|of| of.as_str().to_owned()),
            status: customer_word(customer.status),
            plan: row.plan.clone(),
            paid_until: row.paid_until.map(Timestamp::to_rfc3339_millis),
            balance: balances.map(|held| MoneyOut::all(held)),
            boxes: row.boxes,
            online: row.online,
            created: customer.created_at.to_rfc3339_millis(),
        }
    }
}

fn cursor(place: Place) -> Option<String> {
    match place {
        Place::First => None,
        Place::OlderThan(id) => Some(format!("o{}", id.0)),
        Place::NewerThan(id) => Some(format!("n{}", id.0)),
    }
}

fn place(text: Option<&str>) -> Result<Place, Problem> {
    let Some(text) = text else {
        return Ok(Place::First);
    };
    let unfit = || wrong(Wrong::new("cursor", "must be one that a page before gave"));
    let digits = text.get(1..).ok_or_else(unfit)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.parse().ok().filter(|_| plain).map(CustomerId);
    match (text.get(..1), id) {
        (Some("o"), Some(id)) => Ok(Place::OlderThan(id)),
        (Some("n"), Some(id)) => Ok(Place::NewerThan(id)),
        _ => Err(unfit()),
    }
}

fn statuses(query: &Query) -> Result<Vec<CustomerStatus>, Problem> {
    let parse = |word: &str| {
        customer_status(word).ok_or_else(|| {
            let known = CustomerStatus::ALL.map(customer_word).join(", ");
            wrong(Wrong::new("status", format!("must be of {known}")))
        })
    };
    query.list("status").into_iter().map(parse).collect()
}

/// Customers
///
/// Newest first. Those that were deleted are left out unless `status` asks for them.
#[utoipa::path(get, path = "/console/api/customers", tag = "Customers",
    operation_id = "customers",
    params(
        ("status" = Option<Vec<String>>, Query, description = "Any of these"),
        ("reseller" = Option<u64>, Query,
            description = "This one's, by its number; not together with `status`"),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of another page"),
        ("limit" = Option<u64>, Query, description = "1 to 200; 50 if nothing is said")),
    responses((status = 200, body = CustomersOut), Refusals))]
pub(super) async fn list(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<CustomersOut>, Problem> {
    ctx.require(Permission::CustomersRead)?;
    let query = Query::parse(query.as_deref());
    let most = u64::try_from(PAGE_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1, most, 50).map_err(wrong)?;
    let reseller = query.number("reseller", 1, u64::MAX, 0).map_err(wrong)?;
    let wanted = Wanted {
        statuses: statuses(&query)?,
        reseller: Some(reseller).filter(|id| *id > 0).map(ResellerId),
        place: place(query.scalar("cursor").map_err(wrong)?)?,
        limit: usize::try_from(limit).unwrap_or(PAGE_MAX),
    };
    let found = page(&ctx, &wanted)?;
    Ok(Json(CustomersOut {
        count: found.count,
        customers: found.rows.iter().map(RowOut::new).collect(),
        next: found.next.and_then(cursor),
        previous: found.previous.and_then(cursor),
    }))
}
