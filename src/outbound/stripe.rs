//! Stripe Checkout: sessions on Stripe's own page, and the signatures of its webhooks.
//!
//! Facts: Stripe's API reference, version `VERSION`. Must not know what a payment is for.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::config::PaymentSettings;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// The version of the API that answers are read by.
const VERSION: &str = "2026-10-28.endive";
/// How old or how far ahead a webhook's stamp may be, in seconds.
const TOLERANCE_SECONDS: u64 = 300;
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1_048_576;
/// How often a request is sent again that got no answer, and the wait before, which doubles.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// The account at Stripe.
pub struct Stripe {
    http: reqwest::Client,
    base: String,
    key: String,
    /// Bounds what is asked at the same time.
    asking: tokio::sync::Semaphore,
}

/// Most requests under way.
const AT_ONCE_MAX: usize = 16;

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StripeError {
    /// Stripe said no; nothing was begun.
    Refused(String),
    /// Nobody knows: ask again with the same key.
    Unknown(String),
}

/// What a session is for.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    pub title: String,
    pub amount: Amount,
    /// Ours: names the payment, and no payment of any other box.
    pub mark: String,
    /// Where the browser goes when it is paid, and when it is not.
    pub success_url: String,
    pub cancel_url: String,
    pub expires_at: Timestamp,
    /// Names the attempt: a repeat makes no second session.
    pub key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Open,
    Complete,
    Expired,
}

/// A session as Stripe tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    /// Where it is paid; only while it is open.
    pub url: Option<String>,
    pub state: SessionState,
    pub is_paid: bool,
    /// Its payment was begun and will not come.
    pub has_failed: bool,
    /// None where the currency is none of ours.
    pub amount: Option<Amount>,
}

impl Session {
    /// Reads Stripe's object; `None` where it is no session.
    fn read(object: &Value) -> Option<Self> {
        if object.get("object")? != "checkout.session" {
            return None;
        }
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let state = match text("status")? {
            "open" => SessionState::Open,
            "complete" => SessionState::Complete,
            "expired" => SessionState::Expired,
            _ => return None,
        };
        // Only there where it was asked for.
        let intent = object.pointer("/payment_intent/status");
        let ended = matches!(
            intent.and_then(Value::as_str),
            Some("requires_payment_method" | "canceled")
        );
        Some(Self {
            id: text("id")?.to_owned(),
            url: text("url").map(str::to_owned),
            has_failed: state == SessionState::Complete && ended,
            state,
            is_paid: matches!(text("payment_status"), Some("paid" | "no_payment_required")),
            amount: amount(object, "amount_total"),
        })
    }
}

/// What Stripe tells by webhook, as far as it is anything to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A session was paid, its payment failed, or its time is over.
    Session {
        mark: String,
        session: Session,
        /// Its payment came later, and failed.
        has_failed: bool,
    },
    /// A bank took a payment back, or gave it back again.
    Dispute {
        id: String,
        intent: String,
        /// None where it cannot be read.
        amount: Option<Amount>,
        is_withdrawn: bool,
    },
    /// A refund failed or was called off.
    RefundFailed { intent: String },
    /// So much of a payment was given back in all.
    Refunded {
        mark: String,
        sum: Amount,
        intent: Option<String>,
    },
}

impl Event {
    /// Reads the body of a webhook; `None` where it is nothing to us.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let event: Value = serde_json::from_slice(body).ok()?;
        let object = event.pointer("/data/object")?;
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let mark = || mark(object).map(str::to_owned);
        let kind = event.get("type").and_then(Value::as_str)?;
        Some(match kind {
            "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed"
            | "checkout.session.expired" => {
                let session = Session::read(object)?;
                let has_failed = kind == "checkout.session.async_payment_failed";
                Self::Session {
                    mark: mark()?,
                    has_failed: has_failed && !session.is_paid,
                    session,
                }
            }
            "charge.dispute.funds_withdrawn" | "charge.dispute.funds_reinstated" => Self::Dispute {
                id: text("id")?,
                intent: text("payment_intent")?,
                amount: amount(object, "amount").filter(|amount| amount.minor > 0),
                is_withdrawn: kind == "charge.dispute.funds_withdrawn",
            },
            "refund.failed" | "refund.updated" => {
                let status = text("status");
                if !matches!(status.as_deref(), None | Some("failed" | "canceled")) {
                    return None;
                }
                let intent = text("payment_intent")?;
                Self::RefundFailed { intent }
            }
            "charge.refunded" => Self::Refunded {
                mark: mark()?,
                sum: amount(object, "amount_refunded")?,
                intent: text("payment_intent"),
            },
            _ => return None,
        })
    }
}

