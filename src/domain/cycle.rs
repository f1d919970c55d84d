//! **Settlement**: what is done about an order when something of it is due. Pure: the run, the
//! preview and the tests all ask the same functions, which change nothing but what they answer.
//!
//! Rules: `docs/billing.md`. Must not know where the balance comes from or what becomes of the
//! answer.

use super::calendar::{LocalDate, Zone};
use super::catalogue::Billing;
use super::charge::{Line, Price, in_force, lines, total_minor};
use super::dunning::Ladder;
use super::money::Currency;
use super::order::{Due, Order, OrderStatus, Standing};
use super::time::Timestamp;

/// What an order is billed by, taken from its offer.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t> {
    /// The offer's title: names a charge that has none.
    pub title: &'t str,
    pub prices: &'t [Price],
    pub ladder: &'t Ladder,
    pub zone: &'t Zone,
    /// The day whose tax rates hold; `None`: the one on which the cycle begins.
    pub taxed_on: Option<LocalDate>,
}

/// One cycle of an order with what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// 0-based.
    pub cycle: u32,
    pub from: Timestamp,
    /// None: without end.
    pub to: Option<Timestamp>,
    pub lines: Vec<Line>,
    /// None where the cycle is free.
    pub currency: Option<Currency>,
}

impl Bill {
    /// What is to be paid, in minor units; 0 where the cycle is free.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        if self.currency.is_some() {
            total_minor(&self.lines).max(0)
        } else {
            0
        }
    }

    /// Whether it is for a time that does not end after it begins: no such bill is ever due.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        self.to.is_some_and(|to| to <= self.from)
    }

    /// A cycle that costs nothing, or less, is not invoiced.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.total_minor() == 0
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The cycle begins and is billed.
    Renewed(Bill),
    /// The balance does not cover the cycle.
    FellOverdue(Bill),
    Reminded,
    Froze,
    /// The customer is to be suspended if no service of theirs is active.
    Suspends,
    Expired,
    /// It is active again without a bill: what it owed is paid.
    Reopened,
}

/// An order after one step, and what the step was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub order: Order,
    pub step: Step,
}

/// The bill for cycle `number`, which begins at `from`.
#[must_use]
pub fn bill(order: &Order, terms: &Terms<'_>, number: u32, from: Timestamp) -> Bill {
    let charges = in_force(terms.prices, order.price_version, from);
    let date = terms.taxed_on.unwrap_or_else(|| terms.zone.date(from));
    let lines = lines(charges, terms.title, order.order_type, number, date);
    Bill {
        cycle: number,
        from,
        to: order.cycle_start(terms.zone, number.saturating_add(1)),
        currency: charges.first().map(|charge| charge.amount.currency),
        lines,
    }
}

/// The bill for the cycle that follows those begun; `None` where none follows.
#[must_use]
pub fn next_bill(order: &Order, terms: &Terms<'_>) -> Option<Bill> {
    let from = order.next_cycle_at.filter(|_| order.has_more_cycles())?;
    Some(bill(order, terms, order.cycles_paid, from))
}

/// The order with the cycle of `bill` begun: active, its dates one cycle further.
#[must_use]
pub fn renewed(order: &Order, bill: &Bill, at: Timestamp) -> Order {
    let mut after = order.clone();
    after.cycles_paid = order.cycles_paid.max(bill.cycle.saturating_add(1));
    after.status = OrderStatus::Active;
    after.standing = Standing::Settled;
    // An end that somebody set further away stays.
    after.expires_at = match (bill.to, order.expires_at) {
        (Some(to), Some(end)) => Some(to.max(end)),
        (to, _) => to,
    };
    after.next_cycle_at = bill.to.filter(|_| after.has_more_cycles());
    after.updated_at = at;
    after
}

/// The order overdue from `at` on.
#[must_use]
pub fn overdue(order: &Order, terms: &Terms<'_>, at: Timestamp) -> Order {
    let mut after = order.clone();
    after.standing = Standing::Overdue {
        since: at,
        freeze_at: terms.ladder.freeze_at(terms.zone, at),
        remind_at: terms.ladder.reminder_at(terms.zone, at, 0),
        reminders_sent: 0,
    };
    after.updated_at = at;
    after
}

