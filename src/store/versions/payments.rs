//! Payments as earlier versions wrote them. Nothing here ever changes, see `old`.

use serde::{Deserialize, Serialize};

use crate::domain::billing::payment::{Payment, PaymentKind, PaymentState};
use crate::domain::values::id::{CustomerId, HostedPageId, OrderId, PaymentId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A payment before disputes were counted apart from refunds.
#[derive(Serialize, Deserialize)]
struct PaymentV1 {
    id: PaymentId,
    kind: PaymentKind,
    customer: Option<CustomerId>,
    order: Option<OrderId>,
    page: Option<HostedPageId>,
    method: String,
    reference: Option<String>,
    client_key: Option<String>,
    amount: Amount,
    state: PaymentState,
    refunded_minor: Minor,
    note: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
}

/// A payment before it was noted who booked it.
#[derive(Serialize, Deserialize)]
struct PaymentV2 {
    id: PaymentId,
    kind: PaymentKind,
    customer: Option<CustomerId>,
    order: Option<OrderId>,
    page: Option<HostedPageId>,
    method: String,
    reference: Option<String>,
    client_key: Option<String>,
    amount: Amount,
    state: PaymentState,
    refunded_minor: Minor,
    disputed_minor: Minor,
    told_minor: Minor,
    refund_failed: bool,
    note: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
}

pub(in crate::store) fn payment(version: u8, body: &[u8]) -> Result<Payment, CodecError> {
    let name = Table::Payments.name();
    let old = match version {
        1 => {
            let old: PaymentV1 = decode_body(name, body)?;
            // What was refunded of a card payment was told by its provider.
            let told = old.method == "stripe";
            PaymentV2 {
                id: old.id,
                kind: old.kind,
                customer: old.customer,
                order: old.order,
                page: old.page,
                method: old.method,
                reference: old.reference,
                client_key: old.client_key,
                amount: old.amount,
                state: old.state,
                refunded_minor: old.refunded_minor,
                disputed_minor: Minor::ZERO,
                told_minor: if told {
                    old.refunded_minor
                } else {
                    Minor::ZERO
                },
                refund_failed: false,
                note: old.note,
                created_at: old.created_at,
                ended_at: old.ended_at,
                due_at: old.due_at,
            }
        }
        2 => decode_body(name, body)?,
        _ => return Err(unknown(Table::Payments, version)),
    };
    Ok(Payment {
        id: old.id,
        kind: old.kind,
        customer: old.customer,
        order: old.order,
        page: old.page,
        method: old.method,
        reference: old.reference,
        client_key: old.client_key,
        amount: old.amount,
        state: old.state,
        refunded_minor: old.refunded_minor,
        disputed_minor: old.disputed_minor,
        told_minor: old.told_minor,
        refund_failed: old.refund_failed,
        note: old.note,
        created_at: old.created_at,
        ended_at: old.ended_at,
        due_at: old.due_at,
        by: String::new(),
    })
}
