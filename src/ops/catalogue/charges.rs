//! What an offer says of its price and its ladder, read from the objects that came with it. A
//! charge has the members below and no others: a slip in a name must not give TV away.
//!
//! `charges`: `type`, `title`, `amount`, `currency`, `taxRate`, `taxIncluded`, `taxRates`,
//! `refundable`. `dunning`: `grace_days`, `reminder_days`, `suspend_days`. Rules:
//! `docs/billing.md`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::app::Ctx;
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::{Charge, Price, TaxDays, currency, lines, total_minor};
use crate::domain::catalogue::dunning::{LADDER_DAYS_MAX, Ladder, REMINDERS_MAX};
use crate::domain::catalogue::kinds::OrderType;
use crate::domain::refusal::OrderRefusal;
use crate::domain::values::calendar::LocalDate;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read as _;

/// Most dated tax rates of one charge.
const DATED_RATES_MAX: usize = 100;

#[derive(Deserialize)]
struct ChargeParts {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    amount: Option<Box<RawValue>>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default, rename = "taxRate", alias = "tax_rate")]
    tax_rate: Option<Box<RawValue>>,
    #[serde(default, rename = "taxIncluded", alias = "tax_included")]
    tax_included: Option<bool>,
    #[serde(default, rename = "taxRates", alias = "tax_rates")]
    tax_rates: Option<Vec<DatedRate>>,
    #[serde(default)]
    refundable: Option<bool>,
}

#[derive(Deserialize)]
struct DatedRate {
    from: String,
    rate: Box<RawValue>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the members' own names")]
struct LadderParts {
    #[serde(default)]
    grace_days: Option<u32>,
    #[serde(default)]
    reminder_days: Option<Vec<u32>>,
    #[serde(default)]
    suspend_days: Option<u32>,
}

fn bad(path: String, problem: impl Into<String>) -> OpError {
    let problem = problem.into();
    OpError::Document { path, problem }
}

/// Whether changed charges hold for orders that run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PriceChange {
    /// From their next cycle on.
    #[default]
    NextCycle,
    /// Never: they keep the price they began with.
    NewOrders,
}

/// Gives `offer` these charges: a new price from `now` on, if they differ from what holds.
/// `path` names the place in errors.
pub(in crate::ops) fn set_charges(
    offer: &mut ProductOffer,
    objects: Vec<OpenObject>,
    change: PriceChange,
    home: Currency,
    path: &str,
    now: Timestamp,
) -> Result<(), OpError> {
    let charges = parse_all(&objects, home, path)?;
    if objects != offer.charges {
        // What comes back as it was read is not judged: older charges may be laxer.
        for (i, object) in objects.iter().enumerate() {
            check_members(object, &format!("{path}[{i}]"))?;
        }
    }
    price(offer, objects, charges, change, now);
    Ok(())
}

/// Refuses an offer whose charges come to less than nothing. One that bills as it did before is not
/// judged: older ones may be laxer.
pub(in crate::ops) fn check_offer(
    before: Option<&ProductOffer>,
    after: &ProductOffer,
    path: &str,
) -> Result<(), OpError> {
    let Some(price) = after.prices.last() else {
        return Ok(());
    };
    let held = before.and_then(|before| Some((before.prices.last()?, before.order_type)));
    if held == Some((price, after.order_type)) {
        return Ok(());
    }
    check_sums(&price.charges, after.order_type, path)
}

/// Refuses charges that come to less than nothing, with the first cycle or with a later one: a slip
/// of the sign would give TV away, and money with it. Discounts may eat all of the price, tax
/// included.
pub(in crate::ops) fn check_sums(
    charges: &[Charge],
    order_type: OrderType,
    path: &str,
) -> Result<(), OpError> {
    // The tax may change on a day of its own, and with it what tax on top comes to.
    let mut days: Vec<LocalDate> = charges.iter().flat_map(Charge::days_of_rates).collect();
    days.push(LocalDate::MIN);
    for day in days {
        for (cycle, words) in [(0, "the first cycle"), (1, "every cycle after the first")] {
            let lines = lines(charges, "", order_type, cycle, TaxDays::of(day));
            if total_minor(&lines) < 0 {
                let problem =
                    format!("come to less than nothing with {words}; make the discounts smaller");
                return Err(bad(path.to_owned(), problem));
            }
        }
    }
    Ok(())
}

