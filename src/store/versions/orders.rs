//! Orders as earlier versions wrote them, and what they are today. Nothing here ever changes;
//! `tests/it/contract/golden.rs` holds their bytes.

use serde::{Deserialize, Serialize};

use crate::domain::billing::order::{Order, Pause, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::values::calendar::Term;
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId, ProductSpecId};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// An order before money.
#[derive(Serialize, Deserialize)]
struct OrderV1 {
    id: OrderId,
    foreign_id: Option<String>,
    customer: CustomerId,
    product: ProductSpecId,
    offer: Option<ProductOfferId>,
    term: Term,
    order_type: OrderType,
    cycles_total: u32,
    cycles_paid: u32,
    status: OrderStatus,
    anchor_at: Timestamp,
    next_cycle_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    fallback_product: Option<ProductSpecId>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// An order before pauses were remembered.
#[derive(Serialize, Deserialize)]
struct OrderV2 {
    id: OrderId,
    foreign_id: Option<String>,
    customer: CustomerId,
    product: ProductSpecId,
    offer: Option<ProductOfferId>,
    term: Term,
    order_type: OrderType,
    billing: Billing,
    price_version: u32,
    cycles_total: u32,
    cycles_paid: u32,
    status: OrderStatus,
    standing: Standing,
    anchor_at: Timestamp,
    anchor_cycle: u32,
    next_cycle_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    fallback_product: Option<ProductSpecId>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// An order of which nobody knew who makes its services.
#[derive(Serialize, Deserialize)]
struct OrderV3 {
    id: OrderId,
    foreign_id: Option<String>,
    customer: CustomerId,
    product: ProductSpecId,
    offer: Option<ProductOfferId>,
    term: Term,
    order_type: OrderType,
    billing: Billing,
    price_version: u32,
    cycles_total: u32,
    cycles_paid: u32,
    status: OrderStatus,
    standing: Standing,
    anchor_at: Timestamp,
    anchor_cycle: u32,
    next_cycle_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    pauses: Vec<Pause>,
    fallback_product: Option<ProductSpecId>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// An order of a version that charged nothing stays one that is not charged by us: nobody gets a
/// bill for time that passed before.
impl From<OrderV1> for OrderV2 {
    fn from(old: OrderV1) -> Self {
        Self {
            id: old.id,
            foreign_id: old.foreign_id,
            customer: old.customer,
            product: old.product,
            offer: old.offer,
            term: old.term,
            order_type: old.order_type,
            billing: Billing::External,
            price_version: 0,
            cycles_total: old.cycles_total,
            cycles_paid: old.cycles_paid,
            status: old.status,
            standing: Standing::Settled,
            anchor_at: old.anchor_at,
            anchor_cycle: 0,
            next_cycle_at: old.next_cycle_at,
            expires_at: old.expires_at,
            fallback_product: old.fallback_product,
            external_refs: old.external_refs,
            created_at: old.created_at,
            activated_at: old.activated_at,
            updated_at: old.updated_at,
        }
    }
}

impl From<OrderV2> for OrderV3 {
    fn from(old: OrderV2) -> Self {
        Self {
            id: old.id,
            foreign_id: old.foreign_id,
            customer: old.customer,
            product: old.product,
            offer: old.offer,
            term: old.term,
            order_type: old.order_type,
            billing: old.billing,
            price_version: old.price_version,
            cycles_total: old.cycles_total,
            cycles_paid: old.cycles_paid,
            status: old.status,
            standing: old.standing,
            anchor_at: old.anchor_at,
            anchor_cycle: old.anchor_cycle,
            next_cycle_at: old.next_cycle_at,
            expires_at: old.expires_at,
            pauses: Vec::new(),
            fallback_product: old.fallback_product,
            external_refs: old.external_refs,
            created_at: old.created_at,
            activated_at: old.activated_at,
            updated_at: old.updated_at,
        }
    }
}

/// Orders that are there keep the services that they have, and get none that they were without.
pub(in crate::store) fn order(version: u8, body: &[u8]) -> Result<Order, CodecError> {
    let table = Table::Orders.name();
    let old: OrderV3 = match version {
        1 => OrderV2::from(decode_body::<OrderV1>(table, body)?).into(),
        2 => decode_body::<OrderV2>(table, body)?.into(),
        3 => decode_body(table, body)?,
        _ => return Err(unknown(Table::Orders, version)),
    };
    Ok(Order {
        id: old.id,
        foreign_id: old.foreign_id,
        customer: old.customer,
        product: old.product,
        offer: old.offer,
        term: old.term,
        order_type: old.order_type,
        billing: old.billing,
        price_version: old.price_version,
        cycles_total: old.cycles_total,
        cycles_paid: old.cycles_paid,
        status: old.status,
        standing: old.standing,
        anchor_at: old.anchor_at,
        anchor_cycle: old.anchor_cycle,
        next_cycle_at: old.next_cycle_at,
        expires_at: old.expires_at,
        pauses: old.pauses,
        time_kept: false,
        held: None,
        fallback_product: old.fallback_product,
        external_refs: old.external_refs,
        served_by_caller: true,
        created_at: old.created_at,
        activated_at: old.activated_at,
        updated_at: old.updated_at,
    })
}
