//! Customers' devices: added, listed, switched, removed.

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::customers::device::{
    DEVICES_PER_CUSTOMER_MAX, Device, DeviceKind, DeviceStatus, mac_fault,
};
use crate::domain::event::ActivityAction;
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Actor, Permission};
use crate::domain::values::id::{CustomerId, DeviceId};
use crate::domain::values::time::Timestamp;
use crate::ops::activity;
use crate::ops::{Handle, Named, OpError, boxes};
use crate::store::key::{owned_by, under_text};
use crate::store::{Owned as _, Read, Table, Tx};

impl Named for Device {
    const KIND: &'static str = "device";
    const FOREIGN: Option<Table> = Some(Table::DevicesByForeign);

    fn is_gone(&self) -> bool {
        self.removed_at.is_some()
    }
}

/// A device as a caller describes it.
#[derive(Debug, Clone)]
pub struct NewDevice {
    pub id: Option<Handle<DeviceId>>,
    pub kind: DeviceKind,
    pub status: DeviceStatus,
    pub model: String,
    pub platform: String,
    pub brand: String,
    pub serial: String,
    pub mac: String,
    pub created_at: Option<Timestamp>,
}

/// The customer's devices, oldest first.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Device>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = crate::ops::find(&snapshot, customer)?;
    Ok(snapshot.devices_of(customer.id)?)
}

pub fn get(
    ctx: &Ctx,
    customer: &Handle<CustomerId>,
    device: &Handle<DeviceId>,
) -> Result<Device, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = crate::ops::find(&snapshot, customer)?;
    owned(&snapshot, &customer, device)
}

/// Adds a device and answers all the customer has. An id that a client brings names its device for
/// ever: a removed device that is added again under it is that device again, whoever has it now.
pub async fn add(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    input: NewDevice,
) -> Result<Vec<Device>, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let device = add_in(ctx, tx, &customer, input)?;
        // The one just added stands last, also where it is an old one.
        let mut devices = tx.devices_of(customer.id)?;
        devices.retain(|other| other.id != device.id);
        devices.push(device);
        Ok(devices)
    })
    .await
}

/// Adds a device to a customer.
pub(in crate::ops) fn add_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    input: NewDevice,
) -> Result<Device, OpError> {
    room_for_one(tx, customer.id)?;
    let removed = match &input.id {
        Some(handle) => removed_device(tx, handle)?,
        None => None,
    };
    let (id, foreign_id) = match &removed {
        Some(device) => (device.id, device.foreign_id.clone()),
        None => {
            let foreign_id = crate::ops::free_id::<Device>(tx, input.id.as_ref())?;
            (tx.next_id()?, foreign_id)
        }
    };
    let device = Device {
        id,
        foreign_id,
        customer: customer.id,
        kind: input.kind,
        status: input.status,
        model: input.model,
        platform: input.platform,
        brand: input.brand,
        serial: input.serial,
        mac: input.mac,
        created_at: input.created_at.unwrap_or(ctx.now),
        removed_at: None,
        status_changed_at: None,
    };
    check_mac(&device)?;
    claim_mac(ctx, tx, &device)?;
    match &removed {
        Some(before) => crate::ops::change(ctx, tx, "device.add_again", before, &device)?,
        None => crate::ops::create(ctx, tx, "device.add", &device)?,
    }
    note(ctx, tx, &device, ActivityAction::DeviceAdded, Vec::new())?;
    Ok(device)
}

/// Refuses one more device than a customer may have.
fn room_for_one(read: &impl Read, customer: CustomerId) -> Result<(), OpError> {
    let max = DEVICES_PER_CUSTOMER_MAX;
    let held = read.count_up_to(Table::DevicesByCustomer, &owned_by(customer), max)?;
    if held >= max {
        return Err(Refusal::TooMany {
            what: "devices",
            max,
        }
        .into());
    }
    Ok(())
}

pub async fn set_status(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    device: Handle<DeviceId>,
    status: Option<DeviceStatus>,
) -> Result<Device, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let before = owned(tx, &customer, &device)?;
        match status {
            Some(status) => switch(ctx, tx, &before, status),
            None => Ok(before),
        }
    })
    .await
}

