//! The enumerations of AlphaOTT as it spells them (alphaott 1.6 and 2), and what they mean inside.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::catalogue::kinds::{
    Billing, ContentType, OfferStatus, OrderStatus, OrderType, ProductStatus, Scope, ServiceStatus,
    ServiceType,
};
use crate::domain::customers::CustomerStatus;
use crate::domain::customers::device::{DeviceKind, DeviceStatus};
use crate::ops::catalogue::charges::PriceChange;

/// An enumeration of the wire and what it means inside.
macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident: $inner:ty {
            $($variant:ident = $inner_variant:ident $text:literal $(or $alias:literal)?,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant,)*
        }

        // By hand: a derived one takes `{"ACTIVE": null}` for a word and calls a number bad JSON.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    D::Error::custom(format!("must be one of {}", Self::WORDS.join(", ")))
                })
            }
        }

        impl $name {
            /// The word of the wire, or one that is taken for it.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text $(| $alias)? => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// All words, for an error text.
            pub const WORDS: &'static [&'static str] = &[$($text,)*];
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = Self::WORDS.iter().map(|word| serde_json::Value::from(*word));
                let text = SchemaType::Type(Type::String);
                RefOr::T(ObjectBuilder::new().schema_type(text).enum_values(Some(words)).into())
            }
        }

        impl ToSchema for $name {
            /// `CustomerStatusWord` of the code is `CustomerStatus` of the document.
            fn name() -> std::borrow::Cow<'static, str> {
                let name = stringify!($name);
                std::borrow::Cow::Borrowed(name.strip_suffix("Word").unwrap_or(name))
            }
        }

        impl From<$name> for $inner {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$inner_variant,)* }
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                match inner { $(<$inner>::$inner_variant => Self::$variant,)* }
            }
        }
    )*};
}

words! {
    /// State of a customer.
    CustomerStatusWord: CustomerStatus {
        Active = Active "ACTIVE",
        Inactive = Inactive "INACTIVE",
        AwaitingAuthorization = AwaitingAuthorization "AWAITING_AUTHORIZATION",
        SuspendedByCustomer = SuspendedByCustomer "SUSPENDED_BY_CUSTOMER",
        SuspendedByBilling = SuspendedByBilling "SUSPENDED_BY_BILLING",
        Deleted = Deleted "DELETED",
    }
    /// Kind of a device.
    DeviceTypeWord: DeviceKind {
        Unknown = Unknown "UNKNOWN",
        Stb = Stb "STB",
        Pc = Pc "PC",
        Tv = Tv "TV",
        Mobile = Mobile "MOBILE",
        Tablet = Tablet "TABLET",
    }
    /// State of a device.
    DeviceStatusWord: DeviceStatus {
        Active = Active "ACTIVE",
        Inactive = Inactive "INACTIVE",
        Broken = Broken "BROKEN",
        Stock = Stock "STOCK",
        Retired = Retired "RETIRED",
    }
    /// Kind of a right.
    ServiceTypeWord: ServiceType {
        LiveTv = LiveTv "LIVE_TV",
        CatchupTv = CatchupTv "CATCHUP_TV",
        Radio = Radio "RADIO",
        Vod = Vod "VOD",
        Apps = Apps "APPS",
    }
    /// Kind of content.
    ContentTypeWord: ContentType {
        Tv = Tv "TV",
        Radio = Radio "RADIO",
        Movie = Movie "MOVIE",
        App = App "APP",
        TvShow = TvShow "TV_SHOW",
    }
    /// Whether a right is for one item or for all.
    ScopeWord: Scope {
        OneItem = OneItem "ONE_ITEM",
        AllItems = AllItems "ALL_ITEMS",
    }
    /// State of a service or service specification.
    ServiceStatusWord: ServiceStatus {
        Active = Active "ACTIVE",
        Inactive = Inactive "INACTIVE",
        Expired = Expired "EXPIRED",
        Frozen = Frozen "FROZEN",
        Deleted = Deleted "DELETED",
    }
    /// State of a product specification. `ACTTIVE` is the vendor's spelling (alphaott 1.6);
    /// `ACTIVE` is taken for it.
    ProductStatusWord: ProductStatus {
        Acttive = Active "ACTTIVE" or "ACTIVE",
        Inactive = Inactive "INACTIVE",
        Expired = Expired "EXPIRED",
        Draft = Draft "DRAFT",
    }
    /// State of a product offer. `ACTTIVE` is the vendor's spelling; `ACTIVE` is taken for it.
    OfferStatusWord: OfferStatus {
        Acttive = Active "ACTTIVE" or "ACTIVE",
        Inactive = Inactive "INACTIVE",
    }
    /// State of an order. `ACTTIVE` is the vendor's spelling; `ACTIVE` is taken for it.
    OrderStatusWord: OrderStatus {
        Acttive = Active "ACTTIVE" or "ACTIVE",
        Inactive = Inactive "INACTIVE",
        Expired = Expired "EXPIRED",
        Canceled = Canceled "CANCELED",
        Deleted = Deleted "DELETED",
    }
    /// Whether an order is paid once or per cycle.
    OrderTypeWord: OrderType {
        OneTime = OneTime "ONE_TIME",
        Recurring = Recurring "RECURRING",
    }
    /// Who collects. Ours.
    BillingWord: Billing {
        Prepaid = Prepaid "PREPAID",
        Postpaid = Postpaid "POSTPAID",
        External = External "EXTERNAL",
    }
    /// What changed charges mean for orders that run. Ours.
    PriceChangeWord: PriceChange {
        NextCycle = NextCycle "NEXT_CYCLE",
        NewOrders = NewOrders "NEW_ORDERS",
    }
    /// Unit of a term.
    PeriodWord: crate::domain::values::calendar::Period {
        Day = Day "DAY",
        Month = Month "MONTH",
        Quarter = Quarter "QUARTER",
        Year = Year "YEAR",
    }
}
