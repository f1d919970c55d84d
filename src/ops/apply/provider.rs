//! What a document says of the operator's own company. What it leaves out stays as it is.

use crate::app::{Ctx, is_booked};
use crate::domain::provider::{PAYMENT_DAYS_MAX, Provider, is_invoice_prefix, letterhead_lines};
use crate::ops::OpError;
use crate::store::Tx;

use super::document::ProviderIn;
use super::values::{parse_currency, wrong};

/// The provider as the document has it, over what is held and what the settings say.
pub(super) fn provider(
    ctx: &Ctx,
    tx: &Tx<'_>,
    given: &ProviderIn,
    held: Option<&Provider>,
) -> Result<Provider, OpError> {
    check_letterhead(given)?;
    let settings = &ctx.app.config.provider;
    let currency = ctx.app.company().currency;
    let asked = match &given.currency {
        Some(code) => parse_currency(code, || "provider.currency".to_owned())?,
        None => currency,
    };
    if asked != currency && is_booked(tx)? {
        let (books, asked) = (currency.as_str(), asked.as_str());
        let problem = format!(
            "money is booked in {books}, and the currency of the books does not change: leave it \
             out, or keep books in {asked} in a data folder of their own"
        );
        return Err(wrong("provider.currency", &problem));
    }
    let or_held = |given: &Option<String>, of: fn(&Provider) -> &Option<String>| {
        let held = || held.and_then(|held| of(held).clone());
        given.clone().or_else(held)
    };
    let name = given.name.clone().or(held.map(|held| held.name.clone()));
    let zone = given.time_zone.clone();
    let zone = zone.or(held.map(|held| held.time_zone.clone()));
    Ok(Provider {
        name: name.unwrap_or_else(|| settings.name.clone()),
        currency: asked,
        time_zone: zone.unwrap_or_else(|| settings.time_zone.clone()),
        address: or_held(&given.address, |held| &held.address),
        tax_id: or_held(&given.tax_id, |held| &held.tax_id),
        bank: or_held(&given.bank, |held| &held.bank),
        invoice_prefix: or_held(&given.invoice_prefix, |held| &held.invoice_prefix),
        payment_days: given
            .payment_days
            .or(held.and_then(|held| held.payment_days)),
    })
}

/// What is said must fit on an invoice.
fn check_letterhead(given: &ProviderIn) -> Result<(), OpError> {
    let fits = |text: &Option<String>, lines_max: usize| {
        let lines = text.as_deref().map(letterhead_lines);
        lines.is_none_or(|lines| lines.is_some_and(|lines| lines.len() <= lines_max))
    };
    for (text, name) in [(&given.address, "address"), (&given.bank, "bank")] {
        if !fits(text, usize::MAX) {
            let problem = "must have at most 6 lines of at most 120 characters";
            return Err(wrong(&format!("provider.{name}"), problem));
        }
    }
    if !fits(&given.tax_id, 1) {
        let problem = "must be one line of at most 120 characters";
        return Err(wrong("provider.tax_id", problem));
    }
    if !is_invoice_prefix(given.invoice_prefix.as_deref().unwrap_or_default()) {
        let problem = "must have at most 16 letters, digits or - / . _";
        return Err(wrong("provider.invoice_prefix", problem));
    }
    if given
        .payment_days
        .is_some_and(|days| days > PAYMENT_DAYS_MAX)
    {
        return Err(wrong("provider.payment_days", "must be at most 365"));
    }
    Ok(())
}