/// Members of a charge, in the spelling of each interface.
const MEMBERS: [&str; 11] = [
    "type",
    "title",
    "amount",
    "currency",
    "taxRate",
    "tax_rate",
    "taxIncluded",
    "tax_included",
    "taxRates",
    "tax_rates",
    "refundable",
];

/// Refuses a charge with a member that there is not, or without one that there must be.
fn check_members(object: &OpenObject, path: &str) -> Result<(), OpError> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&object.0)
        .map_err(|_| bad(path.to_owned(), "must be a JSON object"))?;
    let unknown = members
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()));
    if let Some(name) = unknown {
        let problem = "a charge has no such member: type, title, amount, currency, taxRate, \
                       taxIncluded, taxRates, refundable";
        return Err(bad(format!("{path}.{name}"), problem));
    }
    for (name, problem) in [
        ("type", "is required: ONE_TIME or RECURRING"),
        ("amount", "is required: a number"),
    ] {
        if members.get(name).is_none_or(serde_json::Value::is_null) {
            return Err(bad(format!("{path}.{name}"), problem));
        }
    }
    Ok(())
}

/// Sets the charges, and a new price from `now` on if they are not the ones that hold.
fn price(
    offer: &mut ProductOffer,
    objects: Vec<OpenObject>,
    charges: Vec<Charge>,
    change: PriceChange,
    now: Timestamp,
) {
    let term = offer.term;
    let held = offer.prices.last();
    if held.is_none_or(|held| held.charges != charges) {
        // The same in other words stays as it is written.
        offer.charges = objects;
    }
    let held = offer.prices.last();
    if held.is_some_and(|price| price.charges == charges && price.term == term) {
        return;
    }
    if held.is_none() && charges.is_empty() {
        return;
    }
    let version = held.map_or(0, |price| price.version).saturating_add(1);
    let first = held.is_none();
    // An offer that had no price was free: for orders that began so, the first price is a change.
    if first && change == PriceChange::NewOrders {
        offer.prices.push(Price {
            version: 0,
            since: offer.created_at,
            for_running: false,
            term,
            charges: Vec::new(),
        });
    }
    offer.prices.push(Price {
        version,
        since: now,
        for_running: change == PriceChange::NextCycle,
        term,
        charges,
    });
}

/// Gives `offer` this ladder; none: the usual one.
pub(in crate::ops) fn set_ladder(
    offer: &mut ProductOffer,
    object: Option<OpenObject>,
    path: &str,
) -> Result<(), OpError> {
    offer.ladder = match &object {
        None => None,
        Some(object) => Some(ladder(object, offer, path)?),
    };
    // The same in other words stays as it is written.
    let same = match (&object, &offer.dunning) {
        (Some(one), Some(held)) => same_json(&one.0, &held.0),
        _ => false,
    };
    if !same {
        offer.dunning = object;
    }
    Ok(())
}

/// Whether two texts are the same JSON, however they are spaced and ordered.
fn same_json(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || parse(one).is_some_and(|value| parse(other) == Some(value))
}

fn ladder(object: &OpenObject, offer: &ProductOffer, path: &str) -> Result<Ladder, OpError> {
    let mut reader = serde_json::Deserializer::from_str(&object.0);
    let parts: LadderParts = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        bad(
            format!("{path}.{}", error.path()),
            "must be a number of days",
        )
    })?;
    let usual = Ladder::usual(offer.billing);
    let days = |given: Option<u32>, usual: u32, name: &str| {
        let days = given.unwrap_or(usual);
        if days <= LADDER_DAYS_MAX {
            Ok(days)
        } else {
            let problem = format!("must be at most {LADDER_DAYS_MAX}");
            Err(bad(format!("{path}.{name}"), problem))
        }
    };
    let mut reminder_days = parts.reminder_days.unwrap_or(usual.reminder_days);
    reminder_days.sort_unstable();
    reminder_days.dedup();
    let too_late = reminder_days.last().is_some_and(|d| *d > LADDER_DAYS_MAX);
    if reminder_days.len() > REMINDERS_MAX || too_late {
        let problem =
            format!("must have at most {REMINDERS_MAX} days, none above {LADDER_DAYS_MAX}");
        return Err(bad(format!("{path}.reminder_days"), problem));
    }
    Ok(Ladder {
        grace_days: days(parts.grace_days, usual.grace_days, "grace_days")?,
        suspend_days: days(parts.suspend_days, usual.suspend_days, "suspend_days")?,
        reminder_days,
    })
}

