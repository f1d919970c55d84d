//! Why somebody may not watch: says no exactly where the rule of access does, and always why.

use super::{at, frozen, monthly_with, paused};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::{
    Content, ContentType, OrderStatus, Scope, ServiceStatus, ServiceType,
};
use crate::domain::catalogue::{PackageSale, ServiceSpec};
use crate::domain::customers::device::{Device, DeviceStatus};
use crate::domain::customers::service::{Grant, Item, Origin, Service, may_use};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::values::id::ServiceSpecId;
use crate::domain::values::id::{ChannelId, CustomerId, DeviceId, OrderId, ServiceId};
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;
use crate::domain::watching::{Account, Opening, Reason, of_service, watching};

const TV: Item = Item::TvChannel(ChannelId(7));

fn spec(content: Content) -> ServiceSpec {
    ServiceSpec {
        id: ServiceSpecId(3),
        foreign_id: None,
        external_id: None,
        title: String::new(),
        description: String::new(),
        service_type: ServiceType::LiveTv,
        content_type: ContentType::Tv,
        scope: Scope::AllItems,
        content,
        sale: PackageSale {
            periodic: true,
            rent_duration_hours: 0,
            price: None,
        },
        status: ServiceStatus::Active,
        created_at: at("2026-01-01"),
        activated_at: None,
        updated_at: at("2026-01-01"),
        expires_at: None,
        external_refs: Vec::new(),
    }
}

/// A customer with two boxes and a service of an order, and when that is asked.
struct World {
    customer: Customer,
    devices: Vec<Device>,
    held: Vec<(Service, Option<ServiceSpec>)>,
    orders: Vec<Order>,
    now: Timestamp,
}

fn world() -> World {
    let began = at("2026-01-01");
    let customer = Customer::new(CustomerId(2), String::new(), began);
    let mac = Mac::parse("00:1A:79:00:00:01").unwrap();
    let device = |id| Device::new_box(DeviceId(id), customer.id, mac, began);
    let spec = spec(Content::Channels(vec![ChannelId(7)]));
    let origin = Origin::Order(OrderId(1));
    let mut service = Service::of_spec(ServiceId(4), customer.id, &spec, origin, began);
    service.expires_at = Some(at("2026-02-01"));
    World {
        devices: vec![device(8), device(9)],
        held: vec![(service, Some(spec))],
        orders: vec![monthly_with(|_| {})],
        now: at("2026-01-15"),
        customer,
    }
}

impl World {
    /// Whether the rule lets them see the channel on any of their boxes.
    fn may(&self) -> bool {
        let may = |device| may_use(&self.customer, device, &self.held, &TV, self.now);
        match self.devices.as_slice() {
            [] => may(None),
            devices => devices.iter().any(|device| may(Some(device))),
        }
    }

    /// The reasons, once it is sure that they are there exactly where the rule says no.
    fn reasons(&self) -> Vec<Reason> {
        let services: Vec<Service> = self
            .held
            .iter()
            .map(|(service, _)| service.clone())
            .collect();
        let account = Account {
            customer: &self.customer,
            devices: &self.devices,
            held: &self.held,
            services: &services,
            orders: &self.orders,
            brought_since: None,
        };
        let watching = watching(&account, self.now);
        assert_eq!(watching.may, self.may(), "{watching:?}");
        assert_eq!(watching.may, watching.reasons.is_empty(), "{watching:?}");
        assert!(
            !watching.may || watching.openings.is_empty(),
            "{watching:?}"
        );
        watching.reasons
    }
}

const CUSTOMERS: [CustomerStatus; 6] = CustomerStatus::ALL;
const DEVICES: [DeviceStatus; 5] = [
    DeviceStatus::Active,
    DeviceStatus::Inactive,
    DeviceStatus::Broken,
    DeviceStatus::Stock,
    DeviceStatus::Retired,
];
const SERVICES: [ServiceStatus; 5] = [
    ServiceStatus::Active,
    ServiceStatus::Inactive,
    ServiceStatus::Expired,
    ServiceStatus::Frozen,
    ServiceStatus::Deleted,
];

