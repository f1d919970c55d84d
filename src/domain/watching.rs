//! Why somebody may not watch, and what would open it again: as data, for pages to word.
//!
//! Decides nothing: `customers/service` has the rule, and says by which of its clauses somebody is
//! barred. Here stands only what made that clause so.

use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::ServiceSpec;
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::service::{Bar, Origin, Service, bar_to_all};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::values::id::{DeviceId, OrderId};
use crate::domain::values::time::Timestamp;

/// Why something is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The customer is not active.
    Customer {
        status: CustomerStatus,
        since: Option<Timestamp>,
    },
    /// The customer was switched off because what another system said is paid was over.
    PaidUntilOver { at: Timestamp },
    /// Money is owed; `None`: from before we billed.
    Debt {
        order: Option<OrderId>,
        since: Timestamp,
    },
    /// An order waits for its first payment.
    FirstPayment { order: OrderId },
    /// An order was stopped on request.
    Paused { order: OrderId, since: Timestamp },
    /// The billing could not work an order.
    Parked { order: OrderId, since: Timestamp },
    /// An order was switched off by hand.
    OrderOff { order: OrderId },
    /// The time of an order, or of a service that has none, is over.
    Over {
        order: Option<OrderId>,
        at: Option<Timestamp>,
    },
    /// A service was switched off by hand.
    ServiceOff { status: ServiceStatus },
    /// A box is not in use.
    BoxOff {
        device: DeviceId,
        status: DeviceStatus,
    },
    /// Nothing was ever ordered or given.
    NothingHeld,
    /// What is held covers nothing that there is.
    NothingCovered,
}

/// What would open it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// Money; `None`: all that is owed.
    Pay(Option<OrderId>),
    /// Switching the customer on.
    SwitchOn,
    Resume(OrderId),
    /// Mending an order by hand.
    Mend(OrderId),
    /// Another order.
    PlaceOrder,
    SwitchServiceOn,
    SwitchBoxOn(DeviceId),
}

impl Reason {
    /// What would take it away.
    #[must_use]
    pub fn opening(self) -> Option<Opening> {
        match self {
            // Money does that, which has a reason of its own.
            Self::Customer {
                status: CustomerStatus::SuspendedByBilling,
                ..
            } => Some(Opening::Pay(None)),
            Self::Customer {
                status: CustomerStatus::Deleted,
                ..
            } => None,
            Self::Customer { .. } | Self::PaidUntilOver { .. } => Some(Opening::SwitchOn),
            Self::Debt { order, .. } => Some(Opening::Pay(order)),
            Self::FirstPayment { order } => Some(Opening::Pay(Some(order))),
            Self::Paused { order, .. } => Some(Opening::Resume(order)),
            Self::Parked { order, .. } | Self::OrderOff { order } => Some(Opening::Mend(order)),
            Self::Over { .. } | Self::NothingHeld | Self::NothingCovered => {
                Some(Opening::PlaceOrder)
            }
            Self::ServiceOff { .. } => Some(Opening::SwitchServiceOn),
            Self::BoxOff { device, .. } => Some(Opening::SwitchBoxOn(device)),
        }
    }
}

/// Whether a customer may watch, and if not, why not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watching {
    pub may: bool,
    /// None where they may.
    pub reasons: Vec<Reason>,
    pub openings: Vec<Opening>,
}

/// All that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    pub customer: &'a Customer,
    /// Those of the customer that are not removed.
    pub devices: &'a [Device],
    /// What the rule of access is asked about: with a default plan, which nobody wrote down.
    pub held: &'a [(Service, Option<ServiceSpec>)],
    /// All services of theirs, whatever became of them.
    pub services: &'a [Service],
    pub orders: &'a [Order],
    /// Since when something from before we billed is owed.
    pub brought_since: Option<Timestamp>,
}

/// Most reasons that are listed: whoever has many orders has many of the same.
const REASONS_MAX: usize = 16;

/// Whether a customer may watch anything on any of their boxes. Of customers without a box it is
/// not known on what they watch, so that nothing of that is asked.
#[must_use]
pub fn watching(account: &Account<'_>, now: Timestamp) -> Watching {
    let Account { customer, held, .. } = *account;
    let boxes = || {
        let devices = account.devices.iter();
        devices.filter(|device| device.kind == DeviceKind::Stb)
    };
    let barred = bar_to_all(customer, None, held, now).or_else(|| {
        let mut bars = boxes().map(|device| bar_to_all(customer, Some(device), held, now));
        let first = bars.next()??;
        bars.all(|bar| bar.is_some()).then_some(first)
    });
    let mut reasons = match barred {
        None => {
            return Watching {
                may: true,
                ..Watching::default()
            };
        }
        Some(Bar::Customer(_)) => of_customer(account),
        Some(Bar::Nothing) => of_services(account, now),
        Some(Bar::Device(_) | Bar::NotTheirs) => boxes().filter_map(of_box).collect(),
    };
    reasons.truncate(REASONS_MAX);
    let mut openings = Vec::new();
    for opening in reasons.iter().filter_map(|reason| reason.opening()) {
        if !openings.contains(&opening) {
            openings.push(opening);
        }
    }
    // Where it is known what for, all of it need not be said as well.
    if openings
        .iter()
        .any(|of| matches!(of, Opening::Pay(Some(_))))
    {
        openings.retain(|of| *of != Opening::Pay(None));
    }
    Watching {
        may: false,
        reasons,
        openings,
    }
}

