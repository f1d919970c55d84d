//! The declarative document: catalogue, offers, customers, partners, brought in step with a file.
//!
//! Every element has a stable key, so applying twice changes nothing. All of a document is taken
//! in one commit, or nothing of it: an error names the JSON path where it stands.

mod content;
mod customers;
mod document;
mod partners;
mod programmes;
mod provider;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::Ctx;
use crate::domain::calendar::{PeriodCount, Term, Zone};
use crate::domain::catalogue::{
    Content, ContentType, OfferStatus, PackageSale, ProductOffer, ProductSpec, ProductStatus,
    Scope, ServiceSpec, ServiceStatus, ServiceType,
};
use crate::domain::content::{Channel, Genre, Movie, Reseller};
use crate::domain::customer::CustomerPassword;
use crate::domain::eligibility::Eligibility;
use crate::domain::id::{
    ChannelId, GenreId, Id, MovieId, ProductOfferId, ProductSpecId, ResellerId, ServiceSpecId,
};
use crate::domain::money::{Amount, Currency};
use crate::domain::open::OpenObject;
use crate::domain::provider::Provider;
use crate::domain::staff::Permission;
use crate::store::key::Only;
use crate::store::{Read as _, Record, StoreError, Table, Tx};

use super::{OpError, charges, webhooks};
use document::{Document, PackageServices, PackageType};

/// What applying a document did, or would do: section -> number of elements.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub created: BTreeMap<&'static str, usize>,
    pub changed: BTreeMap<&'static str, usize>,
    pub left: BTreeMap<&'static str, usize>,
}

/// What happened to one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Created,
    Changed,
    Left,
}

impl Report {
    fn count(&mut self, section: &'static str, outcome: Outcome) {
        let counts = match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Changed => &mut self.changed,
            Outcome::Left => &mut self.left,
        };
        let count = counts.entry(section).or_insert(0usize);
        *count = count.saturating_add(1);
    }
}

