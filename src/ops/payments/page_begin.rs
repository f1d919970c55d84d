//! The order of a page begins by what its payer saw, and the page is done.

use crate::app::Ctx;
use crate::domain::billing::cycle::Bill;
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{
    HOSTED_PAGE_SECONDS, HostedPage, HostedPageState, Payment, Shown,
};
use crate::domain::values::id::CustomerId;
use crate::ops::OpError;
use crate::ops::billing::books::{Agreed, AuditDetail, Books};
use crate::ops::payments::book;
use crate::store::{Read, Tx};

/// What the payer saw, who began to pay before the money came.
pub(in crate::ops) fn agreed(shown: Shown, payment: Option<&Payment>) -> Agreed {
    Agreed {
        version: shown.price_version,
        at: payment.map(|payment| payment.created_at),
    }
}

/// Whether a payment that is not booked yet and the balance pay a bill.
pub(in crate::ops) fn is_covered<R: Read>(
    books: &mut Books<'_, R>,
    customer: CustomerId,
    bill: &Bill,
    payment: Option<&Payment>,
) -> Result<bool, OpError> {
    let Some(total) = bill.charged() else {
        return Ok(true);
    };
    let mut there = books.balance(customer, total.currency)?.above_zero();
    let paid = payment.map(|payment| payment.amount);
    if let Some(paid) = paid.filter(|paid| paid.currency == total.currency) {
        there = there.plus(paid)?;
    }
    Ok(there.minor >= total.minor)
}

/// The order begins: it is invoiced, its services begin.
pub(in crate::ops) fn begin(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Order,
    after: &Order,
    bill: &Bill,
    payment: Option<&Payment>,
) -> Result<(), OpError> {
    crate::ops::change(ctx, tx, "order.activate", before, after)?;
    crate::ops::services::begin_plan::serve(ctx, tx, after)?;
    let mut books = Books::new(ctx, tx);
    if let Some(payment) = payment {
        books.post(book::entry_of(payment, after.customer, ctx))?;
        books.set_aside(after.id, payment.amount);
    }
    books.put_order(before, after.clone(), ctx.now)?;
    let left = books.begin_paid(after, bill, ctx.now)?;
    books.end_duplicate_orders(after.id, ctx.now)?;
    if let Some(left) = left {
        books.use_money(after.customer, left, None, ctx.now)?;
    }
    books.catch_up(after.id, ctx.now)?;
    books.lift_suspension(after.id, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

/// What becomes of a page whose money is there.
pub(in crate::ops) fn end(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    state: HostedPageState,
    payment: Option<&Payment>,
) -> Result<(), OpError> {
    let mut after = page.clone();
    after.state = state;
    after.payment = payment.map(|payment| payment.id).or(page.payment);
    let action = match state {
        HostedPageState::Created => {
            // Who paid in vain has time for the rest.
            let day = ctx.now.saturating_add_seconds(HOSTED_PAGE_SECONDS);
            after.expires_at = page.expires_at.max(day);
            "hosted_page.reopen"
        }
        HostedPageState::Cancelled => "hosted_page.cancel",
        _ => "hosted_page.paid",
    };
    tx.put(&after)?;
    crate::ops::audit(ctx, tx, action, &after, Vec::new())
}
