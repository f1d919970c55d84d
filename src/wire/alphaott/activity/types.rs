//! What the activity query shows: its scalars, and an activity (alphaott 3).

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};

use crate::domain::event::ActivityAction;
use crate::domain::values::time::Timestamp;
use crate::ops::activity::Seen;
use crate::wire::alphaott::fields::shown;
use crate::wire::alphaott::ids;

/// A 24-hex ObjectId; also any string or integer is accepted on input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MongoId(pub String);

#[Scalar(name = "MongoID")]
impl ScalarType for MongoId {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                Ok(Self(number.to_string()))
            }
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An instant: ISO string out; ISO string or milliseconds since 1970 in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Milliseconds since 1970; filters may name years long before it.
    pub millis: i64,
}

impl From<Timestamp> for Date {
    fn from(at: Timestamp) -> Self {
        Self {
            millis: at.micros().div_euclid(1_000),
        }
    }
}

#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let millis = match &value {
            Value::String(text) => millis(text),
            Value::Number(number) => number.as_i64(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let millis = millis.ok_or_else(|| InputValueError::custom("value is an invalid Date"))?;
        Ok(Self { millis })
    }

    fn to_value(&self) -> Value {
        let at = Timestamp::from_micros(self.millis.saturating_mul(1_000));
        at.map_or(Value::Null, |at| Value::String(shown(at)))
    }
}

/// `2026-01-31`, or RFC 3339, of any year from 1 to 9999.
fn millis(text: &str) -> Option<i64> {
    use time::format_description::well_known::Rfc3339;
    let full = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    let instant = time::OffsetDateTime::parse(&full, &Rfc3339).ok()?;
    i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyJson(pub serde_json::Value);

#[Scalar(name = "JSON")]
impl ScalarType for AnyJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or(Value::Null)
    }
}

/// Something that really happened to a customer.
#[derive(Debug, SimpleObject)]
pub struct CustomerActivity {
    pub(super) customer: Option<MongoId>,
    pub(super) device: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) date: Option<Date>,
    pub(super) action: Option<String>,
    pub(super) details: Option<AnyJson>,
    #[graphql(name = "_id")]
    pub(super) id: MongoId,
}

impl From<&Seen> for CustomerActivity {
    fn from(seen: &Seen) -> Self {
        let activity = &seen.activity;
        let device = seen.device.as_ref();
        Self {
            customer: Some(MongoId(ids::show(activity.customer))),
            device: device.map(|device| ids::show_device(device.foreign_id.as_ref(), device.id)),
            ip: Some(activity.ip.clone()),
            date: Some(activity.at.into()),
            action: Some(action_word(activity.action).to_owned()),
            details: Some(AnyJson(details(activity.action, &activity.details))),
            id: MongoId(ids::show(activity.id)),
        }
    }
}

fn action_word(action: ActivityAction) -> &'static str {
    match action {
        ActivityAction::SignedIn => "SIGNED_IN",
        ActivityAction::StatusChanged => "STATUS_CHANGED",
        ActivityAction::PasswordChanged => "PASSWORD_CHANGED",
        ActivityAction::PasswordReset => "PASSWORD_RESET",
        ActivityAction::DeviceAdded => "DEVICE_ADDED",
        ActivityAction::DeviceRemoved => "DEVICE_REMOVED",
        ActivityAction::DeviceStatusChanged => "DEVICE_STATUS_CHANGED",
        ActivityAction::OrderPlaced => "ORDER_PLACED",
        ActivityAction::OrderStatusChanged => "ORDER_STATUS_CHANGED",
        ActivityAction::DeviceMovedOften => "DEVICE_MOVED_OFTEN",
    }
}

/// Details as this dialect spells them: order numbers as ids, states in capitals.
pub(super) fn details(action: ActivityAction, pairs: &[(String, String)]) -> serde_json::Value {
    let of_order = action == ActivityAction::OrderStatusChanged;
    let spelt = |name: &str, text: &str| match (name, text.parse::<u64>()) {
        ("order", Ok(number)) => format!("{number:024x}"),
        ("from" | "to", _) if of_order && text == "Active" => "ACTTIVE".to_owned(),
        ("from" | "to", _) => capitals(text),
        _ => text.to_owned(),
    };
    let pairs = pairs
        .iter()
        .map(|(name, text)| (name.clone(), spelt(name, text).into()));
    serde_json::Value::Object(pairs.collect())
}

/// `SuspendedByBilling` as `SUSPENDED_BY_BILLING`.
fn capitals(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(4));
    for (position, c) in text.chars().enumerate() {
        if position > 0 && c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
