//! What partners may do on this box, whoever they are.

use serde::{Deserialize, Serialize};

use super::secret::SecretSetting;
use crate::domain::partners::pin::PinRules;

/// The MarketONE API, and the PINs that it makes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarketoneSettings {
    pub enabled: bool,
    /// Digits of a PIN, 4 to 10.
    pub pin_digits: u8,
    /// How long one is good, in seconds.
    pub pin_seconds: u32,
    /// Wrong tries; the last one burns it.
    pub pin_tries: u8,
    /// Most in a quarter of an hour for one account by one partner.
    pub pins_max: u32,
    /// Seconds between two of them.
    pub pin_gap_seconds: u32,
    /// Wrong PINs of one partner within an hour, over all accounts, after which none is judged.
    pub wrong_pins_max: u32,
    /// Partners may write only to accounts that they validated within a day or charged before.
    pub notify_known_only: bool,
    /// Most for one charge where no limit was agreed, in whole units of the operator's currency.
    pub charge_max: u32,
    /// Most for one account in a calendar month, by one partner, likewise.
    pub month_max: u32,
}

/// The carrier's own charging, which decides about partners' charges; an empty `url`: none, the
/// customers' balances here do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CarrierSettings {
    pub url: SecretSetting,
    /// Where the same carrier was before, separated by blanks:
    /// what was handed over there is its own.
    pub former_urls: SecretSetting,
    /// Sent as `X-API-KEY`; empty: none.
    pub api_key: SecretSetting,
    /// How long it may take to answer, before the partner is told that it goes on.
    pub timeout_ms: u32,
}

impl Default for CarrierSettings {
    fn default() -> Self {
        Self {
            url: SecretSetting::default(),
            former_urls: SecretSetting::default(),
            api_key: SecretSetting::default(),
            timeout_ms: 2_000,
        }
    }
}

impl Default for MarketoneSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            pin_digits: 6,
            pin_seconds: 300,
            pin_tries: 3,
            pins_max: 5,
            pin_gap_seconds: 30,
            wrong_pins_max: 100,
            notify_known_only: true,
            charge_max: 1_000,
            month_max: 100_000,
        }
    }
}

impl MarketoneSettings {
    /// How PINs are made.
    #[must_use]
    pub fn pins(&self) -> PinRules {
        PinRules {
            digits: self.pin_digits,
            seconds: self.pin_seconds,
            tries: self.pin_tries,
            most: self.pins_max,
            gap_seconds: self.pin_gap_seconds,
        }
    }

    /// Settings that have bounds: name, value, least, most.
    pub(super) fn ranges(&self) -> [(&'static str, u32, u32, u32); 8] {
        [
            ("marketone.pin_digits", self.pin_digits.into(), 4, 10),
            ("marketone.pin_seconds", self.pin_seconds, 30, 86_400),
            ("marketone.pin_tries", self.pin_tries.into(), 1, 10),
            ("marketone.pins_max", self.pins_max, 1, 100),
            ("marketone.pin_gap_seconds", self.pin_gap_seconds, 0, 900),
            ("marketone.wrong_pins_max", self.wrong_pins_max, 1, 100_000),
            ("marketone.charge_max", self.charge_max, 1, u32::MAX),
            ("marketone.month_max", self.month_max, 1, u32::MAX),
        ]
    }
}
