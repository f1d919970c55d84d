//! The shape of the apply document: what may stand in it, and in which words.

use serde::{Deserialize, Deserializer, de};

use crate::domain::catalogue::kinds::{Billing, OrderType, ProductStatus};
use crate::domain::customers::CustomerStatus;
use crate::domain::customers::device::DeviceKind;
use crate::domain::values::calendar::Period;
use crate::domain::values::contact::Email;
use crate::ops::OpError;
use crate::ops::catalogue::charges::PriceChange;

use super::fields::{
    TEXT_CHARS_MAX, checked, devices_max, email_or_none, foreign_id, given_devices_max,
    given_long_text, given_text, long_text_or_none, number, text, text_or_none,
};
use super::given::Given;

/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A whole document; every section may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Document {
    /// For people; nothing is done about them.
    pub notes: Vec<String>,
    pub provider: Option<ProviderIn>,
    pub genres: Vec<GenreIn>,
    pub channels: Vec<ChannelIn>,
    pub programmes: Vec<ProgrammeIn>,
    pub movies: Vec<MovieIn>,
    pub packages: Vec<PackageIn>,
    pub products: Vec<ProductIn>,
    pub offers: Vec<OfferIn>,
    pub resellers: Vec<ResellerIn>,
    pub partners: Vec<PartnerIn>,
    pub customers: Vec<CustomerIn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenreIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub title: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKindIn {
    Tv,
    Radio,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub name: String,
    pub number: u32,
    pub kind: ChannelKindIn,
    #[serde(default)]
    pub genre: Given<u64>,
    #[serde(default, deserialize_with = "given_text")]
    pub url: Given<String>,
    #[serde(default, deserialize_with = "given_text")]
    pub logo: Given<String>,
    #[serde(default, deserialize_with = "given_text")]
    pub xmltv_id: Given<String>,
    #[serde(default)]
    pub base_ch: Given<bool>,
    #[serde(default)]
    pub censored: Given<bool>,
    #[serde(default)]
    pub archive_days: Given<u32>,
    #[serde(default, deserialize_with = "given_text")]
    pub guide_name: Given<String>,
    #[serde(default)]
    pub guide_shift_minutes: Given<i32>,
    #[serde(default)]
    pub hidden: Given<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeIn {
    pub channel: u64,
    pub start: String,
    pub stop: String,
    #[serde(deserialize_with = "text")]
    pub title: String,
    #[serde(default, deserialize_with = "long_text_or_none")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub category: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovieIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub title: String,
    #[serde(default)]
    pub genre: Given<u64>,
    #[serde(default, deserialize_with = "given_text")]
    pub url: Given<String>,
    #[serde(default, deserialize_with = "given_text")]
    pub poster: Given<String>,
    #[serde(default)]
    pub year: Given<u32>,
    #[serde(default, deserialize_with = "given_long_text")]
    pub description: Given<String>,
    #[serde(default)]
    pub duration_minutes: Given<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageType {
    Tv,
    Radio,
    Video,
    Module,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaleType {
    Periodic,
    Single,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub external_id: String,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: PackageType,
    #[serde(default, deserialize_with = "given_long_text")]
    pub description: Given<String>,
    #[serde(default)]
    pub service_type: Given<SaleType>,
    #[serde(default)]
    pub rent_duration: Given<u32>,
    #[serde(default)]
    pub price: Given<String>,
    pub services: PackageServices,
}

/// `"all"`, or a list of numbers and names.
#[derive(Debug)]
pub enum PackageServices {
    All,
    Some(Vec<ServiceRef>),
}

/// A channel or movie by number, a module by name.
#[derive(Debug)]
pub enum ServiceRef {
    Id(u64),
    Name(String),
}

impl<'de> Deserialize<'de> for PackageServices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = PackageServices;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\" or a list of ids or module names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PackageServices, E> {
                if text == "all" {
                    return Ok(PackageServices::All);
                }
                Err(E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<PackageServices, A::Error> {
                let mut refs = Vec::new();
                while let Some(item) = list.next_element()? {
                    refs.push(item);
                }
                Ok(PackageServices::Some(refs))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for ServiceRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ServiceRef;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or a name")
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<ServiceRef, E> {
                Ok(ServiceRef::Id(id))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<ServiceRef, E> {
                checked(name, TEXT_CHARS_MAX, false)
                    .map(ServiceRef::Name)
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductPackageIn {
    pub id: u64,
    pub optional: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProductStatusIn {
    /// As AlphaOTT spells it.
    #[serde(alias = "ACTIVE")]
    Acttive,
    Inactive,
    Expired,
    Draft,
}

impl ProductStatusIn {
    pub fn status(self) -> ProductStatus {
        match self {
            Self::Acttive => ProductStatus::Active,
            Self::Inactive => ProductStatus::Inactive,
            Self::Expired => ProductStatus::Expired,
            Self::Draft => ProductStatus::Draft,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub external_id: String,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(default, deserialize_with = "given_long_text")]
    pub description: Given<String>,
    #[serde(default, deserialize_with = "given_devices_max")]
    pub devices_max: Given<u32>,
    #[serde(default)]
    pub user_default: Given<bool>,
    #[serde(default)]
    pub days_to_expires: Given<u32>,
    #[serde(default)]
    pub packages: Given<Vec<ProductPackageIn>>,
    pub status: Option<ProductStatusIn>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderTypeIn {
    OneTime,
    Recurring,
}

impl OrderTypeIn {
    pub fn order_type(self) -> OrderType {
        match self {
            Self::OneTime => OrderType::OneTime,
            Self::Recurring => OrderType::Recurring,
        }
    }

    pub fn wire_name(self) -> &'static str {
        match self {
            Self::OneTime => "ONE_TIME",
            Self::Recurring => "RECURRING",
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PeriodIn {
    Day,
    Month,
    Quarter,
    Year,
}

impl PeriodIn {
    pub fn period(self) -> Period {
        match self {
            Self::Day => Period::Day,
            Self::Month => Period::Month,
            Self::Quarter => Period::Quarter,
            Self::Year => Period::Year,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BillingIn {
    Prepaid,
    Postpaid,
    External,
}

impl BillingIn {
    pub fn billing(self) -> Billing {
        match self {
            Self::Prepaid => Billing::Prepaid,
            Self::Postpaid => Billing::Postpaid,
            Self::External => Billing::External,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeIn {
    #[serde(rename = "type")]
    pub kind: OrderTypeIn,
    #[serde(default, deserialize_with = "text_or_none")]
    pub title: Option<String>,
    pub amount: String,
    pub currency: Option<String>,
    pub tax_rate: Option<serde_json::Value>,
    pub tax_included: Option<bool>,
    /// `[{from, rate}]`: rates from a day on.
    pub tax_rates: Option<serde_json::Value>,
    /// Whether a `ONE_TIME` charge is given back by the day.
    pub refundable: Option<bool>,
}

/// What changed charges mean for orders that run.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceChangeIn {
    #[default]
    NextCycle,
    NewOrders,
}

impl From<PriceChangeIn> for PriceChange {
    fn from(word: PriceChangeIn) -> Self {
        match word {
            PriceChangeIn::NextCycle => Self::NextCycle,
            PriceChangeIn::NewOrders => Self::NewOrders,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferIn {
    #[serde(deserialize_with = "foreign_id")]
    pub id: String,
    pub product: String,
    #[serde(deserialize_with = "text")]
    pub title: String,
    #[serde(rename = "type")]
    pub kind: OrderTypeIn,
    pub duration: u32,
    pub period: PeriodIn,
    #[serde(default)]
    pub number_of_billing_cycles: Given<u32>,
    #[serde(default)]
    pub billing: Given<BillingIn>,
    #[serde(default)]
    pub charges: Given<Vec<ChargeIn>>,
    pub price_change: Option<PriceChangeIn>,
    #[serde(default)]
    pub dunning: Given<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResellerIn {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(default)]
    pub max_users: Given<u32>,
    #[serde(default)]
    pub use_ip_ranges: Given<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerProductIn {
    #[serde(deserialize_with = "text")]
    pub code: String,
    #[serde(deserialize_with = "text")]
    pub title: String,
    /// `external_id`s of our products that it comes with.
    #[serde(default)]
    pub sold_with: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackIn {
    /// Empty: it is told nothing any more.
    pub url: String,
    #[serde(default)]
    pub api_key: String,
    pub retries: Option<u32>,
    pub interval_seconds: Option<u32>,
    pub error_email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerIn {
    #[serde(deserialize_with = "text")]
    pub key: String,
    #[serde(deserialize_with = "text")]
    pub name: String,
    pub api_key: Option<String>,
    pub products: Option<Vec<PartnerProductIn>>,
    pub currencies: Option<Vec<String>>,
    pub refunds: Option<bool>,
    pub pin_required: Option<bool>,
    /// `off`, `first-charge` or `every-charge`; in place of `pin_required`.
    pub pin_policy: Option<String>,
    pub sends_pin: Option<bool>,
    /// Empty: none.
    pub per_charge_limit: Option<String>,
    /// Empty: none.
    pub monthly_limit: Option<String>,
    /// Percent of a charge that is the partner's.
    pub share: Option<String>,
    pub requests_per_second: Option<u32>,
    pub on: Option<bool>,
    pub callback: Option<CallbackIn>,
}

/// One of AlphaOTT's six names, or 0 and 1.
#[derive(Debug, Clone, Copy)]
pub struct CustomerStatusIn(pub CustomerStatus);

impl<'de> Deserialize<'de> for CustomerStatusIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = CustomerStatusIn;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "ACTIVE, INACTIVE, AWAITING_AUTHORIZATION, SUSPENDED_BY_CUSTOMER, \
                     SUSPENDED_BY_BILLING, DELETED, 0 or 1",
                )
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<CustomerStatusIn, E> {
                match number {
                    0 => Ok(CustomerStatusIn(CustomerStatus::Inactive)),
                    1 => Ok(CustomerStatusIn(CustomerStatus::Active)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<CustomerStatusIn, E> {
                let status = match name {
                    "ACTIVE" => CustomerStatus::Active,
                    "INACTIVE" => CustomerStatus::Inactive,
                    "AWAITING_AUTHORIZATION" => CustomerStatus::AwaitingAuthorization,
                    "SUSPENDED_BY_CUSTOMER" => CustomerStatus::SuspendedByCustomer,
                    "SUSPENDED_BY_BILLING" => CustomerStatus::SuspendedByBilling,
                    "DELETED" => CustomerStatus::Deleted,
                    _ => return Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                };
                Ok(CustomerStatusIn(status))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeviceTypeIn {
    Unknown,
    Stb,
    Pc,
    Tv,
    Mobile,
    Tablet,
}

impl DeviceTypeIn {
    pub fn kind(self) -> DeviceKind {
        match self {
            Self::Unknown => DeviceKind::Unknown,
            Self::Stb => DeviceKind::Stb,
            Self::Pc => DeviceKind::Pc,
            Self::Tv => DeviceKind::Tv,
            Self::Mobile => DeviceKind::Mobile,
            Self::Tablet => DeviceKind::Tablet,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceIn {
    #[serde(default, deserialize_with = "text_or_none")]
    pub mac: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub serial: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub model: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<DeviceTypeIn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarrierType {
    Postpaid,
    Prepaid,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrierIn {
    #[serde(rename = "type")]
    pub kind: CarrierType,
    pub barred: Option<bool>,
    pub monthly_limit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerIn {
    #[serde(deserialize_with = "text")]
    pub login: String,
    pub password: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub account_number: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub full_name: Option<String>,
    #[serde(default, deserialize_with = "email_or_none")]
    pub email: Option<Email>,
    pub phones: Option<Vec<String>>,
    pub status: Option<CustomerStatusIn>,
    pub tariff_plan: Option<String>,
    pub end_date: Option<String>,
    pub subscribed: Option<Vec<String>>,
    pub sub_ch: Option<Vec<u64>>,
    pub modules: Option<Vec<String>>,
    pub additional_services_on: Option<bool>,
    pub reseller: Option<u64>,
    #[serde(default, deserialize_with = "long_text_or_none")]
    pub comment: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub account_balance: Option<String>,
    pub opening_balance: Option<String>,
    pub carrier: Option<CarrierIn>,
    #[serde(default, deserialize_with = "devices_max")]
    pub devices_max: Option<u32>,
    #[serde(default)]
    pub devices: Vec<DeviceIn>,
}

/// Reads a document; an error names the JSON path where it stands.
pub fn parse(text: &str) -> Result<Document, OpError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let problem = format!("the document is larger than {DOCUMENT_BYTES_MAX} bytes");
        return Err(OpError::Document {
            path: "$".to_owned(),
            problem,
        });
    }
    // Else a list would be read as the sections in their order.
    if text.trim_start().starts_with('[') {
        return Err(OpError::Document {
            path: "$".to_owned(),
            problem: "must be a JSON object".to_owned(),
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "$".to_owned() } else { path };
        OpError::Document {
            path,
            problem: error.into_inner().to_string(),
        }
    });
    let document = parsed?;
    reader.end().map_err(|error| OpError::Document {
        path: "$".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(document)
}

/// The element `provider` of a document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderIn {
    #[serde(default, deserialize_with = "text_or_none")]
    pub name: Option<String>,
    pub currency: Option<String>,
    pub time_zone: Option<String>,
    pub address: Option<String>,
    pub tax_id: Option<String>,
    pub bank: Option<String>,
    pub invoice_prefix: Option<String>,
    pub payment_days: Option<u32>,
}
