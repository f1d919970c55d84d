//! What the pages of the console ask for, in one table; it is the console's API document too.

mod boxes;
mod customer;
mod customers;
mod invoices;
mod listing;
mod mine;
mod needs;
mod orders;
mod qr;
mod removing;
mod revenue;
mod saving;
mod search;
mod selling;
mod sessions;
mod shared;
mod timeline;
mod why;

use std::sync::Arc;

use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::wire::kit::SESSION_COOKIE;

/// Every path of the pages.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Pages::openapi())
        .routes(routes!(search::find))
        .routes(routes!(customers::list, saving::create))
        .routes(routes!(customer::get, saving::update, removing::remove))
        .routes(routes!(timeline::list))
        .routes(routes!(selling::offers))
        .routes(routes!(selling::place))
        .routes(routes!(boxes::add))
        .routes(routes!(boxes::remove))
        .routes(routes!(boxes::command_all))
        .routes(routes!(boxes::command_one))
        .routes(routes!(orders::list))
        .routes(routes!(orders::export))
        .routes(routes!(orders::figures))
        .routes(routes!(invoices::list))
        .routes(routes!(invoices::export))
        .routes(routes!(invoices::figures))
        .routes(routes!(needs::list))
        .routes(routes!(needs::show))
        .routes(routes!(revenue::list))
        .routes(routes!(mine::show))
        .routes(routes!(mine::password))
        .routes(routes!(mine::begin, mine::finish, mine::off))
        .routes(routes!(mine::renew))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "The console's API",
        description = "What the pages of the console ask for. Whoever is signed in may, as far as \
                       their role is, and scripts with an integration token. Other paths of this \
                       API stand in docs/console-api.md."
    ),
    modifiers(&Schemes),
    security(("session" = []), ("JWT" = [])),
    tags(
        (name = "Customers", description = "Who they are, and whether they may watch"),
        (name = "Orders", description = "What is sold"),
        (name = "Invoices", description = "What was billed"),
        (name = "Today", description = "What needs somebody, and how many there are"),
        (name = "Boxes", description = "What they watch on, and what that is told"),
        (name = "Sign-in", description = "Password, second factor and sign-ins of who calls"),
    )
)]
struct Pages;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let session = ApiKeyValue::with_description(
            SESSION_COOKIE,
            "what signing in sets; what changes something needs the header `X-Boxoffice: 1` too",
        );
        let token = ApiKeyValue::with_description(
            "Authorization",
            "`JWT <token>`, a token made by `boxoffice token create`",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        components.add_security_scheme("JWT", SecurityScheme::ApiKey(ApiKey::Header(token)));
    }
}
