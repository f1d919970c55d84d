//! Services given: made of specs, within the room that a customer has.

use crate::app::Ctx;
use crate::domain::catalogue::ServiceSpec;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::service::{Origin, SERVICES_PER_CUSTOMER_MAX, Service};
use crate::domain::refusal::Refusal;
use crate::domain::values::id::{CustomerId, ServiceSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read as _, Table, Tx};

/// Makes one service for each of `specs` that still is one, made by `origin`.
pub(in crate::ops) fn give(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    specs: &[ServiceSpecId],
    origin: Origin,
    status: ServiceStatus,
    expires_at: Option<Timestamp>,
) -> Result<Vec<Service>, OpError> {
    make_room(ctx, tx, customer, specs.len())?;
    let mut made = Vec::with_capacity(specs.len());
    for spec in specs {
        let spec: ServiceSpec = crate::ops::get(tx, *spec)?;
        if spec.status == ServiceStatus::Deleted {
            continue;
        }
        let mut service = Service::of_spec(tx.next_id()?, customer, &spec, origin, ctx.now);
        service.expires_at = expires_at;
        begin(&mut service, status, ctx.now);
        made.push(service);
    }
    Ok(made)
}

/// A new service begins in any status; only an active one has been activated.
pub(super) fn begin(service: &mut Service, status: ServiceStatus, now: Timestamp) {
    service.activated_at = None;
    service.set_status(status, now);
}

/// Makes room for so many services more: of a customer who has as many as there can be, those that
/// were taken away go for good, and then those that are over, the oldest first.
/// Refused where all are in use.
pub(in crate::ops) fn make_room(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    more: usize,
) -> Result<(), OpError> {
    let max = SERVICES_PER_CUSTOMER_MAX;
    let front = owned_by(customer);
    let held = tx.count_up_to(Table::ServicesByCustomer, &front, max.saturating_add(1))?;
    let over = held.saturating_add(more).saturating_sub(max);
    if over == 0 {
        return Ok(());
    }
    let mut gone = tx.services_of(customer)?;
    let is_gone = |service: &Service| {
        matches!(
            service.status,
            ServiceStatus::Deleted | ServiceStatus::Expired
        )
    };
    gone.retain(is_gone);
    gone.sort_by_key(|service| (service.status != ServiceStatus::Deleted, service.id));
    if gone.len() < over {
        let what = "services";
        return Err(Refusal::TooMany { what, max }.into());
    }
    for service in gone.into_iter().take(over) {
        crate::ops::audit(ctx, tx, "service.purge", &service, Vec::new())?;
        tx.remove::<Service>(&service.id)?;
    }
    Ok(())
}
