//! Telling a partner about a subscription that comes with a product of ours (marketone 5.3). The
//! wire's names stand here; must not know when it is told.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};

use crate::domain::partners::subscription::{
    CallAction, PartnerCall, PartnerSubscription, STATUS_MAX, THERE_MAX,
};
use crate::domain::staff::Secret;
use crate::domain::values::time::Timestamp;

use super::webhook::{NotTaken, no_answer};

/// Most of an answer that is read, in bytes, and how long it may take.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Who tells.
pub struct Caller {
    http: reqwest::Client,
}

/// One telling.
pub struct Notice {
    pub url: String,
    pub api_key: Secret,
    /// The same however often it is told.
    pub event: String,
    pub body: String,
}

/// What the partner said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub status: u16,
    /// Its own id of the subscription.
    pub there: Option<String>,
    pub registration_status: Option<String>,
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub why: NotTaken,
    /// Whether it may be taken later.
    pub again: bool,
}

impl Caller {
    pub(super) fn new(http: &reqwest::Client) -> Self {
        Self { http: http.clone() }
    }

    /// Tells, once.
    pub async fn tell(&self, notice: Notice) -> Result<Said, Refused> {
        let again = |why| Refused { why, again: true };
        let mut key = HeaderValue::from_str(&notice.api_key.0).map_err(|_| Refused {
            why: NotTaken {
                status: 0,
                reason: "the partner's key cannot stand in a header".to_owned(),
            },
            again: false,
        })?;
        key.set_sensitive(true);
        let request = self
            .http
            .post(notice.url)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, key)
            .header("Boxoffice-Event", notice.event)
            .body(notice.body);
        let mut answer = request
            .send()
            .await
            .map_err(|error| again(no_answer(error)))?;
        let status = answer.status();
        if !status.is_success() {
            let later = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
            let reason = format!("answered {}", status.as_u16());
            let status = status.as_u16();
            return Err(Refused {
                why: NotTaken { status, reason },
                again: later,
            });
        }
        let mut body = Vec::new();
        let read = tokio::time::timeout(ANSWER_TIMEOUT, async {
            while let Ok(Some(chunk)) = answer.chunk().await {
                body.extend_from_slice(&chunk);
                if body.len() > ANSWER_BYTES_MAX {
                    break;
                }
            }
        });
        // It was taken, whatever is wrong with the rest.
        let _ = read.await;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Said {
            status: status.as_u16(),
            there: text(&said, "partnerSubscriptionId", THERE_MAX),
            registration_status: text(&said, "registrationStatus", STATUS_MAX),
        })
    }
}

fn text(said: &Value, name: &str, chars_max: usize) -> Option<String> {
    let text = said.get(name)?.as_str()?;
    let fits =
        (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// The message about a subscription.
#[must_use]
pub fn body(call: &PartnerCall, held: &PartnerSubscription) -> String {
    let mut message = Map::new();
    let mut put = |name: &str, value: String| {
        message.insert(name.to_owned(), Value::from(value));
    };
    // One that the partner gave no id has ours.
    let there = || held.there.clone().unwrap_or_else(|| held.name());
    match call.action {
        CallAction::Add => {
            put("action", "AddSubscription".to_owned());
            put("subscriptionId", held.name());
            put("productCode", call.product.clone());
            put("registrationString", call.registration.clone());
        }
        CallAction::Update => {
            put("action", "UpdateSubscription".to_owned());
            put("partnerSubscriptionId", there());
            put("productCode", call.product.clone());
        }
        CallAction::Delete => {
            put("action", "DeleteSubscription".to_owned());
            put("partnerSubscriptionId", there());
        }
    }
    if let Some(at) = call.start_at {
        put("startDate", seconds(at));
    }
    if let Some(at) = call.end_at {
        put("endDate", seconds(at));
    }
    Value::Object(message).to_string()
}

/// `2020-05-01T12:00:00Z`.
fn seconds(at: Timestamp) -> String {
    let millis = at.to_rfc3339_millis();
    format!("{}Z", millis.get(..19).unwrap_or(&millis))
}
