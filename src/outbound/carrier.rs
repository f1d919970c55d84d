//! The carrier's own charging: asked with `POST {url}/transaction` (marketone 5.1), in the words that partners
//! use towards us. Must not know what a charge is for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::CarrierSettings;
use crate::domain::carrier::Denial;
use crate::domain::money::Amount;

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 65_536;
/// Most transactions that the carrier is asked about at the same time.
const ASKING_MAX: usize = 2_048;

/// Where charges are decided.
pub struct Carrier {
    http: reqwest::Client,
    url: String,
    key: Option<HeaderValue>,
    timeout: Duration,
    /// What it is being asked about, and whether somebody was told meanwhile that it goes on.
    asking: Arc<Mutex<HashMap<[u8; 16], bool>>>,
}

/// A charge, or one that is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Ours, the same in every try: with it nothing is charged twice.
    pub id: String,
    /// Of a refund: our id of the charge.
    pub refund_of: Option<String>,
    pub account: String,
    pub amount: Amount,
    pub description: String,
    pub product: Option<String>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// It does not know yet either.
    Processing,
    /// It was not charged, and will not be.
    Denied(Denial),
    /// It heard nothing of this try, for certain.
    NotReached(String),
    /// It may have charged.
    Unknown(String),
}

/// Nobody else asks about the same transaction while this lives.
pub struct Asking {
    id: [u8; 16],
    asking: Arc<Mutex<HashMap<[u8; 16], bool>>>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        locked(&self.asking).remove(&self.id);
    }
}

fn locked(asking: &Mutex<HashMap<[u8; 16], bool>>) -> MutexGuard<'_, HashMap<[u8; 16], bool>> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'w> {
    #[serde(rename = "extTransactionID")]
    id: &'w str,
    transaction_type: &'static str,
    #[serde(
        rename = "originalExtTransactionID",
        skip_serializing_if = "Option::is_none"
    )]
    original: Option<&'w str>,
    account_identifier: &'w str,
    amount: Box<RawValue>,
    currency: &'w str,
    description: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'w str>,
}

impl Carrier {
    /// `None` where none is set up.
    pub(super) fn new(
        http: &reqwest::Client,
        settings: &CarrierSettings,
    ) -> anyhow::Result<Option<Self>> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        let key = (!settings.api_key.is_empty()).then(|| HeaderValue::from_str(&settings.api_key));
        // Not with what it is: it is a secret.
        let mut key = key
            .transpose()
            .ok()
            .context("setting carrier.api_key: is no header value")?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        Ok(Some(Self {
            http: http.clone(),
            url: format!("{}/transaction", settings.url.trim_end_matches('/')),
            key,
            timeout: Duration::from_millis(u64::from(settings.timeout_ms)),
            asking: Arc::default(),
        }))
    }

    /// Sets about asking; `None`: somebody asks about it already, or about too much.
    #[must_use]
    pub fn begin(&self, id: [u8; 16]) -> Option<Asking> {
        let mut held = locked(&self.asking);
        if held.len() >= ASKING_MAX || held.contains_key(&id) {
            return None;
        }
        held.insert(id, false);
        let asking = Arc::clone(&self.asking);
        Some(Asking { id, asking })
    }

    /// Somebody is told that it goes on: it cannot be undone as if nobody had heard of it.
    pub fn tell(&self, id: [u8; 16]) {
        if let Some(told) = locked(&self.asking).get_mut(&id) {
            *told = true;
        }
    }

    #[must_use]
    pub fn was_told(&self, id: [u8; 16]) -> bool {
        locked(&self.asking).get(&id).copied().unwrap_or(false)
    }

    /// Asks once.
    pub async fn ask(&self, wish: &Wish) -> Outcome {
        let Ok(amount) = RawValue::from_string(wish.amount.to_decimal()) else {
            return Outcome::NotReached("the amount cannot be written".to_owned());
        };
        let body = Body {
            id: &wish.id,
            transaction_type: if wish.refund_of.is_some() {
                "REFUND"
            } else {
                "CHARGE"
            },
            original: wish.refund_of.as_deref(),
            account_identifier: &wish.account,
            amount,
            currency: wish.amount.currency.as_str(),
            description: &wish.description,
            product_code: wish.product.as_deref(),
        };
        let mut request = self.http.post(&self.url).json(&body).timeout(self.timeout);
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key.clone());
        }
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                // Before there is a connection nothing is sent.
                let unheard = error.is_connect();
                let reason = error.without_url().to_string();
                return if unheard {
                    Outcome::NotReached(reason)
                } else {
                    Outcome::Unknown(reason)
                };
            }
        };
        let status = answer.status();
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len().saturating_add(chunk.len()) <= ANSWER_BYTES_MAX => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => return Outcome::Unknown("the answer is too long".to_owned()),
                Ok(None) => break,
                Err(error) => return Outcome::Unknown(error.without_url().to_string()),
            }
        }
        read(status.as_u16(), &bytes)
    }
}

