//! Service specifications and product specifications (alphaott 2.5 and 2.6).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::catalogue::kinds::{ProductStatus, ServiceStatus};
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::staff::Permission;
use crate::domain::values::id::ServiceSpecId;
use crate::ops;
use crate::ops::Handle;
use crate::ops::catalogue::{ProductSpecChange, SERVICE_SPECS_PER_PRODUCT_MAX, ServiceSpecChange};
use crate::wire::kit::json::{Body, Patch, given};

use super::error::Failure;
use super::fields::{BroughtId, Moment, Name, Open, Opens, Reference, Text, at_most, shown, text};
use super::ids;
use super::words::{
    ContentTypeWord, ProductStatusWord, ScopeWord, ServiceStatusWord, ServiceTypeWord,
};
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::request::{Ids, Params, Staff};

/// A sellable right.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceSpec)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpecOut {
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
    /// Links to records of other systems.
    external_refs: Vec<Open>,
    /// What it is called. Ours.
    title: String,
    /// Ours.
    description: String,
}

impl ServiceSpecOut {
    fn new(ctx: &Ctx, spec: &ServiceSpec) -> Self {
        Self {
            id: ids::show_named(spec.foreign_id.as_ref(), spec.id),
            activated: spec.activated_at.map(shown),
            created: shown(spec.created_at),
            expires: spec.expires_at.map(shown),
            updated: shown(spec.updated_at),
            service_type: spec.service_type.into(),
            status: spec.status.at(spec.expires_at, ctx.now).into(),
            content_type: spec.content_type.into(),
            scope: spec.scope.into(),
            external_refs: Open::show_all(&spec.external_refs),
            title: spec.title.clone(),
            description: spec.description.clone(),
        }
    }
}

/// A new service specification: kind, content type and scope are required.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ServiceSpecInput)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpecIn {
    #[serde(rename = "_id", default)]
    id: Option<BroughtId>,
    service_type: ServiceTypeWord,
    content_type: ContentTypeWord,
    scope: ScopeWord,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    title: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Text>)]
    description: Patch<Text>,
    #[serde(default)]
    status: Option<ServiceStatusWord>,
    #[serde(default)]
    activated: Option<Moment>,
    #[serde(default)]
    created: Option<Moment>,
    #[serde(default)]
    expires: Option<Moment>,
    #[serde(default)]
    external_refs: Option<Opens>,
}

impl From<ServiceSpecIn> for ServiceSpecChange {
    fn from(input: ServiceSpecIn) -> Self {
        Self {
            id: input.id.map(|id| ids::handle(&id.0)),
            title: text(input.title),
            description: text(input.description),
            service_type: None,
            content_type: None,
            scope: None,
            status: input.status.map(Into::into),
            activated_at: input.activated.map(|at| Some(at.0)),
            created_at: input.created.map(|at| at.0),
            expires_at: input.expires.map(|at| Some(at.0)),
            external_refs: input.external_refs.map(Opens::stored),
        }
    }
}

/// What changes on a service specification; null clears texts and dates and leaves the rest as it
/// is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ServiceSpecUpdate)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpecUpdateIn {
    service_type: Option<ServiceTypeWord>,
    content_type: Option<ContentTypeWord>,
    scope: Option<ScopeWord>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    title: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Text>)]
    description: Patch<Text>,
    status: Option<ServiceStatusWord>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    activated: Patch<Moment>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires: Patch<Moment>,
    external_refs: Option<Opens>,
}

impl From<ServiceSpecUpdateIn> for ServiceSpecChange {
    fn from(input: ServiceSpecUpdateIn) -> Self {
        Self {
            id: None,
            title: text(input.title),
            description: text(input.description),
            service_type: input.service_type.map(Into::into),
            content_type: input.content_type.map(Into::into),
            scope: input.scope.map(Into::into),
            status: input.status.map(Into::into),
            activated_at: input.activated.map(|at| at.map(|at| at.0)),
            created_at: None,
            expires_at: input.expires.map(|at| at.map(|at| at.0)),
            external_refs: input.external_refs.map(Opens::stored),
        }
    }
}

