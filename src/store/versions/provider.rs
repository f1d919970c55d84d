//! The provider as earlier versions wrote it, and what it is today. Nothing here ever changes;
//! `tests/it/contract/golden.rs` holds its bytes.

use serde::{Deserialize, Serialize};

use crate::domain::provider::Provider;
use crate::domain::values::money::Currency;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A provider of whom no address was known.
#[derive(Serialize, Deserialize)]
struct ProviderV1 {
    name: String,
    currency: Currency,
    time_zone: String,
}

pub(in crate::store) fn provider(version: u8, body: &[u8]) -> Result<Provider, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Providers, version));
    }
    let old: ProviderV1 = decode_body(Table::Providers.name(), body)?;
    Ok(Provider {
        name: old.name,
        currency: old.currency,
        time_zone: old.time_zone,
        address: None,
        tax_id: None,
        bank: None,
        invoice_prefix: None,
        payment_days: None,
    })
}
