//! Keys under which callers ask for something once.

use serde::{Deserialize, Serialize};

use super::id::UsedKeyId;
use super::time::Timestamp;

/// A key that was used, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedKey {
    pub id: UsedKeyId,
    /// As the caller sent it.
    pub key: String,
    /// SHA-256 of what was asked for under it.
    pub asked: [u8; 32],
    /// Number of the record that it made or changed; of which kind, who asked knows.
    pub made: u64,
    pub at: Timestamp,
}

/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 255;
/// How long a key is kept at least, in seconds: seven days.
pub const KEY_SECONDS: i64 = 604_800;
