//! How a delivery to another system stands.

use serde::{Deserialize, Serialize};

/// Stored by position, and a part of keys: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeliveryState {
    Waiting,
    /// The other side said that it has it.
    Delivered,
    /// It was tried for three days, and often enough.
    Dead,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 3] = [Self::Waiting, Self::Delivered, Self::Dead];
}
