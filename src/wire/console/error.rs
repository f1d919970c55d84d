//! Refusals as `application/problem+json` (RFC 9457).

use axum::Json;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::refusal::{MoneyRefusal, OrderRefusal, Refusal, StaffRefusal};
use crate::domain::values::money::Currency;
use crate::domain::values::reasons::Ineligible;
use crate::ops::staff::bearers::Why;
use crate::ops::{DISK_FULL_RETRY_S, OpError};
use crate::wire::kit::json::BodyError;
use crate::wire::kit::{REQUEST_ID, TurnedAway};

/// A refusal on its way out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    #[serde(skip)]
    code: StatusCode,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    status: u16,
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// The member or parameter that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The name of the request, as the log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
}

impl Problem {
    fn new(code: StatusCode, detail: impl Into<String>) -> Self {
        let title = code.canonical_reason().unwrap_or("Error").to_owned();
        Self {
            code,
            retry_after_s: None,
            status: code.as_u16(),
            title,
            detail: detail.into(),
            field: None,
            request: None,
        }
    }

    /// The same, about a member.
    #[must_use]
    pub(super) fn at(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign in, or send an integration token",
        )
    }

    /// As [`Problem::unauthorized`], with what is wrong with what was sent.
    #[must_use]
    pub fn nobody(why: Why) -> Self {
        match why {
            Why::NothingSent => Self::unauthorized(),
            _ => Self::new(StatusCode::UNAUTHORIZED, why.words()),
        }
    }

    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// Something does not fit. A detail that begins with the name of a member or parameter and a
    /// colon is about that.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, detail);
        let field = named_in(&problem.detail).map(str::to_owned);
        Self { field, ..problem }
    }

    /// As [`Problem::bad_request`], of what clashes with what is there.
    fn conflict(detail: String) -> Self {
        let problem = Self::new(StatusCode::CONFLICT, detail);
        let field = named_in(&problem.detail).map(str::to_owned);
        Self { field, ..problem }
    }

    #[must_use]
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    fn busy(retry_after_s: u32) -> Self {
        Self::unavailable(retry_after_s, "try again in a moment")
    }

    fn unavailable(retry_after_s: u32, detail: &str) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        Self {
            retry_after_s: Some(retry_after_s),
            ..problem
        }
    }

    fn too_many(retry_after_s: u32) -> Self {
        let detail = format!("too many failed attempts; wait {retry_after_s} seconds");
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    fn internal() -> Self {
        let detail = "something went wrong here; the log has the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

/// The member that a detail begins with.
fn named_in(detail: &str) -> Option<&str> {
    let (name, _) = detail.split_once(": ")?;
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.[]".contains(c);
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_part);
    fits.then_some(name)
}

/// Says in a refusal which request it answers: the edge named it once the refusal was made.
pub async fn with_request(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let name = response.headers().get(REQUEST_ID);
    let request = name.and_then(|name| name.to_str().ok()).map(str::to_owned);
    let named = Problem { request, ..problem };
    let Ok(text) = serde_json::to_string(&named) else {
        return response;
    };
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(text);
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry) = (self.code, self.retry_after_s);
        let mut response = (code, Json(&self)).into_response();
        response.extensions_mut().insert(self);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "at most 1 MiB"),
            BodyError::Incomplete => Self::bad_request("the body ended too early"),
            BodyError::NotJson(reason) => {
                Self::bad_request(format!("the body is not JSON: {reason}"))
            }
            BodyError::Wrong { path, problem } if path.is_empty() => Self::bad_request(problem),
            BodyError::Wrong { path, problem } => Self::bad_request(format!("{path}: {problem}")),
            BodyError::Missing => Self::bad_request("a body is required: a JSON object"),
        }
    }
}

impl From<OpError> for Problem {
    fn from(error: OpError) -> Self {
        answer(error)
    }
}

