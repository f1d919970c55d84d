//! **The guard**: whether a billing run looks like somebody's mistake, and what it is compared
//! with. Rules only: what is done about a doubt is `ops::guard`.

use serde::{Deserialize, Serialize};

use super::cycle::{self, Terms};
use super::order::{Missed, Order};
use crate::domain::catalogue::charge::{Price, up_to};
use crate::domain::catalogue::kinds::OrderType;
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId, RunId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// Fewest orders of a day that the multiple of the forecast holds.
pub const ORDERS_MIN: u64 = 100;
/// Least money of a day that the multiple of the forecast holds, in whole units of its currency.
pub const UNITS_MIN: u32 = 1_000;
/// Longest time, in days, that any number of missed cycles of one order may cover.
pub const COVERED_DAYS_MAX: i64 = 35;
/// How far the clock may jump, in seconds.
pub const JUMP_SECONDS_MAX: i64 = 2 * SECONDS_PER_DAY;
/// How long an order is held at most, in seconds.
pub const HELD_SECONDS_MAX: i64 = 7 * SECONDS_PER_DAY;
/// How far a forecast looks ahead, in seconds.
pub const FORECAST_SECONDS: i64 = SECONDS_PER_DAY;

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * 1_000_000;

/// How much the guard lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many times what the forecast says.
    pub multiple: u32,
    /// Cycles of one order at once.
    pub cycles: u32,
    /// By how much a price may have changed, in percent.
    pub price_percent: u32,
}

/// What runs are expected to invoice in the day after it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayForecast {
    pub made_at: Timestamp,
    /// Orders that renew or fall overdue.
    pub orders: u64,
    pub invoiced: Vec<(Currency, Minor)>,
}

/// What the guard remembers from run to run. One record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunGuard {
    pub forecast: Option<DayForecast>,
    /// Up to which version the prices of offers are accepted; of others, the one an order began
    /// with.
    pub prices: Vec<(ProductOfferId, u32)>,
    /// The run that is held, or was let go and is not done yet.
    pub hold: Option<RunId>,
    /// Whether nothing at all is done about the orders of that run, because the clock is doubtful.
    pub whole: bool,
    /// When owners were last told of it.
    pub alarmed_at: Option<Timestamp>,
}

impl RunGuard {
    /// Up to which version the prices of an offer are accepted.
    #[must_use]
    pub fn accepted(&self, offer: ProductOfferId) -> Option<u32> {
        let found = self.prices.iter().find(|(held, _)| *held == offer);
        found.map(|(_, version)| *version)
    }

    /// Accepts the prices of an offer up to a version. Answers whether that is news.
    pub fn accept(&mut self, offer: ProductOfferId, version: u32) -> bool {
        match self.prices.iter_mut().find(|(held, _)| *held == offer) {
            Some((_, held)) if *held >= version => false,
            Some((_, held)) => {
                *held = version;
                true
            }
            None => {
                self.prices.push((offer, version));
                true
            }
        }
    }
}

/// Why a run is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Much more than the forecast says.
    TooMuch {
        orders: u64,
        would: Amount,
        expected: Amount,
        made_at: Timestamp,
    },
    /// One order would be billed for many cycles.
    ManyCycles {
        order: OrderId,
        customer: CustomerId,
        since: Timestamp,
        cycles: u32,
    },
    /// The clock jumped by so many seconds while the box ran.
    ClockJumped { seconds: i64 },
    /// A price of orders that run changed by much.
    PriceChanged {
        offer: ProductOfferId,
        title: String,
        was: Amount,
        is: Amount,
    },
}

/// Whether so many missed cycles of one order are too many to be billed at once.
#[must_use]
pub fn too_many(missed: Missed, cycles_max: u32) -> bool {
    let days_max = COVERED_DAYS_MAX.saturating_mul(MICROS_PER_DAY);
    missed.cycles > cycles_max && missed.micros > days_max
}

/// What an order's next cycle cost at the prices up to `accepted` and what it costs now, where the
/// difference is more than `percent`.
#[must_use]
pub fn price_change(
    order: &Order,
    terms: &Terms<'_>,
    accepted: u32,
    percent: u32,
) -> Option<(Amount, Amount)> {
    let accepted = accepted.max(order.price_version);
    if terms.prices.iter().all(|price| price.version <= accepted) {
        return None;
    }
    let before = Terms {
        prices: up_to(terms.prices, accepted),
        ..*terms
    };
    let was = cycle::next_bill(order, &before)?;
    let is = cycle::next_bill(order, terms)?;
    let currency = is.currency.or(was.currency)?;
    let amount = |bill: &cycle::Bill| Amount {
        minor: bill.total_minor(),
        currency: bill.currency.unwrap_or(currency),
    };
    let (was, is) = (amount(&was), amount(&is));
    let differs = was.currency != is.currency || differs_by_more(was.minor, is.minor, percent);
    differs.then_some((was, is))
}

