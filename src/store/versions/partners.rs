//! Records of partners as earlier versions wrote them. Nothing here ever changes, see `old`.

use serde::{Deserialize, Serialize};

use crate::domain::partners::{
    Callback, Partner, PartnerProduct, PartnerTransaction, PinPolicy, TransactionKind,
    TransactionState,
};
use crate::domain::staff::{Maker, Secret};
use crate::domain::values::id::{CustomerId, PartnerId, PartnerTransactionId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, Share, TaxRate};
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// What a partner sold before products of ours could come with it.
#[derive(Serialize, Deserialize)]
struct PartnerProductV1 {
    code: String,
    title: String,
}

/// A partner before keys could be rotated.
#[derive(Serialize, Deserialize)]
struct PartnerV1 {
    id: PartnerId,
    key: String,
    name: String,
    api_key_hash: Option<Secret>,
    products: Vec<PartnerProductV1>,
    currencies: Vec<Currency>,
    refunds: bool,
    pin_required: bool,
    per_charge_limit: Option<Amount>,
    monthly_limit: Option<Amount>,
}

/// A partner before PINs and callbacks.
#[derive(Serialize, Deserialize)]
struct PartnerV2 {
    id: PartnerId,
    key: String,
    name: String,
    api_key_hash: Option<Secret>,
    old_api_key: Option<(Secret, Timestamp)>,
    products: Vec<PartnerProductV1>,
    currencies: Vec<Currency>,
    refunds: bool,
    pin_required: bool,
    per_charge_limit: Option<Amount>,
    monthly_limit: Option<Amount>,
    share: Share,
    requests_per_second: u32,
    on: bool,
}

/// A partner that could charge as soon as it had a key.
#[derive(Serialize, Deserialize)]
struct PartnerV3 {
    id: PartnerId,
    key: String,
    name: String,
    api_key_hash: Option<Secret>,
    old_api_key: Option<(Secret, Timestamp)>,
    products: Vec<PartnerProduct>,
    currencies: Vec<Currency>,
    refunds: bool,
    pin_policy: PinPolicy,
    sends_pin: bool,
    per_charge_limit: Option<Amount>,
    monthly_limit: Option<Amount>,
    share: Share,
    requests_per_second: u32,
    on: bool,
    callback: Option<Callback>,
}

impl From<PartnerV3> for Partner {
    fn from(old: PartnerV3) -> Self {
        Self {
            id: old.id,
            key: old.key,
            name: old.name,
            api_key_hash: old.api_key_hash,
            old_api_key: old.old_api_key,
            products: old.products,
            currencies: old.currencies,
            refunds: old.refunds,
            pin_policy: old.pin_policy,
            sends_pin: old.sends_pin,
            per_charge_limit: old.per_charge_limit,
            monthly_limit: old.monthly_limit,
            share: old.share,
            requests_per_second: old.requests_per_second,
            on: old.on,
            callback: old.callback,
            // What it could do it goes on doing.
            agreed: true,
            key_made_by: Maker::Unknown,
            old_key_made_by: Maker::Unknown,
        }
    }
}

pub(in crate::store) fn partner(version: u8, body: &[u8]) -> Result<Partner, CodecError> {
    let name = Table::Partners.name();
    if version == 3 {
        return Ok(decode_body::<PartnerV3>(name, body)?.into());
    }
    let old: PartnerV2 = match version {
        1 => {
            let old: PartnerV1 = decode_body(name, body)?;
            PartnerV2 {
                id: old.id,
                key: old.key,
                name: old.name,
                api_key_hash: old.api_key_hash,
                old_api_key: None,
                products: old.products,
                currencies: old.currencies,
                refunds: old.refunds,
                pin_required: old.pin_required,
                per_charge_limit: old.per_charge_limit,
                monthly_limit: old.monthly_limit,
                share: Share::ALL,
                requests_per_second: 0,
                on: true,
            }
        }
        2 => decode_body(name, body)?,
        _ => return Err(unknown(Table::Partners, version)),
    };
    let products = old.products.into_iter();
    Ok(PartnerV3 {
        id: old.id,
        key: old.key,
        name: old.name,
        api_key_hash: old.api_key_hash,
        old_api_key: old.old_api_key,
        products: products
            .map(|product| PartnerProduct {
                code: product.code,
                title: product.title,
                sold_with: Vec::new(),
            })
            .collect(),
        currencies: old.currencies,
        refunds: old.refunds,
        pin_policy: if old.pin_required {
            PinPolicy::EveryCharge
        } else {
            PinPolicy::Off
        },
        sends_pin: false,
        per_charge_limit: old.per_charge_limit,
        monthly_limit: old.monthly_limit,
        share: old.share,
        requests_per_second: old.requests_per_second,
        on: old.on,
        callback: None,
    }
    .into())
}

/// A transaction before carriers could decide.
#[derive(Serialize, Deserialize)]
struct TransactionV1 {
    id: PartnerTransactionId,
    public_id: [u8; 16],
    partner: PartnerId,
    ext_id: String,
    kind: TransactionKind,
    customer: CustomerId,
    account_hash: [u8; 32],
    amount: Amount,
    tax_minor: Minor,
    tax_rate: TaxRate,
    partner_minor: Minor,
    product: Option<String>,
    description: String,
    fingerprint: [u8; 32],
    state: TransactionState,
    refunded_minor: Minor,
    created_at: Timestamp,
    completed_at: Option<Timestamp>,
}

pub(in crate::store) fn transaction(
    version: u8,
    body: &[u8],
) -> Result<PartnerTransaction, CodecError> {
    if version != 1 {
        return Err(unknown(Table::PartnerTransactions, version));
    }
    let old: TransactionV1 = decode_body(Table::PartnerTransactions.name(), body)?;
    Ok(PartnerTransaction {
        id: old.id,
        public_id: old.public_id,
        partner: old.partner,
        ext_id: old.ext_id,
        kind: old.kind,
        customer: old.customer,
        account_hash: old.account_hash,
        amount: old.amount,
        tax_minor: old.tax_minor,
        tax_rate: old.tax_rate,
        partner_minor: old.partner_minor,
        product: old.product,
        description: old.description,
        fingerprint: old.fingerprint,
        state: old.state,
        refunded_minor: old.refunded_minor,
        refunding_minor: Minor::ZERO,
        carrier: None,
        pending: None,
        created_at: old.created_at,
        completed_at: old.completed_at,
    })
}
