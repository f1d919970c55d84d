//! What becomes of a payment page and its order when the money is there: the order begins or runs
//! again, or the money stays with the customer.

use super::page_begin::{agreed, begin, end, is_covered};
use super::page_orders::{is_waiting, may_begin};
use crate::app::Ctx;
use crate::domain::billing::cycle::Bill;
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{HostedPage, HostedPageState, Payment};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::customers::Customer;
use crate::domain::refusal::MoneyRefusal;
use crate::domain::values::money::Amount;
use crate::ops::OpError;
use crate::ops::billing::books::{Agreed, AuditDetail, Books};
use crate::ops::payments::book;
use crate::ops::payments::page_extend;
use crate::ops::payments::page_orders;
use crate::store::{Read, Tx};

/// The money of a page is there; `payment` is stored already, and there is none where the balance
/// pays. Where the order cannot begin, or not by what the payer saw, the money is the customer's
/// all the same: it lies on the balance, and the page says so.
pub(in crate::ops) fn activate(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    payment: Option<&Payment>,
) -> Result<(), OpError> {
    let order = page_orders::present(ctx, tx, page)?;
    let customer: Customer = crate::ops::get(tx, page.customer)?;
    if page_extend::extend(ctx, tx, page, &customer, payment)? {
        return Ok(());
    }
    if let Some((begun, bill)) = beginning(ctx, tx, page, &order, &customer, payment)? {
        begin(ctx, tx, &order, &begun, &bill, payment)?;
        return end(ctx, tx, page, HostedPageState::Succeeded, payment);
    }
    let mut books = Books::new(ctx, tx);
    // It is to run again, or it cannot begin: the money is the customer's in any case.
    let asks = books.asks_for_money(&order)?;
    if payment.is_none() && !asks && !page_orders::could_extend(ctx, tx, page)? {
        return Err(MoneyRefusal::PageClosed.into());
    }
    if let Some(shown) = page.shown {
        books.agree(order.id, agreed(shown, payment));
    }
    let mut amount = Amount::zero(ctx.app.company().currency);
    if let Some(payment) = payment {
        amount = payment.amount;
        books.post(book::entry_of(payment, customer.id, ctx))?;
    }
    books.use_money(customer.id, amount, Some(order.id), ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    let of_payment = payment.map(|payment| payment.id);
    let other = of_payment.is_some() && page.payment.is_some() && page.payment != of_payment;
    match page.state {
        // It was paid otherwise, or another payment of it is under way: this one came late.
        HostedPageState::Succeeded | HostedPageState::Acknowledged => return Ok(()),
        HostedPageState::Requested if other => return Ok(()),
        HostedPageState::Requested | HostedPageState::Created | HostedPageState::Cancelled => {}
    }
    let after: Order = crate::ops::get(tx, order.id)?;
    // One that another order of the product made needless waits no longer.
    let waits = is_waiting(&after) && !page_orders::is_had(ctx, tx, page, &after)?;
    let still = waits
        || Books::new(ctx, tx).asks_for_money(&after)?
        || page_orders::could_extend(ctx, tx, page)?;
    let paid = match (order.waits_for_money(), asks) {
        (true, _) => is_moved(&order, &after),
        // It runs, and this was owed of it.
        (false, true) => !still,
        (false, false) => false,
    };
    let state = if paid {
        HostedPageState::Succeeded
    } else if still && !customer.is_deleted() {
        HostedPageState::Created
    } else {
        HostedPageState::Cancelled
    };
    end(ctx, tx, page, state, payment)
}

/// The order of a page before money came, and whether it asked for some.
pub(in crate::ops) struct Asking {
    order: Order,
    asks: bool,
}

impl Asking {
    pub(in crate::ops) fn of(
        ctx: &Ctx,
        read: &impl Read,
        page: &HostedPage,
    ) -> Result<Self, OpError> {
        let order = page_orders::present(ctx, read, page)?;
        let asks = Books::new(ctx, read).asks_for_money(&order)?;
        Ok(Self { order, asks })
    }
}

/// Whether an order that waited for money waits for it no longer, or for that of its next cycle.
fn is_moved(before: &Order, after: &Order) -> bool {
    before.standing != after.standing
}

/// A voucher was used on a page, and its value lies on the balance, where it pays what waits for
/// it: the order of the page before all others. Whether that was all that the page asked for.
pub(in crate::ops) fn reopened(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Asking,
    page: &HostedPage,
    payment: &Payment,
) -> Result<bool, OpError> {
    let after: Order = crate::ops::get(tx, before.order.id)?;
    let paid = if before.order.waits_for_money() {
        is_moved(&before.order, &after)
    } else {
        before.asks && !Books::new(ctx, tx).asks_for_money(&after)?
    };
    if paid {
        end(ctx, tx, page, HostedPageState::Succeeded, Some(payment))?;
    }
    Ok(paid)
}

/// The order of a page as it begins, and its bill by what the payer saw; `None` where it must not
/// begin, or what is there does not cover that bill.
fn beginning(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
    order: &Order,
    customer: &Customer,
    payment: Option<&Payment>,
) -> Result<Option<(Order, Bill)>, OpError> {
    let Some(offer) = order.offer else {
        return Ok(None);
    };
    let offer: ProductOffer = crate::ops::get(read, offer)?;
    if !may_begin(ctx, read, page, order, customer, &offer)? {
        return Ok(None);
    }
    let mut begun = order.clone();
    begun.set_status(OrderStatus::Active, &ctx.app.company().zone, ctx.now);
    begun.updated_at = ctx.now;
    let mut books = Books::new(ctx, read);
    let shown = match page.shown {
        Some(shown) => agreed(shown, payment),
        None => Agreed::now(books.price_version(&begun)?),
    };
    begun.price_version = shown.version;
    let bill = books.first_bill_as(&begun, shown, ctx.now)?;
    let as_seen = page
        .shown
        .is_none_or(|shown| bill.costs_at_most(shown.total));
    let covered = is_covered(&mut books, customer.id, &bill, payment)?;
    Ok((as_seen && covered).then_some((begun, bill)))
}
