//! What a cycle costs: charges, their tax, and which version of a price holds.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::kinds::OrderType;
use crate::domain::values::calendar::{LocalDate, Term};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::time::Timestamp;

/// One part of a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// With the first cycle only, or with every cycle.
    pub kind: OrderType,
    /// Empty: the offer's title stands in.
    pub title: String,
    /// May be negative: a discount.
    pub amount: Amount,
    pub tax_rate: TaxRate,
    /// Rates from a local day on, ascending; before the first `tax_rate` holds.
    pub dated_rates: Vec<(LocalDate, TaxRate)>,
    /// Whether `amount` contains the tax.
    pub tax_included: bool,
    /// Whether it is given back by the day also where it is charged once in an order of cycles.
    pub refundable: bool,
}

impl Charge {
    /// The days from which its dated tax rates hold.
    pub fn days_of_rates(&self) -> impl Iterator<Item = LocalDate> {
        self.dated_rates.iter().map(|(from, _)| *from)
    }

    fn rate_on(&self, date: LocalDate) -> TaxRate {
        let dated = self.dated_rates.iter().rev();
        let found = dated.into_iter().find(|(from, _)| *from <= date);
        found.map_or(self.tax_rate, |(_, rate)| *rate)
    }

    fn line(&self, offer_title: &str, order_type: OrderType, days: TaxDays) -> Line {
        let rate = self.rate_on(days.taxed);
        let minor = self.amount.minor;
        let seen = self.rate_on(days.seen);
        let (net_minor, tax_minor) = if !self.tax_included && seen == rate {
            (minor, rate.on_top_of(minor))
        } else {
            // The gross that was seen stays; the tax in it is that of the day that counts.
            let gross = if self.tax_included {
                minor
            } else {
                minor + seen.on_top_of(minor)
            };
            let tax = rate.contained_in(gross);
            (gross - tax, tax)
        };
        let title = if self.title.is_empty() {
            offer_title
        } else {
            &self.title
        };
        Line {
            title: title.to_owned(),
            rate,
            net_minor,
            tax_minor,
            by_day: order_type == OrderType::OneTime
                || self.kind == OrderType::Recurring
                || self.refundable,
        }
    }
}

/// Days whose tax rates make a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxDays {
    /// Of supply or payment, whichever is earlier: its rate is the line's.
    pub taxed: LocalDate,
    /// Of the gross that the payer saw.
    pub seen: LocalDate,
}

impl TaxDays {
    /// Both on one day.
    #[must_use]
    pub fn of(day: LocalDate) -> Self {
        let (taxed, seen) = (day, day);
        Self { taxed, seen }
    }
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub title: String,
    pub rate: TaxRate,
    pub net_minor: Minor,
    pub tax_minor: Minor,
    /// Whether it is for the time of its cycle: unused days of it are given back.
    pub by_day: bool,
}

impl Line {
    /// Net and tax, in minor units.
    #[must_use]
    pub fn gross_minor(&self) -> Minor {
        self.net_minor + self.tax_minor
    }
}

/// The charges of an offer from an instant on, for a cycle of its term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Ascending; orders remember the one they began with.
    pub version: u32,
    pub since: Timestamp,
    /// Whether orders that run take it from their next cycle on; else only new ones do.
    pub for_running: bool,
    /// How long the cycle is that it is for: orders with a price for another term keep theirs.
    pub term: Term,
    pub charges: Vec<Charge>,
}

impl Price {
    /// Whether both are in one currency, or one of them costs nothing.
    fn is_comparable(&self, other: &Self) -> bool {
        let code = |price: &Self| price.charges.first().map(|charge| charge.amount.currency);
        code(self)
            .zip(code(other))
            .is_none_or(|(one, other)| one == other)
    }
}

/// The charges that hold for an order that began with price `version`, for a cycle that starts at
/// `at`. A later price holds if it was made for running orders too, and is in the same currency:
/// nobody is billed in another one than they agreed to. Empty if there is no price.
#[must_use]
pub fn in_force(prices: &[Price], version: u32, at: Timestamp) -> &[Charge] {
    held(prices, version, at).map_or(&[], |price| price.charges.as_slice())
}

/// The version of the price that holds, as [`in_force`] has it; `version` itself where there is no
/// price.
#[must_use]
pub fn version_in_force(prices: &[Price], version: u32, at: Timestamp) -> u32 {
    held(prices, version, at).map_or(version, |price| price.version)
}

/// The prices up to one version: those that were known to whoever saw that one.
#[must_use]
pub fn up_to(prices: &[Price], version: u32) -> &[Price] {
    let known = prices.partition_point(|price| price.version <= version);
    prices.get(..known).unwrap_or(prices)
}

fn held(prices: &[Price], version: u32, at: Timestamp) -> Option<&Price> {
    let begun = prices.iter().rfind(|price| price.version <= version);
    let begun = begun.or(prices.first())?;
    let later = prices.iter().rfind(|price| {
        price.version > version
            && price.for_running
            && price.since <= at
            && price.term == begun.term
            && price.is_comparable(begun)
    });
    Some(later.unwrap_or(begun))
}

/// What cycle number `cycle` (0-based) costs: a line per charge that falls due with it.
#[must_use]
pub fn lines(
    charges: &[Charge],
    offer_title: &str,
    order_type: OrderType,
    cycle: u32,
    days: TaxDays,
) -> Vec<Line> {
    let due = |charge: &&Charge| {
        order_type == OrderType::OneTime || charge.kind == OrderType::Recurring || cycle == 0
    };
    let charges = charges.iter().filter(due);
    charges
        .map(|charge| charge.line(offer_title, order_type, days))
        .collect()
}

/// Sum of all lines, tax included, in minor units.
#[must_use]
pub fn total_minor(lines: &[Line]) -> Minor {
    lines.iter().map(Line::gross_minor).sum()
}

/// The one currency of the charges; `None` where there are none. [`Err`] where they differ.
pub fn currency(charges: &[Charge]) -> Result<Option<Currency>, Mixed> {
    let mut found = None;
    for charge in charges {
        match found {
            None => found = Some(charge.amount.currency),
            Some(currency) if currency == charge.amount.currency => {}
            Some(_) => return Err(Mixed),
        }
    }
    Ok(found)
}

/// Charges of one offer in several currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixed;
