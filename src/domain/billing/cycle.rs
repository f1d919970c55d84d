//! **Settlement**: what is done about an order when something of it is due. Pure: the run, the
//! preview and the tests all ask the same functions, which change nothing but what they answer.
//!
//! Rules: `docs/billing.md`. Must not know where the balance comes from or what becomes of the
//! answer.

use super::order::{Due, Order, Standing};
use crate::domain::catalogue::charge::{Line, Price, TaxDays, in_force, lines, total_minor};
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::values::calendar::{LocalDate, Zone};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// What an order is billed by, taken from its offer.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t> {
    /// The offer's title: names a charge that has none.
    pub title: &'t str,
    pub prices: &'t [Price],
    pub ladder: &'t Ladder,
    pub zone: &'t Zone,
    /// The day on which the cycle is paid or billed, where it may begin later: the earlier of
    /// both days says the tax rates. `None`: it has begun by then.
    pub billed_on: Option<LocalDate>,
    /// The day on which the payer saw the price; `None`: the one whose rates hold.
    pub seen_on: Option<LocalDate>,
    /// The instant whose price holds; `None`: that at which the cycle begins.
    pub priced_at: Option<Timestamp>,
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
    pub fn total_minor(&self) -> Minor {
        if self.currency.is_some() {
            total_minor(&self.lines).above_zero()
        } else {
            Minor::ZERO
        }
    }

    /// The same with its currency; `None` where the cycle has no price.
    #[must_use]
    pub fn total(&self) -> Option<Amount> {
        let minor = self.total_minor();
        self.currency.map(|currency| Amount { minor, currency })
    }

    /// What is to be paid, where that is more than nothing.
    #[must_use]
    pub fn charged(&self) -> Option<Amount> {
        self.total().filter(|total| total.minor > 0)
    }

    /// Whether nobody pays more by it than this.
    #[must_use]
    pub fn costs_at_most(&self, most: Amount) -> bool {
        self.total()
            .is_none_or(|total| total.currency == most.currency && total.minor <= most.minor)
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
    bill_as(order, terms, number, number, from)
}

/// As [`bill`], for the first cycle under another offer than before: all of its charges are due.
#[must_use]
pub fn bill_anew(order: &Order, terms: &Terms<'_>, number: u32, from: Timestamp) -> Bill {
    bill_as(order, terms, number, 0, from)
}

fn bill_as(
    order: &Order,
    terms: &Terms<'_>,
    number: u32,
    charged_as: u32,
    from: Timestamp,
) -> Bill {
    let priced_at = terms.priced_at.unwrap_or(from);
    let charges = in_force(terms.prices, order.price_version, priced_at);
    let begins = terms.zone.date(from);
    let earlier = |day: Option<LocalDate>| day.map_or(begins, |day| day.min(begins));
    let taxed = earlier(terms.billed_on);
    let seen = terms.seen_on.map_or(taxed, |day| earlier(Some(day)));
    let days = TaxDays { taxed, seen };
    let lines = lines(charges, terms.title, order.order_type, charged_as, days);
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
    after.held = None;
    after.updated_at = at;
    after
}

/// The next cycle of an order that ran for `unpaid_micros` without being paid and was frozen then:
/// the order as that cycle begins with money that comes at `at`, and its bill. The days of grace
/// are a part of the cycle, half of it at most: it begins so much earlier. Paid at the moment of
/// the freeze, its dates are those that it has without one. `None` where no cycle follows.
#[must_use]
pub fn again(
    order: &Order,
    terms: &Terms<'_>,
    unpaid_micros: i64,
    at: Timestamp,
) -> Option<(Order, Bill)> {
    let mut again = order.clone();
    let number = order.cycles_paid.saturating_add(1);
    let (due_at, end) = (order.next_cycle_at, order.cycle_start(terms.zone, number));
    let Some((due_at, end)) = due_at.zip(end).filter(|_| unpaid_micros > 0) else {
        again.anchor_again(at);
        return Some((again.clone(), next_bill(&again, terms)?));
    };
    let whole = end.micros().saturating_sub(due_at.micros()).max(0);
    let served = unpaid_micros.min(whole / 2);
    let from = at
        .saturating_add_micros(served.saturating_neg())
        .max(due_at);
    if from == due_at {
        return Some((again.clone(), next_bill(&again, terms)?));
    }
    again.anchor(from);
    let mut bill = next_bill(&again, terms)?;
    bill.to = Some(from.saturating_add_micros(whole));
    Some((again, bill))
}

