//! What a partner is told that cannot be done:
//! exactly two members, `code` and `message` (§1.4, §1.5, §2).

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::partners::Denial;
use crate::domain::partners::pin::PinNo;
use crate::ops::partners::charge::No;
use crate::ops::{DISK_FULL_RETRY_S, OpError};
use crate::store::StoreError;

/// Why a key is no partner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    Missing,
    Unknown,
    /// The partner has another one now.
    Replaced,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub enum Failure {
    NoRoute,
    WrongMethod {
        allow: &'static str,
    },
    NotAcceptable,
    MediaType,
    Unauthorized(NoKey),
    /// The partner is switched off.
    Denied,
    TooMany {
        retry_after_s: u64,
    },
    /// A field is missing or malformed, or the body is no JSON.
    Invalid,
    /// The body did not come in time.
    TooSlow,
    /// There is no such transaction of this partner.
    NoTransaction,
    Refused(No),
    /// Nothing was done; it is safe to send it again.
    Unavailable {
        retry_after_s: u64,
    },
    System,
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Throttled { retry_after_s } => Self::Unavailable {
                retry_after_s: u64::from(retry_after_s),
            },
            OpError::DiskFull => Self::Unavailable {
                retry_after_s: u64::from(DISK_FULL_RETRY_S),
            },
            OpError::TooManyAttempts { retry_after_s } => Self::TooMany {
                retry_after_s: u64::from(retry_after_s),
            },
            other => {
                tracing::error!(error = %other, "marketone.failed");
                Self::System
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        OpError::from(error).into()
    }
}

/// Status, code and message of a final refusal;
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
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
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
                    NoKey::Missing => "Not authorized. Send the API key in the header X-API-Key.",
                    NoKey::Unknown => "Not authorized.",
                    NoKey::Replaced => "Not authorized. This API key was replaced by another one.",
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
            Self::NoTransaction => (
                StatusCode::NOT_FOUND,
                "transaction-not-found",
                "Transaction not found",
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
            Self::Refused(no) => refused(*no),
        }
    }
}

fn refused(no: No) -> (StatusCode, &'static str, &'static str) {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    match no {
        No::AccountNotFound => (
            StatusCode::NOT_FOUND,
            "account-not-found",
            "Account not found",
        ),
        No::Denied(denial) => {
            let (code, message) = denied(denial);
            let status = match denial {
                Denial::NoAccount => StatusCode::NOT_FOUND,
                _ => BAD,
            };
            (status, code, message)
        }
        No::ProductNotFound => (
            StatusCode::NOT_FOUND,
            "product-not-found",
            "Product not found",
        ),
        No::ProductMissing => (BAD, "invalid-request", "Invalid request."),
        No::NotSupported => (BAD, "parameter-not-supported", "Not supported."),
        No::Duplicate => (
            StatusCode::CONFLICT,
            "duplicate-transaction",
            "The id was used for another transaction",
        ),
        No::TransactionNotFound => (
            StatusCode::NOT_FOUND,
            "transaction-not-found",
            "Transaction not found",
        ),
        No::RefundNotAllowed => (
            BAD,
            "refund-not-allowed",
            "The transaction cannot be refunded",
        ),
        No::RefundTooLarge => (
            BAD,
            "refund-amount-exceeded",
            "The refunds would exceed the charge",
        ),
        No::PinRequired => (BAD, "pin-required", "A valid PIN is required"),
        No::Pin(PinNo::NotFound) => (StatusCode::NOT_FOUND, "pin-not-found", "PIN not found"),
        No::Pin(PinNo::Wrong) => (BAD, "pin-invalid", "PIN is invalid"),
        No::Pin(PinNo::Expired) => (BAD, "pin-expired", "PIN has expired"),
        No::Pin(PinNo::TooManyTries) => (
            BAD,
            "pin-attempts-exceeded",
            "Maximum number of PIN attempts exceeded",
        ),
        No::TooManyPins { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "pin-limit-exceeded",
            "Too many PINs for this account",
        ),
        No::TooManyWrongPins { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "pin-attempts-exceeded",
            "Too many wrong PINs, no PIN is accepted for a while",
        ),
        No::NotificationNotAllowed => (
            BAD,
            "notification-not-allowed",
            "The customer cannot be told this",
        ),
        No::DuplicateNotification => (
            StatusCode::CONFLICT,
            "duplicate-notification",
            "The id was used for another notification",
        ),
        No::TooManyMessages { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests.",
        ),
        No::Stranger => (
            StatusCode::FORBIDDEN,
            "permission-denied",
            "Permissions denied.",
        ),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
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
            | Self::Refused(
                No::TooManyPins { retry_after_s }
                | No::TooManyWrongPins { retry_after_s }
                | No::TooManyMessages { retry_after_s },
            ) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::{Denial, Failure, No, NoKey, PinNo};

    #[test]
    fn codes_and_messages_fit_their_bounds_and_need_no_escapes() {
        let denials = [
            Denial::SuspendedNonPayment,
            Denial::Suspended,
            Denial::NotEligible,
            Denial::InsufficientFunds,
            Denial::SpendingLimit,
            Denial::AmountLimit,
            Denial::NoAccount,
            Denial::RefundNotAllowed,
            Denial::NotCharged,
        ];
        let nos = [
            No::AccountNotFound,
            No::ProductNotFound,
            No::NotSupported,
            No::Duplicate,
            No::TransactionNotFound,
            No::RefundNotAllowed,
            No::RefundTooLarge,
            No::PinRequired,
            No::Pin(PinNo::NotFound),
            No::Pin(PinNo::Wrong),
            No::Pin(PinNo::Expired),
            No::Pin(PinNo::TooManyTries),
            No::TooManyPins { retry_after_s: 1 },
            No::TooManyWrongPins { retry_after_s: 1 },
            No::TooManyMessages { retry_after_s: 1 },
            No::NotificationNotAllowed,
            No::DuplicateNotification,
            No::Stranger,
        ];
        let nos = nos.into_iter().chain(denials.map(No::Denied));
        let failures = nos.map(Failure::Refused).chain([
            Failure::NoRoute,
            Failure::Unauthorized(NoKey::Missing),
            Failure::Unauthorized(NoKey::Replaced),
            Failure::Invalid,
            Failure::TooSlow,
            Failure::System,
            Failure::MediaType,
        ]);
        for failure in failures {
            let (_, code, message) = failure.parts();
            assert!(code.len() <= 50 && message.len() <= 256, "{code}");
            let lower = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.chars().all(lower), "{code}");
            assert!(!message.contains(['"', '\\']), "{message}");
        }
    }
}
