//! The middleware that this box does the billing for (`[middleware]`): its customers are known
//! here by its ids, and it is told, until it knows, what they may use (alphaott 5.5, steps 9 and
//! 10). What has to be told is noted in the commit that changed it, so a crash forgets nothing.
//!
//! The whole state of a customer is told, not the single change: telling it twice does no harm.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::{App, Ctx};
use crate::domain::catalogue::kinds::{Content, ServiceStatus};
use crate::domain::catalogue::{PackageSale, ServiceSpec};
use crate::domain::customers::service::{Grant, Service};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::peers::Counterpart;
use crate::domain::staff::Permission;
use crate::domain::values::contact::{Email, kept_name};
use crate::domain::values::id::{CustomerId, ServiceSpecId};
use crate::domain::values::time::Timestamp;
use crate::ops::{Handle, OpError, customers};
use crate::outbound::alphaott::{
    Peer, PeerCustomer, PeerError, PeerSpec, id_text, is_id, service_word,
};
use crate::store::key::trailing_number;
use crate::store::{Owned as _, Read, Span, Table, Tx};

/// How many customers are told of in one go; the rest follows in the next.
pub const ROUND_MAX: usize = 1_000;
/// How many of them at the same time.
const AT_ONCE: usize = 8;
/// Longest reason that is kept, in bytes.
const PROBLEM_MAX: usize = 200;

/// Whether this box bills for a middleware.
#[must_use]
pub fn is_set(ctx: &Ctx) -> bool {
    ctx.app.outbound.middleware.is_some()
}

/// The customer that a caller means by `handle`: the middleware's ids come first, and a customer
/// who has one is not found by ours.
pub fn customer_here(app: &App, handle: Handle<CustomerId>) -> Result<Handle<CustomerId>, OpError> {
    if app.outbound.middleware.is_none() {
        return Ok(handle);
    }
    let snapshot = app.store.read()?;
    let known = snapshot.find::<CustomerId>(Table::CounterpartsByThere, handle.text.as_bytes())?;
    let number = match (known, handle.number) {
        (Some(known), _) => Some(known),
        (None, Some(ours)) if snapshot.get::<Counterpart>(&ours)?.is_none() => Some(ours),
        (None, _) => None,
    };
    Ok(Handle { number, ..handle })
}

/// The middleware's id of a customer, for showing it.
pub fn id_there(ctx: &Ctx, customer: CustomerId) -> Result<Option<String>, OpError> {
    if !is_set(ctx) {
        return Ok(None);
    }
    let held = ctx.snapshot()?.get::<Counterpart>(&customer)?;
    Ok(held.map(|held| held.there))
}

/// Makes the middleware's customer `there` known here, if it has such a customer.
pub async fn bring_customer(ctx: &Ctx, there: &str) -> Result<(), OpError> {
    let Some(peer) = &ctx.app.outbound.middleware else {
        return Ok(());
    };
    if !is_id(there) || is_known(ctx, there)? {
        return Ok(());
    }
    let Some(found) = peer.customer(there).await.map_err(elsewhere)? else {
        return Ok(());
    };
    ctx.write(move |ctx, tx| take_in(ctx, tx, found)).await
}

fn is_known(ctx: &Ctx, there: &str) -> Result<bool, OpError> {
    let snapshot = ctx.snapshot()?;
    let known = snapshot.find::<CustomerId>(Table::CounterpartsByThere, there.as_bytes())?;
    Ok(known.is_some())
}

fn take_in(ctx: &Ctx, tx: &mut Tx<'_>, found: PeerCustomer) -> Result<(), OpError> {
    let known = tx.find::<CustomerId>(Table::CounterpartsByThere, found.id.as_bytes())?;
    if known.is_some() || !is_id(&found.id) {
        return Ok(());
    }
    let login = found.login.as_deref().and_then(kept_name);
    let same = customers::by_login(tx, login.as_deref().unwrap_or_default())?;
    let id = match same {
        // The same login: the same person, unless somebody else is that already.
        Some(held) if tx.get::<Counterpart>(&held.id)?.is_none() => held.id,
        held => {
            let provider = ctx.app.config.alphaott.service_provider.clone();
            let mut customer = Customer::new(tx.next_id()?, provider, ctx.now);
            customer.set_status(CustomerStatus::Active, ctx.now);
            customer.name.first = found.first_name;
            customer.name.last = found.last_name;
            customer.phones = found.phones;
            customer.account_number = found.account_number.as_deref().and_then(kept_name);
            customer.login = login.filter(|_| held.is_none());
            customer.email = found.email.as_deref().and_then(Email::parse);
            if customers::check_unique(tx, &customer).is_err() {
                // Another customer here has the address.
                customer.email = None;
            }
            crate::ops::create(ctx, tx, "customer.bring", &customer)?;
            customer.id
        }
    };
    crate::ops::create(
        ctx,
        tx,
        "counterpart.bring",
        &Counterpart::new(id, found.id),
    )
}

