//! What happened: the audit log (who changed what) and customers' activity (what they did).

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{ActivityId, AuditId, CustomerId, DeviceId};
use crate::domain::values::time::Timestamp;

/// One field of a record that changed. Texts, secrets hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub before: String,
    pub after: String,
}

/// One line of the audit log. Each carries the hash of all before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub id: AuditId,
    pub at: Timestamp,
    /// `operator`, `token` or `system`.
    pub actor_kind: String,
    pub actor_name: String,
    /// Which interface it came through.
    pub dialect: String,
    pub request_id: String,
    /// `customer.create` and the like.
    pub action: String,
    /// Kind of record and its number.
    pub subject: (String, u64),
    pub changes: Vec<Change>,
    /// SHA-256 over the line before's hash and this line without it.
    pub chain: [u8; 32],
}

/// What a customer or their box did. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivityAction {
    SignedIn,
    StatusChanged,
    PasswordChanged,
    PasswordReset,
    DeviceAdded,
    DeviceRemoved,
    DeviceStatusChanged,
    OrderPlaced,
    OrderStatusChanged,
    /// A box came from many networks within a day.
    DeviceMovedOften,
}

/// Something that really happened to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub id: ActivityId,
    pub customer: CustomerId,
    /// The device it happened with.
    pub device: Option<DeviceId>,
    pub ip: String,
    pub at: Timestamp,
    pub action: ActivityAction,
    /// Names and texts that say more.
    pub details: Vec<(String, String)>,
}
