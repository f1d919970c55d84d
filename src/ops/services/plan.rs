//! The customer's plan: the order that shows as tariff plan, the optional packages chosen on it,
//! and single channels beside it. Shared by everything that sets them.
//!
//! Rules: `domain` notes, "the tariff plan is an order".

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::{Order, OrderStatus, follow};
use crate::domain::catalogue::kinds::{Billing, ServiceStatus};
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::Customer;
use crate::domain::customers::service::{Grant, Origin, Service};
use crate::domain::event::Change;
use crate::domain::staff::Permission;
use crate::domain::values::contact::fold;
use crate::domain::values::id::{ChannelId, CustomerId, ProductSpecId, ServiceSpecId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::orders::OrderChange;
use crate::ops::{OpError, orders, services};
use crate::store::{Read, Table, Tx, balance_minor, has_account};

/// The plan of customers that have none of their own.
pub fn default_plan(read: &impl Read) -> Result<Option<ProductSpec>, OpError> {
    let products: Vec<ProductSpec> = read.all()?;
    Ok(products
        .into_iter()
        .find(|product| product.user_default && product.removed_at.is_none()))
}

/// The plan by the operator's own key for it, upper and lower case being one where only one fits
/// (stalker-rest-v1 §1.6).
pub fn named(read: &impl Read, external_id: &str) -> Result<Option<ProductSpec>, OpError> {
    let index = Table::ProductSpecsByExternal;
    let exact = read.get_by::<ProductSpec>(index, external_id.as_bytes())?;
    if let Some(plan) = exact.filter(|plan| plan.removed_at.is_none()) {
        return Ok(Some(plan));
    }
    let mut others: Vec<ProductSpec> = read.all()?;
    let key = fold(external_id);
    let fits = |held: &Option<String>| held.as_deref().is_some_and(|held| fold(held) == key);
    others.retain(|plan| plan.removed_at.is_none() && fits(&plan.external_id));
    Ok(others
        .pop()
        .filter(|_| others.is_empty() && !key.is_empty()))
}

/// The package by the operator's own key for it, likewise.
pub(in crate::ops) fn package_named(
    read: &impl Read,
    external_id: &str,
) -> Result<Option<ServiceSpecId>, OpError> {
    let index = Table::ServiceSpecsByExternal;
    if let Some(id) = read.find::<ServiceSpecId>(index, external_id.as_bytes())? {
        return Ok(Some(id));
    }
    let mut others: Vec<ServiceSpec> = read.all()?;
    let key = fold(external_id);
    let fits = |held: &Option<String>| held.as_deref().is_some_and(|held| fold(held) == key);
    others.retain(|spec| spec.status != ServiceStatus::Deleted && fits(&spec.external_id));
    let one = others
        .pop()
        .filter(|_| others.is_empty() && !key.is_empty());
    Ok(one.map(|spec| spec.id))
}

/// The order that is the customer's plan, while it runs or stands still.
pub fn present(
    read: &impl Read,
    customer: &Customer,
    now: Timestamp,
) -> Result<Option<Order>, OpError> {
    let Some(id) = customer.primary_order else {
        return Ok(None);
    };
    let order: Order = crate::ops::get(read, id)?;
    Ok(Some(order).filter(|order| order.runs_at(now) || order.stands_still()))
}

/// What is on the customer's account, where this box bills the plan.
pub fn balance(
    ctx: &Ctx,
    read: &impl Read,
    customer: &Customer,
    plan: Option<&Order>,
) -> Result<Option<Amount>, OpError> {
    let bills = |order: &Order| order.offer.is_some() && order.billing != Billing::External;
    let currency = ctx.app.company().currency;
    let account = Account::Customer(customer.id);
    if !plan.is_some_and(bills) && !has_account(read, &account, currency)? {
        return Ok(None);
    }
    let minor = balance_minor(read, &account, currency)?;
    Ok(Some(Amount { minor, currency }))
}

/// Gives the customer a plan that is billed elsewhere, in place of the present one, which ends at
/// once. `None`: back to the plan of those who have none. Answers the customer as it is now.
pub(in crate::ops) fn set(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    plan: Option<&ProductSpec>,
    expires_at: Option<Timestamp>,
) -> Result<Customer, OpError> {
    let before: Customer = crate::ops::get(tx, customer)?;
    if let Some(order) = present(tx, &before, ctx.now)? {
        end(ctx, tx, &order)?;
    }
    if let Some(plan) = plan {
        open(ctx, tx, customer, plan, expires_at)?;
    }
    crate::ops::get(tx, customer)
}

/// Ends an order at once: canceled, its services with it.
fn end(ctx: &Ctx, tx: &mut Tx<'_>, before: &Order) -> Result<(), OpError> {
    let mut after = before.clone();
    after.set_status(OrderStatus::Canceled, &ctx.app.company().zone, ctx.now);
    after.expires_at = Some(ctx.now);
    after.next_cycle_at = None;
    after.updated_at = ctx.now;
    crate::ops::change(ctx, tx, "order.end", before, &after)?;
    let id = after.id;
    let mut books = Books::new(ctx, tx);
    books.put_order(before, after, ctx.now)?;
    books.lift(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

/// Opens the order of a plan that is billed elsewhere and makes it the customer's.
pub(in crate::ops) fn open(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    plan: &ProductSpec,
    expires_at: Option<Timestamp>,
) -> Result<Order, OpError> {
    let order = orders::open_plan(ctx, tx, customer, plan.id, expires_at)?;
    crate::ops::create(ctx, tx, "order.plan", &order)?;
    orders::make_services(ctx, tx, &order, plan)?;
    let before: Customer = crate::ops::get(tx, customer)?;
    let after = Customer {
        primary_order: Some(order.id),
        ..before.clone()
    };
    crate::ops::change(ctx, tx, "customer.plan", &before, &after)?;
    sync_chosen(ctx, tx, &after)?;
    let mut books = Books::new(ctx, tx);
    books.lift(order.id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(order)
}

/// The customer's plan as an order: one who had none gets the default plan, without end.
pub(in crate::ops) fn own(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
) -> Result<Option<Order>, OpError> {
    if let Some(order) = present(tx, customer, ctx.now)? {
        return Ok(Some(order));
    }
    match default_plan(tx)? {
        Some(plan) => open(ctx, tx, customer.id, &plan, None).map(Some),
        None => Ok(None),
    }
}

/// When the plan ends, and what takes its place then.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanEnd {
    pub expires_at: Option<Option<Timestamp>>,
    pub fallback: Option<Option<ProductSpecId>>,
}

/// Sets the end of the customer's plan and what follows it.
pub(in crate::ops) fn set_end(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    order: &Order,
    end: PlanEnd,
) -> Result<(), OpError> {
    // Ends are shown in seconds: one that comes back as it was shown is the one that is held.
    let second = |at: Option<Timestamp>| at.map(Timestamp::seconds);
    let expires_at = end
        .expires_at
        .filter(|at| second(*at) != second(order.expires_at));
    let same_fallback = end
        .fallback
        .is_none_or(|plan| plan == order.fallback_product);
    if expires_at.is_none() && same_fallback {
        return Ok(());
    }
    // As any end that is set from outside: where we bill, time that is given away is not billed.
    let wish = OrderChange {
        expires_at,
        ..OrderChange::default()
    };
    let mut after = orders::changed(ctx, order, &wish)?;
    // What this box bills is the operator's: a reseller's script may say when others' bills end.
    let gives = after.billing != Billing::External && giving::beyond_paid(order, order, &after);
    if gives && (ctx.actor.reseller().is_some() || !ctx.actor.may(Permission::TimeGive)) {
        return Err(OpError::Denied(Permission::TimeGive));
    }
    after.fallback_product = end.fallback.unwrap_or(after.fallback_product);
    crate::ops::change(ctx, tx, "order.update", order, &after)?;
    let id = after.id;
    let mut books = Books::new(ctx, tx);
    books.put_order(order, after, ctx.now)?;
    books.catch_up(id, ctx.now)?;
    books.lift(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

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
    for before in services::of_customer(tx, customer.id)? {
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
    services::make_room(ctx, tx, customer.id, 1)?;
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
    for mut service in services::of_customer(tx, customer)? {
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
    services::make_room(ctx, tx, customer, wanted.len())?;
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
    let held = services::of_customer(read, customer)?;
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
    for before in services::of_customer(tx, customer)? {
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
    let held = services::of_customer(read, customer)?;
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
