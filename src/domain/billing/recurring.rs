//! Monthly recurring revenue: what the plans that run bring in each month, by their prices and not
//! by what was invoiced, and how that moved from one count to the next (billing, "MRR definition").
//!
//! An order counts from when it runs until it no longer does: a canceled one until its time is
//! over, one that is not paid until it is frozen. Tax is not revenue and does not count.
//! What is charged once, and orders that are billed elsewhere, do not either.

use serde::{Deserialize, Serialize};

use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::charge::{self, Price, TaxDays};
use crate::domain::catalogue::kinds::{Billing, OrderType};
use crate::domain::values::calendar::{LocalDate, Period, Term, Zone};
use crate::domain::values::id::CustomerId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// Days of a year that is no leap year: twelve months of it are the same amount of time everywhere.
const DAYS_A_YEAR: u32 = 365;

/// What one order brings in a month at `at`; `None` where it does not recur, does not run or costs
/// nothing. Rounded once, as all money is.
#[must_use]
pub fn monthly(order: &Order, prices: &[Price], zone: &Zone, at: Timestamp) -> Option<Amount> {
    let recurs = order.order_type == OrderType::Recurring
        && order.billing != Billing::External
        && order.standing != Standing::Waiting;
    if !recurs || !order.runs_at(at) {
        return None;
    }
    let charges = charge::in_force(prices, order.price_version, at);
    let currency = charge::currency(charges).ok().flatten()?;
    // Any cycle but the first: what comes with that one alone does not recur.
    let days = TaxDays::of(zone.date(at));
    let lines = charge::lines(charges, "", OrderType::Recurring, 1, days);
    let net: Minor = lines.iter().map(|line| line.net_minor).sum();
    let minor = a_month(net, order.term)?;
    (minor > Minor::ZERO).then_some(Amount { minor, currency })
}

/// The part of a cycle's price that falls on a month; `None` for a term without an end.
fn a_month(price: Minor, term: Term) -> Option<Minor> {
    let count = term.count.whole_periods();
    let (part, whole) = match term.period {
        Period::Day => (DAYS_A_YEAR, count.checked_mul(12)?),
        Period::Month => (1, count),
        Period::Quarter => (1, count.checked_mul(3)?),
        Period::Year => (1, count.checked_mul(12)?),
    };
    (whole > 0).then(|| price.share(part, whole))
}

/// What a customer brought in a month when it was last counted; kept while that is not nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRevenue {
    pub customer: CustomerId,
    /// At most one of each currency, none of them nothing.
    pub amounts: Vec<Amount>,
}

impl CustomerRevenue {
    #[must_use]
    pub fn none(customer: CustomerId) -> Self {
        Self {
            customer,
            amounts: Vec::new(),
        }
    }

    pub fn add(&mut self, more: Amount) {
        match self.held(more.currency) {
            Some(held) => held.minor += more.minor,
            None => self.amounts.push(more),
        }
    }

    fn held(&mut self, currency: Currency) -> Option<&mut Amount> {
        let mut amounts = self.amounts.iter_mut();
        amounts.find(|held| held.currency == currency)
    }

    fn of(&self, currency: Currency) -> Minor {
        let mut amounts = self.amounts.iter();
        let held = amounts.find(|held| held.currency == currency);
        held.map_or(Minor::ZERO, |held| held.minor)
    }
}

/// How the revenue of one currency moved since the count before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub currency: Currency,
    /// As the count before ended.
    pub starting: Minor,
    /// Of customers who brought nothing then.
    pub new: Minor,
    /// Of those who bring more now.
    pub expansion: Minor,
    /// Of those who bring less; not negative.
    pub contraction: Minor,
    /// Of those who bring nothing any more; not negative.
    pub churn: Minor,
    /// Customers who brought something then, who came, who left.
    pub paying_before: u64,
    pub joined: u64,
    pub left: u64,
}

impl Movement {
    /// Nothing moved yet.
    #[must_use]
    pub fn starting(currency: Currency, starting: Minor, paying_before: u64) -> Self {
        Self {
            currency,
            starting,
            new: Minor::ZERO,
            expansion: Minor::ZERO,
            contraction: Minor::ZERO,
            churn: Minor::ZERO,
            paying_before,
            joined: 0,
            left: 0,
        }
    }

    /// What is brought in a month now.
    #[must_use]
    pub fn ending(&self) -> Minor {
        self.starting + self.new + self.expansion - self.contraction - self.churn
    }

    /// Customers who bring something now.
    #[must_use]
    pub fn paying(&self) -> u64 {
        let with = self.paying_before.saturating_add(self.joined);
        with.saturating_sub(self.left)
    }

    fn take(&mut self, before: Minor, now: Minor, is_first: bool) {
        if is_first {
            self.starting += now;
            self.paying_before = self.paying_before.saturating_add(1);
        } else if before == Minor::ZERO && now != Minor::ZERO {
            self.new += now;
            self.joined = self.joined.saturating_add(1);
        } else if now == Minor::ZERO && before != Minor::ZERO {
            self.churn += before;
            self.left = self.left.saturating_add(1);
        } else if now > before {
            self.expansion += now - before;
        } else {
            self.contraction += before - now;
        }
    }
}

/// A count, made soon after a day of the operator's calendar was over. It never changes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueDay {
    /// The day that was over.
    pub day: LocalDate,
    /// When the count began: orders are taken as they stand then.
    pub counted_at: Timestamp,
    /// The last customer who was counted; `None` once all are.
    pub counted_to: Option<CustomerId>,
    /// There was none before: what it finds was there already, and is not news.
    pub is_first: bool,
    /// One of each currency.
    pub movements: Vec<Movement>,
}

impl RevenueDay {
    /// A count that begins where the one before it ended.
    #[must_use]
    pub fn begin(day: LocalDate, at: Timestamp, before: Option<&Self>) -> Self {
        let is_first = before.is_none();
        let held = before.into_iter().flat_map(|before| &before.movements);
        let movements = held.map(|of| Movement::starting(of.currency, of.ending(), of.paying()));
        Self {
            day,
            counted_at: at,
            counted_to: Some(CustomerId(0)),
            is_first,
            movements: movements.collect(),
        }
    }

    /// Takes in how one customer moved.
    pub fn take(&mut self, before: &CustomerRevenue, now: &CustomerRevenue) {
        let amounts = before.amounts.iter().chain(&now.amounts);
        let mut currencies: Vec<Currency> = amounts.map(|amount| amount.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies {
            let (was, is) = (before.of(currency), now.of(currency));
            let is_first = self.is_first;
            self.movement(currency).take(was, is, is_first);
        }
    }

    fn movement(&mut self, currency: Currency) -> &mut Movement {
        let place = self.movements.iter().position(|of| of.currency == currency);
        let place = place.unwrap_or_else(|| {
            self.movements
                .push(Movement::starting(currency, Minor::ZERO, 0));
            self.movements.len().saturating_sub(1)
        });
        &mut self.movements[place]
    }
}