/// Get service specifications
#[utoipa::path(get, path = "/service-specs", tag = "Specifications",
    params(
        ("status" = Option<Vec<ServiceStatusWord>>, Query, description = "Any of these"),
        ("serviceType" = Option<Vec<ServiceTypeWord>>, Query, description = "Any of these"),
        ("contentType" = Option<Vec<ContentTypeWord>>, Query, description = "Any of these"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, example = 50),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000),
    ),
    responses((status = 200, body = Vec<ServiceSpecOut>), Refusals))]
pub async fn service_specs(
    Staff(ctx): Staff,
    params: Params,
) -> Result<Json<Vec<ServiceSpecOut>>, Failure> {
    ctx.require(Permission::CatalogueRead)?;
    params.only(&["status", "serviceType", "contentType"])?;
    let statuses = params.words("status", ServiceStatusWord::parse, ServiceStatusWord::WORDS)?;
    let kinds = params.words(
        "serviceType",
        ServiceTypeWord::parse,
        ServiceTypeWord::WORDS,
    )?;
    let contents = params.words(
        "contentType",
        ContentTypeWord::parse,
        ContentTypeWord::WORDS,
    )?;
    let (offset, limit) = params.page()?;
    let fits = |spec: &ServiceSpec| {
        let status = spec.status.at(spec.expires_at, ctx.now);
        let status_fits = if statuses.is_empty() {
            status != ServiceStatus::Deleted
        } else {
            statuses.contains(&status.into())
        };
        status_fits
            && (kinds.is_empty() || kinds.contains(&spec.service_type.into()))
            && (contents.is_empty() || contents.contains(&spec.content_type.into()))
    };
    let specs = ops::catalogue::service_specs(&ctx)?;
    Ok(Json(paged(
        specs.iter().filter(|spec| fits(spec)),
        offset,
        limit,
        |spec| ServiceSpecOut::new(&ctx, spec),
    )))
}

/// A page of what is left of a short list.
fn paged<'r, R: 'r, T>(
    records: impl Iterator<Item = &'r R>,
    offset: u64,
    limit: usize,
    show: impl Fn(&R) -> T,
) -> Vec<T> {
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    records.skip(skip).take(limit).map(show).collect()
}

/// Create service specification
///
/// Boxoffice's own: the vendor's API has no operation for it.
#[utoipa::path(post, path = "/service-specs", tag = "Specifications",
    request_body = ServiceSpecIn,
    responses((status = 201, body = ServiceSpecOut), Refusals))]
pub async fn create_service_spec(
    Staff(ctx): Staff,
    body: Body,
) -> Result<(StatusCode, Json<ServiceSpecOut>), Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    let input: ServiceSpecIn = body.parse_or_empty()?;
    let (kind, content, scope) = (input.service_type, input.content_type, input.scope);
    let spec = ops::catalogue::create_service_spec(
        &ctx,
        kind.into(),
        content.into(),
        scope.into(),
        input.into(),
    );
    Ok((
        StatusCode::CREATED,
        Json(ServiceSpecOut::new(&ctx, &spec.await?)),
    ))
}

/// Get service specification by id
#[utoipa::path(get, path = "/service-specs/{serviceSpecId}", tag = "Specifications",
    params(("serviceSpecId" = String, Path)),
    responses((status = 200, body = ServiceSpecOut), Refusals))]
pub async fn service_spec(Staff(ctx): Staff, path: Ids) -> Result<Json<ServiceSpecOut>, Failure> {
    let spec = ops::catalogue::service_spec(&ctx, &path.id(0))?;
    Ok(Json(ServiceSpecOut::new(&ctx, &spec)))
}

/// Update service specification
///
/// Boxoffice's own: the vendor's API has no operation for it. Merges.
#[utoipa::path(put, path = "/service-specs/{serviceSpecId}", tag = "Specifications",
    params(("serviceSpecId" = String, Path)), request_body = Option<ServiceSpecUpdateIn>,
    responses((status = 200, body = ServiceSpecOut), Refusals))]
pub async fn update_service_spec(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<Json<ServiceSpecOut>, Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    ops::catalogue::service_spec(&ctx, &path.id(0))?;
    let input: ServiceSpecUpdateIn = body.parse_or_empty()?;
    let spec = ops::catalogue::update_service_spec(&ctx, path.id(0), input.into()).await?;
    Ok(Json(ServiceSpecOut::new(&ctx, &spec)))
}

