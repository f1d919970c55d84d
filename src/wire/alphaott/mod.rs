//! AlphaOTT integration APIs (alphaott 1 and 2): this page is the table of all operations.
//!
//! Paths and methods are our choice (alphaott 2.0), so they stand here and nowhere else.

pub mod activity;
mod adapter;
mod catalogue;
mod customers;
mod devices;
pub mod error;
mod fields;
mod ids;
mod offers;
mod orders;
mod payments;
mod services;
mod words;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{IntoResponses, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Ctx};
use crate::domain::staff::Actor;
use crate::domain::values::id::{CustomerId, Id};
use crate::ops::staff::bearers::{Bearer, Nobody, Why, bearer};
use crate::ops::{self, Handle};
use crate::wire::kit::query::{Query, Wrong};
use crate::wire::kit::{SESSION_COOKIE, circumstances, cookies};

use error::{ErrorOut, Failure};

/// The dialect's name in logs, metrics and the audit log.
pub const DIALECT: &str = "alphaott";

/// Every operation of the reference's path table, in its order; ours are marked.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Reference::openapi())
        .routes(routes!(version))
        .routes(routes!(status))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(
            customers::get,
            customers::update,
            customers::remove
        ))
        .route("/customers/{customerId}", patch(customers::update))
        .routes(routes!(customers::change_password))
        .route(
            "/customers/{customerId}/password",
            patch(customers::change_password),
        )
        .routes(routes!(customers::reset_password))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::get, devices::update, devices::remove))
        .route(
            "/customers/{customerId}/devices/{deviceId}",
            patch(devices::update),
        )
        .routes(routes!(services::list, services::add))
        .routes(routes!(services::get, services::remove))
        // POST and PUT of service specs are ours: the vendor has no operation for them.
        .routes(routes!(
            catalogue::service_specs,
            catalogue::create_service_spec
        ))
        .routes(routes!(
            catalogue::service_spec,
            catalogue::update_service_spec
        ))
        .route(
            "/service-specs/{serviceSpecId}",
            patch(catalogue::update_service_spec),
        )
        .routes(routes!(catalogue::customer_products))
        .routes(routes!(offers::customer_offers))
        // POST of product specs is ours.
        .routes(routes!(catalogue::products, catalogue::create_product))
        .routes(routes!(
            catalogue::product,
            catalogue::update_product,
            catalogue::remove_product
        ))
        .route(
            "/product-specs/{productSpecId}",
            patch(catalogue::update_product),
        )
        .routes(routes!(offers::list, offers::create))
        .routes(routes!(offers::get, offers::update, offers::remove))
        .route(
            "/product-specs/{productSpecId}/offers/{offerId}",
            patch(offers::update),
        )
        .routes(routes!(orders::list, orders::create))
        .routes(routes!(orders::get, orders::update, orders::remove))
        .route(
            "/customers/{customerId}/orders/{orderId}",
            patch(orders::update),
        )
        .routes(routes!(payments::transactions))
        .routes(routes!(payments::balance))
        .routes(routes!(payments::create_page))
        .routes(routes!(payments::redirect))
        // GraphQL has its own schema language; the API document links it.
        .route(
            "/graphql",
            get(activity::by_get)
                .post(activity::by_post)
                .layer(Extension(activity::Activities::default())),
        )
}

/// The layer of the Billing Adapter, on a box whose settings name another system.
pub fn adapted(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    let state = || Arc::clone(app);
    if !app.config.billing.external.is_empty() {
        router.route_layer(from_fn_with_state(state(), adapter::forward))
    } else if !app.config.middleware.url.is_empty() {
        router.route_layer(from_fn_with_state(state(), adapter::bring_customer))
    } else {
        router
    }
}

#[derive(OpenApi)]
#[openapi(
    modifiers(&JwtScheme),
    security(("JWT" = [])),
    tags(
        (name = "Core"),
        (name = "Customers", description = "ICustomerManagementAPI"),
        (name = "Devices", description = "ICustomerDeviceManagementAPI"),
        (name = "Services", description = "IServiceProvisioningAPI: what a customer may use"),
        (name = "Specifications", description = "IServiceManagementAPI; creating and changing them is Boxoffice's own extension"),
        (name = "Catalogue", description = "IProductCatalogAPI and IProductManagementAPI; creating product specifications is Boxoffice's own extension"),
        (name = "Orders", description = "IOrderManagementAPI"),
    )
)]
struct Reference;

struct JwtScheme;

impl utoipa::Modify for JwtScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let value = ApiKeyValue::with_description(
            "Authorization",
            "`JWT <token>`, a token made by `boxoffice token create`",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("JWT", SecurityScheme::ApiKey(ApiKey::Header(value)));
    }
}

/// Who calls, proven by an integration token or, in the console, by a session; and all else of the
/// request's circumstances.
pub struct Staff(pub Ctx);

