//! Services (entitlements) that an outside billing gives and takes.

pub(in crate::ops) mod begin_plan;
pub mod choices;
pub(in crate::ops) mod give;
pub mod plan;

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::catalogue::ServiceSpec;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::Customer;
use crate::domain::customers::service::{Grant, Origin, Service};
use crate::domain::refusal::OrderRefusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, ServiceId, ServiceSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::services::give::{begin, make_room};
use crate::ops::{Handle, Named, OpError};
use crate::store::{Owned as _, Read, Table};

impl Named for Service {
    const KIND: &'static str = "service";
    const FOREIGN: Option<Table> = None;

    fn is_gone(&self) -> bool {
        self.status == ServiceStatus::Deleted
    }
}

/// What an outside billing gives.
#[derive(Debug, Clone)]
pub struct NewService {
    pub spec: Handle<ServiceSpecId>,
    pub status: Option<ServiceStatus>,
    /// `None`: not said. An existing right keeps its end, a new one has none.
    pub expires_at: Option<Option<Timestamp>>,
}

/// The customer's services, oldest first, deleted ones too.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Service>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    Ok(snapshot.services_of(customer.id)?)
}

pub fn get(
    ctx: &Ctx,
    customer: &Handle<CustomerId>,
    service: &Handle<ServiceId>,
) -> Result<Service, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    owned(&snapshot, &customer, service)
}

/// Gives a service and answers all the customer has. One that was given the same way before is
/// extended or made active again instead of doubled.
pub async fn add(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    input: NewService,
) -> Result<Vec<Service>, OpError> {
    ctx.require(Permission::ServicesWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let spec: ServiceSpec = super::find(tx, &input.spec)?;
        if spec.status == ServiceStatus::Deleted {
            return Err(OrderRefusal::ServiceSpecGone { spec: spec.id }.into());
        }
        let status = input.status.unwrap_or(ServiceStatus::Active);
        let mut services = tx.services_of(customer.id)?;
        let held = services.iter().position(|service| {
            service.origin == Origin::Direct
                && service.grant == Grant::Spec(spec.id)
                && service.status != ServiceStatus::Deleted
        });
        let service = match held {
            Some(position) => {
                let before = services.remove(position);
                let mut after = before.clone();
                after.expires_at = input.expires_at.unwrap_or(before.expires_at);
                after.set_status(status, ctx.now);
                check_given(ctx, tx, Some(&before), &after)?;
                super::change(ctx, tx, "service.extend", &before, &after)?;
                after
            }
            None => {
                make_room(ctx, tx, customer.id, 1)?;
                let id = tx.next_id()?;
                let mut service = Service::of_spec(id, customer.id, &spec, Origin::Direct, ctx.now);
                service.expires_at = input.expires_at.flatten();
                begin(&mut service, status, ctx.now);
                check_given(ctx, tx, None, &service)?;
                super::create(ctx, tx, "service.add", &service)?;
                service
            }
        };
        services.push(service);
        Ok(services)
    })
    .await
}

/// Refuses a service that would run beyond what the customer paid for, to those who may not give
/// any away. One that ran as long before stays as it is.
fn check_given(
    ctx: &Ctx,
    read: &impl Read,
    before: Option<&Service>,
    after: &Service,
) -> Result<(), OpError> {
    let runs = |service: &&Service| service.status_at(ctx.now) == ServiceStatus::Active;
    if ctx.actor.may(Permission::ServicesGive) || !runs(&after) {
        return Ok(());
    }
    let ran = before.filter(runs).map(|service| service.expires_at);
    let no_longer = |ran: Option<Timestamp>| match (ran, after.expires_at) {
        (None, _) => true,
        (Some(ran), Some(end)) => end <= ran,
        (Some(_), None) => false,
    };
    if ran.is_some_and(no_longer) {
        return Ok(());
    }
    let orders = read.orders_of(after.customer)?;
    let paid = giving::paid_until(&orders, ctx.now);
    let within = paid
        .zip(after.expires_at)
        .is_some_and(|(paid, end)| end <= paid);
    if within {
        Ok(())
    } else {
        Err(OpError::Denied(Permission::ServicesGive))
    }
}

/// Takes a service away; it stays readable as deleted.
pub async fn remove(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    service: Handle<ServiceId>,
) -> Result<(), OpError> {
    ctx.require(Permission::ServicesWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let before = owned(tx, &customer, &service)?;
        let mut after = before.clone();
        after.set_status(ServiceStatus::Deleted, ctx.now);
        super::change(ctx, tx, "service.remove", &before, &after)?;
        choices::unchoose(ctx, tx, &customer, &before)
    })
    .await
}

fn owned(
    read: &impl Read,
    customer: &Customer,
    handle: &Handle<ServiceId>,
) -> Result<Service, OpError> {
    let service: Service = super::find(read, handle)?;
    if service.customer == customer.id {
        Ok(service)
    } else {
        Err(super::missing::<Service>(&handle.text))
    }
}