/// An order that was overdue, was paid for a cycle, and is overdue at once with the next: its ladder
/// counts from when that cycle was due, so that nobody is in his grace for ever by paying late. What
/// is behind on the ladder is not said again.
#[must_use]
pub fn overdue_still(before: &Order, after: &Order, terms: &Terms<'_>, at: Timestamp) -> Order {
    let (Standing::Overdue { since: held, .. }, Standing::Overdue { .. }) =
        (before.standing, after.standing)
    else {
        return after.clone();
    };
    let due_at = after.next_cycle_at.unwrap_or(at);
    let since = due_at.max(held).min(at);
    let mut still = overdue(after, terms, since);
    while let Standing::Overdue {
        remind_at: Some(remind_at),
        reminders_sent,
        freeze_at,
        ..
    } = still.standing
        && remind_at <= at
    {
        let reminders_sent = reminders_sent.saturating_add(1);
        still.standing = Standing::Overdue {
            since,
            freeze_at,
            remind_at: terms.ladder.reminder_at(terms.zone, since, reminders_sent),
            reminders_sent,
        };
    }
    still.updated_at = at;
    still
}

/// A postpaid order of which an invoice is open again that was paid: it is dunned from now on, unless it
/// is already.
#[must_use]
pub fn owed_again(order: &Order, terms: &Terms<'_>, at: Timestamp) -> Order {
    let over = match (order.status, order.standing) {
        (OrderStatus::Active | OrderStatus::Canceled, Standing::Settled) => false,
        (OrderStatus::Expired, Standing::Settled | Standing::Ended)
        | (OrderStatus::Canceled, Standing::Ended) => true,
        _ => return order.clone(),
    };
    let mut after = overdue(order, terms, at);
    if over && let Some(standing) = owing(&after, terms) {
        after.standing = standing;
    }
    after
}

/// How a postpaid order stands when its time is over before it is paid; `None` where it is paid. What
/// is left of its ladder goes on.
#[must_use]
pub fn owing(order: &Order, terms: &Terms<'_>) -> Option<Standing> {
    if order.billing != Billing::Postpaid {
        return None;
    }
    match order.standing {
        Standing::Overdue {
            since,
            freeze_at,
            remind_at,
            reminders_sent,
        } => Some(Standing::Owing {
            since,
            remind_at,
            reminders_sent,
            suspend_at: Some(terms.ladder.suspend_at(terms.zone, freeze_at)),
        }),
        Standing::Frozen { since, suspend_at } => Some(Standing::Owing {
            since,
            remind_at: None,
            reminders_sent: 0,
            suspend_at,
        }),
        Standing::Owing { .. } => Some(order.standing),
        Standing::Settled
        | Standing::Waiting
        | Standing::Paused { .. }
        | Standing::Parked { .. }
        | Standing::Ended => None,
    }
}

/// Does what is next due about an order, at `at`, its customer having `balance_minor` in the
/// currency of the bill. `balance` is asked for a currency only where money decides. `None` where
/// nothing is due.
pub fn settle(
    order: &Order,
    terms: &Terms<'_>,
    balance: impl FnOnce(Currency) -> i64,
    at: Timestamp,
) -> Option<Settled> {
    let (due_at, due) = order.due()?;
    if due_at > at {
        return None;
    }
    Some(match due {
        Due::Cycle => cycle(order, terms, balance, due_at, at),
        Due::Reminder => remind(order, terms, at),
        Due::Freeze => {
            let mut after = order.clone();
            if order.status != OrderStatus::Canceled {
                after.status = OrderStatus::Inactive;
            }
            after.standing = Standing::Frozen {
                since: at,
                suspend_at: Some(terms.ladder.suspend_at(terms.zone, at)),
            };
            after.updated_at = at;
            done(after, Step::Froze)
        }
        Due::Suspension => {
            let mut after = order.clone();
            match &mut after.standing {
                Standing::Frozen { suspend_at, .. } | Standing::Owing { suspend_at, .. } => {
                    *suspend_at = None;
                }
                _ => {}
            }
            after.updated_at = at;
            done(after, Step::Suspends)
        }
        Due::End => {
            let mut after = order.clone();
            // One that was canceled stays so: it says why it ended.
            if order.status != OrderStatus::Canceled {
                after.status = OrderStatus::Expired;
            }
            after.standing = owing(order, terms).unwrap_or(Standing::Ended);
            after.next_cycle_at = None;
            after.updated_at = at;
            done(after, Step::Expired)
        }
    })
}

