//! The carrier's own charging: asked with `POST {url}/transaction` (marketone 5.1), in the words
//! that partners use towards us. Must not know what a charge is for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::config::CarrierSettings;
use crate::domain::partners::CarrierMark;
use crate::domain::staff::Secret;
use crate::domain::values::money::Amount;
use crate::domain::values::reasons::Denial;

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
    mark: CarrierMark,
    /// What the addresses are that it had before.
    former: Vec<CarrierMark>,
    /// What it is being asked about.
    asking: Arc<Mutex<HashMap<[u8; 16], HeardMeanwhile>>>,
}

/// What others heard meanwhile of something that it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeardMeanwhile {
    Nothing,
    /// That it goes on.
    Processing,
    /// It is being taken back: nobody may be told that it goes on.
    Undone,
}

/// A charge, or one that is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeCall {
    /// Ours, the same in every try: with it nothing is charged twice.
    pub id: String,
    /// Of a refund: our id of the charge.
    pub refund_of: Option<String>,
    pub account: Secret,
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
    asking: Arc<Mutex<HashMap<[u8; 16], HeardMeanwhile>>>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        locked(&self.asking).remove(&self.id);
    }
}

fn locked(
    asking: &Mutex<HashMap<[u8; 16], HeardMeanwhile>>,
) -> MutexGuard<'_, HashMap<[u8; 16], HeardMeanwhile>> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of where an address leads: not of what it carries to be let in, which may change.
fn mark_of(url: &str) -> Option<CarrierMark> {
    let mut url = reqwest::Url::parse(url).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    let plain = url.as_str().trim_end_matches('/');
    Some(CarrierMark(Sha256::digest(plain).into()))
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
    pub(super) fn new(settings: &CarrierSettings) -> anyhow::Result<Option<Self>> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        let key = (!settings.api_key.is_empty())
            .then(|| HeaderValue::from_str(settings.api_key.expose()));
        // Not with what it is: it is a secret.
        let mut key = key
            .transpose()
            .ok()
            .context("setting carrier.api_key: is no header value")?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        let mark = mark_of(settings.url.expose()).context("setting carrier.url: is no address")?;
        let former = settings
            .former_urls
            .expose()
            .split_whitespace()
            .map(mark_of);
        let former = former.collect::<Option<Vec<CarrierMark>>>();
        let timeout = Duration::from_millis(u64::from(settings.timeout_ms));
        // Well before the whole try is over: then it is certain that nothing was sent.
        let http = crate::outbound::http::client()
            .connect_timeout(timeout / 2)
            .build();
        Ok(Some(Self {
            http: http.context("cannot make the carrier's HTTP client")?,
            mark,
            former: former.context("setting carrier.former_urls: holds what is no address")?,
            url: format!(
                "{}/transaction",
                settings.url.expose().trim_end_matches('/')
            ),
            key,
            timeout,
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
        held.insert(id, HeardMeanwhile::Nothing);
        let asking = Arc::clone(&self.asking);
        Some(Asking { id, asking })
    }

    /// Somebody is to be told that it goes on: then it is not undone as if nobody had heard of it.
    /// `false`: it is being undone.
    #[must_use]
    pub fn tell(&self, id: [u8; 16]) -> bool {
        match locked(&self.asking).get_mut(&id) {
            Some(HeardMeanwhile::Undone) => false,
            Some(heard) => {
                *heard = HeardMeanwhile::Processing;
                true
            }
            None => true,
        }
    }

    /// Nobody is told from now on that it goes on. `false`: somebody was.
    #[must_use]
    pub fn undo(&self, id: [u8; 16]) -> bool {
        match locked(&self.asking).get_mut(&id) {
            Some(HeardMeanwhile::Processing) => false,
            Some(heard) => {
                *heard = HeardMeanwhile::Undone;
                true
            }
            None => true,
        }
    }

    /// Its mark, for what is handed over to it.
    #[must_use]
    pub fn mark(&self) -> CarrierMark {
        self.mark
    }

    /// Whether what bears this mark was handed over to it.
    #[must_use]
    pub fn is(&self, mark: CarrierMark) -> bool {
        mark == self.mark || self.former.contains(&mark)
    }

    /// Asks once.
    pub async fn ask(&self, call: &ChargeCall) -> Outcome {
        let Ok(amount) = RawValue::from_string(call.amount.to_decimal()) else {
            return Outcome::NotReached("the amount cannot be written".to_owned());
        };
        let body = Body {
            id: &call.id,
            transaction_type: if call.refund_of.is_some() {
                "REFUND"
            } else {
                "CHARGE"
            },
            original: call.refund_of.as_deref(),
            account_identifier: &call.account.0,
            amount,
            currency: call.amount.currency.as_str(),
            description: &call.description,
            product_code: call.product.as_deref(),
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
        read(status.as_u16(), &bytes, call.refund_of.is_some())
    }
}

/// What an answer to a charge or refund says.
fn read(status: u16, bytes: &[u8], refund: bool) -> Outcome {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    let denial = |code: &str| denial(code, refund);
    let word = match body.get("status") {
        Some(Value::String(word)) => Some(word.as_str()),
        // No word that we know.
        Some(_) => Some(""),
        None => None,
    };
    match (status, word) {
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

/// What codes say for certain that nothing was charged, or given back, whoever asked before.
fn denial(code: &str, refund: bool) -> Option<Denial> {
    Some(match code {
        "account-not-found" => Denial::NoAccount,
        "amount-limit-exceeded" => Denial::AmountLimit,
        "insufficient-funds" => Denial::InsufficientFunds,
        "not-eligible" => Denial::NotEligible,
        // Of a charge they would say nothing that makes sense.
        "refund-amount-exceeded" | "refund-not-allowed" | "transaction-not-found" if refund => {
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
    use super::{Carrier, ChargeCall, Denial, Outcome, Secret, mark_of};
    use crate::config::CarrierSettings;
    use crate::domain::values::minor::Minor;
    use crate::domain::values::money::{Amount, Currency};

    /// A carrier that nobody listens for: nothing of its address or key is in what is logged.
    #[tokio::test]
    async fn reasons_hold_no_secrets() {
        crate::outbound::choose_crypto();
        let settings = CarrierSettings {
            url: "http://user:hidden@127.0.0.1:1/hidden".into(),
            api_key: "hidden".into(),
            ..CarrierSettings::default()
        };
        let carrier = Carrier::new(&settings).unwrap().unwrap();
        let call = ChargeCall {
            id: "1".to_owned(),
            refund_of: None,
            account: Secret("+14165550101".to_owned()),
            amount: Amount {
                minor: Minor::of(1),
                currency: Currency::USD,
            },
            description: "d".to_owned(),
            product: None,
        };
        let Outcome::NotReached(reason) = carrier.ask(&call).await else {
            panic!("somebody listens")
        };
        assert!(!reason.is_empty() && !reason.contains("hidden"), "{reason}");
        // Neither is a key that cannot be sent.
        let settings = CarrierSettings {
            api_key: "hidden\n".into(),
            ..settings
        };
        let refused = Carrier::new(&settings).err().unwrap();
        assert!(!format!("{refused:#}").contains("hidden"));
    }

    #[test]
    fn a_carrier_is_known_by_where_its_address_leads() {
        let one = mark_of("https://csp.example/v1/").unwrap();
        for same in [
            "https://CSP.example:443/v1",
            "https://key:word@csp.example/v1?key=1#x",
        ] {
            assert_eq!(mark_of(same), Some(one), "{same}");
        }
        for other in [
            "http://csp.example/v1",
            "https://csp.example/v2",
            "https://csp2.example/v1",
        ] {
            assert_ne!(mark_of(other), Some(one), "{other}");
        }
        assert_eq!(mark_of("https://"), None);
    }

    fn read(status: u16, bytes: &[u8]) -> Outcome {
        super::read(status, bytes, false)
    }

    #[test]
    fn what_is_said_of_refunds_denies_no_charge() {
        for code in [
            "transaction-not-found",
            "refund-not-allowed",
            "refund-amount-exceeded",
        ] {
            let body = format!(r#"{{"code":"{code}"}}"#);
            let told = read(404, body.as_bytes());
            assert!(matches!(told, Outcome::Unknown(_)), "{code}: {told:?}");
            let told = super::read(404, body.as_bytes(), true);
            assert_eq!(told, Outcome::Denied(Denial::RefundNotAllowed), "{code}");
        }
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
        assert_eq!(read(201, b"{}"), Outcome::Succeeded);
        assert_eq!(read(200, br#"{"status":"SUCCEEDED"}"#), Outcome::Succeeded);
        assert_eq!(
            read(200, br#"{"status":"PROCESSING"}"#),
            Outcome::Processing
        );
        let reason = br#"{"status":"DENIED","reason":{"code":"suspended"}}"#;
        assert_eq!(read(200, reason), Outcome::Denied(Denial::Suspended));
        for (status, body) in [
            (200, r#"{"status":"CANCELLED"}"#),
            (200, r#"{"status":null}"#),
            (200, r#"{"status":0}"#),
            (200, r#"{"status":["SUCCEEDED"]}"#),
            (200, r#"{"status":{"value":"DENIED"}}"#),
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