/// An amount in an object of Stripe's, which writes currencies in small letters.
fn amount(object: &Value, key: &str) -> Option<Amount> {
    let code = object.get("currency")?.as_str()?.to_ascii_uppercase();
    Some(Amount {
        minor: Minor::of(object.get(key)?.as_i64()?),
        currency: Currency::parse(&code)?,
    })
}

/// The mark that a [`CheckoutRequest`] put on an object of Stripe's.
fn mark(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("boxoffice_payment")?.as_str()
}

/// Currencies of which Stripe's smallest unit is not that of ISO 4217: a number would mean another
/// amount there.
const OTHER_UNITS: &[&str] = &["ISK", "MGA", "MRU", "UGX"];

/// Whether Stripe takes this amount, and means by it what we do. Of three decimals it wants the
/// last to be 0.
#[must_use]
pub fn is_payable(amount: Amount) -> bool {
    let whole = amount.currency.exponent() < 3 || amount.minor.is_multiple_of(10);
    whole && !OTHER_UNITS.contains(&amount.currency.as_str())
}

impl Stripe {
    /// `None` where no account is set up.
    pub(super) fn new(http: &reqwest::Client, settings: &PaymentSettings) -> Option<Self> {
        (!settings.stripe_secret_key.is_empty()).then(|| Self {
            http: http.clone(),
            base: settings.stripe_api.trim_end_matches('/').to_owned(),
            key: settings.stripe_secret_key.expose().to_owned(),
            asking: tokio::sync::Semaphore::new(AT_ONCE_MAX),
        })
    }

    /// Begins a session; with the same key and wish it is the same one.
    pub async fn create(&self, checkout: &CheckoutRequest) -> Result<Session, StripeError> {
        let price = "line_items[0][price_data]";
        let form = [
            ("mode".to_owned(), "payment".to_owned()),
            (
                format!("{price}[currency]"),
                checkout.amount.currency.as_str().to_ascii_lowercase(),
            ),
            (
                format!("{price}[unit_amount]"),
                checkout.amount.minor.to_string(),
            ),
            (
                format!("{price}[product_data][name]"),
                checkout.title.clone(),
            ),
            ("line_items[0][quantity]".to_owned(), "1".to_owned()),
            ("success_url".to_owned(), checkout.success_url.clone()),
            ("cancel_url".to_owned(), checkout.cancel_url.clone()),
            ("client_reference_id".to_owned(), checkout.mark.clone()),
            (
                "metadata[boxoffice_payment]".to_owned(),
                checkout.mark.clone(),
            ),
            (
                "payment_intent_data[metadata][boxoffice_payment]".to_owned(),
                checkout.mark.clone(),
            ),
            (
                "expires_at".to_owned(),
                checkout.expires_at.seconds().to_string(),
            ),
        ];
        let url = format!("{}/v1/checkout/sessions", self.base);
        let request = || {
            let request = self.http.post(&url).form(&form);
            request.header("Idempotency-Key", &checkout.key)
        };
        self.session(request).await
    }

    /// How a session stands, and how its payment does.
    pub async fn fetch(&self, id: &str) -> Result<Session, StripeError> {
        let url = self.url_of("checkout/sessions", id)?;
        let expand = [("expand[]", "payment_intent")];
        self.session(|| self.http.get(&url).query(&expand)).await
    }

    /// The mark of the payment of a session, if it bears one.
    pub async fn mark_of(&self, intent: &str) -> Result<Option<String>, StripeError> {
        let url = self.url_of("payment_intents", intent)?;
        let body = self.ask(|| self.http.get(&url)).await?;
        Ok(mark(&body).map(str::to_owned))
    }

