//! Quick hashes of customers' passwords become slow ones when there is time: an import of a hundred
//! thousand customers is done in seconds, and its passwords are as safe as others some hours later.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::values::id::CustomerId;
use crate::ops::OpError;
use crate::store::key::trailing_number;
use crate::store::{Read as _, Span, Table};

/// Hardens the next one. Answers whether there was one.
pub async fn next(ctx: &Ctx) -> Result<bool, OpError> {
    let customer = {
        let snapshot = ctx.snapshot()?;
        let mut first = None;
        snapshot.raw_scan(Table::CustomersToHarden, &Span::all(), &mut |key, _| {
            first = trailing_number(key).map(CustomerId);
            Ok(ControlFlow::Break(()))
        })?;
        match first {
            Some(id) => crate::ops::get::<Customer>(&snapshot, id)?,
            None => return Ok(false),
        }
    };
    let salt = ctx.app.entropy.bytes()?;
    let hardened = ctx.app.passwords.harden(&customer.password, salt).await?;
    let Some(hardened) = hardened else {
        return Ok(false);
    };
    ctx.write(move |ctx, tx| {
        let before: Customer = crate::ops::get(tx, customer.id)?;
        // Another one may have been set meanwhile.
        if before.password != customer.password {
            return Ok(());
        }
        let mut after = before.clone();
        after.password = hardened;
        crate::ops::change(ctx, tx, "customer.harden", &before, &after)
    })
    .await?;
    Ok(true)
}
