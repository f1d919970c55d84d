//! The list of customers over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::customers::CustomerStatus;
use crate::domain::staff::Permission;
use crate::domain::values::id::ResellerId;
use crate::domain::values::time::Timestamp;
use crate::ops::desk::customers::{Filter, Row, page};
use crate::wire::console::error::Problem;
use crate::wire::console::request::Staff;
use crate::wire::console::words::customer_word;
use crate::wire::kit::query::Query;

use super::customer::{name_of, phone_of};
use super::listing::{cursor, number, paging, words};
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
    let (place, limit) = paging(&query)?;
    let filter = Filter {
        statuses: words(&query, "status", &CustomerStatus::ALL, customer_word)?,
        reseller: number(&query, "reseller")?.map(ResellerId),
    };
    let found = page(&ctx, &filter, &place, limit)?;
    Ok(Json(CustomersOut {
        count: found.count,
        customers: found.rows.iter().map(RowOut::new).collect(),
        next: cursor(found.next),
        previous: cursor(found.previous),
    }))
}
