//! Partners of an apply document.

use crate::domain::partners::subscription::{INTERVAL_SECONDS_MAX, RETRIES_MAX};
use crate::domain::partners::{Callback, Partner, PartnerProduct, PinPolicy};
use crate::domain::staff::Maker;
use crate::domain::staff::Secret;
use crate::domain::values::contact::Email;
use crate::domain::values::id::ProductSpecId;
use crate::domain::values::money::{Amount, Currency, Share};
use crate::ops::{OpError, partners};
use crate::outbound::webhook::fault_of;
use crate::store::{Read as _, Table, Tx};

use super::document::{CallbackIn, PartnerIn, PartnerProductIn};
use super::values::{parse_amount, parse_currency, wrong};

/// A partner as the document has it; what it does not say stays as it is. An API key is taken where
/// there is none yet: one that was rotated must not come back with the next document.
pub(super) fn partner(
    tx: &mut Tx<'_>,
    given: &PartnerIn,
    path: &str,
    currency: Currency,
    maker: &Maker,
) -> Result<Partner, OpError> {
    let held = tx.get_by::<Partner>(Table::PartnersByKey, given.key.as_bytes())?;
    let mut partner = match held {
        Some(held) => held,
        None => partners::fresh_partner(tx.next_id()?, given.key.clone(), given.name.clone()),
    };
    partner.name.clone_from(&given.name);
    if let Some(api_key) = given
        .api_key
        .as_ref()
        .filter(|_| partner.api_key_hash.is_none())
    {
        let hash = partners::hash(api_key);
        let holder = tx.get_by::<Partner>(Table::PartnersByApiKey, hash.0.as_bytes())?;
        if holder.is_some_and(|holder| holder.id != partner.id) {
            let problem = "another partner has this key";
            return Err(wrong(&format!("{path}.api_key"), problem));
        }
        partner.api_key_hash = Some(hash);
        partner.key_made_by = maker.clone();
    }
    if let Some(given) = &given.products {
        partner.products = products(tx, given, path)?;
    }
    if let Some(codes) = &given.currencies {
        partner.currencies.clear();
        for (i, code) in codes.iter().enumerate() {
            let code = parse_currency(code, || format!("{path}.currencies[{i}]"))?;
            partner.currencies.push(code);
        }
    }
    let limit = |text: &str, name: &str| -> Result<Option<Amount>, OpError> {
        if text.is_empty() {
            return Ok(None);
        }
        let amount = parse_amount(text, currency, || format!("{path}.{name}"))?;
        if amount.minor < 0 {
            let problem = "must not be negative";
            return Err(wrong(&format!("{path}.{name}"), problem));
        }
        Ok(Some(amount))
    };
    if let Some(text) = &given.per_charge_limit {
        partner.per_charge_limit = limit(text, "per_charge_limit")?;
    }
    if let Some(text) = &given.monthly_limit {
        partner.monthly_limit = limit(text, "monthly_limit")?;
    }
    if let Some(text) = &given.share {
        partner.share = Share::parse(text).ok_or_else(|| {
            let problem = "must be a percentage from 0 to 100 in quotes, such as \"70\" or \
                           \"62.5\", with at most three decimals";
            wrong(&format!("{path}.share"), problem)
        })?;
    }
    if let Some(given) = &given.callback {
        partner.callback = if given.url.is_empty() {
            None
        } else {
            Some(callback(given, &format!("{path}.callback"))?)
        };
    }
    partner.pin_policy = pin_policy(given, partner.pin_policy, path)?;
    partner.sends_pin = given.sends_pin.unwrap_or(partner.sends_pin);
    partner.refunds = given.refunds.unwrap_or(partner.refunds);
    let per_second = given.requests_per_second;
    partner.requests_per_second = per_second.unwrap_or(partner.requests_per_second);
    partner.on = given.on.unwrap_or(partner.on);
    partner.agreed |= partner.says_what();
    Ok(partner)
}

fn products(
    tx: &Tx<'_>,
    given: &[PartnerProductIn],
    path: &str,
) -> Result<Vec<PartnerProduct>, OpError> {
    let mut products = Vec::with_capacity(given.len());
    for (i, product) in given.iter().enumerate() {
        let others = given.iter().take(i);
        let problem = if product.code.chars().count() > CODE_CHARS_MAX {
            Some("must have at most 15 characters")
        } else if others.into_iter().any(|other| other.code == product.code) {
            Some("stands twice")
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(wrong(&format!("{path}.products[{i}].code"), problem));
        }
        let mut sold_with = Vec::with_capacity(product.sold_with.len());
        for (j, name) in product.sold_with.iter().enumerate() {
            let index = Table::ProductSpecsByExternal;
            let found = tx.find::<ProductSpecId>(index, name.as_bytes())?;
            let place = || format!("{path}.products[{i}].sold_with[{j}]");
            sold_with.push(found.ok_or_else(|| wrong(&place(), "no such product"))?);
        }
        products.push(PartnerProduct {
            code: product.code.clone(),
            title: product.title.clone(),
            sold_with,
        });
    }
    Ok(products)
}

/// Longest product code that a charge can name (marketone 1.3).
const CODE_CHARS_MAX: usize = 15;
/// Tries beyond the first, and seconds between two, where the document says nothing.
const RETRIES: u32 = 5;
const INTERVAL_SECONDS: u32 = 60;
/// Longest key of a partner's own, in bytes.
const API_KEY_MAX: usize = 1_024;

fn callback(given: &CallbackIn, path: &str) -> Result<Callback, OpError> {
    let at = |name: &str, problem: &str| Err(wrong(&format!("{path}.{name}"), problem));
    if let Some(problem) = fault_of(&given.url) {
        return at("url", problem);
    }
    let visible = given
        .api_key
        .bytes()
        .all(|byte| (0x20..0x7F).contains(&byte));
    if given.api_key.is_empty() || given.api_key.len() > API_KEY_MAX || !visible {
        return at("api_key", "must be 1 to 1024 visible ASCII characters");
    }
    let retries = given.retries.unwrap_or(RETRIES);
    if retries > RETRIES_MAX {
        return at("retries", "must be at most 1000");
    }
    let interval_seconds = given.interval_seconds.unwrap_or(INTERVAL_SECONDS);
    if !(1..=INTERVAL_SECONDS_MAX).contains(&interval_seconds) {
        return at("interval_seconds", "must be from 1 to 86400");
    }
    let error_email = given.error_email.clone().filter(|text| !text.is_empty());
    if error_email
        .as_deref()
        .is_some_and(|text| Email::parse(text).is_none())
    {
        return at("error_email", "must be an e-mail address");
    }
    Ok(Callback {
        url: given.url.clone(),
        api_key: Secret(given.api_key.clone()),
        retries,
        interval_seconds,
        error_email,
    })
}

/// The policy that a document says; one that says none leaves what was agreed.
fn pin_policy(given: &PartnerIn, held: PinPolicy, path: &str) -> Result<PinPolicy, OpError> {
    let at = |problem: &str| Err(wrong(&format!("{path}.pin_policy"), problem));
    match (given.pin_policy.as_deref(), given.pin_required) {
        (None, None) => Ok(held),
        (Some(_), Some(_)) => at("must not stand beside pin_required"),
        (None, Some(false)) | (Some("off"), None) => Ok(PinPolicy::Off),
        (Some("first-charge"), None) => Ok(PinPolicy::FirstCharge),
        (None, Some(true)) | (Some("every-charge"), None) => Ok(PinPolicy::EveryCharge),
        (Some(_), None) => at("must be off, first-charge or every-charge"),
    }
}
