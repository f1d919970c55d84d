//! Boxes hear of every change to what they show: they are cut off and come back with their customer
//! or by themselves, and load their channels again when other ones may be watched.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::Ctx;
use crate::domain::boxes::event::{BoxEvent, BoxEventKind};
use crate::domain::catalogue::content::Channel;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::service::Service;
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::effect::Moved;
use crate::domain::values::id::{CustomerId, DeviceId};
use crate::domain::values::time::Timestamp;
use crate::ops::boxes::{self, events};
use crate::ops::written::{Extent, Written, by_number};
use crate::ops::{OpError, get};
use crate::store::{Owned as _, Read as _, Table, Tx};

pub(super) fn follow(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    written: &Written,
    extent: Extent,
) -> Result<(), OpError> {
    let customers = written.moved::<Customer>(tx)?;
    switch(ctx, tx, &customers, &written.moved(tx)?)?;
    load_again(ctx, tx, written, extent)?;
    if extent == Extent::Whole && hides_or_shows_channels(tx, written)? {
        events::queue_for_all(ctx, tx, BoxEventKind::UpdateSubscription)?;
    }
    Ok(())
}

/// What was said to everybody counts by the reseller that a customer had then: noted also while the
/// portal is switched off, for it may be switched on again.
pub(super) fn change_resellers(ctx: &Ctx, tx: &mut Tx<'_>) -> Result<(), OpError> {
    let written = Written::of(tx, |table| table == Table::Customers);
    for row in written.rows().iter().filter(|row| !row.is_new()) {
        let after = match by_number(&row.key) {
            Some(id) => tx.get::<Customer>(&id)?,
            None => None,
        };
        let before: Option<Customer> = row.before()?;
        if let (Some(before), Some(after)) = (before, after)
            && before.reseller != after.reseller
        {
            boxes::change_reseller(ctx, tx, &before)?;
        }
    }
    Ok(())
}

/// Cuts boxes off that were served and are no longer, and tells those that are served again. A box
/// is served if it and its customer are switched on.
fn switch(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customers: &[Moved<Customer>],
    devices: &[Moved<Device>],
) -> Result<(), OpError> {
    let before: BTreeMap<CustomerId, &Customer> = customers
        .iter()
        .filter_map(|customer| Some((customer.after.id, customer.before.as_ref()?)))
        .collect();
    let was: BTreeMap<DeviceId, &Device> = devices
        .iter()
        .filter_map(|device| Some((device.after.id, device.before.as_ref()?)))
        .collect();
    let mut concerned: BTreeSet<CustomerId> = was.values().map(|device| device.customer).collect();
    for customer in customers {
        let switched = |before: &Customer| is_on(before) != is_on(&customer.after);
        if customer.before.as_ref().is_some_and(switched) {
            concerned.insert(customer.after.id);
        }
    }
    let made = made(devices);
    for id in concerned {
        let customer: Customer = get(tx, id)?;
        let customer_was_on = is_on(before.get(&id).copied().unwrap_or(&customer));
        for device in set_top_boxes(tx, id)? {
            // A new one has shown nothing yet.
            if made.contains(&device.id) {
                continue;
            }
            let held = was.get(&device.id).copied().unwrap_or(&device);
            let was_served = customer_was_on && held.status == DeviceStatus::Active;
            let is_served = is_on(&customer) && device.status == DeviceStatus::Active;
            let kind = match (was_served, is_served) {
                (true, false) => BoxEventKind::CutOff,
                (false, true) => BoxEventKind::CutOn,
                _ => continue,
            };
            events::queue(ctx, tx, device.id, events::notice(ctx, kind))?;
        }
    }
    Ok(())
}

/// Boxes that the command added.
fn made(devices: &[Moved<Device>]) -> BTreeSet<DeviceId> {
    let new = devices.iter().filter(|device| device.before.is_none());
    new.map(|device| device.after.id).collect()
}

fn is_on(customer: &Customer) -> bool {
    customer.status == CustomerStatus::Active
}

fn set_top_boxes(tx: &Tx<'_>, customer: CustomerId) -> Result<Vec<Device>, OpError> {
    let mut devices = tx.devices_of(customer)?;
    devices.retain(|device| device.kind == DeviceKind::Stb);
    Ok(devices)
}

/// Has the boxes of customers who may watch something else load their channels again, except those
/// that were told in the same commit to start anew because of it, and new ones: they have loaded
/// nothing yet.
fn load_again(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    written: &Written,
    extent: Extent,
) -> Result<(), OpError> {
    let services = written.moved::<Service>(tx)?;
    let by_clock = (extent == Extent::Whole).then_some(ctx.now);
    let concerned: BTreeSet<CustomerId> = services
        .iter()
        .filter(|service| changes_rights(service, by_clock))
        .map(|service| service.after.customer)
        .collect();
    if concerned.is_empty() {
        return Ok(());
    }
    let devices = written.moved::<Device>(tx)?;
    let told = written.moved::<BoxEvent>(tx)?;
    let mut left_out = made(&devices);
    left_out.extend(
        told.iter()
            .filter(|event| event.before.is_none() && events::follows_a_choice(&event.after.notice))
            .map(|event| event.after.device),
    );
    let update = events::notice(ctx, BoxEventKind::UpdateSubscription);
    for customer in concerned {
        for device in set_top_boxes(tx, customer)? {
            if !left_out.contains(&device.id) {
                events::queue(ctx, tx, device.id, update.clone())?;
            }
        }
    }
    Ok(())
}

/// Whether a service runs that did not, or the other way round: by what stands in it, which the
/// last command wrote, or by the clock, which may have ended it since. Not by the clock in a
/// billing run: what it renews ended a moment ago, and no box has seen that.
fn changes_rights(service: &Moved<Service>, by_clock: Option<Timestamp>) -> bool {
    let active = ServiceStatus::Active;
    let stands = |service: &Service| service.status == active;
    let before = service.before.as_ref();
    let runs = |now: Timestamp| {
        let runs = |service: &Service| service.status_at(now) == active;
        before.is_some_and(runs) != runs(&service.after)
    };
    before.is_some_and(stands) != stands(&service.after) || by_clock.is_some_and(runs)
}

/// Whether channels were hidden, shown again or removed.
fn hides_or_shows_channels(tx: &Tx<'_>, written: &Written) -> Result<bool, OpError> {
    for row in written.of_table(Table::Channels) {
        let before: Option<Channel> = row.before()?;
        let after = match by_number(&row.key) {
            Some(id) => tx.get::<Channel>(&id)?,
            None => None,
        };
        let shown = |channel: Option<&Channel>| channel.is_some_and(|channel| !channel.hidden);
        if before.is_some() && shown(before.as_ref()) != shown(after.as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::id::{ChannelId, ServiceId};

    #[test]
    fn a_service_that_a_run_renews_changes_nothing_for_boxes() {
        let at = |micros| Timestamp::from_micros(micros).expect("an instant");
        let until = |end| Service {
            expires_at: Some(at(end)),
            ..Service::of_channel(ServiceId(1), CustomerId(1), ChannelId(1), at(1))
        };
        // It ended a moment before the run came to it.
        let renewed = Moved {
            before: Some(until(1_000)),
            after: until(9_000),
        };
        assert!(!changes_rights(&renewed, None));
        assert!(changes_rights(&renewed, Some(at(1_001))));
        assert!(!changes_rights(&renewed, Some(at(999))));
        let begun = Moved {
            before: None,
            after: until(9_000),
        };
        assert!(changes_rights(&begun, None));
    }
}
