//! Kinds and states as the console names them.

use crate::domain::billing::order::Standing;
use crate::domain::billing::payment::{Payment, PaymentKind, PaymentState};
use crate::domain::billing::standing::StandingKind;
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::CustomerStatus;
use crate::domain::customers::device::DeviceStatus;
use crate::domain::partners::{TransactionKind, TransactionState};

/// How an order stands with the money.
pub(super) fn standing_word(standing: Standing) -> &'static str {
    standing_kind_word(standing.into())
}

pub(super) fn standing_kind_word(standing: StandingKind) -> &'static str {
    match standing {
        StandingKind::Settled => "SETTLED",
        StandingKind::Waiting => "WAITING",
        StandingKind::Overdue => "OVERDUE",
        StandingKind::Frozen => "FROZEN",
        StandingKind::Paused => "PAUSED",
        StandingKind::Parked => "PARKED",
        StandingKind::Ended => "ENDED",
        StandingKind::Owing => "OWING",
    }
}

pub(super) fn status_word(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Active => "ACTIVE",
        OrderStatus::Inactive => "INACTIVE",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Deleted => "DELETED",
    }
}

pub(super) fn service_word(status: ServiceStatus) -> &'static str {
    match status {
        ServiceStatus::Active => "ACTIVE",
        ServiceStatus::Inactive => "INACTIVE",
        ServiceStatus::Expired => "EXPIRED",
        ServiceStatus::Frozen => "FROZEN",
        ServiceStatus::Deleted => "DELETED",
    }
}

pub(super) fn customer_word(status: CustomerStatus) -> &'static str {
    match status {
        CustomerStatus::Active => "ACTIVE",
        CustomerStatus::Inactive => "INACTIVE",
        CustomerStatus::AwaitingAuthorization => "AWAITING_AUTHORIZATION",
        CustomerStatus::SuspendedByCustomer => "SUSPENDED_BY_CUSTOMER",
        CustomerStatus::SuspendedByBilling => "SUSPENDED_BY_BILLING",
        CustomerStatus::Deleted => "DELETED",
    }
}

/// The status that a word names.
pub(super) fn customer_status(word: &str) -> Option<CustomerStatus> {
    let mut all = CustomerStatus::ALL.into_iter();
    all.find(|status| customer_word(*status) == word)
}

pub(super) fn device_word(status: DeviceStatus) -> &'static str {
    match status {
        DeviceStatus::Active => "ACTIVE",
        DeviceStatus::Inactive => "INACTIVE",
        DeviceStatus::Broken => "BROKEN",
        DeviceStatus::Stock => "STOCK",
        DeviceStatus::Retired => "RETIRED",
    }
}

pub(in crate::wire::console) fn payment_kind(payment: &Payment) -> &'static str {
    match payment.kind {
        PaymentKind::Payment => "PAYMENT",
        PaymentKind::Refund { .. } => "REFUND",
        PaymentKind::Regained { .. } => "REGAINED",
    }
}

pub(in crate::wire::console) fn payment_state(payment: &Payment) -> &'static str {
    match payment.state {
        PaymentState::Processing => "PROCESSING",
        PaymentState::Succeeded => "SUCCEEDED",
        PaymentState::Failed => "FAILED",
        PaymentState::Unmatched => "UNMATCHED",
    }
}

pub(super) fn transaction_kind(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Charge => "CHARGE",
        TransactionKind::Refund { .. } => "REFUND",
    }
}

pub(super) fn transaction_state(state: TransactionState) -> &'static str {
    match state {
        TransactionState::Processing => "PROCESSING",
        TransactionState::Succeeded => "SUCCEEDED",
        TransactionState::Denied(_) => "DENIED",
    }
}