fn of_customer(account: &Account<'_>) -> Vec<Reason> {
    let customer = account.customer;
    let profile = &customer.box_profile;
    let is_off = customer.status == CustomerStatus::Inactive && profile.end_done;
    let mut reasons = vec![match profile.end_at.filter(|_| is_off) {
        Some(at) => Reason::PaidUntilOver { at },
        None => Reason::Customer {
            status: customer.status,
            since: customer.status_changed_at,
        },
    }];
    if customer.status == CustomerStatus::SuspendedByBilling {
        let debts = account.orders.iter().filter_map(debt);
        reasons.extend(debts);
        let brought = |since| Reason::Debt { order: None, since };
        reasons.extend(account.brought_since.map(brought));
    }
    reasons
}

/// What is owed of an order that is closed for it.
fn debt(order: &Order) -> Option<Reason> {
    match order.standing {
        Standing::Frozen { since, .. } | Standing::Owing { since, .. } => Some(Reason::Debt {
            order: Some(order.id),
            since,
        }),
        _ => None,
    }
}

fn of_services(account: &Account<'_>, now: Timestamp) -> Vec<Reason> {
    let orders = account.orders.iter();
    let mut reasons: Vec<Reason> = orders.filter_map(|order| of_order(order, now)).collect();
    let free = || {
        let services = account.services.iter();
        services.filter(|service| service.origin.order().is_none())
    };
    let stopped = free().filter_map(|service| match service.status_at(now) {
        status @ (ServiceStatus::Frozen | ServiceStatus::Inactive) => {
            Some(Reason::ServiceOff { status })
        }
        _ => None,
    });
    reasons.extend(stopped.take(1));
    if !reasons.is_empty() {
        return reasons;
    }
    // Nothing stands in the way but time: what was over last says it.
    let over = account.orders.iter().filter(|order| {
        matches!(
            order.status_at(now),
            OrderStatus::Expired | OrderStatus::Canceled
        )
    });
    let over = over.map(|order| (order.expires_at, Some(order.id)));
    let over = over.chain(
        free()
            .filter(|service| service.status_at(now) == ServiceStatus::Expired)
            .map(|service| (service.expires_at, None)),
    );
    let last = over.max_by_key(|(at, _)| *at);
    vec![match last {
        Some((at, order)) => Reason::Over { order, at },
        None if account.held.is_empty() => Reason::NothingHeld,
        None => Reason::NothingCovered,
    }]
}

/// Why an order lets nobody watch, time aside.
#[must_use]
pub fn of_order(order: &Order, now: Timestamp) -> Option<Reason> {
    let id = order.id;
    if order.runs_at(now) && !matches!(order.standing, Standing::Parked { .. }) {
        return None;
    }
    match (order.status, order.standing) {
        (OrderStatus::Deleted, _) => None,
        (_, Standing::Frozen { .. } | Standing::Owing { .. }) => debt(order),
        (_, Standing::Paused { since }) => Some(Reason::Paused { order: id, since }),
        (_, Standing::Parked { since }) => Some(Reason::Parked { order: id, since }),
        (OrderStatus::Inactive, Standing::Waiting) => Some(Reason::FirstPayment { order: id }),
        (OrderStatus::Inactive, _) => Some(Reason::OrderOff { order: id }),
        _ => None,
    }
}

/// Why a service is closed at `now`; `order` is the one that it stands and falls with.
#[must_use]
pub fn of_service(service: &Service, order: Option<&Order>, now: Timestamp) -> Option<Reason> {
    let status = service.status_at(now);
    let by_order = || {
        let stands_with = |order: &&Order| match service.origin {
            Origin::Order(id) | Origin::Addon(id) => id == order.id,
            Origin::Item | Origin::Direct => false,
        };
        order.filter(stands_with)?;
        of_order(order?, now)
    };
    match status {
        ServiceStatus::Active => None,
        ServiceStatus::Frozen | ServiceStatus::Inactive => {
            by_order().or(Some(Reason::ServiceOff { status }))
        }
        ServiceStatus::Expired | ServiceStatus::Deleted => by_order().or(Some(Reason::Over {
            order: service.origin.order(),
            at: service.expires_at,
        })),
    }
}

/// Why a box shows nothing, its customer aside.
#[must_use]
pub fn of_box(device: &Device) -> Option<Reason> {
    (device.status != DeviceStatus::Active).then_some(Reason::BoxOff {
        device: device.id,
        status: device.status,
    })
}