/// Makes service specs of the middleware known here, so that products can be made of them.
pub async fn bring_specs<'h>(
    ctx: &Ctx,
    handles: impl Iterator<Item = &'h Handle<ServiceSpecId>>,
) -> Result<(), OpError> {
    let Some(peer) = &ctx.app.outbound.middleware else {
        return Ok(());
    };
    for handle in handles {
        let index = Table::ServiceSpecsByForeign;
        let text = handle.text.as_bytes();
        let known = ctx.snapshot()?.find::<ServiceSpecId>(index, text)?;
        if known.is_some() || !is_id(&handle.text) {
            continue;
        }
        if let Some(found) = peer.service_spec(&handle.text).await.map_err(elsewhere)? {
            ctx.write(move |ctx, tx| take_spec(ctx, tx, found)).await?;
        }
    }
    Ok(())
}

fn take_spec(ctx: &Ctx, tx: &mut Tx<'_>, found: PeerSpec) -> Result<(), OpError> {
    let known = tx.find::<ServiceSpecId>(Table::ServiceSpecsByForeign, found.id.as_bytes())?;
    if known.is_some() || !is_id(&found.id) {
        return Ok(());
    }
    let spec = ServiceSpec {
        id: tx.next_id()?,
        foreign_id: Some(found.id),
        external_id: None,
        title: found.title,
        description: String::new(),
        service_type: found.service_type,
        content_type: found.content_type,
        scope: found.scope,
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
    };
    crate::ops::create(ctx, tx, "service_spec.bring", &spec)
}

/// Notes, in the commit of the change, that services or status of a customer changed.
pub(in crate::ops) fn note_change(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
) -> Result<(), OpError> {
    if is_set(ctx)
        && let Some(mut held) = tx.get::<Counterpart>(&customer)?
    {
        held.note_change(ctx.now);
        tx.put(&held)?;
    }
    Ok(())
}

