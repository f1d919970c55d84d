//! Billing runs and their guard, and the system that bills instead of us.

use serde::{Deserialize, Serialize};

use super::secret::SecretSetting;

/// Billing runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillingSettings {
    /// A run that looks like a mistake is held until somebody releases it, or its time is over.
    pub guard: bool,
    /// Of older versions: read, and says nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard_share_percent: Option<u8>,
    /// How many times what the forecast of the day says its runs may invoice.
    pub guard_multiple: u32,
    /// Most cycles of one order that are billed at once, where they cover more than 35 days.
    pub guard_cycles: u32,
    /// By how much a price of running orders may have changed, in percent.
    pub guard_price_percent: u32,
    /// How long a held run waits for a person before the orders without a doubt are worked.
    pub guard_hold_hours: u32,
    /// How many days before an order stops its customer is told, if such letters are switched on;
    /// 0: never.
    pub expiry_reminder_days: u8,
    /// Another system that does the billing, at most one: this box is then its middleware.
    pub external: Vec<ExternalBilling>,
}

/// A billing system that implements the AlphaOTT billing APIs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalBilling {
    /// What it is called in redirects.
    pub r#type: String,
    /// Where its API is, prefix included; of an address alone the usual prefix is meant.
    pub url: String,
    /// The integration token it gave us.
    pub token: SecretSetting,
}

impl Default for BillingSettings {
    fn default() -> Self {
        Self {
            guard: true,
            guard_share_percent: None,
            guard_multiple: 5,
            guard_cycles: 2,
            guard_price_percent: 50,
            guard_hold_hours: 72,
            expiry_reminder_days: 3,
            external: Vec::new(),
        }
    }
}
