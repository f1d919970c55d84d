//! Why something is refused, where a rule says more than no: words that rules and the family of
//! refusals share.

use serde::{Deserialize, Serialize};

/// Why a customer may not order an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ineligible {
    /// They had an order before.
    NotNew,
    /// They had this offer before.
    HadBefore,
    /// They have none of the products it goes with.
    LacksProduct,
}

/// Why a charge was refused for good. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// The account is suspended because it is not paid.
    SuspendedNonPayment,
    /// It is suspended for another reason.
    Suspended,
    /// It takes no charges of partners.
    NotEligible,
    /// The balance of a prepaid account does not cover it.
    InsufficientFunds,
    /// The account's limit for the month would be passed.
    SpendingLimit,
    /// It is above the limit for one charge.
    AmountLimit,
    /// The carrier knows no such account.
    NoAccount,
    /// The carrier does not give it back.
    RefundNotAllowed,
    /// It turned out later that the carrier did not charge it.
    NotCharged,
}

/// Why a PIN is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinRefusal {
    NotFound,
    /// Wrong, and it may be tried again.
    Wrong,
    /// Its time is over, it was used, or a newer one took its place.
    Expired,
    /// The last wrong try, and every one after that.
    TooManyTries,
}
