//! Whose customers whoever asks may see: a reseller's people theirs, all others everybody's.

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::values::id::CustomerId;
use crate::ops::{Handle, OpError};
use crate::store::Read;

/// The customer, if whoever asks may see them.
pub(super) fn own_customer(
    ctx: &Ctx,
    read: &impl Read,
    handle: &Handle<CustomerId>,
) -> Result<Customer, OpError> {
    let customer: Customer = super::find(read, handle)?;
    if is_own(ctx, &customer) {
        Ok(customer)
    } else {
        Err(super::missing::<Customer>(&handle.text))
    }
}

/// Whether whoever asks may see a customer.
pub(super) fn is_own(ctx: &Ctx, customer: &Customer) -> bool {
    let reseller = ctx.actor.reseller();
    reseller.is_none() || reseller == customer.reseller
}
