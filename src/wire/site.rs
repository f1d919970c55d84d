//! What is no dialect: the way to the console, the API reference, the hosted page's place, and
//! the paths that machines look at.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use rust_embed::RustEmbed;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{Info, OpenApi, RefOr, Schema};

use crate::app::{App, Ctx};
use crate::ops;

use super::alphaott::activity;
use super::console::error::Problem;
use super::kit::{Caller, KEPT_AN_HOUR, leads_elsewhere};

/// The reader of the API reference, with no address outside of this box in it.
#[derive(RustEmbed)]
#[folder = "assets/docs/"]
struct DocsFiles;

/// The reader makes styles while it runs; no script but ours does.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The API documents as they are served.
#[derive(Clone)]
struct Documents {
    alphaott: Arc<str>,
    console: Arc<str>,
}

/// The paths of the site, in one table.
pub fn router(document: &OpenApi, console: &OpenApi) -> Router<Arc<App>> {
    let text = |document: &OpenApi| Arc::from(document.to_json().unwrap_or_default());
    let documents = Documents {
        alphaott: text(document),
        console: text(console),
    };
    Router::new()
        .route("/", get(async || Redirect::temporary("/console/")))
        .route("/docs", get(reader))
        .route("/docs/", get(async || Redirect::temporary("/docs")))
        .route("/docs/assets/{name}", get(docs_asset))
        .route("/docs/openapi.json", get(openapi))
        .route("/docs/console.json", get(console_document))
        .route("/docs/activity.graphql", get(sdl))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(super::console::error::wrong_method)
        .fallback(super::console::error::unknown_route)
        .layer(Extension(documents))
}

/// Gives the document its title and introduction, puts the prefix before its paths and, since
/// PATCH does what PUT does, names it there too.
pub fn describe(document: &mut OpenApi, prefix: &str) {
    let mut info = Info::new("Boxoffice", env!("CARGO_PKG_VERSION"));
    info.description = Some(format!(
        "The AlphaOTT integration API, as Boxoffice serves it. Send `Authorization: JWT <token>` \
         with a token made by `boxoffice token create`.\n\n\
         Lists are bare arrays, oldest first. `PUT` and `PATCH` both merge. Array filters may be \
         spelt `status=A&status=B`, `status[]=A` or `status=A,B`. Errors have `code` and \
         `message`.\n\n\
         Customer activity speaks GraphQL at `{prefix}/graphql`; its schema is \
         [activity.graphql](/docs/activity.graphql)."
    ));
    document.info = info;
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        if let Some(put) = &item.put {
            let mut patch = put.clone();
            patch.operation_id = patch.operation_id.map(|id| format!("{id}_patch"));
            item.patch = Some(patch);
        }
        for operation in operations(&mut item) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    let words = if status == "204" {
                        "Done; there is no body."
                    } else {
                        "Done."
                    };
                    words.clone_into(&mut response.description);
                }
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                // A body that may be left out is not one that may be `null`.
                for content in body.content.values_mut() {
                    let RefOr::T(content) = content else { continue };
                    if let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema {
                        let mut items = choice.items.iter();
                        content.schema = items.find(|item| matches!(item, RefOr::Ref(_))).cloned();
                    }
                }
            }
            // `customers::list` of the code is `customersList` of the document. No underscores: the
            // reader takes them for blanks of an older time.
            let tag = operation
                .tags
                .as_ref()
                .and_then(|tags| tags.first())
                .cloned();
            if let (Some(id), Some(tag)) = (&mut operation.operation_id, tag) {
                *id = camel(&format!("{}_{id}", tag.to_lowercase()));
            }
        }
        document.paths.paths.insert(format!("{prefix}{path}"), item);
    }
}

/// `customers_list` as `customersList`.
fn camel(text: &str) -> String {
    let mut words = text.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

async fn reader() -> Response {
    match DocsFiles::get("index.html") {
        Some(page) => {
            let page = String::from_utf8_lossy(&page.data).into_owned();
            ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file of the reader; those that are kept compressed are served so.
async fn docs_asset(Path(name): Path<String>) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    let headers = [(CONTENT_TYPE, kind), KEPT_AN_HOUR];
    if let Some(file) = DocsFiles::get(&name) {
        return (headers, file.data).into_response();
    }
    match DocsFiles::get(&format!("{name}.gz")) {
        Some(file) => (headers, [(CONTENT_ENCODING, "gzip")], file.data).into_response(),
        None => Problem::not_found(format!("/docs/assets/{name} does not exist")).into_response(),
    }
}

async fn openapi(Extension(documents): Extension<Documents>) -> Response {
    json(&documents.alphaott)
}

async fn console_document(Extension(documents): Extension<Documents>) -> Response {
    json(&documents.console)
}

fn json(text: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.to_owned()).into_response()
}

async fn sdl() -> Response {
    let text = activity::schema().sdl();
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// 200 when the writer takes commands, with a line for whatever waits for a person; else 503 with a
/// line for each cause.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let ctx = Ctx::system(app);
    let causes = ops::upkeep::not_ready(&ctx).await;
    if causes.is_empty() {
        let waiting = ops::upkeep::waiting(&ctx).unwrap_or_default();
        let lines = std::iter::once("ready".to_owned()).chain(waiting);
        let lines: String = lines.map(|line| line + "\n").collect();
        return lines.into_response();
    }
    let lines: String = causes.into_iter().map(|cause| cause + "\n").collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

/// The figures, for this machine only or with a token.
async fn metrics(
    State(app): State<Arc<App>>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
) -> Response {
    let caller = caller.map(|Extension(caller)| caller);
    let near = caller.is_some_and(|caller| is_near(&app, caller));
    let ctx = Ctx {
        dialect: "site",
        address: caller.map(|caller| caller.address),
        ..Ctx::system(Arc::clone(&app))
    };
    if !near && let Err(problem) = crate::wire::console::request::require_token(&ctx, &headers) {
        return problem.into_response();
    }
    let held = ops::billing::held_run::held(&Ctx::system(Arc::clone(&app)));
    app.metrics
        .held(held.ok().flatten().map(|held| held.orders));
    for job in app.jobs.all() {
        let last = job.last.map(|last| last.took);
        app.metrics.job(job.name, job.turns, job.errors, last);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(CONTENT_TYPE, kind)],
        app.metrics.render(app.store.figures()),
    )
        .into_response()
}

/// Whether a request was made on this machine. Behind a proxy on it every client looks as if it
/// were; a proxy shows by what it leaves in a request or, if it leaves nothing and the settings do
/// not name it, by a `public_url` that leads elsewhere.
fn is_near(app: &App, caller: Caller) -> bool {
    let settings = &app.config;
    let may_hide_a_proxy =
        settings.trusted_proxies.is_empty() && leads_elsewhere(&settings.public_url);
    caller.address.is_loopback() && !caller.is_forwarded && !may_hide_a_proxy
}
