//! The catalogue as an apply document: applied again it changes nothing, applied to an empty box it
//! makes the same catalogue there.

use serde_json::{Map, Value, json};

use crate::app::Ctx;
use crate::domain::catalogue::charge::Charge;
use crate::domain::catalogue::content::{Channel, ChannelKind, Genre, Movie, Reseller};
use crate::domain::catalogue::kinds::{Billing, Content, ContentType, OrderType, ProductStatus};
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::provider::Provider;
use crate::domain::staff::Permission;
use crate::domain::values::calendar::{Period, PeriodCount};
use crate::domain::values::id::{ProductSpecId, ServiceSpecId};
use crate::store::key::Only;
use crate::store::{Read, Snapshot};

use super::super::OpError;

/// The document as text, an element a line. What a document cannot say, as what was made over other
/// interfaces without a lasting name, is left out and named in `notes`.
pub fn catalogue(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let snapshot = ctx.snapshot()?;
    let mut notes = Vec::new();
    let mut sections: Vec<(&str, Vec<Value>)> = vec![
        ("genres", all(&snapshot, genre)?),
        ("channels", all(&snapshot, channel)?),
        ("movies", all(&snapshot, movie)?),
    ];
    sections.push(("packages", packages(&snapshot, &mut notes)?));
    let products = products(&snapshot, &mut notes)?;
    let offers = offers(&snapshot, &products, &mut notes)?;
    let products = products.into_iter().map(|(_, _, shown)| shown);
    sections.push(("products", products.collect()));
    sections.push(("offers", offers));
    sections.push(("resellers", all(&snapshot, reseller)?));
    let mut lines = vec!["{".to_owned()];
    if !notes.is_empty() {
        lines.push(format!("\"notes\": {},", json!(notes)));
    }
    lines.push(format!("\"provider\": {},", provider(ctx, &snapshot)?));
    let last = sections.len().saturating_sub(1);
    for (i, (name, elements)) in sections.into_iter().enumerate() {
        lines.push(format!("\"{name}\": ["));
        let count = elements.len();
        for (j, element) in elements.into_iter().enumerate() {
            let comma = if j.saturating_add(1) < count { "," } else { "" };
            lines.push(format!("  {element}{comma}"));
        }
        lines.push(if i < last { "]," } else { "]" }.to_owned());
    }
    lines.push("}".to_owned());
    Ok(lines)
}

fn all<R: crate::store::Record>(
    snapshot: &Snapshot,
    shown: fn(&R) -> Value,
) -> Result<Vec<Value>, OpError> {
    let mut elements = Vec::new();
    snapshot.each::<R>(&crate::store::Span::all(), &mut |record| {
        elements.push(shown(&record));
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(elements)
}

fn provider(ctx: &Ctx, snapshot: &Snapshot) -> Result<Value, OpError> {
    let held = snapshot.get::<Provider>(&Only)?;
    let settings = &ctx.app.config.provider;
    let currency = ctx.app.company().currency;
    let Some(held) = held else {
        return Ok(json!({
            "name": settings.name,
            "currency": currency.as_str(),
            "time_zone": settings.time_zone,
        }));
    };
    Ok(without_null(json!({
        "name": held.name,
        "currency": currency.as_str(),
        "time_zone": held.time_zone,
        "address": held.address,
        "tax_id": held.tax_id,
        "bank": held.bank,
        "invoice_prefix": held.invoice_prefix,
        "payment_days": held.payment_days,
    })))
}

/// Leaves out what has no value.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let full = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(full.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn genre(genre: &Genre) -> Value {
    json!({"id": genre.id.0, "title": genre.title})
}

fn channel(channel: &Channel) -> Value {
    without_null(json!({
        "id": channel.id.0,
        "name": channel.name,
        "number": channel.number,
        "kind": match channel.kind {
            ChannelKind::Tv => "tv",
            ChannelKind::Radio => "radio",
        },
        "genre": channel.genre.map(|id| id.0),
        "url": text(&channel.url),
        "logo": text(&channel.logo),
        "xmltv_id": text(&channel.xmltv_id),
        "base_ch": channel.base_channel,
        "censored": channel.censored,
        "archive_days": channel.archive_days,
        "guide_name": text(&channel.guide_name),
        "guide_shift_minutes": channel.guide_shift_minutes,
        "hidden": channel.hidden,
    }))
}

fn movie(movie: &Movie) -> Value {
    without_null(json!({
        "id": movie.id.0,
        "title": movie.title,
        "genre": movie.genre.map(|id| id.0),
        "url": text(&movie.url),
        "poster": text(&movie.poster),
        "year": movie.year,
        "description": text(&movie.description),
        "duration_minutes": movie.duration_minutes,
    }))
}

fn reseller(reseller: &Reseller) -> Value {
    without_null(json!({
        "id": reseller.id.0,
        "name": reseller.name,
        "max_users": reseller.users_max,
        "use_ip_ranges": reseller.use_ip_ranges,
    }))
}

fn packages(snapshot: &Snapshot, notes: &mut Vec<String>) -> Result<Vec<Value>, OpError> {
    let mut shown = Vec::new();
    for spec in snapshot.all::<ServiceSpec>()? {
        match package(&spec) {
            Ok(element) => shown.push(element),
            Err(why) => notes.push(format!("package {} ({}): {why}", spec.id.0, spec.title)),
        }
    }
    Ok(shown)
}

fn package(spec: &ServiceSpec) -> Result<Value, &'static str> {
    let external = spec.external_id.as_ref().ok_or("has no external_id")?;
    let kind = match spec.content_type {
        ContentType::Tv => "tv",
        ContentType::Radio => "radio",
        ContentType::Movie => "video",
        ContentType::App => "module",
        ContentType::TvShow => return Err("is of a kind that a document does not have"),
    };
    let services = match &spec.content {
        Content::All => json!("all"),
        Content::Channels(ids) => ids.iter().map(|id| id.0).collect(),
        Content::Movies(ids) => ids.iter().map(|id| id.0).collect(),
        Content::Modules(names) => json!(names),
    };
    Ok(without_null(json!({
        "id": spec.id.0,
        "external_id": external,
        "name": spec.title,
        "type": kind,
        "description": text(&spec.description),
        "service_type": if spec.sale.periodic { "periodic" } else { "single" },
        "rent_duration": spec.sale.rent_duration_hours,
        "price": spec.sale.price.map(crate::domain::values::money::Amount::to_decimal),
        "services": services,
    })))
}

