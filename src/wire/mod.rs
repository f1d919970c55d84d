//! The world speaks to us: the router with all prefixes on one page, and the shared layers.

pub mod alphaott;
pub mod atlas;
pub mod console;
mod demo_clip;
pub mod kit;
pub mod marketone;
mod pay;
mod portal;
mod site;
pub mod stalker;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;

use crate::app::App;
use kit::{Edge, TurnedAway, edge};

/// Every path the box answers.
///
/// | prefix | what |
/// |---|---|
/// | `/` | redirect to the console |
/// | `/console` | the console and its API |
/// | setting `alphaott.prefix` | AlphaOTT integration APIs |
/// | `/stalker_portal/api` | Stalker REST API v1 |
/// | `/marketone/v1`, `/v2/partnerSubscription` | MarketONE OTT API, where switched on |
/// | `/pay/{code}` | hosted payment page |
/// | `/stalker_portal`, `/c`, `/server/load.php`, `/portal.php` | set-top boxes, if switched on |
/// | `/docs` | the API reference |
/// | `/demo` | what the demo's channels show, where the file has the demo |
/// | `/healthz`, `/readyz`, `/metrics` | for machines |
pub fn router(app: &Arc<App>, closing: &CancellationToken) -> Router {
    let (alphaott, document) = alphaott(app, closing);
    let (console, console_document) = console::router();
    let console = console
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| console::error::panicked(),
        ))
        .layer(from_fn_with_state(
            at_edge(
                app,
                closing,
                console::request::DIALECT,
                console::error::turned_away,
            ),
            edge,
        ))
        .layer(map_response(console::error::with_request));
    let site = site::router(&document, &console_document)
        .merge(demo_clip::router(console::error::no_such_path))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(
            at_edge(app, closing, "site", console::error::turned_away),
            edge,
        ));
    let pay = pay::router()
        .method_not_allowed_fallback(console::error::wrong_method)
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(
            at_edge(app, closing, pay::DIALECT, pay::turned_away),
            edge,
        ));
    let stalker = stalker::router()
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| stalker::panicked(),
        ))
        .layer(from_fn_with_state(
            Edge {
                uri_bytes_max: stalker::URI_BYTES_MAX,
                ..at_edge(app, closing, stalker::call::DIALECT, stalker::turned_away)
            },
            edge,
        ));
    let mut router = Router::new()
        .merge(stalker)
        .merge(console)
        .merge(pay)
        .merge(site)
        .merge(alphaott);
    if app.config.stalker.enabled {
        router = router.merge(portal::router().layer(CatchPanicLayer::new()).layer(
            from_fn_with_state(
                at_edge(app, closing, portal::call::DIALECT, portal::turned_away),
                edge,
            ),
        ));
    }
    if app.config.marketone.enabled {
        router = router.merge(
            marketone::router()
                .layer(CatchPanicLayer::custom(
                    |_: Box<dyn std::any::Any + Send>| marketone::panicked(),
                ))
                .layer(from_fn_with_state(
                    at_edge(app, closing, marketone::DIALECT, marketone::turned_away),
                    edge,
                )),
        );
    }
    router
        .layer(map_response(kit::protect))
        .with_state(Arc::clone(app))
}

fn alphaott(app: &Arc<App>, closing: &CancellationToken) -> (Router<Arc<App>>, OpenApi) {
    let prefix = app.config.alphaott.prefix.as_str();
    let (router, mut document) = alphaott::router().split_for_parts();
    site::describe(&mut document, prefix);
    let panicked = |_: Box<dyn std::any::Any + Send>| alphaott::error::panicked();
    let router = alphaott::adapted(router, app)
        .method_not_allowed_fallback(alphaott::error::wrong_method)
        .fallback(alphaott::error::unknown_route)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(
            at_edge(
                app,
                closing,
                alphaott::request::DIALECT,
                alphaott::error::turned_away,
            ),
            edge,
        ));
    (Router::new().nest(prefix, router), document)
}

fn at_edge(
    app: &Arc<App>,
    closing: &CancellationToken,
    dialect: &'static str,
    refuse: fn(TurnedAway) -> Response,
) -> Edge {
    let counters = app.metrics.of_dialect(dialect);
    Edge {
        app: Arc::clone(app),
        dialect,
        counters,
        uri_bytes_max: kit::URI_BYTES_MAX,
        closing: closing.clone(),
        refuse,
        late: Arc::default(),
    }
}
