//! Records as earlier versions wrote them, and what they are today. Nothing here ever changes;
//! `tests/it/contract/golden.rs` holds their bytes.

pub(in crate::store) mod boxes;
pub(in crate::store) mod catalogue;
pub(in crate::store) mod content;
pub(in crate::store) mod money;
pub(in crate::store) mod orders;
pub(in crate::store) mod partners;
pub(in crate::store) mod payments;
pub(in crate::store) mod provider;
pub(in crate::store) mod staff;

use serde::{Deserialize, Serialize};

use crate::domain::billing::payment::{
    HostedPage, HostedPageState, PagePurpose, Shown, VoucherBatch,
};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::Price;
use crate::domain::catalogue::content::Reseller;
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::{Billing, OfferStatus, OrderType};
use crate::domain::messages::{Channel, Message, MessageContent, MessageState};
use crate::domain::values::calendar::{PeriodCount, Term};
use crate::domain::values::id::{
    CustomerId, HostedPageId, MessageId, OrderId, PaymentId, ProductOfferId, ProductSpecId,
    ResellerId, VoucherBatchId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;

use super::codec::decode_body;
use super::error::{CodecError, unknown};
use super::tables::Table;
use crate::store::versions::money::{ChargeV1, PriceV2};

/// An offer before money.
#[derive(Serialize, Deserialize)]
struct OfferV1 {
    id: ProductOfferId,
    foreign_id: Option<String>,
    product: ProductSpecId,
    title: String,
    description: String,
    term: Term,
    cycles_total: PeriodCount,
    order_type: OrderType,
    status: OfferStatus,
    billing: Billing,
    charges: Vec<OpenObject>,
    dunning: Option<OpenObject>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
}

/// A price before terms were kept with it.
#[derive(Serialize, Deserialize)]
struct PriceV1 {
    version: u32,
    since: Timestamp,
    for_running: bool,
    charges: Vec<ChargeV1>,
}

/// An offer before eligibility.
#[derive(Serialize, Deserialize)]
struct OfferV2 {
    id: ProductOfferId,
    foreign_id: Option<String>,
    product: ProductSpecId,
    title: String,
    description: String,
    term: Term,
    cycles_total: PeriodCount,
    order_type: OrderType,
    status: OfferStatus,
    billing: Billing,
    charges: Vec<OpenObject>,
    dunning: Option<OpenObject>,
    prices: Vec<PriceV1>,
    ladder: Option<Ladder>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
}

impl From<OfferV1> for OfferV2 {
    fn from(old: OfferV1) -> Self {
        Self {
            id: old.id,
            foreign_id: old.foreign_id,
            product: old.product,
            title: old.title,
            description: old.description,
            term: old.term,
            cycles_total: old.cycles_total,
            order_type: old.order_type,
            status: old.status,
            billing: old.billing,
            charges: old.charges,
            dunning: old.dunning,
            prices: Vec::new(),
            ladder: None,
            external_refs: old.external_refs,
            created_at: old.created_at,
            updated_at: old.updated_at,
            expires_at: old.expires_at,
            removed_at: old.removed_at,
        }
    }
}

/// An offer whose prices did not say for which term they are.
#[derive(Serialize, Deserialize)]
struct OfferV3 {
    id: ProductOfferId,
    foreign_id: Option<String>,
    product: ProductSpecId,
    title: String,
    description: String,
    term: Term,
    cycles_total: PeriodCount,
    order_type: OrderType,
    status: OfferStatus,
    billing: Billing,
    charges: Vec<OpenObject>,
    dunning: Option<OpenObject>,
    prices: Vec<PriceV1>,
    ladder: Option<Ladder>,
    eligibility: Eligibility,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
}

impl From<OfferV2> for OfferV3 {
    fn from(old: OfferV2) -> Self {
        Self {
            id: old.id,
            foreign_id: old.foreign_id,
            product: old.product,
            title: old.title,
            description: old.description,
            term: old.term,
            cycles_total: old.cycles_total,
            order_type: old.order_type,
            status: old.status,
            billing: old.billing,
            charges: old.charges,
            dunning: old.dunning,
            prices: old.prices,
            ladder: old.ladder,
            eligibility: Eligibility::default(),
            external_refs: old.external_refs,
            created_at: old.created_at,
            updated_at: old.updated_at,
            expires_at: old.expires_at,
            removed_at: old.removed_at,
        }
    }
}

/// An offer whose charges did not say whether they are given back.
#[derive(Serialize, Deserialize)]
struct OfferV4 {
    id: ProductOfferId,
    foreign_id: Option<String>,
    product: ProductSpecId,
    title: String,
    description: String,
    term: Term,
    cycles_total: PeriodCount,
    order_type: OrderType,
    status: OfferStatus,
    billing: Billing,
    charges: Vec<OpenObject>,
    dunning: Option<OpenObject>,
    prices: Vec<PriceV2>,
    ladder: Option<Ladder>,
    eligibility: Eligibility,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
}

/// The prices of the first version are read off the charges when the box starts. Those of the
/// second and third are for the term that the offer has now.
impl From<OfferV3> for OfferV4 {
    fn from(old: OfferV3) -> Self {
        let with_term = |price: PriceV1| PriceV2 {
            version: price.version,
            since: price.since,
            for_running: price.for_running,
            term: old.term,
            charges: price.charges,
        };
        Self {
            prices: old.prices.into_iter().map(with_term).collect(),
            id: old.id,
            foreign_id: old.foreign_id,
            product: old.product,
            title: old.title,
            description: old.description,
            term: old.term,
            cycles_total: old.cycles_total,
            order_type: old.order_type,
            status: old.status,
            billing: old.billing,
            charges: old.charges,
            dunning: old.dunning,
            ladder: old.ladder,
            eligibility: old.eligibility,
            external_refs: old.external_refs,
            created_at: old.created_at,
            updated_at: old.updated_at,
            expires_at: old.expires_at,
            removed_at: old.removed_at,
        }
    }
}

pub(super) fn offer(version: u8, body: &[u8]) -> Result<ProductOffer, CodecError> {
    let table = Table::Offers.name();
    let old: OfferV4 = match version {
        1 => OfferV3::from(OfferV2::from(decode_body::<OfferV1>(table, body)?)).into(),
        2 => OfferV3::from(decode_body::<OfferV2>(table, body)?).into(),
        3 => decode_body::<OfferV3>(table, body)?.into(),
        4 => decode_body(table, body)?,
        _ => return Err(unknown(Table::Offers, version)),
    };
    Ok(ProductOffer {
        prices: old.prices.into_iter().map(Price::from).collect(),
        id: old.id,
        foreign_id: old.foreign_id,
        product: old.product,
        title: old.title,
        description: old.description,
        term: old.term,
        cycles_total: old.cycles_total,
        order_type: old.order_type,
        status: old.status,
        billing: old.billing,
        charges: old.charges,
        dunning: old.dunning,
        ladder: old.ladder,
        eligibility: old.eligibility,
        external_refs: old.external_refs,
        created_at: old.created_at,
        updated_at: old.updated_at,
        expires_at: old.expires_at,
        removed_at: old.removed_at,
    })
}

/// A hosted page before payments.
#[derive(Serialize, Deserialize)]
struct HostedPageV1 {
    id: HostedPageId,
    code: String,
    customer: CustomerId,
    order: OrderId,
    return_url: String,
    state: HostedPageState,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// A hosted page that did not note what the payer saw.
#[derive(Serialize, Deserialize)]
struct HostedPageV2 {
    id: HostedPageId,
    code: String,
    customer: CustomerId,
    order: OrderId,
    return_url: String,
    state: HostedPageState,
    payment: Option<PaymentId>,
    attempts: u32,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<HostedPageV1> for HostedPageV2 {
    fn from(old: HostedPageV1) -> Self {
        Self {
            id: old.id,
            code: old.code,
            customer: old.customer,
            order: old.order,
            return_url: old.return_url,
            state: old.state,
            payment: None,
            attempts: 0,
            created_at: old.created_at,
            expires_at: old.expires_at,
        }
    }
}

/// A hosted page that was for the first cycle of its order, or for what its order waited for.
#[derive(Serialize, Deserialize)]
struct HostedPageV3 {
    id: HostedPageId,
    code: String,
    customer: CustomerId,
    order: OrderId,
    return_url: String,
    state: HostedPageState,
    payment: Option<PaymentId>,
    attempts: u32,
    shown: Option<Shown>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<HostedPageV2> for HostedPageV3 {
    fn from(old: HostedPageV2) -> Self {
        Self {
            id: old.id,
            code: old.code,
            customer: old.customer,
            order: old.order,
            return_url: old.return_url,
            state: old.state,
            payment: old.payment,
            attempts: old.attempts,
            shown: None,
            created_at: old.created_at,
            expires_at: old.expires_at,
        }
    }
}

pub(super) fn hosted_page(version: u8, body: &[u8]) -> Result<HostedPage, CodecError> {
    let table = Table::HostedPages.name();
    let old: HostedPageV3 = match version {
        1 => HostedPageV2::from(decode_body::<HostedPageV1>(table, body)?).into(),
        2 => decode_body::<HostedPageV2>(table, body)?.into(),
        3 => decode_body(table, body)?,
        _ => return Err(unknown(Table::HostedPages, version)),
    };
    Ok(HostedPage {
        id: old.id,
        code: old.code,
        customer: old.customer,
        order: old.order,
        purpose: PagePurpose::Begin,
        return_url: old.return_url,
        state: old.state,
        payment: old.payment,
        attempts: old.attempts,
        shown: old.shown,
        created_at: old.created_at,
        expires_at: old.expires_at,
    })
}

/// A batch of vouchers whose value was booked as cash when they were used.
#[derive(Serialize, Deserialize)]
struct VoucherBatchV1 {
    id: VoucherBatchId,
    title: String,
    amount: Amount,
    count: u32,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

pub(super) fn voucher_batch(version: u8, body: &[u8]) -> Result<VoucherBatch, CodecError> {
    if version != 1 {
        return Err(unknown(Table::VoucherBatches, version));
    }
    let old: VoucherBatchV1 = decode_body(Table::VoucherBatches.name(), body)?;
    Ok(VoucherBatch {
        id: old.id,
        title: old.title,
        amount: old.amount,
        count: old.count,
        created_at: old.created_at,
        expires_at: old.expires_at,
        revoked_at: old.revoked_at,
        is_liability: false,
        sold_count: 0,
        sold_minor: Minor::ZERO,
        made_by: String::new(),
        // The step to layout 10 counts them.
        used_count: 0,
        returned_count: 0,
    })
}

/// A reseller before it was known when it came.
#[derive(Serialize, Deserialize)]
struct ResellerV1 {
    id: ResellerId,
    name: String,
    users_max: Option<u32>,
    use_ip_ranges: bool,
}

pub(super) fn reseller(version: u8, body: &[u8]) -> Result<Reseller, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Resellers, version));
    }
    let old: ResellerV1 = decode_body(Table::Resellers.name(), body)?;
    Ok(Reseller {
        id: old.id,
        name: old.name,
        users_max: old.users_max,
        use_ip_ranges: old.use_ip_ranges,
        created_at: None,
        updated_at: None,
    })
}

/// A message before short messages and PINs.
#[derive(Serialize, Deserialize)]
struct MessageV1 {
    id: MessageId,
    customer: CustomerId,
    content: MessageContent,
    state: MessageState,
    attempts: u32,
    created_at: Timestamp,
    due_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    problem: String,
}

pub(super) fn message(version: u8, body: &[u8]) -> Result<Message, CodecError> {
    let old: MessageV1 = match version {
        1 => decode_body(Table::Messages.name(), body)?,
        _ => return Err(unknown(Table::Messages, version)),
    };
    let sent = old.state == MessageState::Sent;
    Ok(Message {
        state: old.state,
        attempts: old.attempts,
        created_at: old.created_at,
        due_at: old.due_at,
        ended_at: old.ended_at,
        problem: old.problem,
        id: old.id,
        channel: sent.then_some(Channel::Email),
        ..Message::new(old.customer, old.content, old.created_at)
    })
}
