//! What a partner is told that cannot be done:
//! exactly two members, `code` and `message` (§1.4, §1.5, §2).

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::refusal::{PartnerRefusal, Refusal};
use crate::domain::values::reasons::{Denial, PinRefusal};
use crate::ops::{DISK_FULL_RETRY_S, OpError};

/// Why a key is no partner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    Missing,
    Unknown,
    /// The partner has another one now.
    Replaced,
}

/// Status, code and message.
type Words = (StatusCode, &'static str, &'static str);

/// Why an operation did not succeed.
#[derive(Debug)]
pub enum Failure {
    NoRoute,
    WrongMethod {
        allow: &'static str,
    },
    NotAcceptable,
    MediaType,
    Unauthorized(KeyRefusal),
    /// The partner is switched off.
    Denied,
    TooMany {
        retry_after_s: u64,
    },
    /// A field is missing or malformed, or the body is no JSON.
    Invalid,
    /// The body did not come in time.
    TooSlow,
    Refused {
        words: Words,
        retry_after_s: Option<u64>,
    },
    /// Nothing was done; it is safe to send it again.
    Unavailable {
        retry_after_s: u64,
    },
    System,
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Refused(refusal) => refused(&refusal),
            OpError::Throttled { retry_after_s } => Self::Unavailable {
                retry_after_s: u64::from(retry_after_s),
            },
            OpError::DiskFull => Self::Unavailable {
                retry_after_s: u64::from(DISK_FULL_RETRY_S),
            },
            OpError::TooManyAttempts { retry_after_s } => Self::TooMany {
                retry_after_s: u64::from(retry_after_s),
            },
            OpError::Missing { .. }
            | OpError::Denied(_)
            | OpError::Document { .. }
            | OpError::Store(_)
            | OpError::Elsewhere { .. }
            | OpError::Failed(_) => unforeseen(&error),
        }
    }
}

/// What no partner can do anything about: whoever runs the box has to look.
fn unforeseen(error: &OpError) -> Failure {
    tracing::error!(%error, "marketone.failed");
    Failure::System
}

/// Code and message of a final refusal;
/// those of the certification cases stand byte for byte.
pub fn denied(denial: Denial) -> (&'static str, &'static str) {
    match denial {
        Denial::SuspendedNonPayment => (
            "suspended-non-payment",
            "Account is suspended because of non-payment, or other billing issue",
        ),
        Denial::Suspended => ("suspended", "Account is suspended"),
        Denial::NotEligible => (
            "not-eligible",
            "Account is not eligible for carrier billing",
        ),
        Denial::InsufficientFunds => ("insufficient-funds", "Balance does not cover the amount"),
        Denial::SpendingLimit => (
            "spending-limit-exceeded",
            "Spending limit of the account would be exceeded",
        ),
        Denial::AmountLimit => (
            "amount-limit-exceeded",
            "Amount is above the limit for one charge",
        ),
        Denial::NoAccount => ("account-not-found", "Account not found"),
        Denial::RefundNotAllowed => ("refund-not-allowed", "The transaction cannot be refunded"),
        Denial::NotCharged => ("transaction-denied", "The carrier did not charge it"),
    }
}

impl Failure {
    fn words(&self) -> Words {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        match self {
            Self::NoRoute => (StatusCode::NOT_FOUND, "not-found", "Not found."),
            Self::WrongMethod { .. } => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed.",
            ),
            Self::NotAcceptable => (
                StatusCode::NOT_ACCEPTABLE,
                "not-acceptable",
                "Answers are application/json.",
            ),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body must be application/json.",
            ),
            Self::Unauthorized(why) => (
                StatusCode::UNAUTHORIZED,
                "authorization-failure",
                match why {
                    KeyRefusal::Missing => {
                        "Not authorized. Send the API key in the header X-API-Key."
                    }
                    KeyRefusal::Unknown => "Not authorized.",
                    KeyRefusal::Replaced => {
                        "Not authorized. This API key was replaced by another one."
                    }
                },
            ),
            Self::Denied => (
                StatusCode::FORBIDDEN,
                "permission-denied",
                "Permissions denied.",
            ),
            Self::TooMany { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests.",
            ),
            Self::Invalid => (BAD, "invalid-request", "Invalid request."),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "request-timeout",
                "The body did not come in time.",
            ),
            Self::Unavailable { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "service-unavailable",
                "Service unavailable, nothing was charged. Try again.",
            ),
            Self::System => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "system-error",
                "System error.",
            ),
            Self::Refused { words, .. } => *words,
        }
    }
}

/// A refusal in the words of the dialect; one that no partner can meet is a fault of ours.
#[deny(clippy::wildcard_enum_match_arm)]
fn refused(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Partner(refusal) => partner_refused(refusal),
        // Nothing that a partner can do ends in one of these.
        Refusal::EmailTaken
        | Refusal::LoginTaken
        | Refusal::MacTaken { .. }
        | Refusal::IdTaken { .. }
        | Refusal::BeyondCalendar
        | Refusal::TooMany { .. }
        | Refusal::KeyUsed
        | Refusal::NotDead
        | Refusal::ResellerTaken { .. }
        | Refusal::ResellerHasCustomers
        | Refusal::PartnerTaken { .. }
        | Refusal::MonthClosed { .. }
        | Refusal::MonthNotOver { .. }
        | Refusal::TransactionEnded
        | Refusal::NoSuchReseller
        | Refusal::PasswordLength { .. }
        | Refusal::ClockBackward
        | Refusal::Order(_)
        | Refusal::Money(_)
        | Refusal::Staff(_) => unforeseen(&OpError::Refused(refusal.clone())),
    }
}