/// All charges of an offer, in one currency.
fn parse_all(objects: &[OpenObject], home: Currency, path: &str) -> Result<Vec<Charge>, OpError> {
    let mut charges = Vec::with_capacity(objects.len());
    for (i, object) in objects.iter().enumerate() {
        if let Some(charge) = parse(object, home, &format!("{path}[{i}]"))? {
            charges.push(charge);
        }
    }
    if currency(&charges).is_err() {
        return Err(OrderRefusal::MixedCurrencies.into());
    }
    Ok(charges)
}

/// One charge; `None` where it has no amount and therefore bills nothing.
fn parse(object: &OpenObject, home: Currency, path: &str) -> Result<Option<Charge>, OpError> {
    let mut reader = serde_json::Deserializer::from_str(&object.0);
    let parts: ChargeParts = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let words = error.inner().to_string();
        let problem = words.split(" at line ").next().unwrap_or_default();
        bad(format!("{path}.{}", error.path()), problem)
    })?;
    let at = |name: &str| format!("{path}.{name}");
    let currency = match &parts.currency {
        None => home,
        Some(code) => {
            Currency::parse(code).ok_or_else(|| bad(at("currency"), "must be an ISO 4217 code"))?
        }
    };
    let Some(amount) = parts.amount.filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    let amount = Amount::parse_noisy(unquoted(amount.get()), currency).ok_or_else(|| {
        let decimals = currency.exponent();
        bad(
            at("amount"),
            format!("must be a number with at most {decimals} decimals"),
        )
    })?;
    let rate = |raw: &RawValue, name: &str| {
        let problem = "must be percent from 0 to 1000 with at most 3 decimals";
        TaxRate::parse(unquoted(raw.get())).ok_or_else(|| bad(at(name), problem))
    };
    let given = parts.tax_rate.as_deref().filter(|raw| raw.get() != "null");
    let tax_rate = match given {
        Some(raw) => rate(raw, "taxRate")?,
        None => TaxRate::ZERO,
    };
    let dated = parts.tax_rates.unwrap_or_default();
    if dated.len() > DATED_RATES_MAX {
        let problem = format!("must have at most {DATED_RATES_MAX} elements");
        return Err(bad(at("taxRates"), problem));
    }
    let mut dated_rates = Vec::with_capacity(dated.len());
    for (i, DatedRate { from, rate: raw }) in dated.iter().enumerate() {
        let day = LocalDate::parse(from).ok_or_else(|| {
            bad(
                at(&format!("taxRates[{i}].from")),
                "must be a date such as 2027-01-01",
            )
        })?;
        dated_rates.push((day, rate(raw, &format!("taxRates[{i}].rate"))?));
    }
    dated_rates.sort_unstable();
    Ok(Some(Charge {
        kind: match parts.kind.as_deref() {
            Some("ONE_TIME") => OrderType::OneTime,
            None | Some("RECURRING") => OrderType::Recurring,
            Some(_) => return Err(bad(at("type"), "must be ONE_TIME or RECURRING")),
        },
        title: parts.title.unwrap_or_default(),
        amount,
        tax_rate,
        dated_rates,
        tax_included: parts.tax_included.unwrap_or(true),
        refundable: parts.refundable.unwrap_or(false),
    }))
}

/// A number may come in quotes.
fn unquoted(json: &str) -> &str {
    json.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json)
}

/// Gives prices to the offers of a file that is older than money. Runs when the box starts.
pub async fn adopt(ctx: &Ctx) -> Result<(), OpError> {
    let home = ctx.app.company().currency;
    let mut offers: Vec<ProductOffer> = ctx.snapshot()?.all()?;
    offers.retain(|offer| offer.prices.is_empty() && !offer.charges.is_empty());
    for mut offer in offers {
        let (charges, dunning) = (offer.charges.clone(), offer.dunning.clone());
        let since = offer.created_at;
        // What was taken then must not keep the box from starting now.
        let read = parse_all(&charges, home, "charges")
            .map(|parsed| price(&mut offer, charges, parsed, PriceChange::NextCycle, since))
            .and_then(|()| set_ladder(&mut offer, dunning, "dunning"));
        if let Err(error) = read {
            tracing::warn!(offer = offer.id.0, %error, "offer.price_unreadable");
            continue;
        }
        if !offer.prices.is_empty() {
            ctx.write(move |_, tx| Ok(tx.put(&offer)?)).await?;
        }
    }
    Ok(())
}
