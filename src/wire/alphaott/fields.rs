//! The members of AlphaOTT's bodies (alphaott 1.3 and 2): how each is read, bounded and described.
//!
//! A pattern in the API document and the check beside it say the same thing, character for
//! character: what the document calls valid is taken, what it calls invalid is refused.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::values::calendar::{PERIODS_MAX, PeriodCount};
use crate::domain::values::contact::{EMAIL_CHARS_MAX, Email};
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::wire::kit::json::{Patch, Verbatim, at_member, number_text};

use super::words::OrderTypeWord;

/// Most elements of a list of open objects.
pub const OBJECTS_MAX: usize = 64;
/// Most phones of a customer.
pub const PHONES_MAX: usize = 16;
/// Longest name, phone, description, id and address of a page, in characters.
const NAME_CHARS_MAX: usize = 255;
const PHONE_CHARS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 4_096;
const ID_CHARS_MAX: usize = 64;
const URL_CHARS_MAX: usize = 2_048;

const NO_CONTROLS: &str = r"^[^\u0000-\u001F\u007F]*$";
const NO_CONTROLS_BUT_LINES: &str = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$";

fn text_schema(pattern: &str, chars_max: usize, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .pattern(Some(pattern))
        .max_length(Some(chars_max))
        .examples([serde_json::Value::from(example)])
}

fn checked(
    text: String,
    chars_max: usize,
    barred: impl Fn(char) -> bool,
) -> Result<String, String> {
    if text.chars().count() > chars_max {
        return Err(format!("must have at most {chars_max} characters"));
    }
    if text.chars().any(barred) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(text)
}

fn is_control(c: char) -> bool {
    c <= '\u{1f}' || c == '\u{7f}'
}

/// A text member: its name, longest length, what it may hold, its pattern and an example.
macro_rules! text_fields {
    ($(
        $(#[$doc:meta])*
        $name:ident($max:expr, $barred:expr, $pattern:expr, $example:literal);
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name(pub String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                checked(text, $max, $barred).map(Self).map_err(D::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T(text_schema($pattern, $max, $example).into())
            }
        }

        impl ToSchema for $name {}

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

/// A text that null makes empty.
#[must_use]
pub fn text<T: Default + Into<String>>(patch: Patch<T>) -> Option<String> {
    patch.map(|text| text.unwrap_or_default().into())
}

text_fields! {
    /// A name or another short text.
    Name(NAME_CHARS_MAX, is_control, NO_CONTROLS, "Oliver");
    /// A phone number, free text.
    Phone(PHONE_CHARS_MAX, is_control, NO_CONTROLS, "+15550100");
    /// A longer text; may hold line breaks and tabs.
    Text(TEXT_CHARS_MAX, |c| is_control(c) && !matches!(c, '\n' | '\r' | '\t'),
        NO_CONTROLS_BUT_LINES, "All channels");
}

impl Name {
    /// Whether a text from elsewhere would be taken.
    #[must_use]
    pub fn fits(text: &str) -> bool {
        checked(text.to_owned(), NAME_CHARS_MAX, is_control).is_ok()
    }
}

/// A list of phone numbers.
#[derive(Debug, Clone, Default)]
pub struct Phones(Vec<Phone>);

impl<'de> Deserialize<'de> for Phones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Phone>::deserialize(deserializer)?;
        at_most(list.len(), PHONES_MAX).map_err(D::Error::custom)?;
        Ok(Self(list))
    }
}

impl PartialSchema for Phones {
    fn schema() -> RefOr<Schema> {
        let schema = ArrayBuilder::new().items(Phone::schema());
        RefOr::T(schema.max_items(Some(PHONES_MAX)).into())
    }
}

impl ToSchema for Phones {}

impl Phones {
    #[must_use]
    pub fn texts(self) -> Vec<String> {
        self.0.into_iter().map(|phone| phone.0).collect()
    }
}

/// An e-mail address; empty: none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailIn(pub Option<Email>);

impl<'de> Deserialize<'de> for EmailIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let email = Email::parse(&text).ok_or_else(|| D::Error::custom("is no e-mail address"))?;
        Ok(Self(Some(email)))
    }
}

