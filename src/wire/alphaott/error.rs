//! Refusals as AlphaOTT words them: `code` and `message`, nothing else (alphaott 1.2).

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::{MoneyRefusal, OrderRefusal, Refusal, StaffRefusal};
use crate::domain::values::money::Currency;
use crate::domain::values::reasons::Ineligible;
use crate::ops::staff::bearers::Why;
use crate::ops::{DISK_FULL_RETRY_S, OpError};
use crate::wire::kit::TurnedAway;
use crate::wire::kit::json::BodyError;
use crate::wire::kit::query::Wrong;
use utoipa::IntoResponses;

/// Why an operation was refused. Two members, nothing else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorOut {
    /// The kind of error, such as `UnauthorizedError`.
    #[schema(example = "BadRequestError")]
    pub code: &'static str,
    /// What is wrong, naming the field.
    #[schema(example = "email: is no e-mail address")]
    pub message: String,
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_s: Option<u32>,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_s: None,
        }
    }

    /// No credential, or one that is none.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UnauthorizedError",
            "Authorization required",
        )
    }

    /// No credential, or one that is none, with the reason behind the vendor's words.
    #[must_use]
    pub fn nobody(why: Why) -> Self {
        let failure = Self::unauthorized();
        if why == Why::NothingSent {
            return failure;
        }
        let message = format!("{}: {}", failure.message, why.words());
        Self { message, ..failure }
    }

    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "ForbiddenError", message)
    }

    /// A field or parameter that does not fit.
    #[must_use]
    pub fn bad_request(field: &str, problem: &str) -> Self {
        let message = if field.is_empty() {
            problem.to_owned()
        } else {
            format!("{field}: {problem}")
        };
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", message)
    }

    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ConflictError", message)
    }

    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundError", message)
    }

    fn busy(retry_after_s: u32) -> Self {
        Self::unavailable(retry_after_s, "too much at once; try again in a moment")
    }

    fn unavailable(retry_after_s: u32, message: &str) -> Self {
        let failure = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableError",
            message,
        );
        Self {
            retry_after_s: Some(retry_after_s),
            ..failure
        }
    }

    fn too_many(retry_after_s: u32) -> Self {
        let message = format!("too many failed attempts; wait {retry_after_s} seconds");
        let failure = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsError",
            message,
        );
        Self {
            retry_after_s: Some(retry_after_s),
            ..failure
        }
    }

    /// Another system did not do its part.
    #[must_use]
    pub fn bad_gateway(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "BadGatewayError", message)
    }

    fn internal() -> Self {
        let message = "something went wrong here; the log has the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = ErrorOut {
            code: self.code,
            message: self.message,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        answer(error)
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeError",
                "the body must be at most 1048576 bytes",
            ),
            BodyError::Incomplete => Self::bad_request("", "the body ended too early"),
            BodyError::NotJson(reason) => Self::new(
                StatusCode::BAD_REQUEST,
                "InvalidContent",
                format!("Invalid JSON: {reason}"),
            ),
            BodyError::Wrong { path, problem } => Self::bad_request(&path, &problem),
            BodyError::Missing => Self::bad_request("", "a body is required: a JSON object"),
        }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::bad_request(&wrong.parameter, &wrong.problem)
    }
}

