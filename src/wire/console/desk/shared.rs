//! What the answers of the pages share: money, refusals, the bounds of texts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::values::money::Amount;
use crate::wire::console::error::Problem;

/// Money of one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub(super) struct MoneyOut {
    /// With the currency's decimals; negative: is owed.
    #[schema(example = "24.00")]
    amount: String,
    #[schema(example = "EUR")]
    currency: String,
}

impl MoneyOut {
    pub(super) fn new(amount: &Amount) -> Self {
        Self {
            amount: amount.to_fixed(),
            currency: amount.currency.as_str().to_owned(),
        }
    }

    pub(super) fn all(amounts: &[Amount]) -> Vec<Self> {
        amounts.iter().map(Self::new).collect()
    }
}

/// The longest texts that are taken, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 255;
pub(super) const NOTE_CHARS_MAX: usize = 4_000;

/// A text of so many characters at most, without what no text may hold.
pub(super) fn text(name: &str, given: &str, chars_max: usize) -> Result<(), Problem> {
    if given.chars().count() > chars_max || given.contains('\0') {
        let problem = format!("{name}: must have at most {chars_max} characters and no NUL");
        return Err(Problem::bad_request(problem));
    }
    Ok(())
}

/// How every path here refuses.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it is shown, never made")]
pub(super) enum Refusals {
    /// What was sent does not fit; `field` says which part of it.
    #[response(status = 400, content_type = "application/problem+json")]
    Unfit(#[to_schema] Problem),
    /// Nobody is signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    Nobody(#[to_schema] Problem),
    /// The role may not.
    #[response(status = 403, content_type = "application/problem+json")]
    Denied(#[to_schema] Problem),
    /// There is no such thing, or not for whoever asks.
    #[response(status = 404, content_type = "application/problem+json")]
    Missing(#[to_schema] Problem),
}
