//! Money that comes in and goes back: booked once, whatever is repeated, and used at once.

pub mod book;
pub(in crate::ops) mod due;
pub mod ending;
mod page_begin;
mod page_extend;
mod page_orders;
mod page_paid;
pub mod page_view;
pub mod pages;
pub mod refunds;
pub mod stripe;
pub mod stripe_events;
pub mod vouchers;

use crate::app::Ctx;
use crate::domain::billing::journal::Account;
use crate::domain::billing::payment::Payment;
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::domain::values::money::{Amount, Currency};
use crate::ops::{Handle, OpError};
use crate::store::key::owned_by;
use crate::store::{Read as _, Table, account_balance};
use book::{Receipt, check_currency, repeated, same_as};

/// The largest payment, in minor units of any currency: what a typing error must not exceed.
pub const PAYMENT_MINOR_MAX: i64 = 1_000_000_000_000;

/// The customer's payments and refunds that are known to have ended well, oldest first.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Payment>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    Ok(snapshot.listed(Table::PaymentsByCustomer, &owned_by(customer.id))?)
}

/// What the customer has with us, in the operator's currency; negative: owes.
pub fn balance(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Amount, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    let currency = ctx.app.company().currency;
    let account = Account::Customer(customer.id);
    Ok(account_balance(&snapshot, &account, currency)?)
}

/// As [`balance`], in a currency of choice, of a customer that was just read.
pub fn balance_in(ctx: &Ctx, customer: CustomerId, currency: Currency) -> Result<Amount, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let account = Account::Customer(customer);
    Ok(account_balance(&ctx.snapshot()?, &account, currency)?)
}

/// Books money that a customer paid: by hand, at the counter, by bank transfer. It pays open
/// invoices, oldest first, and re-opens what waits for it, in the same commit.
pub async fn receive(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    receipt: Receipt,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let max = ctx.app.config.staff.payment_max;
    ctx.within_limit("one payment", receipt.amount, max)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        if let Some(earlier) = repeated(tx, &receipt)? {
            return same_as(earlier, customer.id, &receipt);
        }
        check_currency(ctx, tx, customer.id, receipt.amount.currency)?;
        book::book(ctx, tx, customer.id, None, None, receipt)
    })
    .await
}

/// Payments of which somebody still has to say how they ended or whose they are, oldest first.
pub fn open(ctx: &Ctx) -> Result<Vec<Payment>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    Ok(ctx.snapshot()?.listed(Table::PaymentsOpen, &[])?)
}
