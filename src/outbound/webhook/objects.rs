//! Records as others are told of them: the names of `docs/webhooks.md`. No password, hash or key is
//! among them.

use serde_json::{Map, Value, json};

use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{Payment, PaymentKind, PaymentState};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType, ServiceStatus};
use crate::domain::customers::service::{Grant, Origin, Service};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::partners::{PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::values::calendar::Period;
use crate::domain::values::contact::Email;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::domain::webhooks::event::{EventType, Subject};

/// The object that an event is about, as it is sent.
pub type Object = Map<String, Value>;

/// The name of an event for others.
#[must_use]
pub fn event_name(random: &[u8; 16]) -> String {
    format!("evt_{}", data_encoding::HEXLOWER.encode(random))
}

/// The whole body of an event.
#[must_use]
pub fn body(name: &str, kind: EventType, at: Timestamp, object: &Object) -> String {
    json!({
        "id": name,
        "type": kind.name(),
        "created": at.to_rfc3339_millis(),
        "data": object,
    })
    .to_string()
}

fn object(subject: Subject, members: Value) -> Object {
    let mut object = Map::new();
    object.insert("object".to_owned(), Value::from(subject.name()));
    if let Value::Object(members) = members {
        object.extend(members);
    }
    object
}

fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339_millis)
}

#[must_use]
pub fn customer(customer: &Customer) -> Object {
    let status = match customer.status {
        CustomerStatus::Active => "ACTIVE",
        CustomerStatus::Inactive => "INACTIVE",
        CustomerStatus::AwaitingAuthorization => "AWAITING_AUTHORIZATION",
        CustomerStatus::SuspendedByCustomer => "SUSPENDED_BY_CUSTOMER",
        CustomerStatus::SuspendedByBilling => "SUSPENDED_BY_BILLING",
        CustomerStatus::Deleted => "DELETED",
    };
    object(
        Subject::Customer,
        json!({
            "id": customer.id.0,
            "status": status,
            "login": customer.login,
            "account_number": customer.account_number,
            "first_name": customer.name.first,
            "last_name": customer.name.last,
            "full_name": customer.name.whole(),
            "email": customer.email.as_ref().map(Email::as_str),
            "phones": customer.phones,
            "reseller": customer.reseller.map(|id| id.0),
            "primary_order": customer.primary_order.map(|id| id.0),
            "paid_until": instant(customer.box_profile.end_at),
            "created": customer.created_at.to_rfc3339_millis(),
            "activated": instant(customer.activated_at),
        }),
    )
}

#[must_use]
pub fn order(order: &Order) -> Object {
    let status = match order.status {
        OrderStatus::Active => "ACTIVE",
        OrderStatus::Inactive => "INACTIVE",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Deleted => "DELETED",
    };
    let standing = match order.standing {
        Standing::Settled => "SETTLED",
        Standing::Waiting => "WAITING",
        Standing::Overdue { .. } => "OVERDUE",
        Standing::Frozen { .. } => "FROZEN",
        Standing::Paused { .. } => "PAUSED",
        Standing::Parked { .. } => "PARKED",
        Standing::Ended => "ENDED",
        Standing::Owing { .. } => "OWING",
    };
    let period = match order.term.period {
        Period::Day => "DAY",
        Period::Month => "MONTH",
        Period::Quarter => "QUARTER",
        Period::Year => "YEAR",
    };
    object(
        Subject::Order,
        json!({
            "id": order.id.0,
            "foreign_id": order.foreign_id,
            "customer": order.customer.0,
            "product": order.product.0,
            "offer": order.offer.map(|id| id.0),
            "status": status,
            "standing": standing,
            "type": match order.order_type {
                OrderType::OneTime => "ONE_TIME",
                OrderType::Recurring => "RECURRING",
            },
            "billing": match order.billing {
                Billing::Prepaid => "PREPAID",
                Billing::Postpaid => "POSTPAID",
                Billing::External => "EXTERNAL",
            },
            "duration": order.term.count.to_decimal(),
            "period": period,
            "cycles_total": order.cycles_total,
            "cycles_paid": order.cycles_paid,
            "next_cycle": instant(order.next_cycle_at),
            "expires": instant(order.expires_at),
            "created": order.created_at.to_rfc3339_millis(),
            "activated": instant(order.activated_at),
        }),
    )
}

#[must_use]
pub fn service(service: &Service) -> Object {
    let status = match service.status {
        ServiceStatus::Active => "ACTIVE",
        ServiceStatus::Inactive => "INACTIVE",
        ServiceStatus::Expired => "EXPIRED",
        ServiceStatus::Frozen => "FROZEN",
        ServiceStatus::Deleted => "DELETED",
    };
    let (spec, channel) = match service.grant {
        Grant::Spec(spec) => (Some(spec.0), None),
        Grant::Channel(channel) => (None, Some(channel.0)),
    };
    object(
        Subject::Service,
        json!({
            "id": service.id.0,
            "customer": service.customer.0,
            "status": status,
            "service_spec": spec,
            "channel": channel,
            "origin": match service.origin {
                Origin::Order(_) => "ORDER",
                Origin::Addon(_) => "ADDON",
                Origin::Item => "ITEM",
                Origin::Direct => "DIRECT",
            },
            "order": service.origin.order().map(|id| id.0),
            "expires": instant(service.expires_at),
            "created": service.created_at.to_rfc3339_millis(),
            "activated": instant(service.activated_at),
        }),
    )
}

