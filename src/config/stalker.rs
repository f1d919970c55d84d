//! The Stalker API and the portal of boxes.

use serde::{Deserialize, Serialize};

use super::secret::SecretSetting;

/// The Stalker API and portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the original, each its own"
)]
pub struct StalkerSettings {
    pub enabled: bool,
    /// What billing scripts sign in with.
    pub login: String,
    pub password: SecretSetting,
    /// Without login and password: whoever reaches the API may use it, as in the original.
    pub open: bool,
    /// How many boxes a customer may sign in on, where neither customer nor plan says.
    pub devices_max: u32,
    /// Seconds between two polls of a box.
    pub watchdog_timeout: u32,
    pub allow_resellers_info: bool,
    /// `end_date` is shown and acted on.
    pub internal_billing: bool,
    /// `disabled` of STB_MODULES is computed from the plan.
    pub tariff_plans: bool,
}

impl StalkerSettings {
    /// Whether billing scripts have a login in the settings.
    #[must_use]
    pub fn has_login(&self) -> bool {
        !self.login.is_empty() && !self.password.is_empty()
    }

    /// Refuses half a login, and one that would be asked of nobody.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        for (name, is_empty, other_is_empty) in [
            (
                "stalker.password",
                self.password.is_empty(),
                self.login.is_empty(),
            ),
            (
                "stalker.login",
                self.login.is_empty(),
                self.password.is_empty(),
            ),
        ] {
            anyhow::ensure!(
                !is_empty || other_is_empty,
                "setting {name}: must not be empty: login and password go together"
            );
        }
        anyhow::ensure!(
            !self.open || self.login.is_empty(),
            "setting stalker.open: lets everybody in, so stalker.login and stalker.password would \
             be asked of nobody: take out one or the other"
        );
        Ok(())
    }

    /// Whether everybody may use the API for billing scripts.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open && self.login.is_empty() && self.password.is_empty()
    }
}

impl Default for StalkerSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            login: String::new(),
            password: SecretSetting::default(),
            open: false,
            devices_max: 5,
            watchdog_timeout: 120,
            allow_resellers_info: false,
            internal_billing: false,
            tariff_plans: false,
        }
    }
}
