//! Services (entitlements) and the one rule of access. Nothing else decides who may watch.

use serde::{Deserialize, Serialize};

use super::device::{Device, DeviceStatus};
use crate::domain::catalogue::ServiceSpec;
use crate::domain::catalogue::kinds::{Content, ContentType, Scope, ServiceStatus, ServiceType};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::values::id::{
    ChannelId, CustomerId, MovieId, OrderId, ServiceId, ServiceSpecId,
};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;

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

    /// Whether it stands in nobody's way: it is this customer's, and active at `now`.
    #[must_use]
    pub fn is_open_to(&self, customer: CustomerId, now: Timestamp) -> bool {
        self.customer == customer && self.status_at(now) == ServiceStatus::Active
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

/// A clause of the rule of access that is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// The customer is not active.
    Customer(CustomerStatus),
    /// The device is not active.
    Device(DeviceStatus),
    /// The device was taken out of use, or is another customer's.
    NotTheirs,
    /// Nothing that the customer holds is active and covers it.
    Nothing,
}

/// The one rule of access:
///
/// > A customer may use a content item at time t if the customer is ACTIVE, and holds a Service
/// > that is ACTIVE with `expires` absent or after t, whose ServiceSpec covers the item; and, for a
/// > device, if that device is ACTIVE.
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
    let covered = |grant, spec: Option<&ServiceSpec>| covers(grant, spec, item);
    bar(customer, device, held, covered, now).is_none()
}

/// The first clause of the rule that bars a customer from everything there is; `None`: there is
/// something that they may use.
#[must_use]
pub fn bar_to_all(
    customer: &Customer,
    device: Option<&Device>,
    held: &[(Service, Option<ServiceSpec>)],
    now: Timestamp,
) -> Option<Bar> {
    bar(customer, device, held, covers_anything, now)
}

/// The rule itself, for what `covers` says is meant.
fn bar(
    customer: &Customer,
    device: Option<&Device>,
    held: &[(Service, Option<ServiceSpec>)],
    covers: impl Fn(Grant, Option<&ServiceSpec>) -> bool,
    now: Timestamp,
) -> Option<Bar> {
    if customer.status != CustomerStatus::Active {
        return Some(Bar::Customer(customer.status));
    }
    if let Some(device) = device {
        if device.removed_at.is_some() || device.customer != customer.id {
            return Some(Bar::NotTheirs);
        }
        if device.status != DeviceStatus::Active {
            return Some(Bar::Device(device.status));
        }
    }
    let opens = |(service, spec): &(Service, Option<ServiceSpec>)| {
        service.is_open_to(customer.id, now) && covers(service.grant, spec.as_ref())
    };
    (!held.iter().any(opens)).then_some(Bar::Nothing)
}

