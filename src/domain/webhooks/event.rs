//! What happens to records that the operator's other systems may want to know: its types, and which
//! of them a change is. Rules: `docs/webhooks.md`.

use serde::{Deserialize, Serialize};

use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::partners::{PartnerTransaction, TransactionState};
use crate::domain::values::id::HookEventId;
use crate::domain::values::minor::Minor;
use crate::domain::values::time::Timestamp;

/// What an event is about. Stored by position, and a part of keys: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    Customer,
    Order,
    Service,
    Invoice,
    Payment,
    PartnerTransaction,
    /// The endpoint itself, which is tried out.
    Webhook,
}

impl Subject {
    /// As types begin with it and objects say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Order => "order",
            Self::Service => "service",
            Self::Invoice => "invoice",
            Self::Payment => "payment",
            Self::PartnerTransaction => "partner_transaction",
            Self::Webhook => "webhook",
        }
    }
}

macro_rules! event_types {
    ($($variant:ident = $name:literal,)*) => {
        /// What happened. Stored by position: append only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum EventType { $($variant,)* }

        impl EventType {
            pub const ALL: &'static [EventType] = &[$(EventType::$variant,)*];

            /// `order.frozen` and the like.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

event_types! {
    Ping = "ping",
    CustomerCreated = "customer.created",
    CustomerUpdated = "customer.updated",
    CustomerActivated = "customer.activated",
    CustomerSuspended = "customer.suspended",
    CustomerDeactivated = "customer.deactivated",
    CustomerDeleted = "customer.deleted",
    OrderCreated = "order.created",
    OrderUpdated = "order.updated",
    OrderActivated = "order.activated",
    OrderRenewed = "order.renewed",
    OrderOverdue = "order.overdue",
    OrderFrozen = "order.frozen",
    OrderPaused = "order.paused",
    OrderCanceled = "order.canceled",
    OrderEnded = "order.ended",
    OrderDeleted = "order.deleted",
    ServiceCreated = "service.created",
    ServiceUpdated = "service.updated",
    ServiceActivated = "service.activated",
    ServiceFrozen = "service.frozen",
    ServiceEnded = "service.ended",
    ServiceDeleted = "service.deleted",
    InvoiceCreated = "invoice.created",
    InvoiceUpdated = "invoice.updated",
    InvoicePaid = "invoice.paid",
    PaymentCreated = "payment.created",
    PaymentUpdated = "payment.updated",
    PaymentSucceeded = "payment.succeeded",
    PaymentFailed = "payment.failed",
    PaymentRefunded = "payment.refunded",
    PaymentDisputed = "payment.disputed",
    PartnerTransactionCreated = "partner_transaction.created",
    PartnerTransactionUpdated = "partner_transaction.updated",
    PartnerTransactionSucceeded = "partner_transaction.succeeded",
    PartnerTransactionDenied = "partner_transaction.denied",
    PartnerTransactionRefunded = "partner_transaction.refunded",
    PartnerTransactionDeleted = "partner_transaction.deleted",
}

/// Something that happened, as it is told: kept until everybody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookEvent {
    pub id: HookEventId,
    /// Random: its name for others, the same however often it is told.
    pub name: [u8; 16],
    pub kind: EventType,
    pub subject: Subject,
    /// Number of the record that it is about.
    pub object: u64,
    pub created_at: Timestamp,
    /// What is sent, to the byte.
    pub body: String,
}

/// Where an order is in its life, as far as that has a type of its own.
#[derive(PartialEq, Eq)]
enum Phase {
    Waiting,
    Active,
    Overdue,
    Frozen,
    Paused,
    Canceled,
    Ended,
    Deleted,
}

fn phase(order: &Order) -> Phase {
    match (order.status, order.standing) {
        (OrderStatus::Deleted, _) => Phase::Deleted,
        (OrderStatus::Expired, _) | (_, Standing::Ended | Standing::Owing { .. }) => Phase::Ended,
        (_, Standing::Frozen { .. }) => Phase::Frozen,
        (_, Standing::Paused { .. }) => Phase::Paused,
        (OrderStatus::Canceled, _) => Phase::Canceled,
        (OrderStatus::Active, Standing::Overdue { .. }) => Phase::Overdue,
        (OrderStatus::Active, _) => Phase::Active,
        (OrderStatus::Inactive, _) => Phase::Waiting,
    }
}

/// What an order came to; `None`: nothing that has a type of its own.
#[must_use]
pub fn of_order(before: Option<&Order>, after: &Order) -> Option<EventType> {
    let now = phase(after);
    let was = before.map(phase);
    if was.as_ref() == Some(&now) || (now == Phase::Active && was == Some(Phase::Overdue)) {
        let cycles = before.map_or(0, |before| before.cycles_paid);
        let renewed = now == Phase::Active && after.cycles_paid > cycles;
        return renewed.then_some(EventType::OrderRenewed);
    }
    match now {
        Phase::Waiting => None,
        Phase::Active => Some(EventType::OrderActivated),
        Phase::Overdue => Some(EventType::OrderOverdue),
        Phase::Frozen => Some(EventType::OrderFrozen),
        Phase::Paused => Some(EventType::OrderPaused),
        Phase::Canceled => Some(EventType::OrderCanceled),
        Phase::Ended => Some(EventType::OrderEnded),
        Phase::Deleted => Some(EventType::OrderDeleted),
    }
}

/// What a customer came to. One that is new came to nothing yet.
#[must_use]
pub fn of_customer(before: Option<&Customer>, after: &Customer) -> Option<EventType> {
    if before.is_none_or(|before| before.status == after.status) {
        return None;
    }
    Some(match after.status {
        CustomerStatus::Active => EventType::CustomerActivated,
        CustomerStatus::SuspendedByCustomer | CustomerStatus::SuspendedByBilling => {
            EventType::CustomerSuspended
        }
        CustomerStatus::Inactive | CustomerStatus::AwaitingAuthorization => {
            EventType::CustomerDeactivated
        }
        CustomerStatus::Deleted => EventType::CustomerDeleted,
    })
}

/// What a service came to. One that is new came to nothing yet.
#[must_use]
pub fn of_service(before: Option<ServiceStatus>, after: ServiceStatus) -> Option<EventType> {
    if before.is_none_or(|before| before == after) {
        return None;
    }
    Some(match after {
        ServiceStatus::Active => EventType::ServiceActivated,
        ServiceStatus::Frozen => EventType::ServiceFrozen,
        ServiceStatus::Inactive | ServiceStatus::Expired => EventType::ServiceEnded,
        ServiceStatus::Deleted => EventType::ServiceDeleted,
    })
}

/// What is not paid of an invoice, before a command and after it; `None`: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpaid {
    pub before: Option<Minor>,
    pub after: Option<Minor>,
}

/// What an invoice came to, of which `unpaid` is not paid; `given_up`: how much less is owed of it
/// without having been paid, `None`: all of it. One of which nothing was paid is not paid.
#[must_use]
pub fn of_invoice(
    invoice: &Invoice,
    is_new: bool,
    unpaid: Unpaid,
    given_up: Option<Minor>,
) -> Option<EventType> {
    let owed = if is_new {
        invoice.total().minor
    } else {
        unpaid.before.unwrap_or_default()
    };
    let closed = invoice.kind == InvoiceKind::Invoice && unpaid.after.is_none();
    let paid = given_up.is_some_and(|given_up| owed > given_up);
    (closed && paid).then_some(EventType::InvoicePaid)
}

/// What a payment came to.
#[must_use]
pub fn of_payment(before: Option<&Payment>, after: &Payment) -> Option<EventType> {
    if before.is_none_or(|before| before.state != after.state) {
        match after.state {
            PaymentState::Succeeded => return Some(EventType::PaymentSucceeded),
            PaymentState::Failed => return Some(EventType::PaymentFailed),
            PaymentState::Processing | PaymentState::Unmatched => {}
        }
    }
    let (refunded, disputed) = match before {
        Some(before) => (before.refunded_minor, before.disputed_minor),
        None => (Minor::ZERO, Minor::ZERO),
    };
    if after.refunded_minor > refunded {
        Some(EventType::PaymentRefunded)
    } else if after.disputed_minor > disputed {
        Some(EventType::PaymentDisputed)
    } else {
        None
    }
}

/// What a partner's charge or refund came to.
#[must_use]
pub fn of_transaction(
    before: Option<&PartnerTransaction>,
    after: &PartnerTransaction,
) -> Option<EventType> {
    if before.is_none_or(|before| before.state != after.state) {
        match after.state {
            TransactionState::Succeeded => return Some(EventType::PartnerTransactionSucceeded),
            TransactionState::Denied(_) => return Some(EventType::PartnerTransactionDenied),
            TransactionState::Processing => {}
        }
    }
    let refunded = before.map_or(Minor::ZERO, |before| before.refunded_minor);
    (after.refunded_minor > refunded).then_some(EventType::PartnerTransactionRefunded)
}

#[cfg(test)]
mod tests {
    use super::{EventType, Subject};

    #[test]
    fn every_type_is_of_an_object() {
        let subjects = [
            Subject::Customer,
            Subject::Order,
            Subject::Service,
            Subject::Invoice,
            Subject::Payment,
            Subject::PartnerTransaction,
        ];
        for kind in EventType::ALL
            .iter()
            .filter(|kind| **kind != EventType::Ping)
        {
            let (object, _) = kind.name().split_once('.').unwrap();
            let known = subjects.iter().any(|subject| subject.name() == object);
            assert!(known, "{}", kind.name());
        }
    }
}
