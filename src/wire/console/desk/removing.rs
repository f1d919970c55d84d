//! Customers removed over the console's API.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::staff::Permission;
use crate::ops::desk::removing;
use crate::wire::console::effect::{Done, answer};
use crate::wire::console::error::Problem;
use crate::wire::console::repeatable::{Asked, Repeatable};
use crate::wire::console::request::{Staff, handle};

use super::shared::Refusals;

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = CustomerRemoval)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RemovalIn {
    /// Only look what would come of it.
    preview: Option<bool>,
    /// The caller's own, once more.
    password: Option<String>,
    /// A code in its place, of whoever has a second factor.
    code: Option<String>,
}

/// The customer that is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedCustomer)]
pub(super) struct RemovedOut {
    id: u64,
    name: String,
}

/// Removes a customer
///
/// They can do nothing any more; login, e-mail address and boxes are free for others, what was
/// billed and paid stays. Wants the password once more, or a code, unless it was given within five
/// minutes.
#[utoipa::path(delete, path = "/console/api/customers/{id}", tag = "Customers",
    operation_id = "removeCustomer",
    params(("id" = String, Path, description = "The number, or an id that a client gave")),
    request_body = Option<RemovalIn>,
    responses((status = 200, body = Done<RemovedOut>), Refusals))]
pub(super) async fn remove(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let Asked { ctx, once, .. } = request.proved_or_nothing::<RemovalIn>(ctx).await?;
    let gone = removing::remove(&ctx, handle(&id), once).await?;
    answer(&ctx, StatusCode::OK, || {
        Ok(RemovedOut {
            id: gone.id.0,
            name: gone.name.whole(),
        })
    })
}
