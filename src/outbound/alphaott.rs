//! Another system that speaks the AlphaOTT integration APIs: the billing system that calls are
//! forwarded to, or the middleware that services are given in (alphaott 2, 5.5).
//!
//! The wire's names stand here, as the other side has them; must not know what they are used for.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::domain::catalogue::kinds::{ContentType, Scope, ServiceStatus, ServiceType};
use crate::domain::customers::CustomerStatus;
use crate::domain::peers::FOREIGN_ID_MAX;
use crate::domain::values::id::Id;
use crate::domain::values::time::Timestamp;

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most requests under way.
const AT_ONCE_MAX: usize = 64;
/// Prefix of an address that names none.
const USUAL_PREFIX: &str = "/integration/api";

/// The other system.
pub struct Peer {
    http: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    /// Bounds what is asked at the same time.
    asking: tokio::sync::Semaphore,
}

/// What was answered, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerError {
    /// It was not reached, so nothing was done there.
    Unreachable(String),
    /// It was asked and what it did is not known.
    Unknown(String),
    /// It answered, and not with what was asked for.
    Refused { status: u16, reason: String },
}

/// A customer as the middleware knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCustomer {
    pub id: String,
    pub status: Option<CustomerStatus>,
    pub login: Option<String>,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub phones: Vec<String>,
    pub account_number: Option<String>,
}

/// A sellable right of the middleware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSpec {
    pub id: String,
    pub title: String,
    pub service_type: ServiceType,
    pub content_type: ContentType,
    pub scope: Scope,
}

/// A right that a customer of the middleware has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerService {
    pub id: String,
    pub spec: String,
    pub status: String,
    /// As text, to the millisecond.
    pub expires: Option<String>,
}

/// Whether a text can be an id of the other system, and stand in a path.
#[must_use]
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 1..=FOREIGN_ID_MAX) && text != "." && text != ".."
}

/// An id as this API shows our own.
#[must_use]
pub fn id_text<I: Id>(foreign: Option<&String>, id: I) -> String {
    match foreign {
        Some(foreign) => foreign.clone(),
        None => format!("{:024x}", id.number()),
    }
}

/// The word for a status of a service.
#[must_use]
pub fn service_word(status: ServiceStatus) -> &'static str {
    match status {
        ServiceStatus::Active => "ACTIVE",
        ServiceStatus::Inactive => "INACTIVE",
        ServiceStatus::Expired => "EXPIRED",
        ServiceStatus::Frozen => "FROZEN",
        ServiceStatus::Deleted => "DELETED",
    }
}

impl Peer {
    /// `url`: with its prefix; an address alone means the usual one. `None` where the token cannot
    /// stand in a header.
    pub(super) fn new(http: &reqwest::Client, url: &str, token: &str) -> Option<Self> {
        let base = url.trim_end_matches('/');
        let address = base.split_once("://").map_or(base, |(_, rest)| rest);
        let prefix = if address.contains('/') {
            ""
        } else {
            USUAL_PREFIX
        };
        let mut authorization = HeaderValue::from_str(&format!("JWT {}", token.trim())).ok()?;
        authorization.set_sensitive(true);
        Some(Self {
            http: http.clone(),
            base: format!("{base}{prefix}"),
            authorization,
            asking: tokio::sync::Semaphore::new(AT_ONCE_MAX),
        })
    }