impl PartialSchema for EmailIn {
    fn schema() -> RefOr<Schema> {
        let pattern = r"^([^@\u0000-\u0020\u007F-\u00A0]+@[^@\u0000-\u0020\u007F-\u00A0]+)?$";
        RefOr::T(text_schema(pattern, EMAIL_CHARS_MAX, "oliver@queen.com").into())
    }
}

impl ToSchema for EmailIn {}

/// An id that a client brings: visible ASCII, neither `.` nor `..`, which no client can fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtId(pub String);

impl<'de> Deserialize<'de> for BroughtId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=ID_CHARS_MAX).contains(&text.len()) && visible && text != "." && text != ".." {
            Ok(Self(text))
        } else {
            let problem = "must be 1 to 64 visible ASCII characters, and neither . nor ..";
            Err(D::Error::custom(problem))
        }
    }
}

impl PartialSchema for BroughtId {
    fn schema() -> RefOr<Schema> {
        let example = "4qiN5QfYPN8U48nSMRX3FMgJJbJ28HFH";
        let schema = text_schema(r"^(?!\.{1,2}$)[!-~]+$", ID_CHARS_MAX, example);
        RefOr::T(schema.min_length(Some(1)).into())
    }
}

impl ToSchema for BroughtId {}

/// The id of another record: any text, looked up as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(pub String);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = checked(
            String::deserialize(deserializer)?,
            NAME_CHARS_MAX,
            is_control,
        );
        let text = text.map_err(D::Error::custom)?;
        if text.is_empty() {
            Err(D::Error::custom("must not be empty"))
        } else {
            Ok(Self(text))
        }
    }
}

impl PartialSchema for Reference {
    fn schema() -> RefOr<Schema> {
        let schema = text_schema(NO_CONTROLS, NAME_CHARS_MAX, "000000000000000000000001");
        RefOr::T(schema.min_length(Some(1)).into())
    }
}

impl ToSchema for Reference {}

/// A new password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordIn(pub String);

impl<'de> Deserialize<'de> for PasswordIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.chars().count() > 64 {
            return Err(D::Error::custom("must have 1 to 64 characters"));
        }
        if text.contains('\0') {
            return Err(D::Error::custom("must not contain NUL"));
        }
        Ok(Self(text))
    }
}

impl PartialSchema for PasswordIn {
    fn schema() -> RefOr<Schema> {
        let schema = text_schema(r"^[^\u0000]*$", 64, "correct horse battery staple");
        RefOr::T(schema.min_length(Some(1)).into())
    }
}

impl ToSchema for PasswordIn {}

/// Where a browser is sent: http or https with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(pub String);

impl<'de> Deserialize<'de> for WebUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_web_url(&text) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(
                "must be an http or https URL of visible ASCII characters",
            ))
        }
    }
}

/// `http(s)://host…` of visible ASCII without quotes and angle brackets, at most 2,048 long. The
/// scheme may be spelt in capitals, as in any URL.
#[must_use]
pub fn is_web_url(text: &str) -> bool {
    let web = |scheme: &str| ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str());
    let rest = text.split_once("://");
    let rest = rest.and_then(|(scheme, rest)| web(scheme).then_some(rest));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\');
    rest.is_some_and(|rest| {
        text.len() <= URL_CHARS_MAX
            && rest
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'[')
            && rest.bytes().all(plain)
    })
}

impl PartialSchema for WebUrl {
    fn schema() -> RefOr<Schema> {
        let pattern = r"^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9\[][!#-;=?-\[\]-~]*$";
        RefOr::T(text_schema(pattern, URL_CHARS_MAX, "https://tv.example.com/paid").into())
    }
}

impl ToSchema for WebUrl {}

/// An instant: RFC 3339 with any offset, years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

const MOMENT: &str = concat!(
    r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?",
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'+' | b'T' | b'Z'));
        // Nine decimals of a second are all a clock can show.
        let at = Timestamp::parse(&text).filter(|_| plain && text.len() <= 35);
        at.map(Self).ok_or_else(|| {
            D::Error::custom(
                "must be a date and time such as 2017-05-12T14:16:27.134Z, years 1970 to 9999",
            )
        })
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let schema = text_schema(MOMENT, 35, "2027-01-31T10:00:00.000Z");
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        RefOr::T(schema.min_length(Some(20)).format(Some(format)).into())
    }
}