/// A bundle of rights; a tariff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductSpec)]
#[serde(rename_all = "camelCase")]
pub struct ProductSpecOut {
    #[serde(rename = "_id")]
    id: String,
    title: String,
    description: String,
    scope: ScopeWord,
    status: ProductStatusWord,
    /// Ids of the included service specifications.
    service_specs: Vec<String>,
    /// Ids of those a customer may add. Ours.
    optional_service_specs: Vec<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    updated: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    posters: Vec<Open>,
    external_refs: Vec<Open>,
}

impl ProductSpecOut {
    fn new(ctx: &Ctx, product: &ProductSpec) -> Result<Self, Failure> {
        let shown_ids = |ids: &[ServiceSpecId]| -> Result<Vec<String>, Failure> {
            let shown = |id: &ServiceSpecId| {
                Ok(ids::show_named(
                    ops::catalogue::brought_id(ctx, *id)?.as_ref(),
                    *id,
                ))
            };
            ids.iter().map(shown).collect()
        };
        Ok(Self {
            id: ids::show_named(product.foreign_id.as_ref(), product.id),
            title: product.title.clone(),
            description: product.description.clone(),
            scope: product.scope.into(),
            status: product.status.at(product.expires_at, ctx.now).into(),
            service_specs: shown_ids(&product.service_specs)?,
            optional_service_specs: shown_ids(&product.optional_service_specs)?,
            created: shown(product.created_at),
            updated: shown(product.updated_at),
            expires: product.expires_at.map(shown),
            posters: Open::show_all(&product.posters),
            external_refs: Open::show_all(&product.external_refs),
        })
    }
}

/// A product as a caller describes it. Nothing is required; null clears texts and dates and leaves
/// the rest as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ProductSpecInput)]
#[serde(rename_all = "camelCase")]
pub struct ProductSpecIn {
    /// Heeded for new products only.
    #[serde(rename = "_id")]
    id: Option<BroughtId>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    title: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Text>)]
    description: Patch<Text>,
    scope: Option<ScopeWord>,
    status: Option<ProductStatusWord>,
    #[schema(max_items = 256)]
    service_specs: Option<Vec<Reference>>,
    #[schema(max_items = 256)]
    optional_service_specs: Option<Vec<Reference>>,
    /// Heeded for new products only.
    created: Option<Moment>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires: Patch<Moment>,
    posters: Option<Opens>,
    external_refs: Option<Opens>,
}

impl ProductSpecIn {
    fn change(self) -> Result<ProductSpecChange, Failure> {
        let handles = |name: &str, list: Option<Vec<Reference>>| {
            let Some(list) = list else { return Ok(None) };
            at_most(list.len(), SERVICE_SPECS_PER_PRODUCT_MAX)
                .map_err(|problem| Failure::bad_request(name, &problem))?;
            let handles = list.iter().map(|id| ids::handle::<ServiceSpecId>(&id.0));
            Ok::<_, Failure>(Some(handles.collect::<Vec<Handle<_>>>()))
        };
        Ok(ProductSpecChange {
            id: self.id.map(|id| ids::handle(&id.0)),
            title: text(self.title),
            description: text(self.description),
            scope: self.scope.map(Into::into),
            status: self.status.map(Into::into),
            service_specs: handles("serviceSpecs", self.service_specs)?,
            optional_service_specs: handles("optionalServiceSpecs", self.optional_service_specs)?,
            posters: self.posters.map(Opens::stored),
            external_refs: self.external_refs.map(Opens::stored),
            created_at: self.created.map(|at| at.0),
            expires_at: self.expires.map(|at| at.map(|at| at.0)),
        })
    }
}

/// The page of products that a query asks for. Without a status only those that `by_default`
/// takes.
fn product_page(
    ctx: &Ctx,
    params: &Params,
    products: &[ProductSpec],
    by_default: fn(ProductStatus) -> bool,
) -> Result<Json<Vec<ProductSpecOut>>, Failure> {
    params.only(&["status"])?;
    let statuses = params.words("status", ProductStatusWord::parse, ProductStatusWord::WORDS)?;
    let (offset, limit) = params.page()?;
    let fits = |product: &&ProductSpec| {
        let status = product.status.at(product.expires_at, ctx.now);
        if statuses.is_empty() {
            by_default(status)
        } else {
            statuses.contains(&status.into())
        }
    };
    let products = products.iter().filter(fits);
    let page = paged(products, offset, limit, |product| {
        ProductSpecOut::new(ctx, product)
    });
    page.into_iter().collect::<Result<_, _>>().map(Json)
}

