//! Customers' devices (alphaott 2.3).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::staff::Permission;
use crate::ops;
use crate::ops::customers::devices::NewDevice;
use crate::wire::kit::json::Body;

use super::error::Failure;
use super::fields::{BroughtId, Moment, Name, shown};
use super::ids;
use super::words::{DeviceStatusWord, DeviceTypeWord};
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::request::{Ids, Params, Staff};

/// Hardware or an app that plays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceOut {
    #[serde(rename = "_id")]
    #[schema(example = "4e8e8494-ef9f-4bc1-9c65-31ef1e372f05")]
    id: String,
    r#type: DeviceTypeWord,
    model: String,
    platform: String,
    brand: String,
    serial: String,
    mac: String,
    #[schema(format = DateTime)]
    created: String,
    status: DeviceStatusWord,
}

impl From<&Device> for DeviceOut {
    fn from(device: &Device) -> Self {
        Self {
            id: ids::show_device(device.foreign_id.as_ref(), device.id),
            r#type: device.kind.into(),
            model: device.model.clone(),
            platform: device.platform.clone(),
            brand: device.brand.clone(),
            serial: device.serial.clone(),
            mac: device.mac.clone(),
            created: shown(device.created_at),
            status: device.status.into(),
        }
    }
}

/// A device as a caller describes it. Nothing is required. A MAC is any text (alphaott 1.3).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = DeviceInput)]
pub struct DeviceIn {
    #[serde(rename = "_id")]
    id: Option<BroughtId>,
    r#type: Option<DeviceTypeWord>,
    model: Option<Name>,
    platform: Option<Name>,
    brand: Option<Name>,
    serial: Option<Name>,
    mac: Option<Name>,
    created: Option<Moment>,
    status: Option<DeviceStatusWord>,
}

/// What may be changed on a device.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = DeviceUpdate)]
pub struct DeviceUpdateIn {
    status: Option<DeviceStatusWord>,
}

fn text(name: Option<Name>) -> String {
    name.unwrap_or_default().0
}

fn all(devices: &[Device]) -> Vec<DeviceOut> {
    devices.iter().map(DeviceOut::from).collect()
}

/// Get customer device list
#[utoipa::path(get, path = "/customers/{customerId}/devices", tag = "Devices",
    params(
        ("customerId" = String, Path),
        ("status" = Option<Vec<DeviceStatusWord>>, Query, description = "Any of these"),
    ),
    responses((status = 200, body = Vec<DeviceOut>), Refusals))]
pub async fn list(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<DeviceOut>>, Failure> {
    ctx.require(Permission::CustomersRead)?;
    params.only(&["status"])?;
    let wanted = params.words("status", DeviceStatusWord::parse, DeviceStatusWord::WORDS)?;
    let mut devices = ops::customers::devices::list(&ctx, &path.customer())?;
    devices.retain(|device| wanted.is_empty() || wanted.contains(&device.status.into()));
    Ok(Json(all(&devices)))
}

/// Add customer device
///
/// Answers all devices of the customer, the new one last. A device that was removed and is added
/// again under its `_id` is that device again.
#[utoipa::path(post, path = "/customers/{customerId}/devices", tag = "Devices",
    params(("customerId" = String, Path)), request_body = Option<DeviceIn>,
    responses((status = 201, body = Vec<DeviceOut>), Refusals))]
pub async fn add(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<(StatusCode, Json<Vec<DeviceOut>>), Failure> {
    ctx.require(Permission::CustomersWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: DeviceIn = body.parse_or_empty()?;
    let input = NewDevice {
        id: input.id.map(|id| ids::device_handle(&id.0)),
        kind: input.r#type.map_or(DeviceKind::Unknown, Into::into),
        status: input.status.map_or(DeviceStatus::Active, Into::into),
        model: text(input.model),
        platform: text(input.platform),
        brand: text(input.brand),
        serial: text(input.serial),
        mac: text(input.mac),
        created_at: input.created.map(|at| at.0),
    };
    let devices = ops::customers::devices::add(&ctx, path.customer(), input).await?;
    Ok((StatusCode::CREATED, Json(all(&devices))))
}

/// Get customer device by id
#[utoipa::path(get, path = "/customers/{customerId}/devices/{deviceId}", tag = "Devices",
    params(("customerId" = String, Path), ("deviceId" = String, Path)),
    responses((status = 200, body = DeviceOut), Refusals))]
pub async fn get(Staff(ctx): Staff, path: Ids) -> Result<Json<DeviceOut>, Failure> {
    let device =
        ops::customers::devices::get(&ctx, &path.customer(), &ids::device_handle(path.text(1)))?;
    Ok(Json(DeviceOut::from(&device)))
}

/// Update customer device
///
/// `status` is the only field that changes.
#[utoipa::path(put, path = "/customers/{customerId}/devices/{deviceId}", tag = "Devices",
    params(("customerId" = String, Path), ("deviceId" = String, Path)),
    request_body = Option<DeviceUpdateIn>,
    responses((status = 200, body = DeviceOut), Refusals))]
pub async fn update(Staff(ctx): Staff, path: Ids, body: Body) -> Result<Json<DeviceOut>, Failure> {
    ctx.require(Permission::CustomersWrite)?;
    let handle = ids::device_handle(path.text(1));
    ops::customers::devices::get(&ctx, &path.customer(), &handle)?;
    let input: DeviceUpdateIn = body.parse_or_empty()?;
    let status = input.status.map(Into::into);
    let device = ops::customers::devices::set_status(&ctx, path.customer(), handle, status).await?;
    Ok(Json(DeviceOut::from(&device)))
}

/// Remove customer device
#[utoipa::path(delete, path = "/customers/{customerId}/devices/{deviceId}", tag = "Devices",
    params(("customerId" = String, Path), ("deviceId" = String, Path)),
    responses((status = 204), Refusals))]
pub async fn remove(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    let handle = ids::device_handle(path.text(1));
    ops::customers::devices::remove(&ctx, path.customer(), handle).await?;
    Ok(StatusCode::NO_CONTENT)
}
