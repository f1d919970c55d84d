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
pub mod request;
mod services;
mod words;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

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
        (name = "Specifications",
         description = "IServiceManagementAPI; creating and changing them is Boxoffice's own \
                        extension"),
        (name = "Catalogue",
         description = "IProductCatalogAPI and IProductManagementAPI; creating product \
                        specifications is Boxoffice's own extension"),
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