/// Ends the command without a commit: with an error, or because it was only a rehearsal.
enum Stop {
    Failed(OpError),
    Rehearsed(Report),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<OpError> for Stop {
    fn from(error: OpError) -> Self {
        Self::Failed(error)
    }
}

/// Applies a document. With `dry_run` everything is done and then taken back.
pub async fn apply(ctx: &Ctx, text: String, dry_run: bool) -> Result<Report, OpError> {
    ctx.require(Permission::Apply)?;
    let document = document::parse(&text)?;
    let passwords = customers::hash_passwords(ctx, &document).await?;
    let command_ctx = ctx.clone();
    let has_partners = !document.partners.is_empty();
    let applied = ctx.app.store.write(move |tx| -> Result<Report, Stop> {
        if has_partners {
            // They may have to be told of what the same document says of customers. Here and not before: else
            // somebody who looks whether anybody is told could come in between.
            command_ctx.app.set_watched(true);
        }
        let report = webhooks::watched(&command_ctx, tx, |ctx, tx| {
            run(ctx, tx, &document, &passwords)
        })?;
        if dry_run {
            Err(Stop::Rehearsed(report))
        } else {
            Ok(report)
        }
    });
    let applied = applied.await;
    ctx.wake_senders(true);
    if has_partners {
        webhooks::look_again(ctx).await;
    }
    match applied {
        Ok(report) => {
            // Once it is written: before, nobody finds what is to be hardened.
            ctx.app.unhardened.notify_one();
            ctx.app.refresh_company()?;
            Ok(report)
        }
        Err(Stop::Rehearsed(report)) => Ok(report),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Brings one partner in step with an object such as a document has it, but for its keys: they stand elsewhere.
pub async fn set_partner(ctx: &Ctx, key: &str, text: &str) -> Result<(), OpError> {
    let known = super::partners::get(ctx, key)?;
    let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    let mut members = parsed.map_err(|error| wrong("", &error.to_string()))?;
    for own in ["key", "api_key"] {
        if members.contains_key(own) {
            return Err(wrong(own, "cannot be set here"));
        }
    }
    members.insert("key".to_owned(), known.key.into());
    let document = serde_json::json!({ "partners": [members] });
    match apply(ctx, document.to_string(), false).await {
        Err(OpError::Document { path, problem }) => {
            let path = path.strip_prefix("partners[0].").unwrap_or(&path);
            Err(wrong(path, &problem))
        }
        other => other.map(|_| ()),
    }
}

fn run(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    document: &Document,
    passwords: &[Option<CustomerPassword>],
) -> Result<Report, OpError> {
    let mut report = Report::default();
    let company = ctx.app.company();
    let mut currency = company.currency;
    let mut zone = company.zone.clone();
    if let Some(given) = &document.provider {
        let held = tx.get::<Provider>(&Only)?;
        let provider = provider::provider(ctx, tx, given, held.as_ref())?;
        zone = Zone::parse(&provider.time_zone)
            .ok_or_else(|| wrong("provider.time_zone", "no such time zone; use an IANA name"))?;
        currency = provider.currency;
        report.count("provider", keep(ctx, tx, held, &provider)?);
    }
    for genre in &document.genres {
        let id = GenreId(genre.id);
        let record = Genre {
            id,
            title: genre.title.clone(),
        };
        report.count("genres", keep_by_id(ctx, tx, id, &record)?);
    }
    content::keep_content(ctx, tx, document, &mut report)?;
    for (i, package) in document.packages.iter().enumerate() {
        let path = format!("packages[{i}]");
        let spec = package_spec(ctx, tx, package, &path, currency)?;
        report.count("packages", keep_by_id(ctx, tx, spec.id, &spec)?);
    }
    for (i, product) in document.products.iter().enumerate() {
        let spec = product_spec(ctx, tx, product, &format!("products[{i}]"))?;
        report.count("products", keep_by_id(ctx, tx, spec.id, &spec)?);
    }
    for (i, offer) in document.offers.iter().enumerate() {
        let offer = product_offer(ctx, tx, offer, &format!("offers[{i}]"), currency)?;
        report.count("offers", keep_by_id(ctx, tx, offer.id, &offer)?);
    }
    for reseller in &document.resellers {
        let id = ResellerId(reseller.id);
        let held = tx.get::<Reseller>(&id)?;
        let noted = held.as_ref().map(|held| (held.created_at, held.updated_at));
        let (created_at, updated_at) = noted.unwrap_or((Some(ctx.now), Some(ctx.now)));
        let record = Reseller {
            id,
            name: reseller.name.clone(),
            users_max: reseller.max_users,
            use_ip_ranges: reseller.use_ip_ranges.unwrap_or(false),
            created_at,
            updated_at,
        };
        report.count("resellers", keep_by_id(ctx, tx, id, &record)?);
    }
    for (i, given) in document.partners.iter().enumerate() {
        let partner = partners::partner(tx, given, &format!("partners[{i}]"), currency)?;
        report.count("partners", keep_by_id(ctx, tx, partner.id, &partner)?);
    }
    let internal_billing = ctx.app.config.stalker.internal_billing;
    let setting = customers::Setting {
        zone,
        currency,
        internal_billing,
    };
    for (i, given) in document.customers.iter().enumerate() {
        let password = passwords.get(i).cloned().flatten();
        let path = format!("customers[{i}]");
        let outcome = customers::keep_customer(ctx, tx, given, password, &path, &setting)?;
        report.count("customers", outcome);
    }
    Ok(report)
}

fn package_spec(
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
    let price = match &given.price {
        Some(text) => Some(parse_amount(text, currency, || format!("{path}.price"))?),
        None => None,
    };
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
        description: given.description.clone().unwrap_or_default(),
        service_type,
        content_type,
        scope: if content == Content::All {
            Scope::AllItems
        } else {
            Scope::OneItem
        },
        content,
        sale: PackageSale {
            periodic: given.service_type == document::SaleType::Periodic,
            rent_duration_hours: given.rent_duration.unwrap_or(0),
            price,
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

fn product_spec(
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
    let (mut included, mut optional) = (Vec::new(), Vec::new());
    for (i, package) in given.packages.iter().enumerate() {
        let spec = ServiceSpecId(package.id);
        let known = tx.get::<ServiceSpec>(&spec)?.is_some();
        if !known {
            return Err(wrong(
                &format!("{path}.packages[{i}].id"),
                "no such package",
            ));
        }
        let list = if package.optional.unwrap_or(false) {
            &mut optional
        } else {
            &mut included
        };
        list.push(spec);
    }
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
    Ok(ProductSpec {
        external_id: Some(given.external_id.clone()),
        title: given.name.clone(),
        description: given.description.clone().unwrap_or_default(),
        status: given
            .status
            .map_or(base.status, document::ProductStatusIn::status),
        service_specs: included,
        optional_service_specs: optional,
        user_default: given.user_default.unwrap_or(false),
        days_to_expires: given.days_to_expires.unwrap_or(0),
        devices_max: given.devices_max.or(base.devices_max),
        removed_at: None,
        ..base
    })
}

fn product_offer(
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
    let mut charges = Vec::with_capacity(given.charges.len());
    for (i, charge) in given.charges.iter().enumerate() {
        charges.push(charge_object(
            charge,
            &format!("{path}.charges[{i}]"),
            currency,
        )?);
    }
    let count = |value: u32, name: &str| {
        PeriodCount::whole(value)
            .ok_or_else(|| wrong(&format!("{path}.{name}"), "must be at most 1200"))
    };
    let term = Term {
        count: count(given.duration, "duration")?,
        period: given.period.period(),
    };
    let cycles = given.number_of_billing_cycles.unwrap_or(0);
    let cycles_total = count(cycles, "number_of_billing_cycles")?;
    let order_type = given.kind.order_type();
    let id = match &held {
        Some(held) => held.id,
        None => tx.next_id::<ProductOfferId>()?,
    };
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
        billing: given.billing.billing(),
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
        billing: given.billing.billing(),
        removed_at: None,
        ..base
    };
    let change = given.price_change.unwrap_or_default().into();
    let place = format!("{path}.charges");
    charges::set_charges(&mut offer, charges, change, currency, &place, ctx.now)?;
    let dunning = given.dunning.as_ref();
    let dunning = dunning.map(|ladder| serde_json::Value::Object(ladder.clone()).to_string());
    charges::set_ladder(
        &mut offer,
        dunning.map(OpenObject),
        &format!("{path}.dunning"),
    )?;
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

/// Stores a record whose number the document may have brought.
fn keep_by_id<R>(ctx: &Ctx, tx: &mut Tx<'_>, id: R::Key, record: &R) -> Result<Outcome, OpError>
where
    R: Record<Key: Id> + PartialEq,
{
    tx.reserve(id)?;
    let held = tx.get::<R>(&id)?;
    keep(ctx, tx, held, record)
}

/// Stores a record if it differs from the one that is held.
fn keep<R: Record + PartialEq>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: Option<R>,
    record: &R,
) -> Result<Outcome, OpError> {
    match held {
        None => {
            super::create(ctx, tx, "apply.create", record)?;
            Ok(Outcome::Created)
        }
        Some(held) if held == *record => Ok(Outcome::Left),
        Some(held) => {
            super::change(ctx, tx, "apply.change", &held, record)?;
            Ok(Outcome::Changed)
        }
    }
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

fn genre(
    tx: &Tx<'_>,
    id: Option<u64>,
    path: impl FnOnce() -> String,
) -> Result<Option<GenreId>, OpError> {
    let Some(id) = id.map(GenreId) else {
        return Ok(None);
    };
    match tx.get::<Genre>(&id)? {
        Some(_) => Ok(Some(id)),
        None => Err(wrong(&path(), "no such genre")),
    }
}

fn parse_currency(code: &str, path: impl FnOnce() -> String) -> Result<Currency, OpError> {
    Currency::parse(code).ok_or_else(|| wrong(&path(), "no such currency; use an ISO 4217 code"))
}

fn parse_amount(
    text: &str,
    currency: Currency,
    path: impl FnOnce() -> String,
) -> Result<Amount, OpError> {
    Amount::parse(text, currency).ok_or_else(|| {
        let problem = format!(
            "must be an amount with at most {} decimals",
            currency.exponent()
        );
        wrong(&path(), &problem)
    })
}

fn wrong(path: &str, problem: &str) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