    /// The sum of all refunds of a payment that did not fail, in minor units.
    pub async fn refunded(&self, intent: &str) -> Result<Minor, StripeError> {
        // An intent's name is checked as a part of an address is.
        self.url_of("payment_intents", intent)?;
        let url = format!("{}/v1/refunds", self.base);
        let mut sum = Minor::ZERO;
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![("payment_intent", intent), ("limit", "100")];
            query.extend(after.as_deref().map(|id| ("starting_after", id)));
            let page = self.ask(|| self.http.get(&url).query(&query)).await?;
            let refunds = page.get("data").and_then(Value::as_array);
            let odd = || StripeError::Unknown("the answer is no list of refunds".to_owned());
            let refunds = refunds.ok_or_else(odd)?;
            let text = |refund: &Value, key: &str| {
                refund.get(key).and_then(Value::as_str).map(str::to_owned)
            };
            for refund in refunds {
                let status = text(refund, "status");
                if !matches!(status.as_deref(), Some("failed" | "canceled")) {
                    let minor = refund.get("amount").and_then(Value::as_i64);
                    sum += Minor::of(minor.ok_or_else(odd)?);
                }
            }
            let more = page.get("has_more").and_then(Value::as_bool) == Some(true);
            after = refunds.last().and_then(|refund| text(refund, "id"));
            if !more || after.is_none() {
                return Ok(sum);
            }
        }
    }

    /// Closes a session that is still open.
    pub async fn expire(&self, id: &str) -> Result<Session, StripeError> {
        let url = format!("{}/expire", self.url_of("checkout/sessions", id)?);
        self.session(|| self.http.post(&url)).await
    }

    fn url_of(&self, kind: &str, id: &str) -> Result<String, StripeError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if id.is_empty() || !id.bytes().all(plain) {
            return Err(StripeError::Refused(
                "this is no name of Stripe's".to_owned(),
            ));
        }
        Ok(format!("{}/v1/{kind}/{id}", self.base))
    }

    async fn session(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Session, StripeError> {
        let body = self.ask(request).await?;
        let odd = || StripeError::Unknown("the answer is no session".to_owned());
        Session::read(&body).ok_or_else(odd)
    }

    async fn ask(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Value, StripeError> {
        let closed = |_| StripeError::Unknown("the box goes down".to_owned());
        let _asking = self.asking.acquire().await.map_err(closed)?;
        let mut wait = BETWEEN_TRIES;
        let mut outcome = self.once(request()).await;
        for _ in 1..TRIES {
            if !matches!(outcome, Err(StripeError::Unknown(_))) {
                break;
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
            outcome = self.once(request()).await;
        }
        outcome
    }

    async fn once(&self, request: reqwest::RequestBuilder) -> Result<Value, StripeError> {
        let unknown = |error: reqwest::Error| StripeError::Unknown(error.without_url().to_string());
        let answer = request
            .bearer_auth(&self.key)
            .header("Stripe-Version", VERSION)
            .send()
            .await
            .map_err(unknown)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unknown)?;
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(StripeError::Unknown("the answer is too long".to_owned()));
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let said = body.pointer("/error/message").and_then(Value::as_str);
        let words = format!("{status}: {}", said.unwrap_or("no reason given"));
        // 409: the first request with this key is still under way.
        if status.is_server_error() || matches!(status.as_u16(), 409 | 429) {
            Err(StripeError::Unknown(words))
        } else {
            Err(StripeError::Refused(words))
        }
    }
}

/// Whether `header` (`t=...,v1=...`) signs `body` with one of the secrets, which are separated by
/// commas, not long before or after `now`.
#[must_use]
pub fn is_signed(secrets: &str, header: &str, body: &[u8], now: Timestamp) -> bool {
    let parts = || {
        header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let Some((_, stamp)) = parts().find(|(name, _)| *name == "t") else {
        return false;
    };
    let fresh = stamp
        .parse::<i64>()
        .is_ok_and(|at| at.abs_diff(now.seconds()) <= TOLERANCE_SECONDS);
    if !fresh {
        return false;
    }
    let given: Vec<Vec<u8>> = parts()
        .filter(|(name, _)| *name == "v1")
        .filter_map(|(_, hex)| {
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(hex.as_bytes())
                .ok()
        })
        .collect();
    let secrets = secrets.split(',').map(str::trim);
    secrets.filter(|secret| !secret.is_empty()).any(|secret| {
        given.iter().any(|mac| {
            let Ok(mut expected) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
                return false;
            };
            expected.update(stamp.as_bytes());
            expected.update(b".");
            expected.update(body);
            expected.verify_slice(mac).is_ok()
        })
    })
}