/// Moves a device to another status and tells the box.
pub(in crate::ops) fn switch(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Device,
    status: DeviceStatus,
) -> Result<Device, OpError> {
    let after = before.with_status(status, ctx.now);
    if after.status != before.status {
        crate::ops::change(ctx, tx, "device.update", before, &after)?;
        let details = vec![
            ("from".to_owned(), format!("{:?}", before.status)),
            ("to".to_owned(), format!("{:?}", after.status)),
        ];
        let action = ActivityAction::DeviceStatusChanged;
        note(ctx, tx, &after, action, details)?;
    }
    Ok(after)
}

pub async fn remove(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    device: Handle<DeviceId>,
) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let before = owned(tx, &customer, &device)?;
        remove_in(ctx, tx, &before)
    })
    .await
}

pub(in crate::ops) fn remove_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Device,
) -> Result<(), OpError> {
    let after = Device {
        removed_at: Some(ctx.now),
        ..before.clone()
    };
    crate::ops::change(ctx, tx, "device.remove", before, &after)?;
    boxes::forget(ctx, tx, before.id)?;
    note(ctx, tx, &after, ActivityAction::DeviceRemoved, Vec::new())
}

/// Takes a deleted customer's devices out of use, so that their MACs are free.
pub(in crate::ops) fn release_all(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
) -> Result<(), OpError> {
    for before in tx.devices_of(customer)? {
        let after = Device {
            removed_at: Some(ctx.now),
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "device.remove", &before, &after)?;
        boxes::forget(ctx, tx, before.id)?;
    }
    Ok(())
}

/// Refuses a device whose MAC address is none.
pub(in crate::ops) fn check_mac(device: &Device) -> Result<(), OpError> {
    match mac_fault(device.kind, &device.mac) {
        None => Ok(()),
        Some(problem) => Err(OpError::Document {
            path: "mac".to_owned(),
            problem,
        }),
    }
}

/// Refuses a box whose MAC another box has, be it the same customer's: one MAC is one box. One that
/// a viewer took by signing in gives way to staff and scripts, whose word counts. Those of other
/// kinds of device are not compared.
pub(in crate::ops) fn claim_mac(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    device: &Device,
) -> Result<(), OpError> {
    let Some(mac) = device.known_by().filter(|_| device.kind == DeviceKind::Stb) else {
        return Ok(());
    };
    for other in tx.listed::<Device>(Table::DevicesByMac, &under_text(&mac.to_string()))? {
        if other.id == device.id || other.kind != DeviceKind::Stb {
            continue;
        }
        let by_viewer = boxes::state(tx, other.id)?.signed_in_at.is_some();
        if !by_viewer || ctx.actor == Actor::Viewer {
            return Err(Refusal::MacTaken { mac }.into());
        }
        remove_in(ctx, tx, &other)?;
    }
    Ok(())
}

fn removed_device(read: &impl Read, handle: &Handle<DeviceId>) -> Result<Option<Device>, OpError> {
    let foreign = read.get_by::<Device>(Table::DevicesByForeign, handle.text.as_bytes())?;
    let device = match (foreign, &handle.number) {
        (Some(device), _) => Some(device),
        (None, Some(number)) => read.get::<Device>(number)?,
        (None, None) => None,
    };
    Ok(device.filter(|device| device.removed_at.is_some()))
}

pub(in crate::ops) fn owned(
    read: &impl Read,
    customer: &Customer,
    handle: &Handle<DeviceId>,
) -> Result<Device, OpError> {
    let device: Device = crate::ops::find(read, handle)?;
    if device.customer == customer.id {
        Ok(device)
    } else {
        Err(crate::ops::missing::<Device>(&handle.text))
    }
}

fn note(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    device: &Device,
    action: ActivityAction,
    details: Vec<(String, String)>,
) -> Result<(), OpError> {
    activity::record(ctx, tx, device.customer, Some(device), action, details)
}
