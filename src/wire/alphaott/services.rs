//! Customers' services: entitlements an outside billing gives and takes (alphaott 2.4).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::service::{Grant, Service};
use crate::domain::staff::Permission;
use crate::domain::values::id::ServiceSpecId;
use crate::ops;
use crate::ops::services::NewService;
use crate::wire::kit::json::{Body, Patch, given};

use super::error::Failure;
use super::fields::{Moment, Open, Reference, shown};
use super::ids;
use super::words::{ContentTypeWord, ScopeWord, ServiceStatusWord, ServiceTypeWord};
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::request::{Ids, Params, Staff};

/// What a customer may use, until when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Service)]
#[serde(rename_all = "camelCase")]
pub struct ServiceOut {
    #[serde(rename = "_id")]
    id: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    activated: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[schema(format = DateTime)]
    updated: String,
    service_type: ServiceTypeWord,
    status: ServiceStatusWord,
    content_type: ContentTypeWord,
    scope: ScopeWord,
    external_refs: Vec<Open>,
    /// Id of the service specification; `channel:N` for a right to a single channel.
    service_spec: String,
}

impl ServiceOut {
    fn new(ctx: &Ctx, service: &Service) -> Result<Self, Failure> {
        let service_spec = match service.grant {
            Grant::Spec(id) => ids::show_named(ops::catalogue::brought_id(ctx, id)?.as_ref(), id),
            Grant::Channel(id) => format!("channel:{}", id.0),
        };
        Ok(Self {
            id: ids::show(service.id),
            activated: service.activated_at.map(shown),
            created: shown(service.created_at),
            expires: service.expires_at.map(shown),
            updated: shown(service.updated_at),
            service_type: service.service_type.into(),
            status: service.status_at(ctx.now).into(),
            content_type: service.content_type.into(),
            scope: service.scope.into(),
            external_refs: Open::show_all(&service.external_refs),
            service_spec,
        })
    }
}

/// What an outside billing gives.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ServiceInput)]
#[serde(rename_all = "camelCase")]
pub struct ServiceIn {
    #[serde(default)]
    status: Option<ServiceStatusWord>,
    /// Not given: an existing right keeps its end, a new one has none. Null: no end.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires: Patch<Moment>,
    /// Id of the service specification.
    service_spec: Reference,
}

/// Get customer services list
///
/// Deleted services are left out unless `status` asks for them.
#[utoipa::path(get, path = "/customers/{customerId}/services", tag = "Services",
    params(
        ("customerId" = String, Path),
        ("status" = Option<Vec<ServiceStatusWord>>, Query, description = "Any of these"),
    ),
    responses((status = 200, body = Vec<ServiceOut>), Refusals))]
pub async fn list(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<ServiceOut>>, Failure> {
    ctx.require(Permission::CustomersRead)?;
    params.only(&["status"])?;
    let wanted = params.words("status", ServiceStatusWord::parse, ServiceStatusWord::WORDS)?;
    let services = ops::services::list(&ctx, &path.customer())?;
    shown_list(&ctx, &services, &wanted).map(Json)
}

fn shown_list(
    ctx: &Ctx,
    services: &[Service],
    wanted: &[ServiceStatusWord],
) -> Result<Vec<ServiceOut>, Failure> {
    let fits = |service: &&Service| {
        let status = service.status_at(ctx.now);
        if wanted.is_empty() {
            status != ServiceStatus::Deleted
        } else {
            wanted.contains(&status.into())
        }
    };
    services
        .iter()
        .filter(fits)
        .map(|service| ServiceOut::new(ctx, service))
        .collect()
}

/// Add customer service
///
/// Answers all services of the customer, the one given last. Giving what was given before
/// extends it or makes it active again.
#[utoipa::path(post, path = "/customers/{customerId}/services", tag = "Services",
    params(
        ("customerId" = String, Path),
        ("X-Request-Id" = Option<String>, Header,
         description = "Your own name for this request; comes back in the answer"),
    ),
    request_body = ServiceIn,
    responses((status = 201, body = Vec<ServiceOut>), Refusals))]
pub async fn add(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<(StatusCode, Json<Vec<ServiceOut>>), Failure> {
    ctx.require(Permission::ServicesWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: ServiceIn = body.parse_or_empty()?;
    let input = NewService {
        spec: ids::handle::<ServiceSpecId>(&input.service_spec.0),
        status: input.status.map(Into::into),
        expires_at: input.expires.map(|at| at.map(|at| at.0)),
    };
    let services = ops::services::add(&ctx, path.customer(), input).await?;
    Ok((StatusCode::CREATED, Json(shown_list(&ctx, &services, &[])?)))
}

/// Get customer service by id
#[utoipa::path(get, path = "/customers/{customerId}/services/{serviceId}", tag = "Services",
    params(("customerId" = String, Path), ("serviceId" = String, Path)),
    responses((status = 200, body = ServiceOut), Refusals))]
pub async fn get(Staff(ctx): Staff, path: Ids) -> Result<Json<ServiceOut>, Failure> {
    let service = ops::services::get(&ctx, &path.customer(), &path.id(1))?;
    ServiceOut::new(&ctx, &service).map(Json)
}

/// Remove customer service
///
/// It stays in `GET …/services?status=DELETED`.
#[utoipa::path(delete, path = "/customers/{customerId}/services/{serviceId}", tag = "Services",
    params(("customerId" = String, Path), ("serviceId" = String, Path)),
    responses((status = 204), Refusals))]
pub async fn remove(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    ops::services::remove(&ctx, path.customer(), path.id(1)).await?;
    Ok(StatusCode::NO_CONTENT)
}
