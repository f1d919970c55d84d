//! Partners of an apply document.

use crate::domain::carrier::{Callback, Partner, PartnerProduct, PinPolicy};
use crate::domain::contact::Email;
use crate::domain::id::{PartnerId, ProductSpecId};
use crate::domain::money::{Currency, Share};
use crate::domain::staff::Secret;
use crate::domain::subscription::{INTERVAL_SECONDS_MAX, RETRIES_MAX};
use crate::ops::{OpError, partners};
use crate::outbound::webhook::fault_of;
use crate::store::{Read as _, Table, Tx};

use super::document::{CallbackIn, PartnerIn};
use super::{parse_amount, parse_currency, wrong};

/// A partner as the document has it. An API key is taken where it has none yet: one that was rotated must not
/// come back with the next document. Who is switched off stays so unless the document says otherwise.
pub(super) fn partner(
    tx: &mut Tx<'_>,
    given: &PartnerIn,
    path: &str,
    currency: Currency,
) -> Result<Partner, OpError> {
    let held = tx.get_by::<Partner>(Table::PartnersByKey, given.key.as_bytes())?;
    let id = match &held {
        Some(held) => held.id,
        None => tx.next_id::<PartnerId>()?,
    };
    let limit = |text: &Option<String>, name: &str| match text {
        Some(text) => parse_amount(text, currency, || format!("{path}.{name}")).map(Some),
        None => Ok(None),
    };
    let mut currencies = Vec::new();
    for (i, code) in given.currencies.iter().enumerate() {
        currencies.push(parse_currency(code, || format!("{path}.currencies[{i}]"))?);
    }
    let share = match &given.share {
        Some(text) => Share::parse(text).ok_or_else(|| {
            let problem = "must be a percentage from 0 to 100 in quotes, such as \"70\"";
            wrong(&format!("{path}.share"), problem)
        })?,
        None => held.as_ref().map_or(Share::ALL, |held| held.share),
    };
    let per_second = held.as_ref().map_or(0, |held| held.requests_per_second);
    let on = held.as_ref().is_none_or(|held| held.on);
    let held_policy = held.as_ref().map_or(PinPolicy::Off, |held| held.pin_policy);
    let held_sends = held.as_ref().is_some_and(|held| held.sends_pin);
    let (held_hash, old_api_key, held_callback) = match held {
        Some(held) => (held.api_key_hash, held.old_api_key, held.callback),
        None => (None, None, None),
    };
    let given_key = given.api_key.as_ref().filter(|_| held_hash.is_none());
    let given_hash = given_key.map(|key| partners::hash(key));
    if let Some(hash) = &given_hash {
        let holder = tx.get_by::<Partner>(Table::PartnersByApiKey, hash.0.as_bytes())?;
        if holder.is_some_and(|holder| holder.id != id) {
            let problem = "another partner has this key";
            return Err(wrong(&format!("{path}.api_key"), problem));
        }
    }
    Ok(Partner {
        id,
        key: given.key.clone(),
        name: given.name.clone(),
        old_api_key,
        api_key_hash: held_hash.or(given_hash),
        products: products(tx, given, path)?,
        currencies,
        refunds: given.refunds.unwrap_or(false),
        pin_policy: pin_policy(given, held_policy, path)?,
        sends_pin: given.sends_pin.unwrap_or(held_sends),
        per_charge_limit: limit(&given.per_charge_limit, "per_charge_limit")?,
        monthly_limit: limit(&given.monthly_limit, "monthly_limit")?,
        share,
        requests_per_second: given.requests_per_second.unwrap_or(per_second),
        on: given.on.unwrap_or(on),
        callback: match &given.callback {
            None => held_callback,
            Some(given) if given.url.is_empty() => None,
            Some(given) => Some(callback(given, &format!("{path}.callback"))?),
        },
    })
}

fn products(tx: &Tx<'_>, given: &PartnerIn, path: &str) -> Result<Vec<PartnerProduct>, OpError> {
    let mut products = Vec::with_capacity(given.products.len());
    for (i, product) in given.products.iter().enumerate() {
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