/// Whether orders that run will be billed by another price than the one that was accepted, and the
/// difference is more than `percent`.
#[must_use]
pub fn price_jumped(prices: &[Price], accepted: u32, percent: u32) -> bool {
    let known = up_to(prices, accepted);
    let Some(held) = known.last().or(prices.first()) else {
        return false;
    };
    let later = prices.iter().rfind(|price| {
        price.version > held.version && price.for_running && price.term == held.term
    });
    let sum = |price: &Price| -> Minor {
        let charges = price
            .charges
            .iter()
            .filter(|charge| charge.kind == OrderType::Recurring);
        charges.map(|charge| charge.amount.minor).sum()
    };
    let currency = |price: &Price| price.charges.first().map(|charge| charge.amount.currency);
    later.is_some_and(|later| {
        currency(held) != currency(later) || differs_by_more(sum(held), sum(later), percent)
    })
}

fn differs_by_more(was: Minor, is: Minor, percent: u32) -> bool {
    (is - was).abs().times(100) > was.times(percent)
}

/// Whether a day's runs invoice more than so many times what was forecast: what they would, and
/// what was.
#[must_use]
pub fn too_much(
    forecast: &DayForecast,
    orders: u64,
    invoiced: &[(Currency, Minor)],
    multiple: u32,
) -> Option<(Amount, Amount)> {
    if orders < ORDERS_MIN {
        return None;
    }
    let mut sums = invoiced.iter();
    sums.find_map(|(currency, minor)| {
        let expected = forecast.invoiced.iter().find(|(held, _)| held == currency);
        let expected = expected.map_or(Minor::ZERO, |(_, minor)| *minor);
        let least = Amount::of_units(UNITS_MIN, *currency).minor;
        let most = expected.times(multiple);
        let amount = |minor| Amount {
            minor,
            currency: *currency,
        };
        (*minor >= least && *minor > most).then(|| (amount(*minor), amount(expected)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(minor: i64) -> DayForecast {
        DayForecast {
            made_at: Timestamp::MIN,
            orders: 0,
            invoiced: vec![(Currency::USD, Minor::of(minor))],
        }
    }

    #[test]
    fn the_multiple_holds_neither_few_orders_nor_little_money() {
        let held = |orders, minor, expected| {
            let invoiced = [(Currency::USD, Minor::of(minor))];
            too_much(&forecast(expected), orders, &invoiced, 5).is_some()
        };
        assert!(held(100, 100_000, 0));
        assert!(!held(99, 100_000, 0));
        assert!(!held(100, 99_999, 0));
        assert!(
            !held(100_000, 500_000, 100_000),
            "five times is no more than five times"
        );
        assert!(held(100_000, 500_001, 100_000));
        let other = Currency::parse("KWD").unwrap();
        let would = |minor| too_much(&forecast(1), 100, &[(other, Minor::of(minor))], 5);
        assert!(would(999_999).is_none());
        assert!(would(1_000_000).is_some(), "what nobody expected at all");
    }

    #[test]
    fn many_cycles_are_more_than_two_and_more_than_35_days() {
        let day = MICROS_PER_DAY;
        let missed = |cycles, days: i64| {
            too_many(
                Missed {
                    cycles,
                    micros: days * day,
                },
                2,
            )
        };
        assert!(!missed(35, 35));
        assert!(missed(36, 36));
        assert!(!missed(2, 730));
        assert!(missed(3, 90));
    }

    #[test]
    fn half_as_much_again_is_no_doubtful_price() {
        let differs_by_more =
            |was, is, percent| differs_by_more(Minor::of(was), Minor::of(is), percent);
        assert!(!differs_by_more(1_000, 1_500, 50));
        assert!(differs_by_more(1_000, 1_501, 50));
        assert!(!differs_by_more(1_000, 500, 50));
        assert!(differs_by_more(1_000, 499, 50));
        assert!(differs_by_more(0, 1, 50), "what was free");
        assert!(!differs_by_more(0, 0, 50));
    }
}
