//! What is sold, as a document has it: packages, products and offers with their charges.

use crate::app::Ctx;
use crate::domain::catalogue::content::{Channel, Movie};
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, ProductStatus, Scope, ServiceStatus, ServiceType,
};
use crate::domain::catalogue::{PackageSale, ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::values::calendar::{PeriodCount, Term};
use crate::domain::values::id::{
    ChannelId, Id, MovieId, ProductOfferId, ProductSpecId, ServiceSpecId,
};
use crate::domain::values::money::Currency;
use crate::domain::values::open_object::OpenObject;
use crate::ops::OpError;
use crate::ops::catalogue::charges;
use crate::store::{Read as _, Table, Tx};

use super::document::{self, PackageServices, PackageType};
use super::given::Given;
use super::values::{flag, parse_amount, parse_currency, text, wrong};

pub(super) fn package_spec(
    ctx: &Ctx,
    tx: &Tx<'_>,
    given: &document::PackageIn,
    path: &str,
    currency: Currency,
) -> Result<ServiceSpec, OpError> {
    let id = ServiceSpecId(given.id);
    let held = tx.get::<ServiceSpec>(&id)?;
    let index = Table::ServiceSpecsByExternal;
    let external = held.as_ref().and_then(|held| held.external_id.as_deref());
    own_key(
        tx,
        index,
        id,
        held.is_some(),
        external,
        &given.external_id,
        path,
    )?;
    let (service_type, content_type) = match given.kind {
        PackageType::Tv => (ServiceType::LiveTv, ContentType::Tv),
        PackageType::Radio => (ServiceType::Radio, ContentType::Radio),
        PackageType::Video => (ServiceType::Vod, ContentType::Movie),
        PackageType::Module => (ServiceType::Apps, ContentType::App),
    };
    let content = package_content(tx, given, path)?;
    let price = given.price.clone();
    let price = price.try_map(|text| {
        let place = || format!("{path}.price");
        let price = parse_amount(&text, currency, place)?;
        if price.minor < 0 {
            return Err(wrong(&place(), "must not be negative"));
        }
        Ok(price)
    })?;
    let base = held.unwrap_or_else(|| ServiceSpec {
        id,
        foreign_id: None,
        external_id: None,
        title: String::new(),
        description: String::new(),
        service_type,
        content_type,
        scope: Scope::AllItems,
        content: Content::All,
        sale: PackageSale {
            periodic: true,
            rent_duration_hours: 0,
            price: None,
        },
        status: ServiceStatus::Active,
        created_at: ctx.now,
        activated_at: Some(ctx.now),
        updated_at: ctx.now,
        expires_at: None,
        external_refs: Vec::new(),
    });
    Ok(ServiceSpec {
        external_id: Some(given.external_id.clone()),
        title: given.name.clone(),
        description: text(&given.description, base.description.clone()),
        service_type,
        content_type,
        scope: if content == Content::All {
            Scope::AllItems
        } else {
            Scope::OneItem
        },
        content,
        sale: PackageSale {
            periodic: match given.service_type {
                Given::LeftOut => base.sale.periodic,
                Given::Emptied => true,
                Given::Value(kind) => kind == document::SaleType::Periodic,
            },
            rent_duration_hours: given
                .rent_duration
                .clone()
                .over(base.sale.rent_duration_hours, 0),
            price: price.over_optional(base.sale.price),
        },
        ..base
    })
}

fn package_content(
    tx: &Tx<'_>,
    given: &document::PackageIn,
    path: &str,
) -> Result<Content, OpError> {
    let PackageServices::Some(list) = &given.services else {
        return Ok(Content::All);
    };
    let at = |i: usize| format!("{path}.services[{i}]");
    let number = |i: usize| match list.get(i) {
        Some(document::ServiceRef::Id(id)) => Ok(*id),
        _ => Err(wrong(&at(i), "must be the number of a channel or movie")),
    };
    let indexes = 0..list.len();
    match given.kind {
        PackageType::Tv | PackageType::Radio => {
            let mut ids = Vec::with_capacity(list.len());
            for i in indexes {
                let id = ChannelId(number(i)?);
                tx.get::<Channel>(&id)?
                    .ok_or_else(|| wrong(&at(i), "no such channel"))?;
                ids.push(id);
            }
            Ok(Content::Channels(ids))
        }
        PackageType::Video => {
            let mut ids = Vec::with_capacity(list.len());
            for i in indexes {
                let id = MovieId(number(i)?);
                tx.get::<Movie>(&id)?
                    .ok_or_else(|| wrong(&at(i), "no such movie"))?;
                ids.push(id);
            }
            Ok(Content::Movies(ids))
        }
        PackageType::Module => {
            let mut names = Vec::with_capacity(list.len());
            for (i, name) in list.iter().enumerate() {
                match name {
                    document::ServiceRef::Name(name) => names.push(name.clone()),
                    document::ServiceRef::Id(_) => {
                        return Err(wrong(&at(i), "must be the name of a module"));
                    }
                }
            }
            Ok(Content::Modules(names))
        }
    }
}

pub(super) fn product_spec(
    ctx: &Ctx,
    tx: &Tx<'_>,
    given: &document::ProductIn,
    path: &str,
) -> Result<ProductSpec, OpError> {
    let id = ProductSpecId(given.id);
    let held = tx.get::<ProductSpec>(&id)?;
    let index = Table::ProductSpecsByExternal;
    let external = held.as_ref().and_then(|held| held.external_id.as_deref());
    own_key(
        tx,
        index,
        id,
        held.is_some(),
        external,
        &given.external_id,
        path,
    )?;
    let packages = match &given.packages {
        Given::LeftOut => None,
        Given::Emptied => Some((Vec::new(), Vec::new())),
        Given::Value(packages) => Some(product_packages(tx, packages, path)?),
    };
    let base = held.unwrap_or_else(|| ProductSpec {
        id,
        foreign_id: None,
        external_id: None,
        title: String::new(),
        description: String::new(),
        scope: Scope::AllItems,
        status: ProductStatus::Active,
        service_specs: Vec::new(),
        optional_service_specs: Vec::new(),
        user_default: false,
        days_to_expires: 0,
        devices_max: None,
        posters: Vec::new(),
        external_refs: Vec::new(),
        created_at: ctx.now,
        updated_at: ctx.now,
        expires_at: None,
        removed_at: None,
    });
    let held = (
        base.service_specs.clone(),
        base.optional_service_specs.clone(),
    );
    let (included, optional) = packages.unwrap_or(held);
    Ok(ProductSpec {
        external_id: Some(given.external_id.clone()),
        title: given.name.clone(),
        description: text(&given.description, base.description.clone()),
        status: given
            .status
            .map_or(base.status, document::ProductStatusIn::status),
        service_specs: included,
        optional_service_specs: optional,
        user_default: flag(&given.user_default, base.user_default),
        days_to_expires: given.days_to_expires.clone().over(base.days_to_expires, 0),
        devices_max: given.devices_max.clone().over_optional(base.devices_max),
        removed_at: None,
        ..base
    })
}

/// Included and optional packages of a product, each of which there must be.
fn product_packages(
    tx: &Tx<'_>,
    given: &[document::ProductPackageIn],
    path: &str,
) -> Result<(Vec<ServiceSpecId>, Vec<ServiceSpecId>), OpError> {
    let (mut included, mut optional) = (Vec::new(), Vec::new());
    for (i, package) in given.iter().enumerate() {
        let spec = ServiceSpecId(package.id);
        let path = format!("{path}.packages[{i}].id");
        if tx.get::<ServiceSpec>(&spec)?.is_none() {
            return Err(wrong(&path, "no such package"));
        }
        if included.contains(&spec) || optional.contains(&spec) {
            return Err(wrong(&path, "stands in this product already"));
        }
        if package.optional.unwrap_or(false) {
            optional.push(spec);
        } else {
            included.push(spec);
        }
    }
    Ok((included, optional))
}

pub(super) fn product_offer(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    given: &document::OfferIn,
    path: &str,
    currency: Currency,
) -> Result<ProductOffer, OpError> {
    let product =
        tx.get_by::<ProductSpec>(Table::ProductSpecsByExternal, given.product.as_bytes())?;
    let product = product.ok_or_else(|| wrong(&format!("{path}.product"), "no such product"))?;
    let held = tx.get_by::<ProductOffer>(Table::OffersByForeign, given.id.as_bytes())?;
    let charges = given.charges.clone().try_map(|charges| {
        let objects = charges
            .iter()
            .enumerate()
            .map(|(i, charge)| charge_object(charge, &format!("{path}.charges[{i}]"), currency));
        objects.collect::<Result<Vec<_>, OpError>>()
    })?;
    let count = |value: u32, name: &str| {
        PeriodCount::whole(value)
            .ok_or_else(|| wrong(&format!("{path}.{name}"), "must be at most 1200"))
    };
    let term = Term {
        count: count(given.duration, "duration")?,
        period: given.period.period(),
    };
    let cycles = given.number_of_billing_cycles.clone();
    let cycles = cycles.try_map(|cycles| count(cycles, "number_of_billing_cycles"))?;
    let no_end = count(0, "number_of_billing_cycles")?;
    let held_cycles = held.as_ref().map_or(no_end, |held| held.cycles_total);
    let cycles_total = cycles.over(held_cycles, no_end);
    let held_billing = held.as_ref().map_or(Billing::Prepaid, |held| held.billing);
    let billing = given.billing.clone();
    let billing = billing.try_map(|given| Ok::<_, OpError>(given.billing()))?;
    let billing = billing.over(held_billing, Billing::Prepaid);
    let order_type = given.kind.order_type();
    let id = match &held {
        Some(held) => held.id,
        None => tx.next_id::<ProductOfferId>()?,
    };
    let before = held.clone();
    let base = held.unwrap_or_else(|| ProductOffer {
        id,
        foreign_id: Some(given.id.clone()),
        product: product.id,
        title: String::new(),
        description: String::new(),
        term,
        cycles_total,
        order_type,
        status: OfferStatus::Active,
        billing,
        charges: Vec::new(),
        dunning: None,
        prices: Vec::new(),
        ladder: None,
        eligibility: Eligibility::default(),
        external_refs: Vec::new(),
        created_at: ctx.now,
        updated_at: ctx.now,
        expires_at: None,
        removed_at: None,
    });
    let mut offer = ProductOffer {
        product: product.id,
        title: given.title.clone(),
        term,
        cycles_total,
        order_type,
        billing,
        removed_at: None,
        ..base
    };
    let change = given.price_change.unwrap_or_default().into();
    let place = format!("{path}.charges");
    // A term is part of a price, so a new price may begin even where charges are left out.
    let charges = charges.over(offer.charges.clone(), Vec::new());
    charges::set_charges(&mut offer, charges, change, currency, &place, ctx.now)?;
    charges::check_offer(before.as_ref(), &offer, &place)?;
    let ladder = given.dunning.clone().try_map(|ladder| {
        let text = serde_json::Value::Object(ladder).to_string();
        Ok::<_, OpError>(OpenObject(text))
    })?;
    let ladder = ladder.over_optional(offer.dunning.clone());
    charges::set_ladder(&mut offer, ladder, &format!("{path}.dunning"))?;
    Ok(offer)
}

/// A charge as the offer keeps it: the amount a JSON number.
fn charge_object(
    given: &document::ChargeIn,
    path: &str,
    default_currency: Currency,
) -> Result<OpenObject, OpError> {
    let currency = match &given.currency {
        Some(code) => parse_currency(code, || format!("{path}.currency"))?,
        None => default_currency,
    };
    let amount = parse_amount(&given.amount, currency, || format!("{path}.amount"))?;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("{{\"type\":{}", quoted(given.kind.wire_name()));
    if let Some(title) = &given.title {
        text.push_str(&format!(",\"title\":{}", quoted(title)));
    }
    text.push_str(&format!(
        ",\"amount\":{},\"currency\":{}",
        amount.to_decimal(),
        quoted(currency.as_str())
    ));
    if let Some(rate) = &given.tax_rate {
        text.push_str(&format!(",\"taxRate\":{rate}"));
    }
    if let Some(included) = given.tax_included {
        text.push_str(&format!(",\"taxIncluded\":{included}"));
    }
    if let Some(rates) = &given.tax_rates {
        text.push_str(&format!(",\"taxRates\":{rates}"));
    }
    if let Some(refundable) = given.refundable {
        text.push_str(&format!(",\"refundable\":{refundable}"));
    }
    text.push('}');
    Ok(OpenObject(text))
}

/// Sees that number and external id of an element belong to one record, and to no other's.
fn own_key<I: Id>(
    tx: &Tx<'_>,
    index: Table,
    id: I,
    held: bool,
    external_held: Option<&str>,
    external: &str,
    path: &str,
) -> Result<(), OpError> {
    if id.number() == 0 {
        return Err(wrong(&format!("{path}.id"), "must be 1 or more"));
    }
    if held && external_held.is_some_and(|held| held != external) {
        let problem = format!("{} is already another one's", id.number());
        return Err(wrong(&format!("{path}.id"), &problem));
    }
    if held && external_held.is_none() {
        let problem = format!(
            "{} was made by another interface and is in use",
            id.number()
        );
        return Err(wrong(&format!("{path}.id"), &problem));
    }
    match tx.find::<I>(index, external.as_bytes())? {
        Some(holder) if holder != id => {
            let problem = format!("belongs to id {}", holder.number());
            Err(wrong(&format!("{path}.external_id"), &problem))
        }
        _ => Ok(()),
    }
}