/// As [`renewed`], for what [`again`] answers: later cycles count from the end of this one.
#[must_use]
pub fn renewed_again(order: &Order, bill: &Bill, zone: &Zone, at: Timestamp) -> Order {
    let mut after = renewed(order, bill, at);
    let whole = order.cycle_start(zone, bill.cycle.saturating_add(1));
    if let Some(to) = bill
        .to
        .filter(|_| bill.to != whole && after.has_more_cycles())
    {
        after.anchor(to);
    }
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
    after.held = None;
    after.updated_at = at;
    after
}

/// An order that was overdue, was paid for a cycle, and is overdue at once with the next: its
/// ladder counts from when that cycle was due, so that nobody is in his grace for ever by paying
/// late. What is behind on the ladder is not said again.
#[must_use]
pub fn overdue_still(before: &Order, after: &Order, terms: &Terms<'_>, at: Timestamp) -> Order {
    let (Standing::Overdue { since: held, .. }, Standing::Overdue { .. }) =
        (before.standing, after.standing)
    else {
        return after.clone();
    };
    let due_at = after.next_cycle_at.unwrap_or(at);
    laddered(after, terms, due_at.max(held).min(at), at)
}

/// The ladder of an order that is not wholly paid counts from `oldest`: since when the oldest is
/// unpaid of what is unpaid still. It never begins earlier than it did.
#[must_use]
pub fn owed_since(order: &Order, terms: &Terms<'_>, oldest: Timestamp, at: Timestamp) -> Order {
    match order.standing {
        Standing::Overdue { since, .. } | Standing::Owing { since, .. } if since < oldest => {
            laddered(order, terms, oldest, at)
        }
        _ => order.clone(),
    }
}

/// The order on its ladder as it stands at `at`, having been unpaid since `since`.
fn laddered(order: &Order, terms: &Terms<'_>, since: Timestamp, at: Timestamp) -> Order {
    let mut sent = 0u32;
    let mut remind_at = terms.ladder.reminder_at(terms.zone, since, sent);
    while remind_at.is_some_and(|remind_at| remind_at <= at) {
        sent = sent.saturating_add(1);
        remind_at = terms.ladder.reminder_at(terms.zone, since, sent);
    }
    let freeze_at = terms.ladder.freeze_at(terms.zone, since);
    let mut after = order.clone();
    after.standing = match order.standing {
        Standing::Owing { suspend_at, .. } => Standing::Owing {
            since,
            remind_at,
            reminders_sent: sent,
            // One that is behind is not taken again.
            suspend_at: suspend_at.map(|_| terms.ladder.suspend_at(terms.zone, freeze_at)),
        },
        _ => Standing::Overdue {
            since,
            freeze_at,
            remind_at,
            reminders_sent: sent,
        },
    };
    after.updated_at = at;
    after
}

/// An order of which an invoice is open again that was paid: it is dunned from now on, unless it is
/// already.
#[must_use]
pub fn owed_again(order: &Order, terms: &Terms<'_>, at: Timestamp) -> Order {
    let over = match (order.status, order.standing) {
        (OrderStatus::Active | OrderStatus::Canceled, Standing::Settled) => false,
        (OrderStatus::Expired | OrderStatus::Deleted, Standing::Settled | Standing::Ended)
        | (OrderStatus::Canceled, Standing::Ended) => true,
        _ => return order.clone(),
    };
    let mut after = overdue(order, terms, at);
    if over && let Some(standing) = owing(&after, terms) {
        after.standing = standing;
    }
    after
}