/// Get products specifications available for customer
///
// One line in the API document.
#[doc = " Without `status`: those that the customer may order, so neither drafts nor expired ones. \
Products"]
/// of which every offer on sale is for other customers are left out.
#[utoipa::path(get, path = "/customers/{customerId}/product-specs", tag = "Catalogue",
    params(
        ("customerId" = String, Path),
        ("status" = Option<Vec<ProductStatusWord>>, Query, description = "Any of these"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, example = 50),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000),
    ),
    responses((status = 200, body = Vec<ProductSpecOut>), Refusals))]
pub async fn customer_products(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<ProductSpecOut>>, Failure> {
    let products = ops::catalogue::products_for(&ctx, &path.customer())?;
    product_page(&ctx, &params, &products, |status| {
        status == ProductStatus::Active
    })
}

/// Get product specifications
#[utoipa::path(get, path = "/product-specs", tag = "Catalogue",
    params(
        ("status" = Option<Vec<ProductStatusWord>>, Query, description = "Any of these"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, example = 50),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000),
    ),
    responses((status = 200, body = Vec<ProductSpecOut>), Refusals))]
pub async fn products(
    Staff(ctx): Staff,
    params: Params,
) -> Result<Json<Vec<ProductSpecOut>>, Failure> {
    let products = ops::catalogue::products(&ctx)?;
    product_page(&ctx, &params, &products, |_| true)
}

/// Create product specification
///
/// Boxoffice's own: the vendor's API has no operation for it.
#[utoipa::path(post, path = "/product-specs", tag = "Catalogue",
    request_body = Option<ProductSpecIn>,
    responses((status = 201, body = ProductSpecOut), Refusals))]
pub async fn create_product(
    Staff(ctx): Staff,
    body: Body,
) -> Result<(StatusCode, Json<ProductSpecOut>), Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    let input: ProductSpecIn = body.parse_or_empty()?;
    let change = input.change()?;
    ops::peers::middleware::bring_specs(&ctx, change.specs()).await?;
    let product = ops::catalogue::create_product(&ctx, change).await?;
    Ok((
        StatusCode::CREATED,
        Json(ProductSpecOut::new(&ctx, &product)?),
    ))
}

/// Get product specification
#[utoipa::path(get, path = "/product-specs/{productSpecId}", tag = "Catalogue",
    params(("productSpecId" = String, Path)),
    responses((status = 200, body = ProductSpecOut), Refusals))]
pub async fn product(Staff(ctx): Staff, path: Ids) -> Result<Json<ProductSpecOut>, Failure> {
    let product = ops::catalogue::product(&ctx, &path.id(0))?;
    ProductSpecOut::new(&ctx, &product).map(Json)
}

/// Update product specification
///
/// Merges: what is not given stays.
#[utoipa::path(put, path = "/product-specs/{productSpecId}", tag = "Catalogue",
    params(("productSpecId" = String, Path)), request_body = Option<ProductSpecIn>,
    responses((status = 200, body = ProductSpecOut), Refusals))]
pub async fn update_product(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<Json<ProductSpecOut>, Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    ops::catalogue::product(&ctx, &path.id(0))?;
    let input: ProductSpecIn = body.parse_or_empty()?;
    let change = input.change()?;
    ops::peers::middleware::bring_specs(&ctx, change.specs()).await?;
    let product = ops::catalogue::update_product(&ctx, path.id(0), change).await?;
    ProductSpecOut::new(&ctx, &product).map(Json)
}

/// Remove product specification
///
/// It and its offers are no longer sold; orders for it run on.
#[utoipa::path(delete, path = "/product-specs/{productSpecId}", tag = "Catalogue",
    params(("productSpecId" = String, Path)), responses((status = 204), Refusals))]
pub async fn remove_product(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    ops::catalogue::remove_product(&ctx, path.id(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}
