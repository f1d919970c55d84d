//! The boxes of a customer as support sees them, and on how many the customer may sign in.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::domain::values::time::Timestamp;
use crate::ops::boxes::list;
use crate::wire::kit::json::Body;

use super::error::Problem;
use crate::wire::console::request::{Staff, handle};

/// One box.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Box)]
struct BoxOut {
    id: u64,
    mac: String,
    on: bool,
    online: bool,
    address: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_active: Option<String>,
    /// When a viewer made it one of theirs by signing in; else staff or a script added it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_in: Option<String>,
    /// When it last came from many networks within a day: two boxes may have this MAC.
    #[serde(skip_serializing_if = "Option::is_none")]
    moves_often: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Boxes)]
pub struct BoxesOut {
    /// How many the customer may sign in on.
    devices_max: usize,
    boxes: Vec<BoxOut>,
}

/// `GET /console/api/customers/{id}/boxes`
pub async fn list(Staff(ctx): Staff, Path(id): Path<String>) -> Result<Json<BoxesOut>, Problem> {
    let held = list::of_customer(&ctx, &handle::<CustomerId>(&id))?;
    Ok(Json(shown(held)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxIn {
    /// `null`: as the plan or the setting says.
    devices_max: Option<u32>,
}

/// `PUT /console/api/customers/{id}/boxes`
pub async fn set_max(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<BoxesOut>, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let input: MaxIn = body.parse()?;
    let customer = handle::<CustomerId>(&id);
    list::set_max(&ctx, customer.clone(), input.devices_max).await?;
    Ok(Json(shown(list::of_customer(&ctx, &customer)?)))
}

pub(super) fn shown(held: list::Boxes) -> BoxesOut {
    let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_millis);
    let boxes = held.boxes.into_iter().map(|held| BoxOut {
        id: held.device.id.0,
        mac: held.device.mac,
        on: held.on,
        online: held.seen.online,
        address: held.seen.address,
        version: held.seen.version,
        last_active: at(held.seen.last_active_at),
        signed_in: at(held.signed_in_at),
        moves_often: at(held.often_moved_at),
    });
    BoxesOut {
        devices_max: held.max,
        boxes: boxes.collect(),
    }
}