#[test]
fn it_agrees_with_the_rule_in_every_state() {
    let (mut open, mut closed) = (0, 0);
    for customer in CUSTOMERS {
        for first in DEVICES {
            for second in DEVICES {
                for service in SERVICES {
                    for day in ["2026-01-15", "2026-02-01", "2026-03-01"] {
                        for boxes in 0..=2 {
                            let mut world = world();
                            world.customer.status = customer;
                            world.devices[0].status = first;
                            world.devices[1].status = second;
                            world.devices.truncate(boxes);
                            world.held[0].0.status = service;
                            world.now = at(day);
                            if world.reasons().is_empty() {
                                open += 1;
                            } else {
                                closed += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(open > 10 && closed > 1_000, "{open} {closed}");
}

#[test]
fn what_is_held_must_be_theirs_and_cover_something() {
    let mut world = world();
    world.held[0].0.customer = CustomerId(99);
    assert!(!world.reasons().is_empty());
    let mut world = self::world();
    world.held[0].1 = None;
    assert_eq!(world.reasons(), [Reason::NothingCovered]);
    let mut world = self::world();
    world.held[0].1 = Some(spec(Content::Channels(Vec::new())));
    assert_eq!(world.reasons(), [Reason::NothingCovered]);
    let mut world = self::world();
    world.held[0].0.grant = Grant::Channel(ChannelId(7));
    world.held[0].1 = None;
    assert!(world.reasons().is_empty());
    let mut world = self::world();
    world.held.clear();
    world.orders.clear();
    assert_eq!(world.reasons(), [Reason::NothingHeld]);
}

#[test]
fn the_reason_is_what_closed_it() {
    type Row = (fn(&mut Order), Reason, Opening);
    let order = Some(OrderId(1));
    let since = at("2026-01-10");
    let rows: [Row; 4] = [
        (
            |order| order.standing = frozen("2026-01-10", None),
            Reason::Debt { order, since },
            Opening::Pay(order),
        ),
        (
            |order| order.standing = paused("2026-01-10"),
            Reason::Paused {
                order: OrderId(1),
                since,
            },
            Opening::Resume(OrderId(1)),
        ),
        (
            |order| order.standing = Standing::Waiting,
            Reason::FirstPayment { order: OrderId(1) },
            Opening::Pay(order),
        ),
        (
            |order| order.standing = Standing::Settled,
            Reason::OrderOff { order: OrderId(1) },
            Opening::Mend(OrderId(1)),
        ),
    ];
    for (change, reason, opening) in rows {
        let mut world = world();
        world.held[0].0.status = ServiceStatus::Frozen;
        world.orders = vec![monthly_with(|order| {
            order.status = OrderStatus::Inactive;
            change(order);
        })];
        assert_eq!(world.reasons(), [reason]);
        assert_eq!(reason.opening(), Some(opening));
        let service = &world.held[0].0;
        assert_eq!(
            of_service(service, world.orders.first(), world.now),
            Some(reason)
        );
        // Not for an order that it does not stand with.
        let off = Reason::ServiceOff {
            status: ServiceStatus::Frozen,
        };
        assert_eq!(of_service(service, None, world.now), Some(off));
    }
    // Time alone: what was over last.
    let mut world = world();
    world.now = at("2026-02-02");
    world.orders = vec![monthly_with(|order| {
        order.status = OrderStatus::Expired;
        order.standing = Standing::Ended;
    })];
    let over = Reason::Over {
        order,
        at: Some(at("2026-02-01")),
    };
    assert_eq!(world.reasons(), [over]);
    assert_eq!(over.opening(), Some(Opening::PlaceOrder));
    // Somebody else's "paid until".
    let mut world = self::world();
    world.customer.status = CustomerStatus::Inactive;
    world.customer.box_profile.end_at = Some(since);
    world.customer.box_profile.end_done = true;
    assert_eq!(world.reasons(), [Reason::PaidUntilOver { at: since }]);
}
