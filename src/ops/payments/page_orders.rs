//! Which order a page is for: one that waits for money, one that runs and is extended, or a new
//! one. And what becomes of an order that is extended once its page is paid.

use super::pages::is_waiting;
use crate::app::Ctx;
use crate::domain::billing::order::{Order, OrderStatus, Standing};
use crate::domain::billing::payment::{HostedPage, HostedPageState, PagePurpose, Payment};
use crate::domain::catalogue::kinds::{Billing, OrderType};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::refusal::Refusal;
use crate::domain::values::id::{OrderId, ProductOfferId};
use crate::domain::values::money::Amount;
use crate::ops::billing::books::{Ahead, AuditDetail, Books};
use crate::ops::payments::page_paid;
use crate::ops::{Handle, OpError, catalogue, orders, payments};
use crate::store::{Read, Tx};

/// What a page is for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// This offer: an order of its product that waits for money or runs, else a new one.
    Offer(Handle<ProductOfferId>),
    /// This offer, as a new order beside whatever runs.
    OneMore(Handle<ProductOfferId>),
    /// This order: what it waits for, its first payment, or its next cycle.
    Order(Handle<OrderId>),
}

/// The order of a page that is made now, and what the page does with it.
pub(in crate::ops) fn choose(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    wanted: &Wanted,
) -> Result<(Order, PagePurpose), OpError> {
    match wanted {
        Wanted::OneMore(offer) => {
            let order = orders::open_waiting(ctx, tx, customer, offer)?;
            Ok((order, PagePurpose::BeginBeside))
        }
        Wanted::Offer(handle) => {
            let offer: ProductOffer = crate::ops::find(tx, handle)?;
            of_offer(ctx, tx, customer, handle, &offer)
        }
        Wanted::Order(handle) => {
            let order = orders::owned(tx, customer, handle)?;
            let elsewhere = order.billing == Billing::External;
            let waits = is_waiting(&order) && order.offer.is_some();
            if waits || elsewhere || Books::new(ctx, tx).asks_for_money(&order)? {
                return if elsewhere && order.offer.is_none() {
                    refuse(&order)
                } else {
                    Ok((order, PagePurpose::Begin))
                };
            }
            let Some(offer) = order.offer else {
                return refuse(&order);
            };
            let offer: ProductOffer = crate::ops::get(tx, offer)?;
            extending(ctx, tx, customer, order, &offer)
        }
    }
}

fn refuse<T>(order: &Order) -> Result<T, OpError> {
    let (status, wish) = (order.status, "paid on a page");
    Err(Refusal::OrderState { status, wish }.into())
}

fn of_offer(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    handle: &Handle<ProductOfferId>,
    offer: &ProductOffer,
) -> Result<(Order, PagePurpose), OpError> {
    if offer.billing == Billing::External {
        // Money for it would lie about here: nothing would ever be billed.
        return Err(Refusal::BilledElsewhere { offer: offer.id }.into());
    }
    let mut held = orders::of_customer(tx, customer.id)?;
    held.retain(|order| order.product == offer.product && order.billing != Billing::External);
    let books = Books::new(ctx, tx);
    let mut asking = Vec::new();
    for order in &held {
        let goes_on = matches!(order.status, OrderStatus::Active | OrderStatus::Inactive);
        // A debt for the same term is what is to be paid first, whatever its offer is called.
        let same = order.offer == Some(offer.id)
            || order.lost_its_money()
            || (order.billing == Billing::Postpaid && order.term == offer.term);
        if same && goes_on && books.asks_for_money(order)? {
            asking.push(order);
        }
    }
    // What still runs is not to stop.
    asking.sort_by_key(|order| {
        let other = order.offer != Some(offer.id);
        (other, order.status != OrderStatus::Active, order.id)
    });
    if let Some(order) = asking.first() {
        return Ok(((*order).clone(), PagePurpose::Begin));
    }
    if let Some(order) = running(&held, offer, ctx) {
        return extending(ctx, tx, customer, order, offer);
    }
    let zone = &ctx.app.company().zone;
    let plain = |order: &&Order| {
        is_waiting(order)
            && order.offer == Some(offer.id)
            && order.term == offer.term
            && order.order_type == offer.order_type
            && order.billing == offer.billing
            && order.cycles_total == offer.cycles_total.whole_periods()
            && order.has_own_term(zone)
    };
    let Some(before) = held.iter().find(plain) else {
        let order = orders::open_waiting(ctx, tx, customer, handle)?;
        return Ok((order, PagePurpose::Begin));
    };
    // Who comes back to buy what they did not pay for buys it as it is sold now.
    check_sold(ctx, tx, customer, offer)?;
    let mut order = before.clone();
    order.price_version = offer.price_version();
    if order != *before {
        order.updated_at = ctx.now;
        crate::ops::change(ctx, tx, "order.update", before, &order)?;
    }
    Ok((order, PagePurpose::Begin))
}

/// The order of the offer's product that runs, or is only stopped: one of the same offer before
/// others, the one that ends first.
fn running(held: &[Order], offer: &ProductOffer, ctx: &Ctx) -> Option<Order> {
    let runs = |order: &&Order| {
        order.offer.is_some()
            && (order.runs_at(ctx.now)
                || matches!(
                    order.standing,
                    Standing::Paused { .. } | Standing::Parked { .. }
                ))
    };
    let first = held.iter().filter(runs).min_by_key(|order| {
        let end = order.expires_at.map(Some);
        (order.offer != Some(offer.id), end.is_none(), end, order.id)
    });
    first.cloned()
}

