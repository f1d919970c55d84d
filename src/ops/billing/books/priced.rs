//! What billing needs of an offer.

use crate::app::Company;
use crate::domain::billing::cycle::Terms;
use crate::domain::catalogue::charge::Price;
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::values::money::Currency;

/// What billing needs of an offer.
pub(in crate::ops::billing::books) struct Priced {
    pub(in crate::ops::billing::books) title: String,
    /// The title of its product.
    pub(in crate::ops::billing::books) product: String,
    pub(in crate::ops::billing::books) prices: Vec<Price>,
    pub(in crate::ops::billing::books) ladder: Ladder,
}

impl Priced {
    pub(in crate::ops::billing::books) fn terms<'t>(&'t self, company: &'t Company) -> Terms<'t> {
        Terms {
            title: &self.title,
            prices: &self.prices,
            ladder: &self.ladder,
            zone: &company.zone,
            billed_on: None,
            seen_on: None,
            priced_at: None,
        }
    }

    /// The currencies in which it was ever billed; nearly always one.
    pub(in crate::ops::billing::books) fn currencies(&self) -> impl Iterator<Item = Currency> {
        let firsts = self.prices.iter().filter_map(|price| price.charges.first());
        firsts.map(|charge| charge.amount.currency)
    }
}
