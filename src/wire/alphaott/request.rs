//! Who calls and what of: the caller proven, the ids of a path, the parameters.

use crate::app::{App, Ctx};
use crate::domain::refusal::StaffRefusal;
use crate::domain::staff::Actor;
use crate::domain::values::id::{CustomerId, Id};
use crate::ops::staff::bearers::{Bearer, Nobody, Why, bearer};
use crate::ops::staff::sessions::Holder;
use crate::ops::{self, Handle, OpError};
use crate::wire::alphaott::error::Failure;
use crate::wire::alphaott::ids;
use crate::wire::kit::query::{Query, Wrong};
use crate::wire::kit::{SESSION_COOKIE, cookies, request_ctx};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::sync::Arc;

/// The dialect's name in logs, metrics and the audit log.
pub const DIALECT: &str = "alphaott";

/// Who calls, proven by an integration token or, in the console, by a session; and all else of the
/// request's circumstances.
pub struct Staff(pub Ctx);

impl FromRequestParts<Arc<App>> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let ctx = request_ctx(app, DIALECT, parts);
        let ctx = match parts.headers.get(AUTHORIZATION) {
            Some(header) => Ctx {
                actor: token_actor(&ctx, header.to_str().unwrap_or_default())?,
                ..ctx
            },
            None => {
                let holder = session_holder(&ctx, parts)?;
                Ctx {
                    actor: holder.actor,
                    session: Some(holder.session),
                    ..ctx
                }
            }
        };
        if ctx.actor.reseller().is_some() {
            // Nothing here shows one reseller's customers only.
            return Err(Failure::forbidden(
                "accounts of a reseller are for another API",
            ));
        }
        Ok(Self(ctx))
    }
}

pub(in crate::wire::alphaott) fn token_actor(ctx: &Ctx, header: &str) -> Result<Actor, Failure> {
    match bearer(ctx, header)? {
        Bearer::Integration(actor) => Ok(actor),
        Bearer::Client => Err(Failure::forbidden(Why::ClientApi.words())),
        Bearer::Nobody(nobody) => Err(Failure::nobody(nobody.noted(ctx))),
    }
}

/// Whoever is signed in to the console. As there, what changes something needs the header that no
/// foreign page can send.
fn session_holder(ctx: &Ctx, parts: &Parts) -> Result<Holder, Failure> {
    let mut holder = None;
    let secrets = cookies(&parts.headers, SESSION_COOKIE);
    for secret in &secrets {
        holder = holder.or(ops::staff::sessions::holder(ctx, secret)?);
    }
    let holder = holder.ok_or_else(|| {
        let nobody = Nobody::without_token(!secrets.is_empty());
        Failure::nobody(nobody.noted(ctx))
    })?;
    if !parts.method.is_safe() && !parts.headers.contains_key("x-boxoffice") {
        return Err(Failure::forbidden(
            "send the header X-Boxoffice: 1 with what changes something over a session",
        ));
    }
    if holder.must_set_up {
        return Err(OpError::from(StaffRefusal::SecondFactorFirst).into());
    }
    Ok(holder)
}

/// The circumstances of a request that needs no token.
pub struct Anonymous(pub Ctx);

impl FromRequestParts<Arc<App>> for Anonymous {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        Ok(Self(request_ctx(app, DIALECT, parts)))
    }
}

/// The ids in a path, percent-decoded, in order.
pub struct Ids {
    pub(in crate::wire::alphaott) texts: Vec<String>,
    /// The first id, which names a customer in most paths.
    pub(in crate::wire::alphaott) customer: Handle<CustomerId>,
}

impl FromRequestParts<Arc<App>> for Ids {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Failure::bad_request("path", "is not UTF-8"))?;
        let texts: Vec<String> = params.iter().map(|(_, value)| value.to_owned()).collect();
        let customer = ids::handle(texts.first().map_or("", String::as_str));
        let customer = ops::peers::middleware::customer_here(app, customer)?;
        Ok(Self { texts, customer })
    }
}

impl Ids {
    pub(in crate::wire::alphaott) fn text(&self, position: usize) -> &str {
        self.texts.get(position).map_or("", String::as_str)
    }

    /// The customer that the path names.
    pub(in crate::wire::alphaott) fn customer(&self) -> Handle<CustomerId> {
        self.customer.clone()
    }

    pub(in crate::wire::alphaott) fn id<I: Id>(&self, position: usize) -> Handle<I> {
        ids::handle(self.text(position))
    }
}

/// The query of a request.
pub struct Params(pub Query);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(Query::parse(parts.uri.query())))
    }
}

impl Params {
    /// Refuses parameters that the operation does not have. `limit` and `offset` may stand in every
    /// list; where there are no pages the list is whole.
    pub(in crate::wire::alphaott) fn only(&self, known: &[&str]) -> Result<(), Failure> {
        let known: Vec<&str> = known.iter().copied().chain(["limit", "offset"]).collect();
        Ok(self.0.only(&known)?)
    }

    /// `limit` 1 to 100, default 50; `offset` from 0, default 0 (alphaott 1.4).
    pub(in crate::wire::alphaott) fn page(&self) -> Result<(u64, usize), Failure> {
        let limit = self.0.number("limit", 1, 100, 50)?;
        let offset = self.0.number("offset", 0, 1_000_000_000, 0)?;
        Ok((offset, usize::try_from(limit).unwrap_or(100)))
    }

    /// The words of a list parameter; unknown ones are refused (alphaott 1.4).
    pub(in crate::wire::alphaott) fn words<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Result<Vec<T>, Failure> {
        let known = |word| {
            let problem = || format!("must be one of {}", words.join(", "));
            parse(word).ok_or_else(|| Wrong::new(name, problem()).into())
        };
        self.0.list(name).into_iter().map(known).collect()
    }

    /// The word of a scalar parameter.
    pub(in crate::wire::alphaott) fn word<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Result<Option<T>, Failure> {
        let Some(word) = self.0.scalar(name)? else {
            return Ok(None);
        };
        let problem = || format!("must be one of {}", words.join(", "));
        let parsed = parse(word).ok_or_else(|| Wrong::new(name, problem()))?;
        Ok(Some(parsed))
    }
}

/// The id of a customer as others know it.
pub(in crate::wire::alphaott) fn shown_customer(
    ctx: &Ctx,
    id: CustomerId,
) -> Result<String, Failure> {
    let there = ops::peers::middleware::id_there(ctx, id)?;
    Ok(there.unwrap_or_else(|| ids::show(id)))
}