/// `open_minor`: what is not paid of it.
#[must_use]
pub fn invoice(invoice: &Invoice, open_minor: Minor) -> Object {
    let currency = invoice.currency;
    let text = |minor: Minor| Amount { minor, currency }.to_fixed();
    let lines = invoice.lines.iter().map(|line| {
        json!({
            "title": line.title,
            "tax_rate": line.rate.to_percent(),
            "net": text(line.net_minor),
            "tax": text(line.tax_minor),
            "gross": text(line.gross_minor()),
        })
    });
    let (kind, of) = match invoice.kind {
        InvoiceKind::Invoice => ("INVOICE", None),
        InvoiceKind::CreditNote { of } => ("CREDIT_NOTE", Some(of.0)),
    };
    object(
        Subject::Invoice,
        json!({
            "id": invoice.id.0,
            "kind": kind,
            "of": of,
            "customer": invoice.customer.0,
            "order": invoice.order.0,
            "cycle": invoice.cycle,
            "from": invoice.from.to_rfc3339_millis(),
            "to": instant(invoice.to),
            "currency": currency.as_str(),
            "total": invoice.total().to_fixed(),
            "tax": invoice.tax().to_fixed(),
            "open": text(open_minor),
            "lines": lines.collect::<Vec<Value>>(),
            "issued": invoice.issued_at.to_rfc3339_millis(),
        }),
    )
}

#[must_use]
pub fn payment(payment: &Payment) -> Object {
    let text = |minor: Minor| {
        let amount = payment.amount;
        Amount { minor, ..amount }.to_fixed()
    };
    let (kind, of) = match payment.kind {
        PaymentKind::Payment => ("PAYMENT", None),
        PaymentKind::Refund { of } => ("REFUND", of.map(|id| id.0)),
        PaymentKind::Regained { of } => ("REGAINED", Some(of.0)),
    };
    object(
        Subject::Payment,
        json!({
            "id": payment.id.0,
            "kind": kind,
            "of": of,
            "state": match payment.state {
                PaymentState::Processing => "PROCESSING",
                PaymentState::Succeeded => "SUCCEEDED",
                PaymentState::Failed => "FAILED",
                PaymentState::Unmatched => "UNMATCHED",
            },
            "customer": payment.customer.map(|id| id.0),
            "order": payment.order.map(|id| id.0),
            "method": payment.method,
            "reference": payment.reference,
            "amount": payment.amount.to_fixed(),
            "currency": payment.amount.currency.as_str(),
            "refunded": text(payment.refunded_minor),
            "disputed": text(payment.disputed_minor),
            "note": payment.note,
            "created": payment.created_at.to_rfc3339_millis(),
            "ended": instant(payment.ended_at),
        }),
    )
}

/// `partner`: the partner's short name.
#[must_use]
pub fn partner_transaction(transaction: &PartnerTransaction, partner: &str) -> Object {
    let amount = transaction.amount;
    let text = |minor: Minor| Amount { minor, ..amount }.to_fixed();
    let (kind, of) = match transaction.kind {
        TransactionKind::Charge => ("CHARGE", None),
        TransactionKind::Refund { of } => ("REFUND", Some(of.0)),
    };
    object(
        Subject::PartnerTransaction,
        json!({
            "id": transaction.id.0,
            "partner": partner,
            "ext_transaction_id": transaction.ext_id,
            "kind": kind,
            "of": of,
            "state": match transaction.state {
                TransactionState::Processing => "PROCESSING",
                TransactionState::Succeeded => "SUCCEEDED",
                TransactionState::Denied(_) => "DENIED",
            },
            "customer": transaction.customer.0,
            "product": transaction.product,
            "description": transaction.description,
            "amount": amount.to_fixed(),
            "currency": amount.currency.as_str(),
            "tax": text(transaction.tax_minor),
            "payable": text(transaction.partner_minor),
            "refunded": text(transaction.refunded_minor),
            "created": transaction.created_at.to_rfc3339_millis(),
            "completed": instant(transaction.completed_at),
        }),
    )
}

/// What a test sends.
#[must_use]
pub fn webhook(webhook: &Webhook) -> Object {
    object(
        Subject::Webhook,
        json!({
            "id": webhook.id.0,
            "description": webhook.description,
            "created": webhook.created_at.to_rfc3339_millis(),
        }),
    )
}
