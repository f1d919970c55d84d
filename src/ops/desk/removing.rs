//! A customer who leaves for good.

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::ops::customers::remove_in;
use crate::ops::once::{self, Once};
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};

/// Leaves a tombstone; login, e-mail and boxes are free again. A repeat under its key answers whom
/// the first one removed.
pub async fn remove(
    ctx: &Ctx,
    handle: Handle<CustomerId>,
    once: Option<Once>,
) -> Result<Customer, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        if let Some(number) = once::made_before(tx, once.as_ref())? {
            return crate::ops::get(tx, CustomerId(number));
        }
        let before = own_customer(ctx, tx, &handle)?;
        remove_in(ctx, tx, &before)?;
        once::note(ctx, tx, once, before.id.0)?;
        crate::ops::get(tx, before.id)
    })
    .await
}