/// Whether a service covers anything at all.
fn covers_anything(grant: Grant, spec: Option<&ServiceSpec>) -> bool {
    match (grant, spec) {
        (Grant::Channel(_), _) => true,
        (Grant::Spec(id), Some(spec)) if spec.id == id => match &spec.content {
            // Nothing is of this kind yet.
            Content::All => spec.content_type != ContentType::TvShow,
            Content::Channels(ids) => !ids.is_empty(),
            Content::Movies(ids) => !ids.is_empty(),
            Content::Modules(names) => !names.is_empty(),
        },
        (Grant::Spec(_), _) => false,
    }
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

#[cfg(test)]
mod tests {
    use super::{Grant, Item, Origin, Service, may_use};
    use crate::domain::catalogue::kinds::{
        Content, ContentType, Scope, ServiceStatus, ServiceType,
    };
    use crate::domain::catalogue::{PackageSale, ServiceSpec};
    use crate::domain::customers::device::{Device, DeviceStatus};
    use crate::domain::customers::{Customer, CustomerStatus};
    use crate::domain::values::id::{
        ChannelId, CustomerId, DeviceId, MovieId, ServiceId, ServiceSpecId,
    };
    use crate::domain::values::time::Timestamp;

    const TV: Item = Item::TvChannel(ChannelId(7));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000).unwrap()
    }

    fn spec(content_type: ContentType, content: Content) -> ServiceSpec {
        ServiceSpec {
            id: ServiceSpecId(3),
            foreign_id: None,
            external_id: None,
            title: String::new(),
            description: String::new(),
            service_type: ServiceType::LiveTv,
            content_type,
            scope: Scope::AllItems,
            content,
            sale: PackageSale {
                periodic: true,
                rent_duration_hours: 0,
                price: None,
            },
            status: ServiceStatus::Active,
            created_at: at(0),
            activated_at: None,
            updated_at: at(0),
            expires_at: None,
            external_refs: Vec::new(),
        }
    }

    /// Somebody who may watch [`TV`] until 200: a customer, a box, a service of a package, and when
    /// that is asked.
    struct World {
        customer: Customer,
        device: Option<Device>,
        held: Vec<(Service, Option<ServiceSpec>)>,
        now: Timestamp,
    }

    fn world() -> World {
        let customer = Customer::new(CustomerId(1), String::new(), at(0));
        let mac = crate::domain::values::mac::Mac::parse("00:1A:79:00:39:5E").unwrap();
        let device = Device::new_box(DeviceId(2), customer.id, mac, at(0));
        let spec = spec(ContentType::Tv, Content::Channels(vec![ChannelId(7)]));
        let mut service = Service::of_spec(ServiceId(4), customer.id, &spec, Origin::Direct, at(0));
        service.expires_at = Some(at(200));
        World {
            customer,
            device: Some(device),
            held: vec![(service, Some(spec))],
            now: at(100),
        }
    }

    impl World {
        fn may(&self, item: &Item) -> bool {
            may_use(
                &self.customer,
                self.device.as_ref(),
                &self.held,
                item,
                self.now,
            )
        }

        fn service(&mut self) -> &mut Service {
            &mut self.held[0].0
        }

        fn device(&mut self) -> &mut Device {
            self.device.as_mut().unwrap()
        }

        fn grant(&mut self, grant: Grant) {
            self.held[0].0.grant = grant;
        }
    }

    /// Whether [`TV`] may be watched once the world has changed; whatever the change, nothing else
    /// may.
    fn after(change: impl FnOnce(&mut World)) -> bool {
        let mut world = world();
        change(&mut world);
        assert!(!world.may(&Item::TvChannel(ChannelId(99))));
        world.may(&TV)
    }

    #[test]
    fn every_status_but_active_closes() {
        for status in CustomerStatus::ALL {
            let may = after(|world| world.customer.status = status);
            assert_eq!(may, status == CustomerStatus::Active, "{status:?}");
        }
        for status in [
            DeviceStatus::Active,
            DeviceStatus::Inactive,
            DeviceStatus::Broken,
            DeviceStatus::Stock,
            DeviceStatus::Retired,
        ] {
            let may = after(|world| world.device().status = status);
            assert_eq!(may, status == DeviceStatus::Active, "{status:?}");
        }
        for status in [
            ServiceStatus::Active,
            ServiceStatus::Inactive,
            ServiceStatus::Expired,
            ServiceStatus::Frozen,
            ServiceStatus::Deleted,
        ] {
            let may = after(|world| world.service().status = status);
            assert_eq!(may, status == ServiceStatus::Active, "{status:?}");
        }
    }

    #[test]
    fn each_clause_of_the_rule_decides_by_itself() {
        type Row = (&'static str, fn(&mut World), bool);
        let rows: [Row; 14] = [
            ("as it stands", |_| {}, true),
            ("no device asks", |w| w.device = None, true),
            ("removed", |w| w.device().removed_at = Some(at(1)), false),
            ("other's", |w| w.device().customer = CustomerId(9), false),
            ("lent", |w| w.service().customer = CustomerId(9), false),
            ("nothing", |w| w.held.clear(), false),
            ("no spec", |w| w.held[0].1 = None, false),
            ("endless", |w| w.service().expires_at = None, true),
            ("before", |w| w.now = at(199), true),
            ("at the end", |w| w.now = at(200), false),
            ("after", |w| w.now = at(201), false),
            ("spec", |w| w.grant(Grant::Spec(ServiceSpecId(9))), false),
            ("channel", |w| w.grant(Grant::Channel(ChannelId(7))), true),
            ("another", |w| w.grant(Grant::Channel(ChannelId(8))), false),
        ];
        for (name, change, may) in rows {
            assert_eq!(after(change), may, "{name}");
        }
        // The last instant before the end, and a second service that is good.
        let last = Timestamp::from_micros(199_999_999).unwrap();
        assert!(after(|world| world.now = last));
        assert!(after(|world| {
            let (mut ended, spec) = world.held[0].clone();
            ended.status = ServiceStatus::Deleted;
            world.held.insert(0, (ended, spec));
        }));
    }

    #[test]
    fn a_right_covers_its_kind_and_its_items_and_nothing_else() {
        let items = [
            TV,
            Item::TvChannel(ChannelId(8)),
            Item::RadioChannel(ChannelId(7)),
            Item::Movie(MovieId(7)),
            Item::Movie(MovieId(8)),
            Item::Module("karaoke".to_owned()),
        ];
        let modules = || Content::Modules(vec!["karaoke".to_owned()]);
        for (content_type, content, covered) in [
            (
                ContentType::Tv,
                Content::All,
                [true, true, false, false, false, false],
            ),
            (
                ContentType::Radio,
                Content::All,
                [false, false, true, false, false, false],
            ),
            (
                ContentType::Movie,
                Content::All,
                [false, false, false, true, true, false],
            ),
            (
                ContentType::App,
                Content::All,
                [false, false, false, false, false, true],
            ),
            (ContentType::TvShow, Content::All, [false; 6]),
            (
                ContentType::Tv,
                Content::Channels(vec![ChannelId(7)]),
                [true, false, true, false, false, false],
            ),
            (ContentType::Tv, Content::Channels(Vec::new()), [false; 6]),
            (
                ContentType::Movie,
                Content::Movies(vec![MovieId(7)]),
                [false, false, false, true, false, false],
            ),
            (
                ContentType::App,
                modules(),
                [false, false, false, false, false, true],
            ),
        ] {
            let mut world = world();
            world.held[0].1 = Some(spec(content_type, content.clone()));
            let may = items.each_ref().map(|item| world.may(item));
            assert_eq!(may, covered, "{content_type:?} {content:?}");
        }
        // One item by itself, whatever kind of channel it is.
        let mut world = world();
        world.service().grant = Grant::Channel(ChannelId(7));
        let may = items.each_ref().map(|item| world.may(item));
        assert_eq!(may, [true, false, true, false, false, false]);
    }
}
