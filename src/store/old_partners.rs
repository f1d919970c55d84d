//! Records of partners as earlier versions wrote them. Nothing here ever changes, see `old`.

use serde::{Deserialize, Serialize};

use crate::domain::carrier::{Partner, PartnerProduct, PinPolicy};
use crate::domain::id::PartnerId;
use crate::domain::money::{Amount, Currency, Share};
use crate::domain::staff::Secret;
use crate::domain::time::Timestamp;

use super::codec::{CodecError, decode_body};
use super::old::unknown;
use super::schema::Table;

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

pub(super) fn partner(version: u8, body: &[u8]) -> Result<Partner, CodecError> {
    let name = Table::Partners.name();
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
    Ok(Partner {
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
    })
}
