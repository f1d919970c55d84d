//! Records of boxes and their owners as earlier versions wrote them. Nothing here ever changes, see
//! `old`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::boxes::event::{BoxState, CLASSES};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::{
    BoxProfile, CarrierProfile, Customer, CustomerPassword, CustomerStatus, PersonName,
};
use crate::domain::values::contact::Email;
use crate::domain::values::id::{
    BoxEventId, ChannelId, CustomerId, DeviceId, OrderId, ResellerId, ServiceSpecId,
};
use crate::domain::values::money::Amount;
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// What boxes needed to know of a customer before they had single channels and modules.
#[derive(Serialize, Deserialize)]
struct BoxProfileV1 {
    comment: String,
    end_at: Option<Timestamp>,
    modules: Vec<String>,
    additional_services_on: bool,
    account_balance: String,
    chosen_packages: Vec<ServiceSpecId>,
}

/// Before "paid until" could be a text that is no date.
#[derive(Serialize, Deserialize)]
struct BoxProfileV2 {
    comment: String,
    end_at: Option<Timestamp>,
    end_done: bool,
    modules: Vec<String>,
    additional_services_on: bool,
    account_balance: String,
    chosen_packages: Vec<ServiceSpecId>,
    single_channels: Option<Vec<String>>,
    disabled_modules: Vec<String>,
    restricted_modules: Vec<String>,
}

impl From<BoxProfileV1> for BoxProfileV2 {
    fn from(old: BoxProfileV1) -> Self {
        Self {
            comment: old.comment,
            end_at: old.end_at,
            end_done: false,
            modules: old.modules,
            additional_services_on: old.additional_services_on,
            account_balance: old.account_balance,
            chosen_packages: old.chosen_packages,
            single_channels: None,
            disabled_modules: Vec::new(),
            restricted_modules: Vec::new(),
        }
    }
}

impl From<BoxProfileV2> for BoxProfile {
    fn from(old: BoxProfileV2) -> Self {
        Self {
            comment: old.comment,
            end_at: old.end_at,
            end_done: old.end_done,
            modules: old.modules,
            additional_services_on: old.additional_services_on,
            account_balance: old.account_balance,
            chosen_packages: old.chosen_packages,
            single_channels: old.single_channels,
            disabled_modules: old.disabled_modules,
            restricted_modules: old.restricted_modules,
            end_text: String::new(),
            devices_max: None,
        }
    }
}

/// A customer of versions 1 and 2, which differ in what boxes need to know.
#[derive(Serialize, Deserialize)]
struct OldCustomer<P> {
    id: CustomerId,
    login: Option<String>,
    account_number: Option<String>,
    name: PersonName,
    email: Option<Email>,
    phones: Vec<String>,
    status: CustomerStatus,
    service_provider: String,
    location: Option<OpenObject>,
    address: Option<OpenObject>,
    billing_address: Option<OpenObject>,
    external_refs: Vec<OpenObject>,
    password: CustomerPassword,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
    updated_at: Timestamp,
    primary_order: Option<OrderId>,
    reseller: Option<ResellerId>,
    carrier: CarrierProfile,
    opening_balance: Option<Amount>,
    box_profile: P,
}

impl<P: Into<BoxProfileV2>> From<OldCustomer<P>> for Customer {
    fn from(old: OldCustomer<P>) -> Self {
        Self {
            id: old.id,
            login: old.login,
            account_number: old.account_number,
            name: old.name,
            email: old.email,
            phones: old.phones,
            status: old.status,
            service_provider: old.service_provider,
            location: old.location,
            address: old.address,
            billing_address: old.billing_address,
            external_refs: old.external_refs,
            password: old.password,
            created_at: old.created_at,
            activated_at: old.activated_at,
            updated_at: old.updated_at,
            primary_order: old.primary_order,
            reseller: old.reseller,
            carrier: old.carrier,
            opening_balance: old.opening_balance,
            box_profile: old.box_profile.into().into(),
            status_changed_at: None,
        }
    }
}

pub(in crate::store) fn customer(version: u8, body: &[u8]) -> Result<Customer, CodecError> {
    let table = Table::Customers.name();
    match version {
        1 => Ok(decode_body::<OldCustomer<BoxProfileV1>>(table, body)?.into()),
        2 => Ok(decode_body::<OldCustomer<BoxProfileV2>>(table, body)?.into()),
        _ => Err(unknown(Table::Customers, version)),
    }
}

/// A device before changes of its status were dated.
#[derive(Serialize, Deserialize)]
struct DeviceV1 {
    id: DeviceId,
    foreign_id: Option<String>,
    customer: CustomerId,
    kind: DeviceKind,
    status: DeviceStatus,
    model: String,
    platform: String,
    brand: String,
    serial: String,
    mac: String,
    created_at: Timestamp,
    removed_at: Option<Timestamp>,
}

pub(in crate::store) fn device(version: u8, body: &[u8]) -> Result<Device, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Devices, version));
    }
    let old: DeviceV1 = decode_body(Table::Devices.name(), body)?;
    Ok(Device {
        id: old.id,
        foreign_id: old.foreign_id,
        customer: old.customer,
        kind: old.kind,
        status: old.status,
        model: old.model,
        platform: old.platform,
        brand: old.brand,
        serial: old.serial,
        mac: old.mac,
        created_at: old.created_at,
        removed_at: old.removed_at,
        status_changed_at: None,
    })
}

/// A box before the viewer's PIN, films and settings were kept.
#[derive(Serialize, Deserialize)]
struct BoxStateV1 {
    device: DeviceId,
    token_hash: Option<[u8; 32]>,
    address: String,
    version: String,
    last_active_at: Option<Timestamp>,
    broadcasts_done: [BoxEventId; CLASSES],
    favourites: Vec<ChannelId>,
    favourite_radio: Vec<ChannelId>,
    last_channel: Option<ChannelId>,
}

pub(in crate::store) fn box_state(version: u8, body: &[u8]) -> Result<BoxState, CodecError> {
    if version != 1 {
        return Err(unknown(Table::BoxStates, version));
    }
    let old: BoxStateV1 = decode_body(Table::BoxStates.name(), body)?;
    Ok(BoxState {
        device: old.device,
        token_hash: old.token_hash,
        address: old.address,
        version: old.version,
        last_active_at: old.last_active_at,
        broadcasts_done: old.broadcasts_done,
        favourites: old.favourites,
        favourite_radio: old.favourite_radio,
        last_channel: old.last_channel,
        favourite_movies: Vec::new(),
        unfinished_movies: Vec::new(),
        locked_channels: Vec::new(),
        parental_pin: None,
        settings_pin: None,
        settings: BTreeMap::new(),
        signed_in_at: None,
        often_moved_at: None,
    })
}