/// The one place that words what partners are refused. No wildcard: a new one must be decided
/// about here.
#[deny(clippy::wildcard_enum_match_arm)]
fn partner_refused(refusal: &PartnerRefusal) -> Failure {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
    let no = |status, code, message| Failure::Refused {
        words: (status, code, message),
        retry_after_s: None,
    };
    let wait = |retry_after_s: &u64, code, message| Failure::Refused {
        words: (StatusCode::TOO_MANY_REQUESTS, code, message),
        retry_after_s: Some(*retry_after_s),
    };
    match refusal {
        PartnerRefusal::AccountNotFound => no(NOT_FOUND, "account-not-found", "Account not found"),
        PartnerRefusal::ChargeDenied { denial } => {
            let (code, message) = denied(*denial);
            let status = if *denial == Denial::NoAccount {
                NOT_FOUND
            } else {
                BAD
            };
            no(status, code, message)
        }
        PartnerRefusal::ProductNotSold => no(NOT_FOUND, "product-not-found", "Product not found"),
        PartnerRefusal::ProductNotNamed => no(BAD, "invalid-request", "Invalid request."),
        PartnerRefusal::NotAgreed => no(BAD, "parameter-not-supported", "Not supported."),
        PartnerRefusal::TransactionIdUsed => no(
            StatusCode::CONFLICT,
            "duplicate-transaction",
            "The id was used for another transaction",
        ),
        PartnerRefusal::TransactionNotFound => {
            no(NOT_FOUND, "transaction-not-found", "Transaction not found")
        }
        PartnerRefusal::RefundNotAllowed => no(
            BAD,
            "refund-not-allowed",
            "The transaction cannot be refunded",
        ),
        PartnerRefusal::RefundsAboveCharge => no(
            BAD,
            "refund-amount-exceeded",
            "The refunds would exceed the charge",
        ),
        PartnerRefusal::PinRequired => no(BAD, "pin-required", "A valid PIN is required"),
        PartnerRefusal::PinRefused { reason } => match reason {
            PinRefusal::NotFound => no(NOT_FOUND, "pin-not-found", "PIN not found"),
            PinRefusal::Wrong => no(BAD, "pin-invalid", "PIN is invalid"),
            PinRefusal::Expired => no(BAD, "pin-expired", "PIN has expired"),
            PinRefusal::TooManyTries => no(
                BAD,
                "pin-attempts-exceeded",
                "Maximum number of PIN attempts exceeded",
            ),
        },
        PartnerRefusal::TooManyPins { retry_after_s } => wait(
            retry_after_s,
            "pin-limit-exceeded",
            "Too many PINs for this account",
        ),
        PartnerRefusal::TooManyWrongPins { retry_after_s } => wait(
            retry_after_s,
            "pin-attempts-exceeded",
            "Too many wrong PINs, no PIN is accepted for a while",
        ),
        PartnerRefusal::NotificationNotAllowed => no(
            BAD,
            "notification-not-allowed",
            "The customer cannot be told this",
        ),
        PartnerRefusal::NotificationIdUsed => no(
            StatusCode::CONFLICT,
            "duplicate-notification",
            "The id was used for another notification",
        ),
        PartnerRefusal::TooManyNotifications { retry_after_s } => {
            wait(retry_after_s, "too-many-requests", "Too many requests.")
        }
        PartnerRefusal::NoDealings => no(
            StatusCode::FORBIDDEN,
            "permission-denied",
            "Permissions denied.",
        ),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, message) = self.words();
        // Neither holds anything that JSON would escape.
        let body = format!("{{\"code\":\"{code}\",\"message\":\"{message}\"}}");
        let json = HeaderValue::from_static("application/json");
        let mut response = (status, [(CONTENT_TYPE, json)], body).into_response();
        let headers = response.headers_mut();
        match self {
            Self::WrongMethod { allow } => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Self::TooMany { retry_after_s }
            | Self::Unavailable { retry_after_s }
            | Self::Refused {
                retry_after_s: Some(retry_after_s),
                ..
            } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, KeyRefusal};

    #[test]
    fn codes_and_messages_fit_their_bounds_and_need_no_escapes() {
        for failure in [
            Failure::NoRoute,
            Failure::Unauthorized(KeyRefusal::Missing),
            Failure::Unauthorized(KeyRefusal::Replaced),
            Failure::Invalid,
            Failure::TooSlow,
            Failure::System,
            Failure::MediaType,
        ] {
            let (_, code, message) = failure.words();
            assert!(code.len() <= 50 && message.len() <= 256, "{code}");
            let lower = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.chars().all(lower), "{code}");
            assert!(!message.contains(['"', '\\']), "{message}");
        }
    }
}