/// How an order of which an invoice is open stands when its time is over before it is paid; `None`
/// where it was not dunned. What is left of its ladder goes on.
#[must_use]
pub fn owing(order: &Order, terms: &Terms<'_>) -> Option<Standing> {
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
    balance: impl FnOnce(Currency) -> Minor,
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
            after.time_kept = order.lost_its_money() && order.expires_at.is_none_or(|end| end > at);
            after.standing = Standing::Frozen {
                since: at,
                suspend_at: Some(terms.ladder.suspend_at(terms.zone, at)),
            };
            after.held = None;
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
            let owed = owing(order, terms).filter(|_| order.billing == Billing::Postpaid);
            after.standing = owed.unwrap_or(Standing::Ended);
            after.time_kept = false;
            after.next_cycle_at = None;
            after.held = None;
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
    balance: impl FnOnce(Currency) -> Minor,
    due_at: Timestamp,
    at: Timestamp,
) -> Settled {
    // A cycle that was held begins when it would have begun.
    let from = order.next_cycle_at.unwrap_or(due_at);
    let bill = bill(order, terms, order.cycles_paid, from);
    let covered = match bill.charged() {
        Some(total) => balance(total.currency) >= total.minor,
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
    balance: impl FnOnce(Currency) -> Minor,
    owes: bool,
    at: Timestamp,
) -> Option<Settled> {
    if owes {
        return None;
    }
    let frozen = match (order.status, order.standing) {
        (OrderStatus::Active, Standing::Overdue { .. }) => None,
        (OrderStatus::Inactive, Standing::Frozen { since, .. }) => Some(since),
        (OrderStatus::Canceled, Standing::Overdue { .. } | Standing::Frozen { .. }) => {
            // It stays canceled, and runs to the end of what is paid now.
            let mut after = settled(order, at);
            after.status = OrderStatus::Canceled;
            after.next_cycle_at = None;
            return Some(done(after, Step::Reopened));
        }
        (
            OrderStatus::Expired | OrderStatus::Canceled | OrderStatus::Deleted,
            Standing::Owing { .. },
        ) => {
            // Its time is over; now its debt is too.
            let mut after = order.clone();
            after.standing = Standing::Ended;
            after.updated_at = at;
            return Some(done(after, Step::Reopened));
        }
        _ => return None,
    };
    let paid_on = match frozen {
        Some(_) => order.time_kept,
        None => order.next_cycle_at.is_none_or(|next| next > at),
    };
    if order.billing == Billing::Prepaid && order.has_more_cycles() && !paid_on {
        let (again, bill) = match frozen {
            Some(_) => again(order, terms, order.unpaid_micros(at), at)?,
            None => (order.clone(), next_bill(order, terms)?),
        };
        let covered = match bill.charged() {
            Some(total) => balance(total.currency) >= total.minor,
            _ => true,
        };
        let after = renewed_again(&again, &bill, terms.zone, at);
        return covered.then(|| done(after, Step::Renewed(bill)));
    }
    let mut after = settled(order, at);
    let over = after.expires_at.is_some_and(|end| end <= at);
    if frozen.is_some() && over && order.has_more_cycles() {
        after.anchor(at);
        after.expires_at = Some(at);
    }
    Some(done(after, Step::Reopened))
}

/// The order active again, being paid; what is left of time that was kept runs from now.
fn settled(order: &Order, at: Timestamp) -> Order {
    let mut after = order.clone();
    if let Standing::Frozen { since, .. } = order.standing
        && order.time_kept
    {
        after.thaw(since, at);
    }
    after.status = OrderStatus::Active;
    after.standing = Standing::Settled;
    after.updated_at = at;
    after
}
