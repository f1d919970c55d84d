//! Values of an apply document as ours, and what is wrong with them.

use super::given::Given;
use crate::domain::catalogue::content::Genre;
use crate::domain::values::id::GenreId;
use crate::domain::values::money::{Amount, Currency};
use crate::ops::OpError;
use crate::store::{Read as _, Tx};

/// A text over the one that is held.
pub(super) fn text(given: &Given<String>, held: String) -> String {
    given.clone().over(held, String::new())
}

pub(super) fn flag(given: &Given<bool>, held: bool) -> bool {
    given.clone().over(held, false)
}

pub(super) fn genre(
    tx: &Tx<'_>,
    given: Given<u64>,
    path: impl FnOnce() -> String,
) -> Result<Given<GenreId>, OpError> {
    given.try_map(|id| match tx.get::<Genre>(&GenreId(id))? {
        Some(_) => Ok(GenreId(id)),
        None => Err(wrong(&path(), "no such genre")),
    })
}

pub(super) fn parse_currency(
    code: &str,
    path: impl FnOnce() -> String,
) -> Result<Currency, OpError> {
    Currency::parse(code).ok_or_else(|| wrong(&path(), "no such currency; use an ISO 4217 code"))
}

pub(super) fn parse_amount(
    text: &str,
    currency: Currency,
    path: impl FnOnce() -> String,
) -> Result<Amount, OpError> {
    Amount::parse(text, currency).ok_or_else(|| {
        let problem = format!(
            "must be an amount with at most {} decimals",
            currency.exponent()
        );
        wrong(&path(), &problem)
    })
}

pub(super) fn wrong(path: &str, problem: &str) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