impl ToSchema for Moment {}

/// How many periods a term lasts: a number from 0, which means no end, to 1,200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub PeriodCount);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = number_text(deserializer)?;
        let value = text
            .parse::<f64>()
            .ok()
            .filter(|value| (0.0..=f64::from(PERIODS_MAX)).contains(value));
        // Not money: a count may pass through a float. Finer parts than a thousandth round up.
        let thousandths = value.map(|value| (value * 1_000.0 - 1e-6).ceil().max(0.0));
        let count =
            thousandths.and_then(|thousandths| PeriodCount::parse(&format!("{thousandths}e-3")));
        count
            .map(Self)
            .ok_or_else(|| D::Error::custom("must be a number from 0 to 1200"))
    }
}

impl PartialSchema for Count {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Number));
        let schema = schema.minimum(Some(0)).maximum(Some(PERIODS_MAX));
        RefOr::T(schema.examples([serde_json::Value::from(1)]).into())
    }
}

impl ToSchema for Count {}

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Verbatim::of(&self.0.to_decimal()).serialize(serializer)
    }
}

/// How many cycles in all: a whole number from 0, which means no end, to 1,200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cycles(pub u32);

impl<'de> Deserialize<'de> for Cycles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = number_text(deserializer)?;
        let wrong = || D::Error::custom("must be a whole number from 0 to 1200");
        let count = text.parse::<f64>().map_err(|_| wrong())?;
        if count.fract() != 0.0 || !(0.0..=f64::from(PERIODS_MAX)).contains(&count) {
            return Err(wrong());
        }
        // Whole and small, so its text is a whole number too.
        count.to_string().parse().map(Self).map_err(|_| wrong())
    }
}

impl PartialSchema for Cycles {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
        let schema = schema.minimum(Some(0)).maximum(Some(PERIODS_MAX));
        RefOr::T(schema.examples([serde_json::Value::from(12)]).into())
    }
}

impl ToSchema for Cycles {}

/// An object of an outside system, kept verbatim: unknown members, numbers and order included.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Open(pub Verbatim);

impl PartialSchema for Open {
    fn schema() -> RefOr<Schema> {
        let example = serde_json::json!({"type": "billing", "id": "4711"});
        let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
        RefOr::T(object.examples([example]).into())
    }
}

impl ToSchema for Open {}

impl Open {
    #[must_use]
    pub fn stored(self) -> OpenObject {
        OpenObject(self.0.0.get().to_owned())
    }

    #[must_use]
    pub fn show(object: &OpenObject) -> Self {
        Self(Verbatim::of(&object.0))
    }

    #[must_use]
    pub fn show_all(objects: &[OpenObject]) -> Vec<Self> {
        objects.iter().map(Self::show).collect()
    }
}

/// An address as the client apps know it; more members are kept as they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(pub Open);

impl PartialSchema for Address {
    fn schema() -> RefOr<Schema> {
        let example = serde_json::json!({"country": "US", "city": "Star City", "zip": "98101"});
        let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
        RefOr::T(object.examples([example]).into())
    }
}

impl ToSchema for Address {}

/// A list of open objects.
#[derive(Debug, Clone, Default)]
pub struct Opens(pub Vec<Open>);

impl<'de> Deserialize<'de> for Opens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Open>::deserialize(deserializer)?;
        at_most(list.len(), OBJECTS_MAX).map_err(D::Error::custom)?;
        Ok(Self(list))
    }
}

impl PartialSchema for Opens {
    fn schema() -> RefOr<Schema> {
        let schema = ArrayBuilder::new().items(Open::schema());
        RefOr::T(schema.max_items(Some(OBJECTS_MAX)).into())
    }
}

impl ToSchema for Opens {}

impl Opens {
    #[must_use]
    pub fn stored(self) -> Vec<OpenObject> {
        self.0.into_iter().map(Open::stored).collect()
    }
}

/// What an offer costs, one part of it. `type` and `amount` must be there.
#[derive(Debug, Clone)]
pub struct Charge(pub Open);

#[derive(Deserialize)]
struct ChargeParts {
    #[serde(default)]
    amount: Option<Box<RawValue>>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default, rename = "type")]
    #[expect(dead_code, reason = "reading it is the check")]
    kind: Option<OrderTypeWord>,
    #[serde(default)]
    #[expect(dead_code, reason = "reading it is the check")]
    refundable: Option<bool>,
}