/// Products with their number and `external_id`.
type Shown = (ProductSpecId, String, Value);

fn products(snapshot: &Snapshot, notes: &mut Vec<String>) -> Result<Vec<Shown>, OpError> {
    let packages = snapshot.all::<ServiceSpec>()?;
    let is_shown = |id: &ServiceSpecId| {
        let spec = packages.iter().find(|spec| spec.id == *id);
        spec.is_some_and(|spec| package(spec).is_ok())
    };
    let mut shown = Vec::new();
    for product in snapshot.all::<ProductSpec>()? {
        if product.removed_at.is_some() {
            continue;
        }
        let named = format!("product {} ({})", product.id.0, product.title);
        let Some(external) = product.external_id.clone() else {
            notes.push(format!("{named}: has no external_id"));
            continue;
        };
        let optional = product.optional_service_specs.iter().map(|id| (id, true));
        let all = product
            .service_specs
            .iter()
            .map(|id| (id, false))
            .chain(optional);
        let mut list = Vec::new();
        for (id, optional) in all {
            if !is_shown(id) {
                notes.push(format!("{named}: is shown without package {}", id.0));
            } else if optional {
                list.push(json!({"id": id.0, "optional": true}));
            } else {
                list.push(json!({"id": id.0}));
            }
        }
        let element = without_null(json!({
            "id": product.id.0,
            "external_id": external,
            "name": product.title,
            "description": text(&product.description),
            "user_default": product.user_default,
            "days_to_expires": product.days_to_expires,
            "devices_max": product.devices_max,
            "packages": list,
            "status": match product.status {
                ProductStatus::Active => "ACTTIVE",
                ProductStatus::Inactive => "INACTIVE",
                ProductStatus::Expired => "EXPIRED",
                ProductStatus::Draft => "DRAFT",
            },
        }));
        shown.push((product.id, external, element));
    }
    Ok(shown)
}

fn offers(
    snapshot: &Snapshot,
    products: &[Shown],
    notes: &mut Vec<String>,
) -> Result<Vec<Value>, OpError> {
    let mut shown = Vec::new();
    for offer in snapshot.all::<ProductOffer>()? {
        if offer.removed_at.is_some() {
            continue;
        }
        match offer_element(&offer, products) {
            Ok(element) => shown.push(element),
            Err(why) => notes.push(format!("offer {} ({}): {why}", offer.id.0, offer.title)),
        }
    }
    Ok(shown)
}

fn offer_element(offer: &ProductOffer, products: &[Shown]) -> Result<Value, &'static str> {
    let id = offer.foreign_id.as_ref().ok_or("has no id of its own")?;
    let product = products.iter().find(|(id, _, _)| *id == offer.product);
    let (_, product, _) = product.ok_or("its product is left out")?;
    let whole = |count: PeriodCount| {
        let periods = count.whole_periods();
        (PeriodCount::whole(periods) == Some(count)).then_some(periods)
    };
    let fraction = "lasts a fraction of a period";
    let charges = offer.prices.last().map_or(&[][..], |price| &price.charges);
    let dunning = offer.dunning.as_ref();
    let dunning = dunning.and_then(|ladder| serde_json::from_str::<Value>(&ladder.0).ok());
    Ok(without_null(json!({
        "id": id,
        "product": product,
        "title": offer.title,
        "type": order_type(offer.order_type),
        "duration": whole(offer.term.count).ok_or(fraction)?,
        "period": match offer.term.period {
            Period::Day => "DAY",
            Period::Month => "MONTH",
            Period::Quarter => "QUARTER",
            Period::Year => "YEAR",
        },
        "number_of_billing_cycles": whole(offer.cycles_total).ok_or(fraction)?,
        "billing": match offer.billing {
            Billing::Prepaid => "PREPAID",
            Billing::Postpaid => "POSTPAID",
            Billing::External => "EXTERNAL",
        },
        "charges": charges.iter().map(charge).collect::<Vec<_>>(),
        "dunning": dunning,
    })))
}

fn order_type(kind: OrderType) -> &'static str {
    match kind {
        OrderType::OneTime => "ONE_TIME",
        OrderType::Recurring => "RECURRING",
    }
}

fn charge(charge: &Charge) -> Value {
    let rates = charge
        .dated_rates
        .iter()
        .map(|(from, rate)| json!({"from": from.to_string(), "rate": rate.to_percent()}));
    let rates: Vec<Value> = rates.collect();
    without_null(json!({
        "type": order_type(charge.kind),
        "title": text(&charge.title),
        "amount": charge.amount.to_decimal(),
        "currency": charge.amount.currency.as_str(),
        "tax_rate": charge.tax_rate.to_percent(),
        "tax_included": charge.tax_included,
        "tax_rates": (!rates.is_empty()).then_some(rates),
        "refundable": charge.refundable.then_some(true),
    }))
}
