//! What a customer chose beside the plan: optional packages, single channels, and what an outside
//! billing gave.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::billing::order::{Order, follow};
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::Customer;
use crate::domain::customers::service::{Grant, Origin, Service};
use crate::domain::event::Change;
use crate::domain::values::id::{ChannelId, CustomerId, ServiceSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::services::give::make_room;
use crate::ops::services::plan::present;
use crate::store::{Owned as _, Read, Tx};

/// Brings the services for optional packages in step with what the customer chose and what the
/// present plan offers. Answers what changed.
pub(in crate::ops) fn sync_chosen(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
) -> Result<Vec<Change>, OpError> {
    let order = present(tx, customer, ctx.now)?;
    let plan = match &order {
        Some(order) => tx.get::<ProductSpec>(&order.product)?,
        None => None,
    };
    let chosen = customer.box_profile.chosen_packages.iter().copied();
    let mut wanted: BTreeSet<ServiceSpecId> = match &plan {
        Some(plan) => chosen
            .filter(|spec| plan.optional_service_specs.contains(spec))
            .collect(),
        None => BTreeSet::new(),
    };
    let mut changes = Vec::new();
    for before in tx.services_of(customer.id)? {
        let (Origin::Addon(id), Grant::Spec(spec)) = (before.origin, before.grant) else {
            continue;
        };
        if before.status == ServiceStatus::Deleted {
            continue;
        }
        if order.as_ref().is_some_and(|order| order.id == id) && wanted.remove(&spec) {
            continue;
        }
        let mut after = before.clone();
        after.set_status(ServiceStatus::Deleted, ctx.now);
        tx.put(&after)?;
        changes.push(noted("unsubscribed", &spec.0.to_string()));
    }
    if let Some(order) = order {
        for spec in wanted {
            let spec = tx.get::<ServiceSpec>(&spec)?;
            if let Some(spec) = spec.filter(|spec| spec.status != ServiceStatus::Deleted) {
                let service = addon(ctx, tx, customer, &order, &spec)?;
                tx.put(&service)?;
                let name = spec.external_id.as_deref().unwrap_or_default();
                changes.push(noted("subscribed", name));
            }
        }
    }
    Ok(changes)
}

fn addon(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    order: &Order,
    spec: &ServiceSpec,
) -> Result<Service, OpError> {
    make_room(ctx, tx, customer.id, 1)?;
    let origin = Origin::Addon(order.id);
    let mut service = Service::of_spec(tx.next_id()?, customer.id, spec, origin, ctx.now);
    service.expires_at = order.services_expire_at();
    follow(&mut service, order, ctx.now);
    Ok(service)
}

/// Brings the services for single channels in step with a list. Answers what changed.
pub(in crate::ops) fn sync_channels(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    mut wanted: BTreeSet<ChannelId>,
) -> Result<Vec<Change>, OpError> {
    let mut changes = Vec::new();
    for mut service in tx.services_of(customer)? {
        let Grant::Channel(channel) = service.grant else {
            continue;
        };
        if service.status == ServiceStatus::Deleted || wanted.remove(&channel) {
            continue;
        }
        service.set_status(ServiceStatus::Deleted, ctx.now);
        tx.put(&service)?;
        changes.push(noted("sub_ch removed", &channel.0.to_string()));
    }
    // Once for all of them: it may read every service that the customer ever had.
    make_room(ctx, tx, customer, wanted.len())?;
    for channel in wanted {
        let id = tx.next_id()?;
        tx.put(&Service::of_channel(id, customer, channel, ctx.now))?;
        changes.push(noted("sub_ch", &channel.0.to_string()));
    }
    Ok(changes)
}

/// Packages that an outside billing gave the customer and that run.
pub(in crate::ops) fn given(
    read: &impl Read,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Vec<ServiceSpecId>, OpError> {
    let held = read.services_of(customer)?;
    let given = held.iter().filter_map(|service| match service.grant {
        Grant::Spec(spec) if service.origin == Origin::Direct => {
            (service.status_at(now) == ServiceStatus::Active).then_some(spec)
        }
        _ => None,
    });
    Ok(given.collect())
}

/// Takes away what an outside billing gave, of these packages.
pub(in crate::ops) fn take_given(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    specs: &BTreeSet<ServiceSpecId>,
) -> Result<(), OpError> {
    for before in tx.services_of(customer)? {
        let gone = match before.grant {
            Grant::Spec(spec) => before.origin == Origin::Direct && specs.contains(&spec),
            Grant::Channel(_) => false,
        };
        if gone && before.status != ServiceStatus::Deleted {
            let mut after = before.clone();
            after.set_status(ServiceStatus::Deleted, ctx.now);
            crate::ops::change(ctx, tx, "service.remove", &before, &after)?;
        }
    }
    Ok(())
}

/// Single channels that the customer holds.
pub fn channels_of(read: &impl Read, customer: CustomerId) -> Result<Vec<ChannelId>, OpError> {
    let held = read.services_of(customer)?;
    let channel = |service: &Service| match service.grant {
        Grant::Channel(channel) if service.status != ServiceStatus::Deleted => Some(channel),
        _ => None,
    };
    Ok(held.iter().filter_map(channel).collect())
}

/// The order of a service that was taken away one by one is no longer to bring it back.
pub(in crate::ops) fn unchoose(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    service: &Service,
) -> Result<(), OpError> {
    let mut after = customer.clone();
    let profile = &mut after.box_profile;
    match (service.origin, service.grant) {
        (Origin::Addon(_), Grant::Spec(spec)) => profile.chosen_packages.retain(|s| *s != spec),
        (Origin::Item, Grant::Channel(channel)) => {
            if let Some(list) = &mut profile.single_channels {
                list.retain(|written| written.parse() != Ok(channel.0));
            }
        }
        _ => return Ok(()),
    }
    if after != *customer {
        crate::ops::change(ctx, tx, "customer.unchoose", customer, &after)?;
    }
    Ok(())
}

fn noted(field: &str, after: &str) -> Change {
    Change {
        field: field.to_owned(),
        before: String::new(),
        after: after.to_owned(),
    }
}