fn extending(
    ctx: &Ctx,
    tx: &Tx<'_>,
    customer: &Customer,
    order: Order,
    offer: &ProductOffer,
) -> Result<(Order, PagePurpose), OpError> {
    let order = heir(tx, order, ctx)?;
    if !order.runs_at(ctx.now) {
        return refuse(&order);
    }
    let Some(ahead) = Books::new(ctx, tx).ahead(&order, offer, None, ctx.now)? else {
        return refuse(&order);
    };
    if ahead.sells {
        check_sold(ctx, tx, customer, offer)?;
    }
    if ahead.bill.is_free() {
        // Nothing is to be paid for it.
        return refuse(&order);
    }
    Ok((order, PagePurpose::Extend(offer.id)))
}

/// An order that has no further cycle may have been followed by a new one already: that is what is
/// extended then.
fn heir(read: &impl Read, order: Order, ctx: &Ctx) -> Result<Order, OpError> {
    if order.has_more_cycles() || order.order_type == OrderType::OneTime {
        return Ok(order);
    }
    let follows = |held: &Order| {
        held.id != order.id
            && held.offer == order.offer
            && held.billing == order.billing
            && held.runs_at(ctx.now)
            && order.expires_at.is_some_and(|end| held.anchor_at >= end)
    };
    let mut held = orders::of_customer(read, order.customer)?;
    held.retain(follows);
    let last = held.into_iter().max_by_key(|held| held.expires_at);
    Ok(last.unwrap_or(order))
}

/// The order that a page is for as things stand now.
pub(in crate::ops) fn present(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
) -> Result<Order, OpError> {
    let order: Order = crate::ops::get(read, page.order)?;
    match page.purpose {
        PagePurpose::Extend(_) => heir(read, order, ctx),
        PagePurpose::Begin | PagePurpose::BeginBeside => Ok(order),
    }
}

fn check_sold(
    ctx: &Ctx,
    read: &impl Read,
    customer: &Customer,
    offer: &ProductOffer,
) -> Result<(), OpError> {
    let product: ProductSpec = crate::ops::get(read, offer.product)?;
    if !offer.is_orderable_at(&product, ctx.now) {
        return Err(Refusal::OfferNotOnSale { offer: offer.id }.into());
    }
    catalogue::check_eligible(read, customer.id, offer, ctx.now)
}

/// Whether a page that nobody began to pay may still extend its order by `ahead`.
pub(in crate::ops) fn may_extend(
    ctx: &Ctx,
    read: &impl Read,
    order: &Order,
    ahead: &Ahead,
    offer: &ProductOffer,
    customer: &Customer,
) -> Result<bool, OpError> {
    let stands = order.runs_at(ctx.now) || matches!(order.standing, Standing::Frozen { .. });
    if !stands || customer.is_deleted() || !ahead.sells {
        return Ok(stands && !customer.is_deleted());
    }
    match check_sold(ctx, read, customer, offer) {
        Err(OpError::Refused(_)) => Ok(false),
        other => other.map(|()| true),
    }
}

/// Whether another order of the product and kind runs, so that the order of a page that was made
/// for a first purchase must not begin: its payer has the product already.
pub(in crate::ops) fn is_had(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
    order: &Order,
) -> Result<bool, OpError> {
    if page.purpose != PagePurpose::Begin {
        return Ok(false);
    }
    let held = orders::of_customer(read, order.customer)?;
    let had = |held: &Order| {
        held.id != order.id
            && held.product == order.product
            && held.offer.is_some()
            && held.billing != Billing::External
            && held.order_type == order.order_type
            && held.runs_at(ctx.now)
            && !held.waits_for_money()
    };
    Ok(held.iter().any(had))
}

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
    let agreed = page.shown.map(|shown| page_paid::agreed(shown, payment));
    let mut books = Books::new(ctx, tx);
    let Some(ahead) = books.ahead(&order, &offer, agreed, ctx.now)? else {
        return Ok(false);
    };
    let total = ahead.bill.total_minor();
    let as_seen = page.shown.is_none_or(|shown| total <= shown.total.minor);
    if !as_seen || !page_paid::is_covered(&mut books, customer.id, &ahead.bill, payment)? {
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
    page_paid::end(ctx, tx, &page, HostedPageState::Succeeded, payment)?;
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
        books.post(payments::entry_of(payment, before.customer, ctx))?;
        books.direct(id, payment.amount.minor);
    }
    let left = books.go_on(before, after, &ahead.bill, ctx.now)?;
    books.end_twins(id, ctx.now)?;
    if let Some(payment) = payment {
        let left = Amount {
            minor: left,
            ..payment.amount
        };
        books.use_money(before.customer, left, None, ctx.now)?;
    }
    books.catch_up(id, ctx.now)?;
    books.lift(id, ctx.now)?;
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
    page_paid::begin(ctx, tx, &waiting, &begun, &ahead.bill, payment)?;
    Ok(begun.id)
}

/// Whether a customer's page could still extend its order once the rest is paid.
pub(in crate::ops) fn could_extend(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
) -> Result<bool, OpError> {
    let PagePurpose::Extend(offer) = page.purpose else {
        return Ok(false);
    };
    let order = present(ctx, read, page)?;
    let offer: ProductOffer = crate::ops::get(read, offer)?;
    let customer: Customer = crate::ops::get(read, page.customer)?;
    let ahead = Books::new(ctx, read).ahead(&order, &offer, None, ctx.now)?;
    match ahead {
        Some(ahead) => may_extend(ctx, read, &order, &ahead, &offer, &customer),
        None => Ok(false),
    }
}