/// What an answer says.
fn read(status: u16, bytes: &[u8]) -> Outcome {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    match (status, text("/status")) {
        (200..=299, Some("PROCESSING")) => Outcome::Processing,
        (200..=299, Some("DENIED")) => match text("/reason/code").and_then(denial) {
            Some(denial) => Outcome::Denied(denial),
            None => Outcome::Denied(Denial::NotCharged),
        },
        (200..=299, Some("SUCCEEDED")) => Outcome::Succeeded,
        // The page of some proxy is no word of the carrier's.
        (200..=299, None) if bytes.is_empty() || body.is_object() => Outcome::Succeeded,
        (429, _) => Outcome::NotReached("429: too many requests".to_owned()),
        (400..=499, _) => match text("/code").and_then(denial) {
            Some(denial) => Outcome::Denied(denial),
            None => Outcome::Unknown(format!("answered {status}")),
        },
        _ => Outcome::Unknown(format!("answered {status}")),
    }
}

/// What codes say for certain that nothing was charged, whoever asked before.
fn denial(code: &str) -> Option<Denial> {
    Some(match code {
        "account-not-found" => Denial::NoAccount,
        "amount-limit-exceeded" => Denial::AmountLimit,
        "insufficient-funds" => Denial::InsufficientFunds,
        "not-eligible" => Denial::NotEligible,
        "refund-amount-exceeded" | "refund-not-allowed" | "transaction-not-found" => {
            Denial::RefundNotAllowed
        }
        "spending-limit-exceeded" => Denial::SpendingLimit,
        "suspended" => Denial::Suspended,
        "suspended-non-payment" => Denial::SuspendedNonPayment,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Carrier, Denial, Outcome, Wish, read};
    use crate::config::CarrierSettings;
    use crate::domain::money::{Amount, Currency};

    /// A carrier that nobody listens for: nothing of its address or key is in what is logged.
    #[tokio::test]
    async fn reasons_hold_no_secrets() {
        crate::outbound::choose_crypto();
        let settings = CarrierSettings {
            url: "http://user:hidden@127.0.0.1:1/hidden".to_owned(),
            api_key: "hidden".to_owned(),
            ..CarrierSettings::default()
        };
        let carrier = Carrier::new(&reqwest::Client::new(), &settings);
        let carrier = carrier.unwrap().unwrap();
        let wish = Wish {
            id: "1".to_owned(),
            refund_of: None,
            account: "+14165550101".to_owned(),
            amount: Amount {
                minor: 1,
                currency: Currency::USD,
            },
            description: "d".to_owned(),
            product: None,
        };
        let Outcome::NotReached(reason) = carrier.ask(&wish).await else {
            panic!("somebody listens")
        };
        assert!(!reason.is_empty() && !reason.contains("hidden"), "{reason}");
        // Neither is a key that cannot be sent.
        let settings = CarrierSettings {
            api_key: "hidden\n".to_owned(),
            ..settings
        };
        let refused = Carrier::new(&reqwest::Client::new(), &settings)
            .err()
            .unwrap();
        assert!(!format!("{refused:#}").contains("hidden"));
    }

    #[test]
    fn only_what_is_certain_is_believed() {
        let denied = |body: &str| match read(400, body.as_bytes()) {
            Outcome::Denied(denial) => Some(denial),
            _ => None,
        };
        let code = r#"{"code":"insufficient-funds","message":"m"}"#;
        assert_eq!(denied(code), Some(Denial::InsufficientFunds));
        assert_eq!(denied(r#"{"code":"invalid-request"}"#), None);
        assert_eq!(denied("<html>"), None);
        assert_eq!(read(201, b""), Outcome::Succeeded);
        assert_eq!(read(200, br#"{"status":"SUCCEEDED"}"#), Outcome::Succeeded);
        assert_eq!(
            read(200, br#"{"status":"PROCESSING"}"#),
            Outcome::Processing
        );
        let reason = br#"{"status":"DENIED","reason":{"code":"suspended"}}"#;
        assert_eq!(read(200, reason), Outcome::Denied(Denial::Suspended));
        for (status, body) in [
            (200, r#"{"status":"CANCELLED"}"#),
            (302, ""),
            (200, "<html>sign in</html>"),
            (409, r#"{"code":"duplicate-transaction"}"#),
            (500, code),
            (503, ""),
        ] {
            let told = read(status, body.as_bytes());
            assert!(matches!(told, Outcome::Unknown(_)), "{status}: {told:?}");
        }
        assert!(matches!(read(429, b""), Outcome::NotReached(_)));
    }
}
