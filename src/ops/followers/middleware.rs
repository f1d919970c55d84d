//! The middleware hears of every change to what a customer may use: to the services, and to whether
//! the customer is served at all.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::customers::service::Service;
use crate::domain::values::id::CustomerId;
use crate::ops::OpError;
use crate::ops::peers::middleware;
use crate::ops::written::Written;
use crate::store::Tx;

pub(super) fn follow(ctx: &Ctx, tx: &mut Tx<'_>, written: &Written) -> Result<(), OpError> {
    let mut concerned: BTreeSet<CustomerId> = BTreeSet::new();
    let services = written.moved::<Service>(tx)?;
    concerned.extend(services.iter().map(|service| service.after.customer));
    for customer in written.moved::<Customer>(tx)? {
        let before = customer.before.as_ref().map(|before| before.status);
        if before != Some(customer.after.status) {
            concerned.insert(customer.after.id);
        }
    }
    for customer in concerned {
        middleware::note_change(ctx, tx, customer)?;
    }
    Ok(())
}
