//! What we keep for others without understanding it: objects of an outside system, verbatim.

use serde::{Deserialize, Serialize};

/// The text of one JSON object exactly as it was sent: numbers, order and unknown members included.
/// The dialect that took it has checked that it is one; nothing in here reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenObject(pub String);
