//! Services (entitlements) and the one rule of access. Nothing else decides who may watch.

use serde::{Deserialize, Serialize};

use super::catalogue::{Content, ContentType, Scope, ServiceSpec, ServiceStatus, ServiceType};
use super::customer::{Customer, CustomerStatus};
use super::device::{Device, DeviceStatus};
use super::id::{ChannelId, CustomerId, MovieId, OrderId, ServiceId, ServiceSpecId};
use super::open::OpenObject;
use super::time::Timestamp;

/// What a service lets its holder use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// What the service spec covers.
    Spec(ServiceSpecId),
    /// One channel.
    Channel(ChannelId),
}

/// What made a service, and therefore what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// Ends with the order.
    Order(OrderId),
    /// An optional package of that order's product: ends with the order or when it is switched off.
    Addon(OrderId),
    /// A single channel: ends when it is left out of the customer's list.
    Item,
    /// Added by an outside billing: ends by its own date or when it is removed.
    Direct,
}

impl Origin {
    /// The order this service stands and falls with.
    #[must_use]
    pub fn order(self) -> Option<OrderId> {
        match self {
            Self::Order(order) | Self::Addon(order) => Some(order),
            Self::Item | Self::Direct => None,
        }
    }
}

/// **The entitlement**: this customer may use this until `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub id: ServiceId,
    pub customer: CustomerId,
    pub grant: Grant,
    pub origin: Origin,
    pub status: ServiceStatus,
    pub service_type: ServiceType,
    pub content_type: ContentType,
    pub scope: Scope,
    pub external_refs: Vec<OpenObject>,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Most services one customer may have, deleted ones included.
pub const SERVICES_PER_CUSTOMER_MAX: usize = 5_000;

impl Service {
    /// A service for what `spec` covers; kind, scope and references are the spec's.
    #[must_use]
    pub fn of_spec(
        id: ServiceId,
        customer: CustomerId,
        spec: &ServiceSpec,
        origin: Origin,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            customer,
            grant: Grant::Spec(spec.id),
            origin,
            status: ServiceStatus::Active,
            service_type: spec.service_type,
            content_type: spec.content_type,
            scope: spec.scope,
            external_refs: spec.external_refs.clone(),
            created_at: now,
            activated_at: Some(now),
            updated_at: now,
            expires_at: None,
        }
    }

    /// A service for one channel.
    #[must_use]
    pub fn of_channel(
        id: ServiceId,
        customer: CustomerId,
        channel: ChannelId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            customer,
            grant: Grant::Channel(channel),
            origin: Origin::Item,
            status: ServiceStatus::Active,
            service_type: ServiceType::LiveTv,
            content_type: ContentType::Tv,
            scope: Scope::OneItem,
            external_refs: Vec::new(),
            created_at: now,
            activated_at: Some(now),
            updated_at: now,
            expires_at: None,
        }
    }

    /// What its status means at `now`.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> ServiceStatus {
        self.status.at(self.expires_at, now)
    }

    /// Moves to `status`; becoming active for the first time is remembered.
    pub fn set_status(&mut self, status: ServiceStatus, now: Timestamp) {
        self.status = status;
        self.updated_at = now;
        if status == ServiceStatus::Active && self.activated_at.is_none() {
            self.activated_at = Some(now);
        }
    }
}

/// Something to watch or to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    TvChannel(ChannelId),
    RadioChannel(ChannelId),
    Movie(MovieId),
    Module(String),
}

/// The one rule of access:
///
/// > A customer may use a content item at time t if the customer is ACTIVE, and holds a Service that is ACTIVE with
/// > `expires` absent or after t, whose ServiceSpec covers the item; and, for a device, if that device is ACTIVE.
///
/// `held` pairs each service with its spec; a service for a single channel needs none.
#[must_use]
pub fn may_use(
    customer: &Customer,
    device: Option<&Device>,
    held: &[(Service, Option<ServiceSpec>)],
    item: &Item,
    now: Timestamp,
) -> bool {
    customer.status == CustomerStatus::Active
        && device.is_none_or(|device| {
            device.status == DeviceStatus::Active
                && device.removed_at.is_none()
                && device.customer == customer.id
        })
        && held.iter().any(|(service, spec)| {
            service.customer == customer.id
                && service.status_at(now) == ServiceStatus::Active
                && covers(service.grant, spec.as_ref(), item)
        })
}

fn covers(grant: Grant, spec: Option<&ServiceSpec>, item: &Item) -> bool {
    match (grant, spec) {
        (Grant::Channel(channel), _) => {
            matches!(item, Item::TvChannel(id) | Item::RadioChannel(id) if *id == channel)
        }
        (Grant::Spec(id), Some(spec)) if spec.id == id => spec_covers(spec, item),
        (Grant::Spec(_), _) => false,
    }
}

fn spec_covers(spec: &ServiceSpec, item: &Item) -> bool {
    match (&spec.content, item) {
        (Content::All, Item::TvChannel(_)) => spec.content_type == ContentType::Tv,
        (Content::All, Item::RadioChannel(_)) => spec.content_type == ContentType::Radio,
        (Content::All, Item::Movie(_)) => spec.content_type == ContentType::Movie,
        (Content::All, Item::Module(_)) => spec.content_type == ContentType::App,
        (Content::Channels(ids), Item::TvChannel(id) | Item::RadioChannel(id)) => ids.contains(id),
        (Content::Movies(ids), Item::Movie(id)) => ids.contains(id),
        (Content::Modules(names), Item::Module(name)) => names.contains(name),
        (Content::Channels(_) | Content::Movies(_) | Content::Modules(_), _) => false,
    }
}
