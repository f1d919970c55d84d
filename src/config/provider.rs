//! The operator's own company: what it is called, where it is, how it counts days and money.

use serde::{Deserialize, Serialize};

use super::checks::is_language_tag;
use crate::domain::provider::{PAYMENT_DAYS_MAX, is_invoice_prefix, letterhead_lines};
use crate::domain::values::calendar::Zone;
use crate::domain::values::money::Currency;

/// Days that a customer has to pay an invoice where nothing else is set.
const PAYMENT_DAYS: u32 = 14;

/// The operator's own company, until an apply document says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name; its midnight ends a day.
    pub time_zone: String,
    pub locale: String,
    /// Of the company, line by line; stands on invoices, as do the tax number and the bank account.
    pub address: String,
    pub tax_id: String,
    pub bank: String,
    /// In front of the number of every invoice.
    pub invoice_prefix: String,
    /// How many days a customer has to pay an invoice that is not paid at once.
    pub payment_days: u32,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            name: "Boxoffice".to_owned(),
            currency: "USD".to_owned(),
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            address: String::new(),
            tax_id: String::new(),
            bank: String::new(),
            invoice_prefix: String::new(),
            payment_days: PAYMENT_DAYS,
        }
    }
}

impl ProviderSettings {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let known = |ok: bool, name: &str, hint: &str| {
            anyhow::ensure!(ok, "setting {name}: {hint}");
            Ok(())
        };
        known(
            Zone::parse(&self.time_zone).is_some(),
            "provider.time_zone",
            "no such time zone; use an IANA name such as Europe/Berlin",
        )?;
        known(
            Currency::parse(&self.currency).is_some(),
            "provider.currency",
            "no such currency; use an ISO 4217 code such as EUR",
        )?;
        known(
            is_language_tag(&self.locale),
            "provider.locale",
            "must be a language such as de, or with a country such as de-DE",
        )?;
        for (text, name) in [
            (&self.address, "provider.address"),
            (&self.bank, "provider.bank"),
        ] {
            known(
                letterhead_lines(text).is_some(),
                name,
                "must have at most 6 lines of at most 120 characters",
            )?;
        }
        known(
            letterhead_lines(&self.tax_id).is_some_and(|lines| lines.len() <= 1),
            "provider.tax_id",
            "must be one line of at most 120 characters",
        )?;
        known(
            is_invoice_prefix(&self.invoice_prefix),
            "provider.invoice_prefix",
            "must have at most 16 letters, digits or - / . _",
        )?;
        known(
            self.payment_days <= PAYMENT_DAYS_MAX,
            "provider.payment_days",
            "must be at most 365",
        )
    }
}