/// Every "no" of the house in this dialect's words. No wildcard: a new refusal must be worded.
#[must_use]
#[deny(clippy::wildcard_enum_match_arm)]
pub fn answer(error: OpError) -> Failure {
    match error {
        OpError::Refused(refusal) => refused(&refusal),
        OpError::Missing { kind, key } => Failure::not_found(format!("{kind} {key} not found")),
        OpError::Denied(permission) => {
            Failure::forbidden(format!("this token may not {}", permission.words()))
        }
        OpError::Document { path, problem } => Failure::bad_request(&path, &problem),
        OpError::Throttled { retry_after_s } => Failure::busy(retry_after_s),
        OpError::DiskFull => {
            Failure::unavailable(DISK_FULL_RETRY_S, &OpError::DiskFull.to_string())
        }
        OpError::TooManyAttempts { retry_after_s } => Failure::too_many(retry_after_s),
        OpError::Store(error) => {
            tracing::error!(%error, "request.failed");
            Failure::internal()
        }
        OpError::Elsewhere { problem } => Failure::bad_gateway(problem),
        OpError::Failed(reason) => {
            tracing::error!(%reason, "request.failed");
            Failure::internal()
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn refused(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::EmailTaken => Failure::conflict("email: another customer has this address"),
        Refusal::LoginTaken => Failure::conflict("login: another customer has this login"),
        Refusal::MacTaken { mac } => Failure::conflict(format!("mac: another box has {mac}")),
        Refusal::IdTaken { id } => Failure::conflict(format!("_id: {id} is or was in use")),
        Refusal::BeyondCalendar => {
            Failure::conflict("expires: the order would end after the year 9999")
        }
        Refusal::TooMany { what, max } => {
            Failure::conflict(format!("there can be at most {max} {what} here"))
        }
        Refusal::KeyUsed => Failure::conflict("this key was used for another request"),
        Refusal::PartnerTaken { key } => Failure::conflict(format!("a partner {key} exists")),
        Refusal::TransactionEnded => Failure::conflict("the transaction has its outcome"),
        Refusal::MonthClosed { month } => Failure::conflict(format!("{month} is closed already")),
        Refusal::MonthNotOver { .. } => Failure::conflict("the month is not over"),
        Refusal::NotDead => Failure::conflict("this message was sent, or still waits"),
        Refusal::ResellerTaken { name } => Failure::conflict(format!("a reseller {name} exists")),
        Refusal::ResellerHasCustomers => Failure::conflict("customers belong to the reseller"),
        Refusal::NoSuchReseller => Failure::conflict("there is no such reseller"),
        Refusal::PasswordLength { min, max } => {
            Failure::bad_request("password", &format!("must have {min} to {max} bytes"))
        }
        Refusal::ClockBackward => Failure::conflict("the clock only moves forward"),
        Refusal::Order(refusal) => order_refused(refusal),
        Refusal::Money(refusal) => money_refused(refusal),
        Refusal::Staff(refusal) => staff_refused(refusal),
        // Only what partners do ends in one of these.
        Refusal::Partner(_) => Failure::conflict(format!("refused: {}", refusal.code())),
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn order_refused(refusal: &OrderRefusal) -> Failure {
    match refusal {
        OrderRefusal::OfferNotOnSale { .. } => {
            Failure::conflict("offer: this product offer is not on sale")
        }
        OrderRefusal::BilledElsewhere { .. } => {
            Failure::conflict("offer: another system takes the money for it")
        }
        OrderRefusal::NotEligible { reason } => Failure::conflict(match reason {
            Ineligible::NotNew => "offer: is for new customers only",
            Ineligible::HadBefore => "offer: this customer had it before, and it is given once",
            Ineligible::LacksProduct => {
                "offer: goes with a product that this customer does not have"
            }
        }),
        OrderRefusal::ServiceSpecGone { .. } => {
            Failure::conflict("serviceSpec: this service specification is deleted")
        }
        OrderRefusal::MixedCurrencies => {
            Failure::conflict("charges: all charges of an offer must be in one currency")
        }
        OrderRefusal::OrderState { action, .. } => {
            Failure::conflict(format!("status: an order in this state cannot be {action}"))
        }
        OrderRefusal::BeganEarlier { .. } => {
            Failure::conflict("the order began more than 24 hours ago")
        }
        OrderRefusal::NoFurtherCycle => {
            Failure::conflict("nextBillingCycle: this order has no further cycle")
        }
        OrderRefusal::CycleTooEarly { begun } => Failure::conflict(format!(
            "nextBillingCycle: must be later than {}, when the last billed cycle began",
            begun.to_rfc3339_millis()
        )),
        OrderRefusal::PastUnpaid { began } => Failure::conflict(format!(
            "created: the order began on {}, more than one term ago, and nothing says until when \
             it was paid; give paidUntil, or nextBillingCycle together with created",
            began.to_rfc3339_millis()
        )),
        OrderRefusal::CreatedAhead { latest } => Failure::conflict(format!(
            "created: must not be later than {}; leave it out for an order that begins now, or \
             place the order when it begins",
            latest.to_rfc3339_millis()
        )),
        OrderRefusal::TooManyCycles { cycles, since } => Failure::conflict(format!(
            "paidUntil, nextBillingCycle: {cycles} cycles from {} on would be billed at once; give \
             the day until which the order was paid, or a later one",
            since.to_rfc3339_millis()
        )),
        OrderRefusal::PaidUntilDiffers { paid_until } => Failure::conflict(format!(
            "nextBillingCycle: must be {} like paidUntil, or be left out",
            paid_until.to_rfc3339_millis()
        )),
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn money_refused(refusal: &MoneyRefusal) -> Failure {
    match refusal {
        MoneyRefusal::CurrencyNotTaken { paid, takes } => {
            let takes: Vec<&str> = takes.iter().map(Currency::as_str).collect();
            Failure::conflict(format!(
                "currency: nothing of this customer is billed in {}; book it in {}",
                paid.as_str(),
                takes.join(" or ")
            ))
        }
        MoneyRefusal::VouchersLeft { left } => Failure::conflict(format!(
            "count: only {left} vouchers of this batch are left for that"
        )),
        MoneyRefusal::VouchersPaid { most } => Failure::conflict(format!(
            "amount: at most {most} can be given back for so many vouchers"
        )),
        MoneyRefusal::VouchersOver => Failure::conflict(
            "this batch of vouchers was revoked or its time is over: none can be sold, and no \
             money can go back to one"
                .to_owned(),
        ),
        MoneyRefusal::VoucherWhole { worth } => Failure::conflict(format!(
            "amount: the money of a voucher goes back to it whole, which is {worth}"
        )),
        MoneyRefusal::VouchersBookedByUse => Failure::conflict(
            "this batch was made before sales were booked: its vouchers are booked when they are \
             used"
                .to_owned(),
        ),
        MoneyRefusal::InsufficientFunds { short_by } => Failure::conflict(format!(
            "the balance is short by {} {}",
            short_by.to_fixed(),
            short_by.currency.as_str()
        )),
        MoneyRefusal::PaymentKnown { payment } => Failure::conflict(format!(
            "this key or reference is that of payment {}",
            payment.0
        )),
        MoneyRefusal::PaymentEnded { payment } => {
            Failure::conflict(format!("payment {} has ended before", payment.0))
        }
        MoneyRefusal::RefundTooLarge { left } => Failure::conflict(format!(
            "amount: {} {} of the payment are left",
            left.to_fixed(),
            left.currency.as_str()
        )),
        MoneyRefusal::RefundElsewhere { method } => {
            Failure::conflict(format!("refund it at {method}, which tells us of it"))
        }
        MoneyRefusal::PageClosed => Failure::conflict("the page was used, or its time is over"),
        MoneyRefusal::PriceChanged { now } => Failure::conflict(format!(
            "the price is {} {} now",
            now.to_fixed(),
            now.currency.as_str()
        )),
        MoneyRefusal::VoucherInvalid => {
            Failure::conflict("this voucher is not valid, or no longer")
        }
        MoneyRefusal::MethodOff { method } => {
            Failure::conflict(format!("payment by {method} is not switched on"))
        }
        MoneyRefusal::NotOwed { owed } => Failure::conflict(format!(
            "the customer owes {} {} only",
            owed.to_fixed(),
            owed.currency.as_str()
        )),
        MoneyRefusal::NotVoidable { .. } => {
            Failure::conflict("something of this invoice is paid or credited")
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn staff_refused(refusal: &StaffRefusal) -> Failure {
    match refusal {
        StaffRefusal::OperatorTaken { name } => {
            Failure::conflict(format!("operator {name} exists"))
        }
        StaffRefusal::OperatorLooksAlike { other } => {
            Failure::conflict(format!("name: looks like operator {other}"))
        }
        StaffRefusal::ApiOnly => Failure::forbidden("this account is for another API"),
        StaffRefusal::BadCredentials | StaffRefusal::CodeNeeded | StaffRefusal::BadCode => {
            Failure::unauthorized()
        }
        StaffRefusal::SetupDone => Failure::forbidden("the set-up link is no longer valid"),
        StaffRefusal::PasswordGuessable { why } => {
            Failure::bad_request("password", &format!("must not be {}", why.words()))
        }
        StaffRefusal::MadeCredentials { .. } => Failure::conflict("credentials would go on"),
        StaffRefusal::LastOwner => Failure::conflict("nobody else may manage staff"),
        StaffRefusal::PasswordAgain
        | StaffRefusal::WrongPassword
        | StaffRefusal::CodeAgain
        | StaffRefusal::WrongCode => Failure::forbidden(
            "prove once more who you are first: POST /console/api/session/confirm",
        ),
        StaffRefusal::SecondFactorFirst => {
            Failure::forbidden("this role needs a second factor; set one up in the console first")
        }
        StaffRefusal::SecondFactorForced => Failure::conflict("this role needs a second factor"),
        StaffRefusal::NoSecondFactor | StaffRefusal::NoFactorBegun => {
            Failure::conflict("there is no second factor")
        }
        StaffRefusal::AboveLimit { what, max } => Failure::forbidden(format!(
            "with this role, {what} may be at most {} {}",
            max.to_fixed(),
            max.currency.as_str()
        )),
    }
}

/// Paths of the prefix that are no operation.
pub async fn unknown_route(OriginalUri(uri): OriginalUri) -> Failure {
    let message = format!("{} does not exist", uri.path());
    Failure::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
}

/// Known paths with another method; the router adds `Allow`.
pub async fn wrong_method(request: Request) -> Failure {
    let message = format!("{} is not allowed", request.method());
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowedError",
        message,
    )
}

/// Requests that are refused before an operation sees them.
#[must_use]
pub fn turned_away(reason: TurnedAway) -> Response {
    let code = match reason {
        TurnedAway::UriTooLong => "RequestURITooLargeError",
        TurnedAway::HeadersTooLarge => "RequestHeaderFieldsTooLargeError",
        TurnedAway::NoHost => "BadRequestError",
        TurnedAway::ForeignPage => "ForbiddenError",
        TurnedAway::TooSlow => "RequestTimeoutError",
    };
    Failure::new(reason.status(), code, reason.words()).into_response()
}

/// A panic is a bug, but its caller still gets an answer in shape.
#[must_use]
pub fn panicked() -> Response {
    Failure::internal().into_response()
}

/// What every operation with a token may answer besides success.
#[derive(IntoResponses)]
pub enum Refusals {
    /// A field or parameter does not fit; the message names it.
    #[response(status = 400)]
    BadRequest(#[to_schema] ErrorOut),
    /// No token, or one that is none.
    #[response(status = 401)]
    Unauthorized(#[to_schema] ErrorOut),
    /// A good token without the right for this.
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorOut),
    /// There is no such record.
    #[response(status = 404)]
    NotFound(#[to_schema] ErrorOut),
    /// It clashes with what is there.
    #[response(status = 409)]
    Conflict(#[to_schema] ErrorOut),
    /// The body is larger than 1 MiB.
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorOut),
    /// The billing system behind this box did not do its part.
    #[response(status = 502)]
    Elsewhere(#[to_schema] ErrorOut),
    /// Too much at once: try again after `Retry-After` seconds.
    #[response(status = 503)]
    Busy(#[to_schema] ErrorOut),
}
