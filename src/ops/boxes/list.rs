//! A customer's boxes as staff sees them, and how many there may be.

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::customers::device::{
    DEVICES_PER_CUSTOMER_MAX, Device, DeviceKind, DeviceStatus,
};
use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::domain::values::time::Timestamp;
use crate::ops::boxes;
use crate::ops::boxes::LastSeen;
use crate::ops::own::own_customer;
use crate::ops::services::plan;
use crate::ops::{Handle, OpError};
use crate::store::{Owned as _, Read};

/// One box and what is known of it.
#[derive(Debug, Clone)]
pub struct HeldBox {
    pub device: Device,
    pub on: bool,
    pub seen: LastSeen,
    pub signed_in_at: Option<Timestamp>,
    pub often_moved_at: Option<Timestamp>,
}

/// All boxes of a customer, and on how many they may sign in.
#[derive(Debug, Clone)]
pub struct Boxes {
    pub max: usize,
    pub boxes: Vec<HeldBox>,
}

pub fn of_customer(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Boxes, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let customer = own_customer(ctx, &read, customer)?;
    let devices = read.devices_of(customer.id)?;
    held_by(ctx, &read, &customer, devices)
}

/// The same, of a customer whose devices were just read.
pub(in crate::ops) fn held_by(
    ctx: &Ctx,
    read: &impl Read,
    customer: &Customer,
    devices: Vec<Device>,
) -> Result<Boxes, OpError> {
    let mut boxes = Vec::new();
    for device in devices {
        if device.kind != DeviceKind::Stb {
            continue;
        }
        let state = boxes::state(read, device.id)?;
        let live = ctx.app.presence.get(device.id);
        let moved = live.and_then(|live| live.often_moved_at);
        boxes.push(HeldBox {
            on: device.status == DeviceStatus::Active,
            seen: boxes::last_seen(ctx, read, device.id)?,
            signed_in_at: state.signed_in_at,
            often_moved_at: state.often_moved_at.max(moved),
            device,
        });
    }
    Ok(Boxes {
        max: boxes_max(ctx, read, customer)?,
        boxes,
    })
}

/// Says on how many boxes a customer may sign in; `None`: as the plan or the setting says.
pub async fn set_max(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    max: Option<u32>,
) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    let most = u32::try_from(DEVICES_PER_CUSTOMER_MAX).unwrap_or(u32::MAX);
    if max.is_some_and(|max| max > most) {
        return Err(OpError::Document {
            path: "devices_max".to_owned(),
            problem: format!("must be from 0 to {most}, or null"),
        });
    }
    ctx.write(move |ctx, tx| {
        let before = own_customer(ctx, tx, &customer)?;
        let mut after = before.clone();
        after.box_profile.devices_max = max;
        if after == before {
            return Ok(());
        }
        after.updated_at = ctx.now;
        crate::ops::change(ctx, tx, "customer.update", &before, &after)
    })
    .await
}

/// How many boxes a customer may sign in on: their own number, else their plan's, else the setting.
pub fn boxes_max(ctx: &Ctx, read: &impl Read, customer: &Customer) -> Result<usize, OpError> {
    let own = customer.box_profile.devices_max;
    let of_plan = match own {
        Some(_) => None,
        None => {
            let order = plan::present(read, customer, ctx.now)?;
            plan::product(read, order.as_ref())?.and_then(|product| product.devices_max)
        }
    };
    let max = own
        .or(of_plan)
        .unwrap_or(ctx.app.config.stalker.devices_max);
    Ok(usize::try_from(max).unwrap_or(usize::MAX))
}
