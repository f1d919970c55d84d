//! What becomes of an order that runs: paused and resumed, changed for another, renewed before its
//! time, ended at once. Each is one commit with its money and its services.

use crate::app::Ctx;
use crate::domain::billing::order::{Order, PAUSES_MAX, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::customers::Customer;
use crate::domain::refusal::{MoneyRefusal, OrderRefusal, Refusal};
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::money::Amount;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::billing::owned::owned;
use crate::ops::once::Once;
use crate::ops::orders::{NewOrder, place_after};
use crate::ops::{Handle, OpError};
use crate::store::Tx;

/// Which order of which customer.
#[derive(Debug, Clone)]
pub struct Which {
    pub customer: Handle<CustomerId>,
    pub order: Handle<OrderId>,
}

fn load(tx: &Tx<'_>, which: &Which) -> Result<(Customer, Order), OpError> {
    let customer: Customer = crate::ops::find(tx, &which.customer)?;
    let order = owned(tx, &customer, &which.order)?;
    Ok((customer, order))
}

fn refuse<T>(order: &Order, action: &'static str) -> Result<T, OpError> {
    let status = order.status;
    Err(OrderRefusal::OrderState { status, action }.into())
}

/// Whether it is active and nothing is owed that would stop it.
fn runs(order: &Order, ctx: &Ctx) -> bool {
    order.status_at(ctx.now) == OrderStatus::Active && order.standing == Standing::Settled
}

fn keep(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    before: &Order,
    mut after: Order,
) -> Result<Order, OpError> {
    after.updated_at = ctx.now;
    crate::ops::change(ctx, tx, action, before, &after)?;
    let id = after.id;
    let mut books = Books::new(ctx, tx);
    books.put_order(before, after, ctx.now)?;
    books.catch_up(id, ctx.now)?;
    books.lift_suspension(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    crate::ops::get(tx, id)
}

/// Stops an order on request: its services are frozen, the rest of the paid time is kept.
pub async fn pause(ctx: &Ctx, which: Which, once: Option<Once>) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let (_, before) = load(tx, &which)?;
        if !runs(&before, ctx) {
            return refuse(&before, "paused");
        }
        let mut after = before.clone();
        after.pause(ctx.now);
        if after.pauses.len() >= PAUSES_MAX {
            return Err(Refusal::TooMany {
                what: "pauses of cycles that are paid and not over",
                max: PAUSES_MAX,
            }
            .into());
        }
        keep(ctx, tx, "order.pause", &before, after)
    })
    .await
}

/// Lets a paused order go on: the rest of its paid time runs from now.
pub async fn resume(ctx: &Ctx, which: Which, once: Option<Once>) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let (_, before) = load(tx, &which)?;
        if !matches!(before.standing, Standing::Paused { .. }) {
            return refuse(&before, "resumed");
        }
        let mut after = before.clone();
        after.set_status(OrderStatus::Active, &ctx.app.company().zone, ctx.now);
        keep(ctx, tx, "order.resume", &before, after)
    })
    .await
}

/// What is given back of an order that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    Nothing,
    /// What is not used of it.
    Unused,
    /// All that was billed: it began within the last day.
    Whole,
}

/// For how long after it began an order is given back whole, in seconds: a day.
const WHOLE_SECONDS: i64 = 86_400;

/// Ends an order at once. With `credit` credit notes give back what was billed for it.
pub async fn end_now(
    ctx: &Ctx,
    which: Which,
    credit: Credit,
    once: Option<Once>,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    if credit != Credit::Nothing {
        ctx.require(Permission::MoneyWrite)?;
    }
    if credit == Credit::Whole {
        ctx.require(Permission::DebtsWriteOff)?;
    }
    ctx.write_once(once, move |ctx, tx| {
        let (customer, before) = load(tx, &which)?;
        let after = end_in(ctx, tx, &before, credit)?;
        use_credit(ctx, tx, customer.id)?;
        Ok(after)
    })
    .await
}

/// Ends an order, giving back what is not used of it if that is wished. Money is given back by
/// those only who may book some.
fn end_in(ctx: &Ctx, tx: &mut Tx<'_>, before: &Order, credit: Credit) -> Result<Order, OpError> {
    let status = before.status_at(ctx.now);
    if matches!(status, OrderStatus::Expired | OrderStatus::Deleted) {
        return refuse(before, "ended");
    }
    let began = before.activated_at.unwrap_or(before.created_at);
    if credit == Credit::Whole && began.saturating_add_seconds(WHOLE_SECONDS) < ctx.now {
        return Err(OrderRefusal::BeganEarlier { began }.into());
    }
    let billed = before.billing != Billing::External && before.standing != Standing::Waiting;
    if credit != Credit::Nothing && billed {
        let mut books = Books::new(ctx, tx);
        let given = match credit {
            Credit::Whole => books.credit_whole(before, ctx.now)?,
            _ => books.credit_unused(before, ctx.now)?,
        };
        if given {
            ctx.require(Permission::MoneyWrite)?;
        }
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    }
    let mut after = before.clone();
    after.set_status(OrderStatus::Expired, &ctx.app.company().zone, ctx.now);
    after.next_cycle_at = None;
    after.expires_at = Some(after.expires_at.unwrap_or(ctx.now).min(ctx.now));
    keep(ctx, tx, "order.end", before, after)
}

/// Money that was given back may re-open what waits for it.
fn use_credit(ctx: &Ctx, tx: &mut Tx<'_>, customer: CustomerId) -> Result<(), OpError> {
    let mut books = Books::new(ctx, tx);
    books.reopen(customer, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

/// Changes an order for another: a credit note for what is not used of it, its end, and the new
/// order with its first cycle, in one commit. Who has not paid stays where they are on the ladder,
/// unless that is lifted (`lift_suspension`) by somebody who may give credit.
pub async fn change_plan(
    ctx: &Ctx,
    which: Which,
    input: NewOrder,
    lift: bool,
    once: Option<Once>,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    if lift {
        ctx.require(Permission::DebtsWriteOff)?;
    }
    ctx.write_once(once, move |ctx, tx| {
        let (_, before) = load(tx, &which)?;
        let in_debt = Books::new(ctx, tx).is_in_debt(&before, ctx.now)?;
        end_in(ctx, tx, &before, Credit::Unused)?;
        // Read again: ending an order changes its customer.
        let customer: Customer = crate::ops::find(tx, &which.customer)?;
        let debt = Some(&before).filter(|_| in_debt && !lift);
        let order = place_after(ctx, tx, &customer, input, debt)?;
        use_credit(ctx, tx, customer.id)?;
        crate::ops::get(tx, order.id)
    })
    .await
}

/// Bills the next cycle now and adds it to the end. Needs the balance.
pub async fn renew(
    ctx: &Ctx,
    which: Which,
    seen: Option<Amount>,
    once: Option<Once>,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let (_, before) = load(tx, &which)?;
        if !runs(&before, ctx) || before.billing == Billing::External {
            return refuse(&before, "renewed");
        }
        let mut books = Books::new(ctx, tx);
        let Some(bill) = books.next_bill_at(&before, ctx.now)? else {
            return refuse(&before, "renewed");
        };
        if let (Some(seen), Some(now)) = (seen, bill.total())
            && seen != now
        {
            return Err(MoneyRefusal::PriceChanged { now }.into());
        }
        books.renew_early(&before, &bill, ctx.now)?;
        books.lift_suspension(before.id, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        let after: Order = crate::ops::get(tx, before.id)?;
        crate::ops::audit(ctx, tx, "order.renew", &after, Vec::new())?;
        Ok(after)
    })
    .await
}
