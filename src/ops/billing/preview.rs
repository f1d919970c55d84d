//! What billing will do if nobody does anything: the same steps as the run takes, written nowhere.

use std::collections::BTreeMap;

use crate::app::Ctx;
use crate::domain::billing::cycle::Step;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::run::{RunCounts, add_money};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::store::key::owned_by;
use crate::store::{Read, Table};

use super::books::Books;
use super::due::Walk;
use super::owned::owned;
use crate::ops::{Handle, OpError};

/// Whose future is asked for.
#[derive(Debug, Clone)]
pub enum Scope {
    Everybody,
    Customer(Handle<CustomerId>),
    Order(Handle<CustomerId>, Handle<OrderId>),
}

/// Why something will not be paid, or what follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The balance does not cover the cycle, which does not begin.
    Short { balance: Amount },
    /// The balance does not cover the cycle: so much of it will be owed.
    Owed { balance: Amount, owed: Amount },
    /// Nothing was paid in the grace.
    Overdue { since: Timestamp },
    /// No service of the customer is active.
    NothingActive,
    /// The customer has another service that is active, or was switched off otherwise.
    NotSuspended,
}

/// One step that lies ahead.
#[derive(Debug, Clone)]
pub struct Ahead {
    pub at: Timestamp,
    pub order: OrderId,
    pub customer: CustomerId,
    pub step: Step,
    pub why: Option<Why>,
}

/// What will happen until an instant if nobody does anything.
#[derive(Debug, Clone)]
pub struct Forecast {
    pub until: Timestamp,
    pub counts: RunCounts,
    /// What will be invoiced, in minor units.
    pub invoiced: Vec<(Currency, Minor)>,
    /// What will not be paid, in minor units.
    pub unpaid: Vec<(Currency, Minor)>,
    /// The first steps; the figures above count all of them.
    pub steps: Vec<Ahead>,
    pub steps_in_all: u64,
}

/// Looks ahead: the same steps as the run takes, written nowhere. Walks all that is due until then:
/// call it away from the async threads.
pub fn preview(
    ctx: &Ctx,
    scope: &Scope,
    until: Timestamp,
    steps_max: usize,
) -> Result<Forecast, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    // One order is not alone: others of its customer take money and keep services,
    // so all are walked.
    let (mut walk, only) = match scope {
        Scope::Everybody => (Walk::quickest(&snapshot, until)?, None),
        Scope::Customer(handle) => {
            let customer: Customer = crate::ops::find(&snapshot, handle)?;
            (Walk::of(&of_customer(&snapshot, &customer)?, until), None)
        }
        Scope::Order(customer, order) => {
            let customer: Customer = crate::ops::find(&snapshot, customer)?;
            let order = owned(&snapshot, &customer, order)?;
            let walk = Walk::of(&of_customer(&snapshot, &customer)?, until);
            (walk, Some(order.id))
        }
    };
    let mut books = Books::new(ctx, &snapshot);
    let mut failed = 0u64;
    // The walk may go customer by customer: what is shown are the first ones by time.
    let mut first = BTreeMap::new();
    let mut forecast = Forecast {
        until,
        counts: RunCounts::default(),
        invoiced: Vec::new(),
        unpaid: Vec::new(),
        steps: Vec::new(),
        steps_in_all: 0,
    };
    while let Some((due_at, id)) = walk.next(&snapshot)? {
        let at = due_at.max(ctx.now);
        let before = books.order(id)?;
        let told = only.is_none_or(|only| only == id);
        let counted = books.so_far().0.clone();
        let step = match books.settle(id, at) {
            Ok(Some(step)) => step,
            Ok(None) => continue,
            // The run will leave it alone and go on.
            Err(OpError::Failed(_)) => {
                failed = failed.saturating_add(u64::from(told));
                continue;
            }
            Err(error) => return Err(error),
        };
        let after = books.order(id)?;
        walk.add(&after);
        if !told {
            continue;
        }
        forecast.counts.add(&books.so_far().0.less(&counted));
        if let Step::Renewed(bill) = &step
            && let Some(total) = bill.charged()
        {
            add_money(&mut forecast.invoiced, total.currency, total.minor);
        }
        let why = why(&mut books, &before, &step)?;
        let unpaid = match (why, &step) {
            (Some(Why::Owed { owed, .. }), _) => Some(owed),
            (Some(Why::Short { balance }), Step::FellOverdue(bill)) => {
                Some(balance.with(bill.total_minor()))
            }
            _ => None,
        };
        if let Some(unpaid) = unpaid {
            add_money(&mut forecast.unpaid, unpaid.currency, unpaid.minor);
        }
        let ahead = Ahead {
            at,
            order: id,
            customer: before.customer,
            step,
            why,
        };
        first.insert((due_at, id, forecast.steps_in_all), ahead);
        if first.len() > steps_max {
            first.pop_last();
        }
        forecast.steps_in_all = forecast.steps_in_all.saturating_add(1);
        if only.is_none() {
            let ends = after.due().is_none_or(|(at, _)| at > until);
            books.forget(&after, ends);
        }
    }
    forecast.counts.failed = failed;
    forecast.steps = first.into_values().collect();
    Ok(forecast)
}

fn of_customer(read: &impl Read, customer: &Customer) -> Result<Vec<Order>, OpError> {
    Ok(read.listed(Table::OrdersByCustomer, &owned_by(customer.id))?)
}

/// Why a step that was just taken about `before` is no good news.
fn why(
    books: &mut Books<'_, impl Read>,
    before: &Order,
    step: &Step,
) -> Result<Option<Why>, OpError> {
    Ok(match step {
        Step::FellOverdue(bill) => match bill.currency {
            Some(currency) => {
                let balance = books.balance(before.customer, currency)?;
                Some(Why::Short { balance })
            }
            None => None,
        },
        Step::Renewed(bill) => match bill.total() {
            Some(total) => {
                let left = books.balance(before.customer, total.currency)?;
                let balance = left.plus(total)?;
                let covered = balance.minor.clamp(Minor::ZERO, total.minor);
                let owed = total.with(total.minor - covered);
                (owed.minor > 0).then_some(Why::Owed { balance, owed })
            }
            None => None,
        },
        Step::Froze => match before.standing {
            Standing::Overdue { since, .. } => Some(Why::Overdue { since }),
            _ => None,
        },
        Step::Suspends => {
            let customer = books.customer(before.customer)?;
            let suspended = customer.status == CustomerStatus::SuspendedByBilling;
            Some(if suspended {
                Why::NothingActive
            } else {
                Why::NotSuspended
            })
        }
        Step::Reminded | Step::Expired | Step::Reopened => None,
    })
}
