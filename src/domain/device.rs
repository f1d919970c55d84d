//! Devices: hardware or apps that play.

use serde::{Deserialize, Serialize};

use super::id::{CustomerId, DeviceId};
use super::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    Unknown,
    Stb,
    Pc,
    Tv,
    Mobile,
    Tablet,
}

/// Only an active device may play. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceStatus {
    Active,
    Inactive,
    Broken,
    /// In the warehouse, not yet handed out.
    Stock,
    Retired,
}

/// Hardware or an app that plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    /// The id a client brought; names this device for ever, also after its removal.
    pub foreign_id: Option<String>,
    pub customer: CustomerId,
    pub kind: DeviceKind,
    pub status: DeviceStatus,
    pub model: String,
    pub platform: String,
    pub brand: String,
    pub serial: String,
    /// Whatever text was given: the vendor's sample has eight octets.
    pub mac: String,
    pub created_at: Timestamp,
    pub removed_at: Option<Timestamp>,
}

/// Most devices one customer may have, removed ones aside.
pub const DEVICES_PER_CUSTOMER_MAX: usize = 500;