/// Customers of whom the middleware has to be told something, at most [`ROUND_MAX`].
pub fn middleware_pending(ctx: &Ctx) -> Result<Vec<Counterpart>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let mut ids = Vec::new();
    snapshot.raw_scan(Table::CounterpartsUntold, &Span::all(), &mut |key, _| {
        ids.extend(trailing_number(key).map(CustomerId));
        Ok(if ids.len() < ROUND_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    let mut customers = Vec::with_capacity(ids.len());
    for id in ids {
        customers.extend(snapshot.get::<Counterpart>(&id)?);
    }
    Ok(customers)
}

/// How a round of telling ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TellOutcome {
    Everything,
    /// More came meanwhile, or did not fit the round.
    NotYet,
    /// Something could not be told: try again later.
    Failed,
}

/// Tells the middleware everything it does not know.
pub async fn tell(ctx: &Ctx) -> Result<TellOutcome, OpError> {
    if !is_set(ctx) {
        return Ok(TellOutcome::Everything);
    }
    let _alone = ctx.app.telling.lock().await;
    let round = middleware_pending(ctx)?;
    let mut failed = false;
    for group in round.chunks(AT_ONCE) {
        let mut telling = tokio::task::JoinSet::new();
        for held in group {
            let (ctx, held) = (ctx.clone(), held.clone());
            telling.spawn(async move { tell_of(&ctx, &held).await });
        }
        while let Some(told) = telling.join_next().await {
            match told {
                Ok(Ok(Outcome::Told)) => {}
                Ok(Ok(Outcome::Refused)) => failed = true,
                // Nobody is there: the others need not be tried.
                Ok(Ok(Outcome::Unreachable)) => return Ok(TellOutcome::Failed),
                Ok(Err(error @ (OpError::Throttled { .. } | OpError::DiskFull))) => {
                    return Err(error);
                }
                Ok(Err(error)) => {
                    // One customer of whom nothing can be said must not silence the others.
                    tracing::error!(%error, "middleware.not_told");
                    failed = true;
                }
                Err(error) => return Err(OpError::Failed(error.to_string())),
            }
        }
    }
    Ok(if failed {
        TellOutcome::Failed
    } else if middleware_pending(ctx)?.is_empty() {
        TellOutcome::Everything
    } else {
        TellOutcome::NotYet
    })
}

enum Outcome {
    Told,
    Refused,
    Unreachable,
}

/// Brings one customer in step at the middleware.
async fn tell_of(ctx: &Ctx, held: &Counterpart) -> Result<Outcome, OpError> {
    let Some(peer) = &ctx.app.outbound.middleware else {
        return Ok(Outcome::Told);
    };
    let (change, wanted) = wanted(ctx, held.customer)?;
    let outcome = bring_in_step(peer, &held.there, &wanted).await;
    let (problem, outcome) = match outcome {
        Ok(()) => (None, Outcome::Told),
        Err(PeerError::Unreachable(reason)) => (Some(reason), Outcome::Unreachable),
        Err(PeerError::Unknown(reason)) => (Some(reason), Outcome::Refused),
        Err(PeerError::Refused { status, reason }) => {
            (Some(format!("{status}: {reason}")), Outcome::Refused)
        }
    };
    if let Some(reason) = &problem {
        tracing::warn!(customer = held.customer.0, reason, "middleware.not_told");
        if held.problem == bounded(reason) {
            return Ok(outcome);
        }
    }
    let (customer, now) = (held.customer, ctx.now);
    // Not through `ctx`: this write changes nothing that has to be told.
    ctx.app
        .store
        .write(move |tx| -> Result<(), OpError> {
            if let Some(mut held) = tx.get::<Counterpart>(&customer)? {
                match problem {
                    None => held.note_told(change, now),
                    Some(reason) => held.problem = bounded(&reason),
                }
                tx.put(&held)?;
            }
            Ok(())
        })
        .await?;
    Ok(outcome)
}

fn bounded(reason: &str) -> String {
    let mut text = String::new();
    for letter in reason.chars() {
        if text.len().saturating_add(letter.len_utf8()) > PROBLEM_MAX {
            break;
        }
        text.push(letter);
    }
    text
}

/// What a customer has here.
struct WantedState {
    suspended: bool,
    /// By the spec's id there: what it should be, `None` for rights that came to an end.
    services: BTreeMap<String, Option<(ServiceStatus, Option<Timestamp>)>>,
}

/// The present state of a customer, and which change it includes.
fn wanted(ctx: &Ctx, customer: CustomerId) -> Result<(u64, WantedState), OpError> {
    let snapshot = ctx.snapshot()?;
    let held = snapshot.get::<Counterpart>(&customer)?;
    let change = held.map_or(0, |held| held.changes);
    let customer: Customer = crate::ops::get(&snapshot, customer)?;
    let mut by_spec: BTreeMap<ServiceSpecId, Vec<Service>> = BTreeMap::new();
    for service in snapshot.services_of(customer.id)? {
        if let Grant::Spec(spec) = service.grant {
            by_spec.entry(spec).or_default().push(service);
        }
    }
    let mut services = BTreeMap::new();
    for (spec, held) in by_spec {
        let spec: ServiceSpec = crate::ops::get(&snapshot, spec)?;
        let there = id_text(spec.foreign_id.as_ref(), spec.id);
        services.insert(there, best(&held, customer.is_deleted()));
    }
    let suspended = customer.status == CustomerStatus::SuspendedByBilling;
    Ok((
        change,
        WantedState {
            suspended,
            services,
        },
    ))
}

/// The best of several rights to the same: an active one before a frozen one, the longer one of
/// two. One that only the time ended is still told as it is: it has ended there as well.
fn best(held: &[Service], is_gone: bool) -> Option<(ServiceStatus, Option<Timestamp>)> {
    let of = |status: ServiceStatus| {
        let ends = held
            .iter()
            .filter(|service| service.status == status && !is_gone)
            .map(|service| service.expires_at);
        // No end is later than any.
        let later = |end: &Option<Timestamp>| (end.is_none(), *end);
        ends.max_by_key(later).map(|end| (status, end))
    };
    of(ServiceStatus::Active).or_else(|| of(ServiceStatus::Frozen))
}

async fn bring_in_step(peer: &Peer, there: &str, wanted: &WantedState) -> Result<(), PeerError> {
    let gone = || PeerError::Refused {
        status: 404,
        reason: "the middleware does not know this customer any more".to_owned(),
    };
    let held = peer.services(there).await?.ok_or_else(gone)?;
    for (spec, input) in &wanted.services {
        let mut same = held.iter().filter(|service| service.spec == *spec);
        let usable = |status: &str| matches!(status, "ACTIVE" | "FROZEN");
        match input {
            Some((status, expires_at)) => {
                let word = service_word(*status);
                let expires = expires_at.map(Timestamp::to_rfc3339_millis);
                let in_step = same.any(|service| {
                    let ended = word == "ACTIVE" && service.status == "EXPIRED";
                    (service.status == word || ended) && service.expires == expires
                });
                if !in_step {
                    peer.give(there, spec, word, *expires_at).await?;
                }
            }
            None => {
                for service in same.filter(|service| usable(&service.status)) {
                    peer.take(there, &service.id).await?;
                }
            }
        }
    }
    let customer = peer.customer(there).await?.ok_or_else(gone)?;
    let lifted = CustomerStatus::SuspendedByBilling;
    match customer.status {
        Some(CustomerStatus::Active) if wanted.suspended => {
            peer.set_status(there, "SUSPENDED_BY_BILLING").await
        }
        Some(status) if status == lifted && !wanted.suspended => {
            peer.set_status(there, "ACTIVE").await
        }
        _ => Ok(()),
    }
}

fn elsewhere(error: PeerError) -> OpError {
    let problem = match error {
        PeerError::Unreachable(reason) | PeerError::Unknown(reason) => {
            tracing::warn!(reason, "middleware.unreachable");
            "the middleware does not answer; try again in a moment".to_owned()
        }
        PeerError::Refused { status, reason } => {
            tracing::error!(status, reason, "middleware.refused");
            format!("the middleware refuses this box ({status}); look at middleware.url and token")
        }
    };
    OpError::Elsewhere { problem }
}