    /// Sends a request on and answers what came back. `path`: after the prefix, with its query, as
    /// it stands on the wire. Nothing is sent twice.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        request_id: &str,
    ) -> Result<Answer, PeerError> {
        let odd = |error: &dyn std::fmt::Display| PeerError::Unreachable(error.to_string());
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| odd(&error))?;
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if !request_id.is_empty() {
            request = request.header("X-Request-Id", request_id);
        }
        self.answer(request).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Answer, PeerError> {
        let closed = |_| PeerError::Unreachable("the box goes down".to_owned());
        let _asking = self.asking.acquire().await.map_err(closed)?;
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        let mut answer = request.send().await.map_err(no_answer)?;
        let header = |name| {
            let value = answer.headers().get(name).and_then(|v| v.to_str().ok());
            value.map(str::to_owned)
        };
        let (content_type, retry_after) = (header(CONTENT_TYPE), header(RETRY_AFTER));
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(PeerError::Unknown("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            content_type,
            retry_after,
            body,
        })
    }

    /// The JSON of a good answer; `None`: 404 of the kind that says that the thing is not there.
    async fn json(&self, request: RequestBuilder) -> Result<Option<Value>, PeerError> {
        let answer = self.answer(request).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if (200..300).contains(&answer.status) {
            return Ok(Some(body));
        }
        // A wrong address is 404 as well, with another code.
        let missing = StatusCode::NOT_FOUND.as_u16();
        if answer.status == missing && body.get("code").is_some_and(|c| c != "ResourceNotFound") {
            return Ok(None);
        }
        let said = body.get("message").and_then(Value::as_str);
        let reason: String = said
            .unwrap_or("no reason given")
            .chars()
            .take(200)
            .collect();
        Err(PeerError::Refused {
            status: answer.status,
            reason,
        })
    }

    fn at(&self, parts: &[&str]) -> String {
        let mut url = self.base.clone();
        for part in parts {
            url.push('/');
            encode(&mut url, part);
        }
        url
    }

    /// A customer of the middleware; `None`: there is none of that id.
    pub async fn customer(&self, id: &str) -> Result<Option<PeerCustomer>, PeerError> {
        let found = self
            .json(self.http.get(self.at(&["customers", id])))
            .await?;
        found.map(|body| read_customer(&body)).transpose()
    }

    /// Sets the status of a customer.
    pub async fn set_status(&self, id: &str, status: &str) -> Result<(), PeerError> {
        let request = self.http.put(self.at(&["customers", id]));
        self.json(request.json(&json!({"status": status}))).await?;
        Ok(())
    }

    pub async fn service_spec(&self, id: &str) -> Result<Option<PeerSpec>, PeerError> {
        let request = self.http.get(self.at(&["service-specs", id]));
        let found = self.json(request).await?;
        found.map(|body| read_spec(&body)).transpose()
    }

    /// The services of a customer; `None`: there is no such customer.
    pub async fn services(&self, customer: &str) -> Result<Option<Vec<PeerService>>, PeerError> {
        let request = self.http.get(self.at(&["customers", customer, "services"]));
        let Some(body) = self.json(request).await? else {
            return Ok(None);
        };
        let list = body.as_array().ok_or_else(|| odd("services"))?;
        Ok(Some(list.iter().filter_map(read_service).collect()))
    }

    /// Gives a service, or brings one that is there in step.
    pub async fn give(
        &self,
        customer: &str,
        spec: &str,
        status: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(), PeerError> {
        let expires = expires_at.map(Timestamp::to_rfc3339_millis);
        let body = json!({"serviceSpec": spec, "status": status, "expires": expires});
        let url = self.at(&["customers", customer, "services"]);
        let gone = || PeerError::Refused {
            status: StatusCode::NOT_FOUND.as_u16(),
            reason: format!("there is no service specification {spec}"),
        };
        let given = self.json(self.http.post(url).json(&body)).await?;
        given.map(|_| ()).ok_or_else(gone)
    }

    /// Takes a service away; one that is gone already is no error.
    pub async fn take(&self, customer: &str, service: &str) -> Result<(), PeerError> {
        let url = self.at(&["customers", customer, "services", service]);
        self.json(self.http.delete(url)).await?;
        Ok(())
    }
}

fn no_answer(error: reqwest::Error) -> PeerError {
    let unreached = error.is_connect() || error.is_builder();
    let reason = error.without_url().to_string();
    if unreached {
        PeerError::Unreachable(reason)
    } else {
        PeerError::Unknown(reason)
    }
}

fn odd(what: &str) -> PeerError {
    PeerError::Unknown(format!("the answer is no {what}"))
}

/// What may stand in a part of a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A part of a path, percent-encoded.
fn encode(url: &mut String, part: &str) {
    url.extend(utf8_percent_encode(part, PLAIN));
}

fn text(body: &Value, key: &str) -> Option<String> {
    let text = body.get(key)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn read_customer(body: &Value) -> Result<PeerCustomer, PeerError> {
    let status = match body.get("status").and_then(Value::as_str) {
        Some("ACTIVE") => Some(CustomerStatus::Active),
        Some("INACTIVE") => Some(CustomerStatus::Inactive),
        Some("AWAITING_AUTHORIZATION") => Some(CustomerStatus::AwaitingAuthorization),
        Some("SUSPENDED_BY_CUSTOMER") => Some(CustomerStatus::SuspendedByCustomer),
        Some("SUSPENDED_BY_BILLING") => Some(CustomerStatus::SuspendedByBilling),
        Some("DELETED") => Some(CustomerStatus::Deleted),
        _ => None,
    };
    let phones = body.get("phones").and_then(Value::as_array);
    let phones = phones.into_iter().flatten().filter_map(Value::as_str);
    Ok(PeerCustomer {
        id: text(body, "_id").ok_or_else(|| odd("customer"))?,
        status,
        login: text(body, "login"),
        email: text(body, "email"),
        first_name: text(body, "firstName").unwrap_or_default(),
        last_name: text(body, "lastName").unwrap_or_default(),
        phones: phones.map(str::to_owned).collect(),
        account_number: text(body, "accountNumber"),
    })
}

fn read_spec(body: &Value) -> Result<PeerSpec, PeerError> {
    let word = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
    Ok(PeerSpec {
        id: text(body, "_id").ok_or_else(|| odd("service specification"))?,
        title: text(body, "title").unwrap_or_default(),
        service_type: match word("serviceType") {
            "CATCHUP_TV" => ServiceType::CatchupTv,
            "RADIO" => ServiceType::Radio,
            "VOD" => ServiceType::Vod,
            "APPS" => ServiceType::Apps,
            _ => ServiceType::LiveTv,
        },
        content_type: match word("contentType") {
            "RADIO" => ContentType::Radio,
            "MOVIE" => ContentType::Movie,
            "APP" => ContentType::App,
            "TV_SHOW" => ContentType::TvShow,
            _ => ContentType::Tv,
        },
        scope: match word("scope") {
            "ONE_ITEM" => Scope::OneItem,
            _ => Scope::AllItems,
        },
    })
}

fn read_service(body: &Value) -> Option<PeerService> {
    Some(PeerService {
        id: text(body, "_id")?,
        spec: text(body, "serviceSpec")?,
        status: text(body, "status").unwrap_or_default(),
        expires: text(body, "expires"),
    })
}
