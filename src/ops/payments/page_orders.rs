//! Which order a page is for: one that waits for money, one that runs and is extended, or a new
//! one.

use crate::app::Ctx;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{HostedPage, PagePurpose};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::refusal::OrderRefusal;
use crate::domain::values::id::{OrderId, ProductOfferId};
use crate::ops::billing::books::{Ahead, Books};
use crate::ops::billing::owned::owned;
use crate::ops::{Handle, OpError, catalogue, orders};
use crate::store::{Owned as _, Read, Tx};

/// What a page is for.
#[derive(Debug, Clone)]
pub enum PageItem {
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
    wanted: &PageItem,
) -> Result<(Order, PagePurpose), OpError> {
    match wanted {
        PageItem::OneMore(offer) => {
            let order = orders::open_waiting(ctx, tx, customer, offer)?;
            Ok((order, PagePurpose::BeginBeside))
        }
        PageItem::Offer(handle) => {
            let offer: ProductOffer = crate::ops::find(tx, handle)?;
            of_offer(ctx, tx, customer, handle, &offer)
        }
        PageItem::Order(handle) => {
            let order = owned(tx, customer, handle)?;
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
    let (status, action) = (order.status, "paid on a page");
    Err(OrderRefusal::OrderState { status, action }.into())
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
        return Err(OrderRefusal::BilledElsewhere { offer: offer.id }.into());
    }
    let mut held = tx.orders_of(customer.id)?;
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
    let mut held = read.orders_of(order.customer)?;
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
        return Err(OrderRefusal::OfferNotOnSale { offer: offer.id }.into());
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
    let held = read.orders_of(order.customer)?;
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

/// Whether an order still waits for its first payment.
pub(in crate::ops) fn is_waiting(order: &Order) -> bool {
    order.status == OrderStatus::Inactive && order.standing == Standing::Waiting
}

/// Whether the order of a page may begin, if it is paid.
pub(in crate::ops) fn may_begin(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
    order: &Order,
    customer: &Customer,
    offer: &ProductOffer,
) -> Result<bool, OpError> {
    let waits = is_waiting(order) && !customer.is_deleted();
    if !waits || order.billing == Billing::External || is_had(ctx, read, page, order)? {
        return Ok(false);
    }
    match catalogue::check_eligible(read, customer.id, offer, ctx.now) {
        Err(OpError::Refused(_)) => Ok(false),
        other => other.map(|()| true),
    }
}