/// Largest amount of a charge either way, in whole units of its currency.
const CHARGE_MAX: i32 = 1_000_000_000;

impl<'de> Deserialize<'de> for Charge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let open = Open::deserialize(deserializer)?;
        let mut reader = serde_json::Deserializer::from_str(open.0.0.get());
        let parts: ChargeParts =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| {
                D::Error::custom(at_member(&error.path().to_string(), error.inner()))
            })?;
        let currency = match &parts.currency {
            None => Currency::USD,
            Some(code) => Currency::parse(code).ok_or_else(|| {
                D::Error::custom(at_member("currency", "must be an ISO 4217 code"))
            })?,
        };
        if let Some(amount) = &parts.amount
            && !is_charge_amount(amount.get(), currency)
        {
            let decimals = currency.exponent();
            let problem = format!("must be a number with at most {decimals} decimals");
            return Err(D::Error::custom(at_member("amount", problem)));
        }
        Ok(Self(open))
    }
}

/// A JSON number, or a plain decimal in quotes, within bounds.
fn is_charge_amount(json: &str, currency: Currency) -> bool {
    let text = match json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => {
            let plain = inner
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
            if !plain {
                return false;
            }
            inner
        }
        None => json,
    };
    let most = Amount::of_units(CHARGE_MAX.unsigned_abs(), currency).minor;
    Amount::parse_noisy(text, currency).is_some_and(|amount| amount.minor.abs() <= most)
}

impl PartialSchema for Charge {
    fn schema() -> RefOr<Schema> {
        let kinds = OrderTypeWord::WORDS
            .iter()
            .map(|word| serde_json::Value::from(*word));
        let kind = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some(kinds));
        let word = |words: &[&str]| {
            let values = words.iter().map(|word| serde_json::Value::from(*word));
            ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .enum_values(Some(values.chain([serde_json::Value::Null])))
        };
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Number))
            .minimum(Some(-CHARGE_MAX))
            .maximum(Some(CHARGE_MAX))
            .multiple_of(Some(0.01));
        let decimal = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$"));
        let amount = AnyOfBuilder::new().item(number).item(decimal);
        let object = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .property("type", kind)
            .required("type")
            .property("amount", amount)
            .required("amount")
            .property("currency", word(CURRENCIES))
            .property(
                "refundable",
                ObjectBuilder::new()
                    .schema_type(SchemaType::from_iter([Type::Boolean, Type::Null])),
            )
            .examples([
                serde_json::json!({"type": "RECURRING", "amount": 9.99, "currency": "USD"}),
            ]);
        RefOr::T(object.into())
    }
}

impl ToSchema for Charge {}

/// The currencies that the document lists: those with cents. Any code of ISO 4217 is taken.
const CURRENCIES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EGP", "EUR", "GBP",
    "GEL", "HUF", "INR", "KZT", "MXN", "NOK", "PEN", "PLN", "RON", "RSD", "SEK", "THB", "TRY",
    "UAH", "USD", "ZAR",
];

/// A list of charges.
#[derive(Debug, Clone, Default)]
pub struct Charges(pub Vec<Charge>);

impl<'de> Deserialize<'de> for Charges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Charge>::deserialize(deserializer)?;
        at_most(list.len(), OBJECTS_MAX).map_err(D::Error::custom)?;
        Ok(Self(list))
    }
}

impl PartialSchema for Charges {
    fn schema() -> RefOr<Schema> {
        let schema = ArrayBuilder::new().items(Charge::schema());
        RefOr::T(schema.max_items(Some(OBJECTS_MAX)).into())
    }
}

impl ToSchema for Charges {}

/// A list of at most so many elements.
pub fn at_most(len: usize, max: usize) -> Result<(), String> {
    if len > max {
        Err(format!("must have at most {max} elements"))
    } else {
        Ok(())
    }
}

/// An instant as it is shown.
#[must_use]
pub fn shown(at: Timestamp) -> String {
    at.to_rfc3339_millis()
}

/// A plain "it is done".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageOut {
    #[schema(example = "Password has been successfully changed")]
    pub message: &'static str,
}
