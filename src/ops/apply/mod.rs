//! The declarative document: catalogue, offers, customers, partners, brought in step with a file.
//!
//! Every element has a stable key, so applying twice changes nothing. All of a document is taken
//! in one commit, or nothing of it: an error names the JSON path where it stands.

mod content;
mod customers;
mod document;
mod export;
mod fields;
mod given;
mod keep;
mod partners;
mod price_words;
mod programmes;
mod provider;
mod report;
mod selling;
mod values;

use std::collections::BTreeMap;

pub use export::catalogue;
pub use report::{ElementChange, Report};

use crate::app::{App, Ctx};
use crate::domain::catalogue::content::{Genre, Reseller};
use crate::domain::customers::CustomerPassword;
use crate::domain::provider::Provider;
use crate::domain::staff::Maker;
use crate::domain::staff::Permission;
use crate::domain::values::calendar::Zone;
use crate::domain::values::contact::kept_name;
use crate::domain::values::id::{GenreId, ResellerId};
use crate::store::key::Only;
use crate::store::{Read as _, StoreError, Tx};

use super::{OpError, watched};
use document::Document;
use keep::Keeper;
use values::wrong;

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
    no_doubles(&document)?;
    let passwords = customers::hash_passwords(ctx, &document).await?;
    let has_partners = !document.partners.is_empty();
    let first = move |app: &App| {
        if has_partners {
            // They may have to be told of what the same document says of customers. Here and
            // not before: somebody who looks whether anybody is told could come between.
            app.set_watched(true);
        }
    };
    let command = move |ctx: &Ctx, tx: &mut Tx<'_>| {
        let report = run(ctx, tx, &document, &passwords, dry_run)?;
        if dry_run {
            Err(Stop::Rehearsed(report))
        } else {
            Ok(report)
        }
    };
    let applied = ctx.write_unless(first, command).await;
    if has_partners {
        watched::look_again(ctx).await;
    }
    match applied {
        Ok(report) => {
            ctx.app.refresh_company()?;
            Ok(report)
        }
        Err(Stop::Rehearsed(mut report)) => {
            let ctx = ctx.clone();
            let counting = tokio::task::spawn_blocking(move || {
                report.count_orders(&ctx.snapshot()?)?;
                Ok(report)
            });
            let counted = counting.await;
            counted.map_err(|error| OpError::Failed(error.to_string()))?
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Refuses a document in which an element stands twice: which one is meant is anybody's guess.
fn no_doubles(document: &Document) -> Result<(), OpError> {
    let numbers = |section: &str, ids: Vec<u64>| unique(section, "id", ids);
    numbers("genres", document.genres.iter().map(|one| one.id).collect())?;
    numbers(
        "channels",
        document.channels.iter().map(|one| one.id).collect(),
    )?;
    numbers("movies", document.movies.iter().map(|one| one.id).collect())?;
    numbers(
        "packages",
        document.packages.iter().map(|one| one.id).collect(),
    )?;
    numbers(
        "products",
        document.products.iter().map(|one| one.id).collect(),
    )?;
    numbers(
        "resellers",
        document.resellers.iter().map(|one| one.id).collect(),
    )?;
    unique(
        "offers",
        "id",
        document.offers.iter().map(|one| &one.id).collect(),
    )?;
    unique(
        "partners",
        "key",
        document.partners.iter().map(|one| &one.key).collect(),
    )?;
    let logins = document.customers.iter();
    let logins = logins.map(|one| kept_name(&one.login).unwrap_or_default());
    unique("customers", "login", logins.collect())
}

fn unique<K: Ord + std::fmt::Display>(
    section: &str,
    member: &str,
    keys: Vec<K>,
) -> Result<(), OpError> {
    let mut seen = BTreeMap::new();
    for (i, key) in keys.into_iter().enumerate() {
        if let Some(first) = seen.get(&key) {
            let problem = format!("{key} stands in {section}[{first}] already");
            return Err(wrong(&format!("{section}[{i}].{member}"), &problem));
        }
        seen.insert(key, i);
    }
    Ok(())
}

/// Brings one partner in step with an object such as a document has it, but for its keys:
/// they stand elsewhere.
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
    dry_run: bool,
) -> Result<Report, OpError> {
    let mut report = Report::default();
    let mut keeper = Keeper {
        ctx,
        lists_changes: dry_run,
        report: &mut report,
    };
    let company = ctx.app.company();
    let mut currency = company.currency;
    let mut zone = company.zone.clone();
    if let Some(given) = &document.provider {
        let held = tx.get::<Provider>(&Only)?;
        let provider = provider::provider(ctx, tx, given, held.as_ref())?;
        zone = Zone::parse(&provider.time_zone)
            .ok_or_else(|| wrong("provider.time_zone", "no such time zone; use an IANA name"))?;
        currency = provider.currency;
        keeper.keep(tx, "provider", String::from("provider"), held, &provider)?;
    }
    for (i, genre) in document.genres.iter().enumerate() {
        let id = GenreId(genre.id);
        let record = Genre {
            id,
            title: genre.title.clone(),
        };
        keeper.by_id(tx, "genres", i, id, &record)?;
    }
    content::keep_content(&mut keeper, tx, document)?;
    for (i, package) in document.packages.iter().enumerate() {
        let path = format!("packages[{i}]");
        let spec = selling::package_spec(ctx, tx, package, &path, currency)?;
        keeper.by_id(tx, "packages", i, spec.id, &spec)?;
    }
    for (i, product) in document.products.iter().enumerate() {
        let spec = selling::product_spec(ctx, tx, product, &format!("products[{i}]"))?;
        keeper.by_id(tx, "products", i, spec.id, &spec)?;
    }
    for (i, offer) in document.offers.iter().enumerate() {
        let offer = selling::product_offer(ctx, tx, offer, &format!("offers[{i}]"), currency)?;
        keeper.by_id(tx, "offers", i, offer.id, &offer)?;
    }
    for (i, reseller) in document.resellers.iter().enumerate() {
        let id = ResellerId(reseller.id);
        let held = tx.get::<Reseller>(&id)?;
        let noted = held.as_ref().map(|held| (held.created_at, held.updated_at));
        let (created_at, updated_at) = noted.unwrap_or((Some(ctx.now), Some(ctx.now)));
        let record = Reseller {
            id,
            name: reseller.name.clone(),
            users_max: reseller
                .max_users
                .clone()
                .over_optional(held.as_ref().and_then(|held| held.users_max)),
            use_ip_ranges: reseller
                .use_ip_ranges
                .clone()
                .over(held.as_ref().is_some_and(|held| held.use_ip_ranges), false),
            created_at,
            updated_at,
        };
        keeper.by_id(tx, "resellers", i, id, &record)?;
    }
    for (i, given) in document.partners.iter().enumerate() {
        let path = format!("partners[{i}]");
        let maker = Maker::of(&ctx.actor);
        let partner = partners::partner(tx, given, &path, currency, &maker)?;
        keeper.by_id(tx, "partners", i, partner.id, &partner)?;
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
        keeper.report.count("customers", outcome);
    }
    Ok(report)
}
