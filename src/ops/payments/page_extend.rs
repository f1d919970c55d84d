//! The order of a page is extended: it goes on, or is followed by a new one.

use super::page_orders::present;
use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{HostedPage, HostedPageState, PagePurpose, Payment};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::customers::Customer;
use crate::domain::values::id::OrderId;
use crate::ops::OpError;
use crate::ops::billing::books::{Ahead, AuditDetail, Books};
use crate::ops::catalogue;
use crate::ops::orders;
use crate::ops::payments::book;
use crate::ops::payments::page_begin;
use crate::store::Tx;

/// The money of a page that extends an order is there: the order is extended by it, once for a
/// page. `false`: nothing was done, and the caller does what is done with money that came for
/// nothing.
pub(in crate::ops) fn extend(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    customer: &Customer,
    payment: Option<&Payment>,
) -> Result<bool, OpError> {
    let PagePurpose::Extend(offer) = page.purpose else {
        return Ok(false);
    };
    let used = matches!(
        page.state,
        HostedPageState::Succeeded | HostedPageState::Acknowledged
    );
    if used || customer.is_deleted() {
        return Ok(false);
    }
    let order = present(ctx, tx, page)?;
    let offer: ProductOffer = crate::ops::get(tx, offer)?;
    let agreed = page.shown.map(|shown| page_begin::agreed(shown, payment));
    let mut books = Books::new(ctx, tx);
    let Some(ahead) = books.ahead(&order, &offer, agreed, ctx.now)? else {
        return Ok(false);
    };
    let as_seen = page
        .shown
        .is_none_or(|shown| ahead.bill.costs_at_most(shown.total));
    if !as_seen || !page_begin::is_covered(&mut books, customer.id, &ahead.bill, payment)? {
        return Ok(false);
    }
    if ahead.sells && catalogue::check_eligible(tx, customer.id, &offer, ctx.now).is_err() {
        return Ok(false);
    }
    let order = match &ahead.order {
        Some(after) => go_on(ctx, tx, &order, after.clone(), &ahead, payment)?,
        None => follow(ctx, tx, customer, &offer, &ahead, payment)?,
    };
    let page = HostedPage {
        order,
        ..page.clone()
    };
    page_begin::end(ctx, tx, &page, HostedPageState::Succeeded, payment)?;
    Ok(true)
}

fn go_on(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Order,
    after: Order,
    ahead: &Ahead,
    payment: Option<&Payment>,
) -> Result<OrderId, OpError> {
    let id = after.id;
    let mut books = Books::new(ctx, tx);
    if let Some(payment) = payment {
        books.post(book::entry_of(payment, before.customer, ctx))?;
        books.set_aside(id, payment.amount);
    }
    let left = books.go_on(before, after, &ahead.bill, ctx.now)?;
    books.end_duplicate_orders(id, ctx.now)?;
    if let Some(left) = left {
        books.use_money(before.customer, left, None, ctx.now)?;
    }
    books.catch_up(id, ctx.now)?;
    books.lift_suspension(id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    let extended: Order = crate::ops::get(tx, id)?;
    crate::ops::audit(ctx, tx, "order.extend", &extended, Vec::new())?;
    Ok(id)
}

/// An order that has no further cycle is followed by a new one, which begins where it ends.
fn follow(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    offer: &ProductOffer,
    ahead: &Ahead,
    payment: Option<&Payment>,
) -> Result<OrderId, OpError> {
    let waiting = orders::open_following(ctx, tx, customer, offer)?;
    let zone = &ctx.app.company().zone;
    let mut begun = waiting.clone();
    begun.set_status(OrderStatus::Active, zone, ctx.now);
    begun.price_version = ahead.version;
    begun.anchor_at = ahead.bill.from;
    begun.anchor_cycle = 0;
    begun.set_dates(zone);
    begun.updated_at = ctx.now;
    page_begin::begin(ctx, tx, &waiting, &begun, &ahead.bill, payment)?;
    Ok(begun.id)
}
