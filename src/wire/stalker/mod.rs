//! Stalker REST API v1: this page takes a request apart, lets the right people in and hands it to
//! its resource. Reference: stalker-rest-v1.
//!
//! Business errors are HTTP 200 (§1.7); only a wrong credential (401) and an API that is switched
//! off (404) are not.

mod accounts;
pub(super) mod answer;
mod boxes;
pub mod call;
mod packages;
mod resellers;
mod subscriptions;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use crate::app::{App, Ctx};
use crate::ops::staff::api_actor;
use crate::ops::staff::bearers::note_nobody;
use crate::wire::kit::json::{self, BodyError};
use crate::wire::kit::php::{Form, basic_credentials, identifiers};
use crate::wire::kit::{TurnedAway, request_ctx};

use crate::wire::stalker::call::{Action, Call, DIALECT};
use answer::{Answer, Failure, failed, failed_with};

/// Where the API stands.
const PREFIX: &str = "/stalker_portal/api";
/// Largest request line target, in bytes: a thousand percent-encoded MACs fit.
pub const URI_BYTES_MAX: usize = 48 * 1024;
/// Largest body, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Every path of the API. Which resource is meant is read from the path as it came: its parts are
/// lenient in ways that routes are not (§1.1, §1.4).
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route(PREFIX, any(api))
        .route("/stalker_portal/api/", any(api))
        .route("/stalker_portal/api/{*rest}", any(api))
        .route("/stalker_portal/auth/token", any(no_app_api))
        .route("/stalker_portal/auth/token.php", any(no_app_api))
}

/// The resources, by their names in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    Stb,
    Accounts,
    Users,
    StbMsg,
    SendEvent,
    StbModules,
    Itv,
    ItvSubscription,
    Tariffs,
    ServicesPackage,
    AccountSubscription,
    Reseller,
}

impl Resource {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "stb" => Self::Stb,
            "accounts" => Self::Accounts,
            "users" => Self::Users,
            "stb_msg" => Self::StbMsg,
            "send_event" => Self::SendEvent,
            "stb_modules" => Self::StbModules,
            "itv" => Self::Itv,
            "itv_subscription" => Self::ItvSubscription,
            "tariffs" => Self::Tariffs,
            "services_package" => Self::ServicesPackage,
            "account_subscription" => Self::AccountSubscription,
            "reseller" => Self::Reseller,
            _ => return None,
        })
    }
}

async fn api(State(app): State<Arc<App>>, request: Request) -> Response {
    if !app.config.stalker.enabled {
        // Not JSON: one client looks for exactly this text (§1.8).
        return (StatusCode::NOT_FOUND, "API not enabled").into_response();
    }
    let (parts, body) = request.into_parts();
    // No answer waits for the body of a stranger.
    let authorized = match authorize(&app, &parts).await {
        Ok(authorized) => authorized,
        Err(failure) => {
            json::discard(&parts.headers, body);
            return failure.into_response();
        }
    };
    // A caller's is read whatever else is wrong: one that nobody reads costs its sender the
    // connection.
    let body = json::read(&parts.headers, body, BODY_BYTES_MAX).await;
    if body == Err(BodyError::Incomplete) {
        // Not even what needs no body is done for somebody who broke off.
        return failed("Request body was cut short");
    }
    match answered(authorized, &parts, body).await {
        Ok(answer) => answer.into_response(),
        Err(failure) => failure.into_response(),
    }
}

async fn no_app_api() -> Failure {
    Failure::NoAppApi
}

/// Parts of the path behind the prefix: the resource as it was sent and the identifiers (§1.1).
/// What follows them is ignored.
fn path_parts(path: &str) -> (&str, Option<&str>) {
    let rest = path.strip_prefix(PREFIX).unwrap_or_default();
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let rest = match rest.split_once('/') {
        Some(("v1", rest)) => rest,
        None if rest == "v1" => "",
        _ => rest,
    };
    match rest.split_once('/') {
        // A closing slash is nothing; a second one is an empty identifier.
        None | Some((_, "")) => (rest.trim_end_matches('/'), None),
        Some((resource, rest)) => {
            let ids = rest.split_once('/').map_or(rest, |(ids, _)| ids);
            (resource, Some(ids))
        }
    }
}

/// What a request asks for, as far as its line says, and who sends it.
struct Authorized<'p> {
    ctx: Ctx,
    action: Action,
    /// The resource, as it was sent.
    name: &'p str,
    segment: Option<&'p str>,
}

async fn authorize<'p>(app: &Arc<App>, parts: &'p Parts) -> Result<Authorized<'p>, Failure> {
    // The request line is judged before the credentials: one client's health probe (R3).
    let action = Action::of(&parts.method).ok_or(Failure::text("Not supported method"))?;
    let (name, segment) = path_parts(parts.uri.path());
    if name.is_empty() {
        return Err(Failure::text("Empty resource"));
    }
    if matches!(name, "v2" | "v3") {
        return Err(Failure::NoAppApi);
    }
    let ctx = authorized(app, parts).await?;
    Ok(Authorized {
        ctx,
        action,
        name,
        segment,
    })
}

