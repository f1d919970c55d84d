//! What needs somebody now, and the figures of the day: from counted indexes and from memory, so
//! that asking costs the same whatever the number of customers.

use crate::app::Ctx;
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::customers::CustomerStatus;
use crate::domain::staff::Permission;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{PaymentId, RunId};
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::ops::OpError;
use crate::ops::billing::held_run;
use crate::ops::upkeep::{JobRecord, JobState};
use crate::store::key::{in_state, owned_by};
use crate::store::{Read, Snapshot, Table};

/// Most open payments that are looked at.
const PAYMENTS_MAX: usize = 1_000;

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The data file is damaged.
    Damaged { what: String },
    /// Nothing is written: the disk is full.
    DiskFull { free_bytes: u64 },
    /// A billing run is held.
    RunHeld {
        run: RunId,
        orders: u64,
        decides_at: Timestamp,
    },
    /// Money came of which nobody knows whose it is.
    Suspense { count: u64 },
    /// Letters that could not be sent.
    DeadLetters { count: u64 },
    /// Events that a webhook did not take.
    DeadDeliveries { count: u64 },
    /// The middleware could not be told of customers.
    MiddlewareUntold { count: u64 },
    /// A job does nothing any more.
    JobDead { job: &'static str },
    /// The last turn of a job failed.
    JobFailed {
        job: &'static str,
        at: Timestamp,
        problem: String,
    },
}

/// All that needs somebody, as far as whoever asks may see it.
pub fn needs(ctx: &Ctx) -> Result<Vec<Need>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let may = |permission| ctx.actor.may(permission) && ctx.actor.reseller().is_none();
    let mut needs = Vec::new();
    let health = ctx.app.store.health();
    needs.extend(health.damage().map(|what| Need::Damaged { what }));
    if health.is_full() {
        let free_bytes = health.free_bytes();
        needs.push(Need::DiskFull { free_bytes });
    }
    if may(Permission::MoneyRead) {
        needs.extend(held_run::held(ctx)?.map(|held| Need::RunHeld {
            run: held.run.id,
            orders: held.orders,
            decides_at: held.decides_at,
        }));
        let count = suspense(&read)?;
        needs.extend((count > 0).then_some(Need::Suspense { count }));
    }
    if ctx.actor.reseller().is_none() {
        let count = read.rows(Table::MessagesDead)?;
        needs.extend((count > 0).then_some(Need::DeadLetters { count }));
        let count = read.rows(Table::CounterpartsUntold)?;
        needs.extend((count > 0).then_some(Need::MiddlewareUntold { count }));
    }
    if may(Permission::StaffManage) {
        let count = dead_deliveries(&read)?;
        needs.extend((count > 0).then_some(Need::DeadDeliveries { count }));
    }
    if may(Permission::AuditRead) {
        needs.extend(ctx.app.jobs.all().into_iter().filter_map(failed));
    }
    Ok(needs)
}

fn suspense(read: &Snapshot) -> Result<u64, OpError> {
    let mut count = 0u64;
    let open = read.numbers(Table::PaymentsOpen, &[])?;
    for number in open.into_iter().take(PAYMENTS_MAX) {
        let payment: Option<Payment> = read.get(&PaymentId(number))?;
        let is_nobodys = payment.is_some_and(|of| of.state == PaymentState::Unmatched);
        count = count.saturating_add(u64::from(is_nobodys));
    }
    Ok(count)
}

fn dead_deliveries(read: &Snapshot) -> Result<u64, OpError> {
    let mut count = 0u64;
    for webhook in read.all::<Webhook>()? {
        let front = in_state(webhook.id, DeliveryState::Dead);
        count = count.saturating_add(read.counted(Table::DeliveriesByState, &front)?);
    }
    Ok(count)
}

/// A job that is dead, or whose last turn ended with an error.
fn failed(job: JobRecord) -> Option<Need> {
    if job.state == JobState::Dead {
        return Some(Need::JobDead { job: job.name });
    }
    let last = job.last?;
    let error = job.last_error.filter(|error| error.at >= last.start)?;
    Some(Need::JobFailed {
        job: job.name,
        at: error.at,
        problem: error.text,
    })
}

/// The figures of the day.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Customers by status; of a reseller's people all of theirs under none.
    pub customers: Vec<(Option<CustomerStatus>, u64)>,
    /// Boxes that are on now. None for a reseller's people: it is everybody's.
    pub online: Option<usize>,
}

pub fn figures(ctx: &Ctx) -> Result<Figures, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    if let Some(reseller) = ctx.actor.reseller() {
        let count = read.counted(Table::CustomersByReseller, &owned_by(reseller))?;
        return Ok(Figures {
            customers: vec![(None, count)],
            online: None,
        });
    }
    let mut customers = Vec::new();
    for status in CustomerStatus::ALL {
        let count = read.counted(Table::CustomersByStatus, &[status as u8])?;
        customers.push((Some(status), count));
    }
    let window = i64::from(ctx.app.config.stalker.watchdog_timeout);
    let since = ctx.now.saturating_add_seconds(window.saturating_neg());
    Ok(Figures {
        customers,
        online: Some(ctx.app.presence.count_since(since)),
    })
}
