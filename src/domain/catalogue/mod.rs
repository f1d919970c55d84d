//! What is for sale: service specs (rights), product specs (bundles), product offers (how sold).

pub mod charge;
pub mod content;
pub mod dunning;
pub mod eligibility;
pub mod guide;
pub mod kinds;

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::charge::Price;
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, OrderType, ProductStatus, Scope, ServiceStatus,
    ServiceType,
};
use crate::domain::values::calendar::{PeriodCount, Term, has_passed};
use crate::domain::values::id::{ProductOfferId, ProductSpecId, ServiceSpecId};
use crate::domain::values::money::Amount;
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;

/// How a package is sold where boxes sell it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSale {
    /// Renewed with the plan; else rented once.
    pub periodic: bool,
    pub rent_duration_hours: u32,
    pub price: Option<Amount>,
}

/// A sellable right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    pub id: ServiceSpecId,
    /// The id a client brought.
    pub foreign_id: Option<String>,
    /// The operator's own key; unique.
    pub external_id: Option<String>,
    pub title: String,
    pub description: String,
    pub service_type: ServiceType,
    pub content_type: ContentType,
    pub scope: Scope,
    pub content: Content,
    pub sale: PackageSale,
    pub status: ServiceStatus,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub external_refs: Vec<OpenObject>,
}

/// A bundle of rights; a tariff plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSpec {
    pub id: ProductSpecId,
    pub foreign_id: Option<String>,
    /// The operator's own key; unique.
    pub external_id: Option<String>,
    pub title: String,
    pub description: String,
    pub scope: Scope,
    pub status: ProductStatus,
    pub service_specs: Vec<ServiceSpecId>,
    pub optional_service_specs: Vec<ServiceSpecId>,
    /// The plan of customers that have none.
    pub user_default: bool,
    /// Days an order for it lasts where nothing else says; 0: no end.
    pub days_to_expires: u32,
    /// How many boxes its customers may sign in on; `None`: as the setting says.
    pub devices_max: Option<u32>,
    pub posters: Vec<OpenObject>,
    pub external_refs: Vec<OpenObject>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub removed_at: Option<Timestamp>,
}

/// How a product is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOffer {
    pub id: ProductOfferId,
    pub foreign_id: Option<String>,
    pub product: ProductSpecId,
    pub title: String,
    pub description: String,
    pub term: Term,
    /// Cycles in all; 0: no end. A fraction counts as a whole cycle.
    pub cycles_total: PeriodCount,
    pub order_type: OrderType,
    pub status: OfferStatus,
    pub billing: Billing,
    /// What it costs, verbatim: what is shown. What is billed stands in `prices`.
    pub charges: Vec<OpenObject>,
    /// The ladder of grace and reminders, verbatim.
    pub dunning: Option<OpenObject>,
    /// What it costs, and what it did cost: orders that run may keep an older price.
    pub prices: Vec<Price>,
    /// None: the usual one.
    pub ladder: Option<Ladder>,
    pub eligibility: Eligibility,
    pub external_refs: Vec<OpenObject>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub removed_at: Option<Timestamp>,
}

impl ProductOffer {
    /// The ladder of its orders.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        let usual = || Ladder::usual(self.billing);
        self.ladder.clone().unwrap_or_else(usual)
    }

    /// The price that new orders begin with; 0 where there is none.
    #[must_use]
    pub fn price_version(&self) -> u32 {
        self.prices.last().map_or(0, |price| price.version)
    }

    /// Whether it can be ordered at `now`, its product being `product`.
    #[must_use]
    pub fn is_orderable_at(&self, product: &ProductSpec, now: Timestamp) -> bool {
        self.status == OfferStatus::Active
            && self.removed_at.is_none()
            && !has_passed(self.expires_at, now)
            && product.is_offered_at(now)
    }
}

impl ProductSpec {
    /// Whether customers may order it at `now`.
    #[must_use]
    pub fn is_offered_at(&self, now: Timestamp) -> bool {
        self.removed_at.is_none() && self.status.at(self.expires_at, now) == ProductStatus::Active
    }
}