async fn answered(
    authorized: Authorized<'_>,
    parts: &Parts,
    body: Result<Vec<u8>, BodyError>,
) -> Result<Answer, Failure> {
    let Authorized {
        ctx,
        action,
        name,
        segment,
    } = authorized;
    let resource = Resource::parse(name).ok_or_else(|| answer::no_resource(name))?;
    let unsupported = || {
        let name: String = name.chars().take(64).collect();
        let action = action.name();
        Failure::Text(format!(
            "Resource \"{name}\" does not support action \"{action}\""
        ))
    };
    let ids = identifiers(segment).map_err(|_| Failure::text("Too many identifiers"))?;
    let mut call = Call {
        ctx,
        action,
        ids,
        no_body: true,
        form: Form::default(),
    };
    if matches!(action, Action::Create | Action::Update) {
        let cut = |_| Failure::text("Request body is too large, or was cut short");
        let bytes = body.map_err(cut)?;
        call.no_body = bytes.is_empty();
        call.form = Form::parse(content_type(&parts.headers), &bytes)
            .map_err(|_| Failure::text("Too many fields"))?;
    }
    match resource {
        Resource::Stb => boxes::stb(call).await,
        Resource::Accounts => accounts::accounts(call).await,
        Resource::Users => accounts::users(call).await,
        Resource::StbMsg if action == Action::Create => boxes::message(call).await,
        Resource::SendEvent if action == Action::Create => boxes::event(call).await,
        Resource::StbModules if action == Action::Get => boxes::modules(&call),
        Resource::StbModules if action == Action::Update => boxes::set_modules(call).await,
        Resource::Itv if action == Action::Get => packages::channels(&call),
        Resource::ItvSubscription if action == Action::Get => subscriptions::channels(call),
        Resource::ItvSubscription if action == Action::Update => {
            subscriptions::set_channels(call).await
        }
        Resource::Tariffs if action == Action::Get => packages::tariffs(&call),
        Resource::ServicesPackage if action == Action::Get => packages::packages(&call),
        Resource::AccountSubscription => subscriptions::packages(call).await,
        Resource::Reseller => resellers::resellers(call).await,
        Resource::StbMsg
        | Resource::SendEvent
        | Resource::StbModules
        | Resource::Itv
        | Resource::ItvSubscription
        | Resource::Tariffs
        | Resource::ServicesPackage => Err(unsupported()),
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// Who calls: by HTTP Basic, or anybody where the settings say so.
async fn authorized(app: &Arc<App>, parts: &Parts) -> Result<Ctx, Failure> {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let ctx = request_ctx(app, DIALECT, parts);
    let actor = api_actor(&ctx, header.and_then(basic_credentials)).await?;
    if let Some(actor) = actor {
        return Ok(Ctx { actor, ..ctx });
    }
    // Its scripts compare the answer, so that only the log says more.
    note_nobody(
        &ctx,
        match parts.headers.get(AUTHORIZATION) {
            None => "no login of the Stalker API",
            Some(_) if header.and_then(basic_credentials).is_none() => "not HTTP Basic",
            Some(_) => "a login or password of the Stalker API that does not fit",
        },
    );
    Err(Failure::Unauthorized)
}

/// A panic is a bug, but its caller still gets an answer in shape.
#[must_use]
pub fn panicked() -> Response {
    failed("Internal error")
}

/// Requests that are refused before anything sees them.
#[must_use]
pub fn turned_away(reason: TurnedAway) -> Response {
    match reason {
        TurnedAway::UriTooLong => failed("Too many identifiers"),
        TurnedAway::HeadersTooLarge => failed("Request headers are too large"),
        TurnedAway::NoHost | TurnedAway::ForeignPage | TurnedAway::TooSlow => {
            failed_with(reason.status(), reason.words())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path_parts;

    #[test]
    fn paths_are_taken_apart_leniently() {
        for (path, resource, ids) in [
            ("/stalker_portal/api", "", None),
            ("/stalker_portal/api/", "", None),
            ("/stalker_portal/api/v1", "", None),
            ("/stalker_portal/api/v1/", "", None),
            ("/stalker_portal/api/stb", "stb", None),
            ("/stalker_portal/api/stb/", "stb", None),
            ("/stalker_portal/api/v1/stb/1", "stb", Some("1")),
            ("/stalker_portal/api/stb/1/", "stb", Some("1")),
            ("/stalker_portal/api/stb/1/x/y", "stb", Some("1")),
            ("/stalker_portal/api/stb//", "stb", Some("")),
            ("/stalker_portal/api/stb/,", "stb", Some(",")),
            ("/stalker_portal/api//stb", "", Some("stb")),
        ] {
            assert_eq!(path_parts(path), (resource, ids), "{path}");
        }
    }
}
