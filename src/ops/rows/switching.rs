//! Boxes of billing scripts switched off and on: one box where its MAC was named, else all that the
//! customer has.
//!
//! The only device of a customer stands for the customer: scripts know one row for both, whatever
//! resource they ask, also where it was switched off while it had sisters. A box that has sisters
//! is switched by itself.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::customers::device::{Device, DeviceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::values::id::DeviceId;
use crate::ops::OpError;
use crate::ops::customers::devices;
use crate::ops::rows::find::{By, Row, boxes_of};
use crate::store::{Owned as _, Tx};

/// Switches the devices of one customer's rows. Answers what is to become of the customer.
pub(in crate::ops) fn switch(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    by: By,
    rows: &[&Row],
    input: Option<bool>,
) -> Result<Option<bool>, OpError> {
    let (Some(on), Some(first)) = (input, rows.first()) else {
        return Ok(input);
    };
    let customer: Customer = crate::ops::get(tx, first.customer.id)?;
    if !matches!(by, By::Box | By::Told) {
        if on && let [only] = boxes_of(tx, customer.id)?.as_slice() {
            devices::switch(ctx, tx, only, DeviceStatus::Active)?;
        }
        return Ok(input);
    }
    let named: BTreeSet<DeviceId> = rows
        .iter()
        .filter_map(|row| row.device.as_ref())
        .map(|device| device.id)
        .collect();
    let held = tx.devices_of(customer.id)?;
    let alone = held.iter().all(|device| named.contains(&device.id)) && held.len() <= 1;
    let of_boxes = !alone && rows.iter().all(|row| row.by_mac);
    let (meant, sisters): (Vec<Device>, Vec<Device>) = held
        .into_iter()
        .partition(|device| named.contains(&device.id));
    if on {
        if of_boxes && customer.status == CustomerStatus::Inactive {
            // They were off with the customer, and stay off when it is on for one box.
            switch_off(ctx, tx, &sisters)?;
        }
        for device in &meant {
            devices::switch(ctx, tx, device, DeviceStatus::Active)?;
        }
        return Ok(input);
    }
    if !of_boxes {
        return Ok(input);
    }
    switch_off(ctx, tx, &meant)?;
    Ok(None)
}

/// Whoever is off for another reason, in the stock or broken, stays off for that one.
fn switch_off(ctx: &Ctx, tx: &mut Tx<'_>, boxes: &[Device]) -> Result<(), OpError> {
    for device in boxes {
        if device.status == DeviceStatus::Active {
            devices::switch(ctx, tx, device, DeviceStatus::Inactive)?;
        }
    }
    Ok(())
}
