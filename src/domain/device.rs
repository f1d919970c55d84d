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
    /// When the status last became another one; not known of before the box kept it.
    pub status_changed_at: Option<Timestamp>,
}

impl Device {
    /// A set-top box that a customer begins to use.
    #[must_use]
    pub fn new_box(id: DeviceId, customer: CustomerId, mac: String, now: Timestamp) -> Self {
        Self {
            id,
            foreign_id: None,
            customer,
            kind: DeviceKind::Stb,
            status: DeviceStatus::Active,
            model: String::new(),
            platform: String::new(),
            brand: String::new(),
            serial: String::new(),
            mac,
            created_at: now,
            removed_at: None,
            status_changed_at: None,
        }
    }

    /// The same device in another status.
    #[must_use]
    pub fn with_status(&self, status: DeviceStatus, now: Timestamp) -> Self {
        let mut after = self.clone();
        if after.status != status {
            after.status = status;
            after.status_changed_at = Some(now);
        }
        after
    }
}

/// Most devices one customer may have, removed ones aside.
pub const DEVICES_PER_CUSTOMER_MAX: usize = 500;
