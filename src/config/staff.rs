//! Limits of those members of staff who handle money but do not answer for it.

use serde::{Deserialize, Serialize};

/// Most that is moved at once, in whole units of whichever currency it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StaffSettings {
    /// One payment that a cashier or dealer books.
    pub payment_max: u32,
    /// One refund that a cashier or dealer makes.
    pub refund_max: u32,
    /// The first bill of one order that a cashier or dealer opens.
    pub sale_max: u32,
    /// All vouchers of one batch together; owners have no such limit.
    pub vouchers_max: u32,
}

impl Default for StaffSettings {
    fn default() -> Self {
        Self {
            payment_max: 10_000,
            refund_max: 1_000,
            sale_max: 10_000,
            vouchers_max: 100_000,
        }
    }
}
