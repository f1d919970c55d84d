//! An order begins: its services are made, and a plan that is billed elsewhere becomes the
//! customer's.
//!
//! Must not know the books: whoever opens a plan brings the customer's status in step.

use crate::app::Ctx;
use crate::domain::billing::order::{Order, service_status};
use crate::domain::catalogue::ProductSpec;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::Customer;
use crate::domain::customers::service::Origin;
use crate::domain::values::id::{CustomerId, ProductSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::services::choices::sync_chosen;
use crate::ops::services::give::{give, make_room};
use crate::store::{Owned as _, Tx};

/// Gives an order that begins its services, whoever lets it begin; one that ever made some keeps
/// those, and one whose caller makes them gets none.
pub(in crate::ops) fn serve(ctx: &Ctx, tx: &mut Tx<'_>, order: &Order) -> Result<(), OpError> {
    let held = tx.services_of(order.customer)?;
    let made = held
        .iter()
        .any(|service| service.origin == Origin::Order(order.id));
    if made || order.served_by_caller {
        return Ok(());
    }
    let product: ProductSpec = crate::ops::get(tx, order.product)?;
    make_services(ctx, tx, order, &product)
}

pub(in crate::ops) fn make_services(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    order: &Order,
    product: &ProductSpec,
) -> Result<(), OpError> {
    let status = service_status(order).unwrap_or(ServiceStatus::Active);
    let made = give(
        ctx,
        tx,
        order.customer,
        &product.service_specs,
        Origin::Order(order.id),
        status,
        order.expires_at,
    )?;
    for service in made {
        crate::ops::create(ctx, tx, "service.add", &service)?;
    }
    Ok(())
}

/// A plan that takes the place of one that ended: billed elsewhere, for as many days as the product
/// says.
pub(in crate::ops) fn fall_back(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    product: ProductSpecId,
    at: Timestamp,
) -> Result<(), OpError> {
    let ctx = &Ctx {
        now: at,
        ..ctx.clone()
    };
    let product: ProductSpec = crate::ops::get(tx, product)?;
    make_room(ctx, tx, customer, product.service_specs.len())?;
    let zone = &ctx.app.company().zone;
    let expires_at = match product.days_to_expires {
        0 => None,
        days => zone.days_after(at, days),
    };
    open(ctx, tx, customer, &product, expires_at).map(|_| ())
}

/// Opens the order of a plan that is billed elsewhere and makes it the customer's.
pub(in crate::ops) fn open(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    plan: &ProductSpec,
    expires_at: Option<Timestamp>,
) -> Result<Order, OpError> {
    let order = Order::of_plan(tx.next_id()?, customer, plan.id, expires_at, ctx.now);
    crate::ops::create(ctx, tx, "order.plan", &order)?;
    make_services(ctx, tx, &order, plan)?;
    let before: Customer = crate::ops::get(tx, customer)?;
    let after = Customer {
        primary_order: Some(order.id),
        ..before.clone()
    };
    crate::ops::change(ctx, tx, "customer.plan", &before, &after)?;
    sync_chosen(ctx, tx, &after)?;
    Ok(order)
}