/// Every "no" of the house in this dialect's words. No wildcard: a new refusal must be worded.
#[must_use]
#[deny(clippy::wildcard_enum_match_arm)]
pub fn answer(error: OpError) -> Problem {
    match error {
        OpError::Refused(refusal) => refused(&refusal),
        OpError::Missing { kind, key } => Problem::not_found(format!("{kind} {key} not found")),
        OpError::Denied(permission) => {
            Problem::forbidden(format!("your role may not {}", permission.words()))
        }
        OpError::Document { path, problem } => Problem::bad_request(format!("{path}: {problem}")),
        OpError::Throttled { retry_after_s } => Problem::busy(retry_after_s),
        OpError::DiskFull => {
            Problem::unavailable(DISK_FULL_RETRY_S, &OpError::DiskFull.to_string())
        }
        OpError::TooManyAttempts { retry_after_s } => Problem::too_many(retry_after_s),
        OpError::Store(error) => {
            tracing::error!(%error, "request.failed");
            Problem::internal()
        }
        OpError::Elsewhere { problem } => Problem::new(StatusCode::BAD_GATEWAY, problem),
        OpError::Failed(reason) => {
            tracing::error!(%reason, "request.failed");
            Problem::internal()
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn refused(refusal: &Refusal) -> Problem {
    let conflict = Problem::conflict;
    match refusal {
        Refusal::EmailTaken => {
            conflict("another customer has this e-mail address".to_owned()).at("email")
        }
        Refusal::LoginTaken => conflict("another customer has this login".to_owned()).at("login"),
        Refusal::MacTaken { mac } => conflict(format!("another box has {mac}")).at("mac"),
        Refusal::IdTaken { id } => conflict(format!("{id} is or was in use")),
        Refusal::BeyondCalendar => conflict("the order would end after the year 9999".to_owned()),
        Refusal::TooMany { what, max } => conflict(format!("there can be at most {max} {what}")),
        Refusal::KeyUsed => {
            conflict("this Idempotency-Key was used for another request".to_owned())
        }
        Refusal::PartnerTaken { key } => conflict(format!("a partner {key} exists")),
        Refusal::TransactionEnded => {
            conflict("the transaction has its outcome, which is another one".to_owned())
        }
        Refusal::MonthClosed { month } => conflict(format!("{month} is closed already")),
        Refusal::MonthNotOver { until } => conflict(format!(
            "the month is not over before {}",
            until.to_rfc3339_millis()
        )),
        Refusal::NotDead => conflict("only a message that is DEAD can be tried again".to_owned()),
        Refusal::ResellerTaken { name } => conflict(format!("a reseller {name} exists")),
        Refusal::ResellerHasCustomers => conflict("customers belong to the reseller".to_owned()),
        Refusal::NoSuchReseller => conflict("there is no such reseller".to_owned()),
        Refusal::PasswordLength { min, max } => {
            Problem::bad_request(format!("password: must have {min} to {max} characters"))
        }
        Refusal::ClockBackward => conflict("the clock only moves forward".to_owned()),
        Refusal::Order(refusal) => order_refused(refusal),
        Refusal::Money(refusal) => money_refused(refusal),
        Refusal::Staff(refusal) => staff_refused(refusal),
        // Only what partners do ends in one of these.
        Refusal::Partner(_) => {
            Problem::new(StatusCode::CONFLICT, format!("refused: {}", refusal.code()))
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn order_refused(refusal: &OrderRefusal) -> Problem {
    let conflict = Problem::conflict;
    match refusal {
        OrderRefusal::OfferNotOnSale { .. } => conflict("this offer is not on sale".to_owned()),
        OrderRefusal::BilledElsewhere { .. } => {
            conflict("another system takes the money for this offer".to_owned())
        }
        OrderRefusal::NotEligible { reason } => conflict(match reason {
            Ineligible::NotNew => "this offer is for new customers only".to_owned(),
            Ineligible::HadBefore => {
                "the customer had this offer before; it is given once".to_owned()
            }
            Ineligible::LacksProduct => {
                "this offer goes with a product that the customer does not have".to_owned()
            }
        }),
        OrderRefusal::ServiceSpecGone { .. } => conflict("this package is deleted".to_owned()),
        OrderRefusal::MixedCurrencies => {
            conflict("all charges of an offer must be in one currency".to_owned())
        }
        OrderRefusal::OrderState { action, .. } => {
            conflict(format!("an order in this state cannot be {action}"))
        }
        OrderRefusal::BeganEarlier { began } => conflict(format!(
            "credit: the order began at {}, more than 24 hours ago; true gives back what is not \
             used",
            began.to_rfc3339_millis()
        )),
        OrderRefusal::NoFurtherCycle => conflict("this order has no further cycle".to_owned()),
        OrderRefusal::CycleTooEarly { begun } => conflict(format!(
            "the next cycle must begin later than {}, when the last billed one did",
            begun.to_rfc3339_millis()
        )),
        OrderRefusal::PastUnpaid { began } => conflict(format!(
            "created: the order began on {}, more than one term ago, and nothing says until when \
             it was paid; give paidUntil, or nextBillingCycle together with created",
            began.to_rfc3339_millis()
        )),
        OrderRefusal::CreatedAhead { latest } => conflict(format!(
            "created: must not be later than {}; leave it out for an order that begins now, or \
             place the order when it begins",
            latest.to_rfc3339_millis()
        )),
        OrderRefusal::TooManyCycles { cycles, since } => conflict(format!(
            "paidUntil, nextBillingCycle: {cycles} cycles from {} on would be billed at once; give \
             the day until which the order was paid, or a later one",
            since.to_rfc3339_millis()
        )),
        OrderRefusal::PaidUntilDiffers { paid_until } => conflict(format!(
            "nextBillingCycle: must be {} like paidUntil, or be left out",
            paid_until.to_rfc3339_millis()
        )),
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn money_refused(refusal: &MoneyRefusal) -> Problem {
    let conflict = Problem::conflict;
    match refusal {
        MoneyRefusal::CurrencyNotTaken { paid, takes } => {
            let takes: Vec<&str> = takes.iter().map(Currency::as_str).collect();
            conflict(format!(
                "currency: nothing of this customer is billed in {}; book it in {}",
                paid.as_str(),
                takes.join(" or ")
            ))
        }
        MoneyRefusal::VouchersLeft { left } => conflict(format!(
            "count: only {left} vouchers of this batch are left for that"
        )),
        MoneyRefusal::VouchersPaid { most } => conflict(format!(
            "amount: at most {most} can be given back for so many vouchers"
        )),
        MoneyRefusal::VouchersOver => conflict(
            "this batch of vouchers was revoked or its time is over: none can be sold, and no \
             money can go back to one"
                .to_owned(),
        ),
        MoneyRefusal::VoucherWhole { worth } => conflict(format!(
            "amount: the money of a voucher goes back to it whole, which is {worth}"
        )),
        MoneyRefusal::VouchersBookedByUse => conflict(
            "this batch was made before sales were booked: its vouchers are booked when they are \
             used"
                .to_owned(),
        ),
        MoneyRefusal::InsufficientFunds { short_by } => conflict(format!(
            "the balance is short by {} {}",
            short_by.to_fixed(),
            short_by.currency.as_str()
        )),
        MoneyRefusal::PaymentKnown { payment } => conflict(format!(
            "this key or reference is that of payment {}, which is another one",
            payment.0
        )),
        MoneyRefusal::PaymentEnded { payment } => conflict(format!(
            "payment {} has ended before, and otherwise",
            payment.0
        )),
        MoneyRefusal::RefundTooLarge { left } => conflict(format!(
            "only {} {} of the payment can be given back",
            left.to_fixed(),
            left.currency.as_str()
        )),
        MoneyRefusal::RefundElsewhere { method } => conflict(format!(
            "refund it at {method}: it is booked as soon as {method} tells of it"
        )),
        MoneyRefusal::PageClosed => conflict("the page was used, or its time is over".to_owned()),
        MoneyRefusal::PriceChanged { now } => conflict(format!(
            "the price is {} {} now",
            now.to_fixed(),
            now.currency.as_str()
        )),
        MoneyRefusal::VoucherInvalid => {
            conflict("this voucher is not valid, or no longer".to_owned())
        }
        MoneyRefusal::MethodOff { method } => {
            conflict(format!("payment by {method} is not switched on"))
        }
        MoneyRefusal::NotOwed { owed } => conflict(format!(
            "amount: the customer owes {} {} only",
            owed.to_fixed(),
            owed.currency.as_str()
        )),
        MoneyRefusal::NotVoidable { invoice } => conflict(format!(
            "invoice {} cannot be voided: something of it is paid or credited; refund the payment, \
             or end the order with its credit",
            invoice.0
        )),
    }
}

const WRONG_CODE: &str = "is wrong, was used, or its time is over; use the one that is shown now";

#[deny(clippy::wildcard_enum_match_arm)]
fn staff_refused(refusal: &StaffRefusal) -> Problem {
    let conflict = Problem::conflict;
    match refusal {
        StaffRefusal::OperatorTaken { name } => conflict(format!("operator {name} exists")),
        StaffRefusal::OperatorLooksAlike { other } => conflict(format!(
            "name: looks like operator {other}; choose one that nobody takes for it"
        )),
        StaffRefusal::ApiOnly => {
            Problem::forbidden("this account is for the API, not for the console")
        }
        StaffRefusal::BadCredentials => {
            Problem::new(StatusCode::UNAUTHORIZED, "name or password do not fit")
        }
        StaffRefusal::SetupDone => Problem::forbidden("the set-up link is no longer valid"),
        StaffRefusal::PasswordGuessable { why } => {
            Problem::bad_request(format!("password: must not be {}", why.words()))
        }
        StaffRefusal::MadeCredentials { name, lines } => conflict(format!(
            "{name} made what would go on: {}; say \"end_credentials\": true to end it",
            lines.join("; ")
        )),
        StaffRefusal::LastOwner => {
            conflict("nobody else may manage staff; make another owner first".to_owned())
        }
        StaffRefusal::PasswordAgain => {
            Problem::forbidden("password: give your own password once more, in this member")
                .at("password")
        }
        StaffRefusal::WrongPassword => Problem::forbidden("password: is not yours").at("password"),
        StaffRefusal::CodeNeeded => Problem::new(
            StatusCode::UNAUTHORIZED,
            "code: send the code of your authenticator too, or a recovery code, in this member",
        )
        .at("code"),
        StaffRefusal::BadCode => {
            Problem::new(StatusCode::UNAUTHORIZED, format!("code: {WRONG_CODE}")).at("code")
        }
        StaffRefusal::CodeAgain => {
            Problem::forbidden("code: give a code of your authenticator, in this member").at("code")
        }
        StaffRefusal::WrongCode => Problem::forbidden(format!("code: {WRONG_CODE}")).at("code"),
        StaffRefusal::SecondFactorFirst => {
            Problem::forbidden("your role needs a second factor: set one up first")
        }
        StaffRefusal::SecondFactorForced => conflict(
            "your role needs a second factor; to change it for another one, begin that".to_owned(),
        ),
        StaffRefusal::NoSecondFactor => conflict("there is no second factor".to_owned()),
        StaffRefusal::NoFactorBegun => {
            conflict("no second factor was begun; begin one, and show its first code".to_owned())
        }
        StaffRefusal::AboveLimit { what, max } => Problem::forbidden(format!(
            "with your role, {what} may be at most {} {}; ask an owner",
            max.to_fixed(),
            max.currency.as_str()
        )),
    }
}

pub async fn unknown_route(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::not_found(format!("{} does not exist", uri.path()))
}

#[must_use]
pub fn no_such_path(path: &str) -> Response {
    Problem::not_found(format!("{path} does not exist")).into_response()
}

pub async fn wrong_method(request: Request) -> Problem {
    let detail = format!("{} is not allowed here", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// Requests that are refused before anything sees them.
#[must_use]
pub fn turned_away(reason: TurnedAway) -> Response {
    Problem::new(reason.status(), reason.words()).into_response()
}

/// A panic is a bug, but its caller still gets an answer in shape.
#[must_use]
pub fn panicked() -> Response {
    Problem::internal().into_response()
}
