//! What is for sale as earlier versions wrote it. Nothing here ever changes, see `old`.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::ProductSpec;
use crate::domain::catalogue::kinds::{ProductStatus, Scope};
use crate::domain::values::id::{ProductSpecId, ServiceSpecId};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A plan before it said on how many boxes its customers may sign in.
#[derive(Serialize, Deserialize)]
struct ProductSpecV1 {
    id: ProductSpecId,
    foreign_id: Option<String>,
    external_id: Option<String>,
    title: String,
    description: String,
    scope: Scope,
    status: ProductStatus,
    service_specs: Vec<ServiceSpecId>,
    optional_service_specs: Vec<ServiceSpecId>,
    user_default: bool,
    days_to_expires: u32,
    posters: Vec<OpenObject>,
    external_refs: Vec<OpenObject>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    removed_at: Option<Timestamp>,
}

pub(in crate::store) fn product_spec(version: u8, body: &[u8]) -> Result<ProductSpec, CodecError> {
    if version != 1 {
        return Err(unknown(Table::ProductSpecs, version));
    }
    let old: ProductSpecV1 = decode_body(Table::ProductSpecs.name(), body)?;
    Ok(ProductSpec {
        id: old.id,
        foreign_id: old.foreign_id,
        external_id: old.external_id,
        title: old.title,
        description: old.description,
        scope: old.scope,
        status: old.status,
        service_specs: old.service_specs,
        optional_service_specs: old.optional_service_specs,
        user_default: old.user_default,
        days_to_expires: old.days_to_expires,
        devices_max: None,
        posters: old.posters,
        external_refs: old.external_refs,
        created_at: old.created_at,
        updated_at: old.updated_at,
        expires_at: old.expires_at,
        removed_at: old.removed_at,
    })
}
