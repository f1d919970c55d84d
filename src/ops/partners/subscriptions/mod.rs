//! Partners are told about subscriptions that come with our products (marketone 5.2, 5.3), and say
//! how these stand. What a customer should have follows from their orders; it is kept, and what has
//! to be told with it, in the commit that changed the orders.

mod send;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::partners::Partner;
use crate::domain::partners::subscription::{
    CallAction, PartnerCall, PartnerSubscription, SubscriptionChange, TargetSubscription, changes,
    number_of, registration_of,
};
use crate::domain::staff::Permission;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{CustomerId, PartnerId};
use crate::ops::{Named, OpError};
use crate::store::key::{in_state, owned_by, trailing_number};
use crate::store::{Owned as _, Read, Span, Table, Tx};

pub(in crate::ops) use crate::ops::partners::subscriptions::send::{due, sweep, work};

impl Named for PartnerSubscription {
    const KIND: &'static str = "partner subscription";
    const FOREIGN: Option<Table> = None;
}

/// Brings what these customers have at partners in step with their orders.
pub(in crate::ops) fn bring_in_step(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customers: &BTreeSet<CustomerId>,
) -> Result<(), OpError> {
    if customers.is_empty() {
        return Ok(());
    }
    // Also those that are off or have no address now:
    // what ends meanwhile has to be told when they are back.
    let partners: Vec<Partner> = tx.all()?;
    for id in customers {
        let index = Table::PartnerSubscriptionsByCustomer;
        let held: Vec<PartnerSubscription> = tx.listed(index, &owned_by(*id))?;
        let has = |partner: &Partner| held.iter().any(|held| held.partner == partner.id);
        let concerned = |partner: &&Partner| partner.comes_with_ours() || has(partner);
        let concerned: Vec<&Partner> = partners.iter().filter(concerned).collect();
        if concerned.is_empty() {
            continue;
        }
        let Some(customer) = tx.get::<Customer>(id)? else {
            continue;
        };
        let orders = tx.orders_of(*id)?;
        for partner in concerned {
            let own = held.iter().filter(|held| held.partner == partner.id);
            let own: Vec<PartnerSubscription> = own.cloned().collect();
            for change in changes(partner, customer.is_deleted(), &orders, &own, ctx.now) {
                take(ctx, tx, partner, &customer, change)?;
            }
        }
    }
    Ok(())
}

fn take(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    change: SubscriptionChange,
) -> Result<(), OpError> {
    match change {
        // Nobody was ever to be told: nothing is gathered for later.
        SubscriptionChange::Add(_) if partner.callback.is_none() => Ok(()),
        SubscriptionChange::Add(target) => {
            let held = PartnerSubscription {
                id: tx.next_id()?,
                partner: partner.id,
                customer: customer.id,
                product: target.product.clone(),
                there: None,
                registration_status: String::new(),
                services_status: String::new(),
                started_at: ctx.now,
                ended_at: None,
            };
            crate::ops::create(ctx, tx, "partner_subscription.add", &held)?;
            queue(ctx, tx, &held, customer, CallAction::Add, Some(target))
        }
        SubscriptionChange::Update(before, target) => {
            let mut after = before.clone();
            after.product.clone_from(&target.product);
            crate::ops::change(ctx, tx, "partner_subscription.update", &before, &after)?;
            queue(ctx, tx, &after, customer, CallAction::Update, Some(target))
        }
        SubscriptionChange::Delete(before, ended_at) => {
            let mut after = before.clone();
            after.ended_at = Some(ended_at);
            crate::ops::change(ctx, tx, "partner_subscription.end", &before, &after)?;
            queue(ctx, tx, &after, customer, CallAction::Delete, None)
        }
    }
}

/// Notes what the partner has to be told: at once, or after what waits about the same subscription.
fn queue(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &PartnerSubscription,
    customer: &Customer,
    action: CallAction,
    target: Option<TargetSubscription>,
) -> Result<(), OpError> {
    let index = Table::PartnerCallsBySubscription;
    let is_first = tx.count_up_to(index, &owned_by(held.id), 1)? == 0;
    let (start_at, end_at) = match target {
        Some(target) => (Some(target.start_at), target.end_at),
        None => (None, held.ended_at.or(Some(ctx.now))),
    };
    let call = PartnerCall {
        id: tx.next_id()?,
        name: ctx.app.entropy.bytes()?,
        partner: held.partner,
        subscription: held.id,
        action,
        product: held.product.clone(),
        registration: registration_of(customer),
        start_at,
        end_at,
        state: DeliveryState::Waiting,
        attempts: 0,
        created_at: ctx.now,
        due_at: is_first.then_some(ctx.now),
        ended_at: None,
        status: 0,
        problem: String::new(),
    };
    tx.put(&call)?;
    Ok(())
}

/// What a partner says of a subscription; `None`: it has none of that id.
pub async fn set_status(
    ctx: &Ctx,
    partner: PartnerId,
    name: &str,
    status: String,
) -> Result<Option<PartnerSubscription>, OpError> {
    let Some(id) = number_of(name) else {
        return Ok(None);
    };
    ctx.write(move |ctx, tx| {
        let held = tx.get::<PartnerSubscription>(&id)?;
        let Some(before) = held.filter(|held| held.partner == partner) else {
            return Ok(None);
        };
        let mut after = before.clone();
        after.services_status = status;
        if after != before {
            crate::ops::change(ctx, tx, "partner_subscription.status", &before, &after)?;
        }
        Ok(Some(after))
    })
    .await
}

/// What a partner was, is to be and could not be told, newest first; with a state only that.
pub fn calls(
    ctx: &Ctx,
    key: &str,
    state: Option<DeliveryState>,
    limit: usize,
) -> Result<Vec<(PartnerCall, PartnerSubscription)>, OpError> {
    ctx.require(Permission::StaffManage)?;
    let snapshot = ctx.snapshot()?;
    let partner = snapshot.get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?;
    let partner = partner.ok_or_else(|| OpError::Missing {
        kind: Partner::KIND,
        key: key.chars().take(64).collect(),
    })?;
    let mut numbers = Vec::new();
    for wanted in DeliveryState::ALL {
        if state.is_some_and(|state| state != wanted) {
            continue;
        }
        let front = in_state(partner.id, wanted);
        let (span, mut left) = (Span::under(&front).descending(), limit);
        snapshot.raw_scan(Table::PartnerCallsByPartner, &span, &mut |key, _| {
            if left == 0 {
                return Ok(ControlFlow::Break(()));
            }
            left = left.saturating_sub(1);
            numbers.extend(trailing_number(key));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    numbers.truncate(limit);
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let id = crate::domain::values::id::PartnerCallId(number);
        if let Some(call) = snapshot.get::<PartnerCall>(&id)? {
            let held = crate::ops::get(&snapshot, call.subscription)?;
            found.push((call, held));
        }
    }
    Ok(found)
}
