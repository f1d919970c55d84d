//! What an order waits for: its bill, less what the customer has with us.

use crate::app::Ctx;
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::values::money::Amount;
use crate::ops::OpError;
use crate::ops::billing::books::Books;
use crate::store::{Read, account_balance};

/// What is still to be paid so that an order begins, runs again or is owed no longer, by itself.
pub(in crate::ops) fn missing_of(
    ctx: &Ctx,
    read: &impl Read,
    order: &Order,
) -> Result<Option<Amount>, OpError> {
    let mut books = Books::new(ctx, read);
    let bill = if order.standing == Standing::Waiting {
        Some(books.first_bill(order, ctx.now)?)
    } else {
        books.bill_to_reopen(order, ctx.now)?
    };
    let Some(total) = bill.and_then(|bill| bill.total()) else {
        return Ok(None);
    };
    let held = account_balance(read, &Account::Customer(order.customer), total.currency)?;
    let missing = total.minus(held.above_zero())?;
    Ok(Some(missing).filter(|missing| missing.minor > 0))
}
