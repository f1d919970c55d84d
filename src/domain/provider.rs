//! The operator's own company: name, currency, calendar.

use serde::{Deserialize, Serialize};

use super::money::Currency;

/// What the apply document says of the provider; it stands above the settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub name: String,
    pub currency: Currency,
    /// IANA name.
    pub time_zone: String,
}
