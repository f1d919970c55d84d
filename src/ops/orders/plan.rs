//! The plan of a customer set, ended and dated from outside, as billing scripts do.

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::billing::order::Order;
use crate::domain::billing::order_change::OrderChange;
use crate::domain::catalogue::ProductSpec;
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, ProductSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::services::begin_plan;
use crate::ops::services::plan::{default_plan, present};
use crate::store::Tx;

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
    books.lift_suspension(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

/// Opens a plan and brings the customer's status in step with it.
fn open(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    plan: &ProductSpec,
    expires_at: Option<Timestamp>,
) -> Result<Order, OpError> {
    let order = begin_plan::open(ctx, tx, customer, plan, expires_at)?;
    let mut books = Books::new(ctx, tx);
    books.lift_suspension(order.id, ctx.now)?;
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
    let input = OrderChange {
        expires_at,
        ..OrderChange::default()
    };
    let mut after = order.amended(&input, &ctx.app.company().zone, ctx.now)?;
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
    books.lift_suspension(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}
