//! The rules, stated with the numbers of `docs/billing.md` and `docs/marketone.md`: a file for each
//! part of them, and here what they have in common.
//!
//! A rule whose mistakes nobody would notice is no rule: `tests/mutants/run` says which those are.

mod amounts;
mod books;
mod boxes;
mod brought;
mod calendar;
mod charges;
mod customers;
mod cycles;
mod giving;
mod guard;
mod invoices;
mod ladder;
mod letters;
mod order_dates;
mod order_due;
mod order_status;
mod partner_subscriptions;
mod partners;
mod pins;
mod recurring;
mod reopening;
mod selling;
mod staff;
mod told;
mod watching;
mod webhooks;

use super::catalogue::ProductOffer;
use super::catalogue::kinds::{Billing, OfferStatus, OrderType};
use crate::domain::billing::cycle::Terms;
use crate::domain::billing::order::{Hold, Order, Standing};
use crate::domain::catalogue::charge::{Charge, Price};
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::values::calendar::{LocalDate, Period, PeriodCount, Term, Zone};
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId, ProductSpecId, RunId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::time::Timestamp;

/// The bare number, where several are compared at once.
pub fn units(minor: Minor) -> i128 {
    minor.into()
}

pub const DAY: i64 = 86_400_000_000;

/// `2026-01-31`, or with a time of day `2026-01-31 10:00:00`, by the clock of Greenwich.
pub fn at(text: &str) -> Timestamp {
    Zone::utc().parse_local(text).unwrap()
}

pub fn term(count: u32, period: Period) -> Term {
    let count = PeriodCount::whole(count).unwrap();
    Term { count, period }
}

/// A prepaid order by the month that began on 1 January 2026 and is paid until 1 February.
pub fn monthly() -> Order {
    let began = at("2026-01-01");
    Order {
        id: OrderId(1),
        foreign_id: None,
        customer: CustomerId(2),
        product: ProductSpecId(3),
        offer: Some(ProductOfferId(4)),
        term: term(1, Period::Month),
        order_type: OrderType::Recurring,
        billing: Billing::Prepaid,
        price_version: 1,
        cycles_total: 0,
        cycles_paid: 1,
        status: OrderStatus::Active,
        standing: Standing::Settled,
        anchor_at: began,
        anchor_cycle: 0,
        next_cycle_at: Some(at("2026-02-01")),
        expires_at: Some(at("2026-02-01")),
        pauses: Vec::new(),
        time_kept: false,
        held: None,
        fallback_product: None,
        external_refs: Vec::new(),
        served_by_caller: false,
        created_at: began,
        activated_at: Some(began),
        updated_at: began,
    }
}

/// [`monthly`], changed.
pub fn monthly_with(change: impl FnOnce(&mut Order)) -> Order {
    let mut order = monthly();
    change(&mut order);
    order
}

pub fn hold(until: &str, whole: bool) -> Hold {
    Hold {
        run: RunId(1),
        until: at(until),
        whole,
    }
}

/// Overdue since a day, with one reminder to come or none.
pub fn overdue(since: &str, freeze_at: &str, remind_at: Option<&str>) -> Standing {
    Standing::Overdue {
        since: at(since),
        freeze_at: at(freeze_at),
        remind_at: remind_at.map(at),
        reminders_sent: 0,
    }
}

pub fn frozen(since: &str, suspend_at: Option<&str>) -> Standing {
    Standing::Frozen {
        since: at(since),
        suspend_at: suspend_at.map(at),
    }
}

pub fn paused(since: &str) -> Standing {
    Standing::Paused { since: at(since) }
}

pub fn parked(since: &str) -> Standing {
    Standing::Parked { since: at(since) }
}

pub fn owing(since: &str, remind_at: Option<&str>, suspend_at: Option<&str>) -> Standing {
    Standing::Owing {
        since: at(since),
        remind_at: remind_at.map(at),
        reminders_sent: 0,
        suspend_at: suspend_at.map(at),
    }
}

pub fn day(text: &str) -> LocalDate {
    LocalDate::parse(text).unwrap()
}

pub fn money(minor: impl Into<Minor>, code: &str) -> Amount {
    let (minor, currency) = (minor.into(), Currency::parse(code).unwrap());
    Amount { minor, currency }
}

pub fn usd(minor: impl Into<Minor>) -> Amount {
    money(minor, "USD")
}

pub fn percent(text: &str) -> TaxRate {
    TaxRate::parse(text).unwrap()
}

/// A charge with every cycle, 20 % tax included.
pub fn charge(amount: Amount) -> Charge {
    Charge {
        kind: OrderType::Recurring,
        title: String::new(),
        amount,
        tax_rate: percent("20"),
        dated_rates: Vec::new(),
        tax_included: true,
        refundable: false,
    }
}

/// As [`charge`], with the first cycle only.
pub fn once(amount: Amount) -> Charge {
    Charge {
        kind: OrderType::OneTime,
        ..charge(amount)
    }
}

/// A price by the month from a day on, which orders that run take.
pub fn price(version: u32, since: &str, charges: Vec<Charge>) -> Price {
    Price {
        version,
        since: at(since),
        for_running: true,
        term: term(1, Period::Month),
        charges,
    }
}

/// What an order is billed by.
pub struct Sold {
    pub prices: Vec<Price>,
    pub ladder: Ladder,
    pub zone: Zone,
}

impl Sold {
    pub fn terms(&self) -> Terms<'_> {
        Terms {
            title: "Basic",
            prices: &self.prices,
            ladder: &self.ladder,
            zone: &self.zone,
            billed_on: None,
            seen_on: None,
            priced_at: None,
        }
    }
}

/// 12.00 a month; two weeks of grace, reminders after one day and after a week; suspended three
/// days after the freeze.
pub fn sold() -> Sold {
    Sold {
        prices: vec![price(1, "2025-01-01", vec![charge(usd(1_200))])],
        ladder: Ladder {
            grace_days: 14,
            reminder_days: vec![1, 7],
            suspend_days: 3,
        },
        zone: Zone::utc(),
    }
}

/// How [`monthly`] is sold.
pub fn offer() -> ProductOffer {
    ProductOffer {
        id: ProductOfferId(4),
        foreign_id: None,
        product: ProductSpecId(3),
        title: "Basic".to_owned(),
        description: String::new(),
        term: term(1, Period::Month),
        cycles_total: PeriodCount::ZERO,
        order_type: OrderType::Recurring,
        status: OfferStatus::Active,
        billing: Billing::Prepaid,
        charges: Vec::new(),
        dunning: None,
        prices: sold().prices,
        ladder: None,
        eligibility: Eligibility::default(),
        external_refs: Vec::new(),
        created_at: at("2025-01-01"),
        updated_at: at("2025-01-01"),
        expires_at: None,
        removed_at: None,
    }
}