fn done(order: Order, step: Step) -> Settled {
    Settled { order, step }
}

fn cycle(
    order: &Order,
    terms: &Terms<'_>,
    balance: impl FnOnce(Currency) -> i64,
    due_at: Timestamp,
    at: Timestamp,
) -> Settled {
    let bill = bill(order, terms, order.cycles_paid, due_at);
    let covered = match bill.currency {
        Some(currency) if !bill.is_free() => balance(currency) >= bill.total_minor(),
        _ => true,
    };
    if order.billing == Billing::Prepaid && !covered {
        return done(overdue(order, terms, at), Step::FellOverdue(bill));
    }
    let mut after = renewed(order, &bill, at);
    if order.billing == Billing::Postpaid {
        // The debt counts from the first cycle that was not paid.
        match order.standing {
            Standing::Overdue { .. } => after.standing = order.standing,
            _ if !covered => after = overdue(&after, terms, at),
            _ => {}
        }
    }
    done(after, Step::Renewed(bill))
}

fn remind(order: &Order, terms: &Terms<'_>, at: Timestamp) -> Settled {
    let mut after = order.clone();
    if let Standing::Overdue {
        since,
        remind_at,
        reminders_sent,
        ..
    }
    | Standing::Owing {
        since,
        remind_at,
        reminders_sent,
        ..
    } = &mut after.standing
    {
        *reminders_sent = reminders_sent.saturating_add(1);
        *remind_at = terms
            .ladder
            .reminder_at(terms.zone, *since, *reminders_sent);
    }
    after.updated_at = at;
    done(after, Step::Reminded)
}

/// What money that came in does for an order that is overdue or frozen. `owes`: whether an invoice
/// of it is still open. `None` where it stays as it is.
pub fn reopen(
    order: &Order,
    terms: &Terms<'_>,
    balance: impl FnOnce(Currency) -> i64,
    owes: bool,
    at: Timestamp,
) -> Option<Settled> {
    let frozen = match (order.status, order.standing) {
        (OrderStatus::Active, Standing::Overdue { .. }) => false,
        (OrderStatus::Inactive, Standing::Frozen { .. }) => true,
        (OrderStatus::Canceled, Standing::Overdue { .. } | Standing::Frozen { .. }) => {
            // It stays canceled, and runs to the end of what is paid now.
            let mut after = order.clone();
            after.standing = Standing::Settled;
            after.updated_at = at;
            return (!owes).then(|| done(after, Step::Reopened));
        }
        (OrderStatus::Expired | OrderStatus::Canceled, Standing::Owing { .. }) => {
            // Its time is over; now its debt is too.
            let mut after = order.clone();
            after.standing = Standing::Ended;
            after.updated_at = at;
            return (!owes).then(|| done(after, Step::Reopened));
        }
        _ => return None,
    };
    if order.billing == Billing::Prepaid && order.has_more_cycles() {
        let mut again = order.clone();
        if frozen {
            again.anchor_again(at);
        }
        let bill = next_bill(&again, terms)?;
        let covered = match bill.currency {
            Some(currency) if !bill.is_free() => balance(currency) >= bill.total_minor(),
            _ => true,
        };
        return covered.then(|| done(renewed(&again, &bill, at), Step::Renewed(bill)));
    }
    if owes {
        return None;
    }
    let mut after = order.clone();
    after.status = OrderStatus::Active;
    after.standing = Standing::Settled;
    after.updated_at = at;
    let over = order.expires_at.is_some_and(|end| end <= at);
    if frozen && over && order.has_more_cycles() {
        after.anchor(at);
        after.expires_at = Some(at);
    }
    Some(done(after, Step::Reopened))
}