impl FromRequestParts<Arc<App>> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let ctx = circumstances(app, DIALECT, parts);
        let actor = match parts.headers.get(AUTHORIZATION) {
            Some(header) => token_actor(&ctx, header.to_str().unwrap_or_default())?,
            None => session_actor(&ctx, parts)?,
        };
        if actor.reseller().is_some() {
            // Nothing here shows one reseller's customers only.
            return Err(Failure::forbidden(
                "accounts of a reseller are for another API",
            ));
        }
        Ok(Self(Ctx { actor, ..ctx }))
    }
}

fn token_actor(ctx: &Ctx, header: &str) -> Result<Actor, Failure> {
    match bearer(ctx, header)? {
        Ok(Bearer::Integration(actor)) => Ok(actor),
        Ok(Bearer::Client) => Err(Failure::forbidden(Why::ClientApi.words())),
        Err(nobody) => Err(Failure::nobody(nobody.noted(ctx))),
    }
}

/// Whoever is signed in to the console. As there, what changes something needs the header that no
/// foreign page can send.
fn session_actor(ctx: &Ctx, parts: &Parts) -> Result<Actor, Failure> {
    let mut actor = None;
    let secrets = cookies(&parts.headers, SESSION_COOKIE);
    for secret in &secrets {
        actor = actor.or(ops::staff::session_actor(ctx, secret)?);
    }
    let actor = actor.ok_or_else(|| {
        let nobody = Nobody::without_token(!secrets.is_empty());
        Failure::nobody(nobody.noted(ctx))
    })?;
    if !parts.method.is_safe() && !parts.headers.contains_key("x-boxoffice") {
        return Err(Failure::forbidden(
            "send the header X-Boxoffice: 1 with what changes something over a session",
        ));
    }
    Ok(actor)
}

/// The circumstances of a request that needs no token.
pub struct Anybody(pub Ctx);

impl FromRequestParts<Arc<App>> for Anybody {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        Ok(Self(circumstances(app, DIALECT, parts)))
    }
}

/// The ids in a path, percent-decoded, in order.
pub struct Ids {
    texts: Vec<String>,
    /// The first id, which names a customer in most paths.
    customer: Handle<CustomerId>,
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
    fn text(&self, position: usize) -> &str {
        self.texts.get(position).map_or("", String::as_str)
    }

    /// The customer that the path names.
    fn customer(&self) -> Handle<CustomerId> {
        self.customer.clone()
    }

    fn id<I: Id>(&self, position: usize) -> Handle<I> {
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
    fn only(&self, known: &[&str]) -> Result<(), Failure> {
        let known: Vec<&str> = known.iter().copied().chain(["limit", "offset"]).collect();
        Ok(self.0.only(&known)?)
    }

    /// `limit` 1 to 100, default 50; `offset` from 0, default 0 (alphaott 1.4).
    fn page(&self) -> Result<(u64, usize), Failure> {
        let limit = self.0.number("limit", 1, 100, 50)?;
        let offset = self.0.number("offset", 0, 1_000_000_000, 0)?;
        Ok((offset, usize::try_from(limit).unwrap_or(100)))
    }

    /// The words of a list parameter; unknown ones are refused (alphaott 1.4).
    fn words<T>(
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
    fn word<T>(
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
fn shown_customer(ctx: &Ctx, id: CustomerId) -> Result<String, Failure> {
    let there = ops::peers::middleware::id_there(ctx, id)?;
    Ok(there.unwrap_or_else(|| ids::show(id)))
}

/// What every operation with a token may answer besides success.
#[derive(IntoResponses)]
pub enum Refusals {
    /// A field or parameter does not fit; the message names it.
    #[response(status = 400)]
    BadRequest(#[to_schema] ErrorOut),
    /// No token, or one that is none.
    #[response(status = 401)]
    Unauthorized(#[to_schema] ErrorOut),
    /// A good token without the right for this.
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorOut),
    /// There is no such record.
    #[response(status = 404)]
    NotFound(#[to_schema] ErrorOut),
    /// It clashes with what is there.
    #[response(status = 409)]
    Conflict(#[to_schema] ErrorOut),
    /// The body is larger than 1 MiB.
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorOut),
    /// The billing system behind this box did not do its part.
    #[response(status = 502)]
    Elsewhere(#[to_schema] ErrorOut),
    /// Too much at once: try again after `Retry-After` seconds.
    #[response(status = 503)]
    Busy(#[to_schema] ErrorOut),
}

/// A plain "it is done".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageOut {
    #[schema(example = "Password has been successfully changed")]
    pub message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
struct VersionOut {
    #[schema(example = "1.1.8")]
    version: &'static str,
}

/// API version
///
/// The version of this component.
#[utoipa::path(get, path = "/version", tag = "Core", security(()),
    responses((status = 200, body = VersionOut)))]
async fn version() -> Json<VersionOut> {
    Json(VersionOut {
        version: env!("CARGO_PKG_VERSION"),
    })
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
struct StatusOut {
    #[schema(example = "OK")]
    status: &'static str,
}

/// System status
#[utoipa::path(get, path = "/status", tag = "Core", security(()),
    responses((status = 200, body = StatusOut)))]
async fn status() -> Json<StatusOut> {
    Json(StatusOut { status: "OK" })
}
