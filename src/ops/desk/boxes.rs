//! A customer's boxes as staff changes them, and what boxes are told at once.

use crate::app::Ctx;
use crate::domain::boxes::event::{BoxEventKind, Notice};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, DeviceId};
use crate::ops::boxes::events::{notice, queue};
use crate::ops::customers::devices::{NewDevice, add_in, owned, remove_in};
use crate::ops::once::{self, Once};
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};
use crate::store::Owned as _;

/// What a box can be told from the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoxCommand {
    Message(String),
    ReloadPortal,
    ReloadChannels,
    Reboot,
    CutOff,
    CutOn,
}

impl BoxCommand {
    fn notice(&self, ctx: &Ctx) -> Notice {
        match self {
            Self::Message(text) => Notice {
                text: text.clone(),
                ..notice(ctx, BoxEventKind::Message)
            },
            Self::ReloadPortal => notice(ctx, BoxEventKind::ReloadPortal),
            Self::ReloadChannels => notice(ctx, BoxEventKind::UpdateSubscription),
            Self::Reboot => notice(ctx, BoxEventKind::Reboot),
            Self::CutOff => notice(ctx, BoxEventKind::CutOff),
            Self::CutOn => notice(ctx, BoxEventKind::CutOn),
        }
    }
}

/// Gives a box to a customer.
pub async fn add(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    mac: String,
    once: Option<Once>,
) -> Result<Device, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let customer = own_customer(ctx, tx, &customer)?;
        let input = NewDevice {
            id: None,
            kind: DeviceKind::Stb,
            status: DeviceStatus::Active,
            model: String::new(),
            platform: String::new(),
            brand: String::new(),
            serial: String::new(),
            mac,
            created_at: None,
        };
        add_in(ctx, tx, &customer, input)
    })
    .await
}

/// Takes a box from a customer.
pub async fn remove(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    device: Handle<DeviceId>,
    once: Option<Once>,
) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        if once::made_before(tx, once.as_ref())?.is_some() {
            return Ok(());
        }
        let customer = own_customer(ctx, tx, &customer)?;
        let before = owned(tx, &customer, &device)?;
        remove_in(ctx, tx, &before)?;
        once::note(ctx, tx, once, before.id.0)
    })
    .await
}

/// Tells one box of a customer, or all of them; answers how many.
pub async fn command(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    device: Option<Handle<DeviceId>>,
    command: BoxCommand,
    once: Option<Once>,
) -> Result<u64, OpError> {
    ctx.require(Permission::BoxesCommand)?;
    ctx.write(move |ctx, tx| {
        if let Some(told) = once::made_before(tx, once.as_ref())? {
            return Ok(told);
        }
        let customer = own_customer(ctx, tx, &customer)?;
        let mut devices = match &device {
            Some(device) => vec![owned(tx, &customer, device)?],
            None => tx.devices_of(customer.id)?,
        };
        // Only they ask what they are told.
        devices.retain(|device| device.kind == DeviceKind::Stb);
        let told = command.notice(ctx);
        for device in &devices {
            queue(ctx, tx, device.id, told.clone())?;
        }
        let count = u64::try_from(devices.len()).unwrap_or(u64::MAX);
        once::note(ctx, tx, once, count)?;
        Ok(count)
    })
    .await
}
