//! The console's own API: sign-in, tokens, first set-up, the test clock; and its pages.
//!
//! Errors are `application/problem+json`. A session is a cookie that scripts cannot read; what
//! changes something over a session also needs the header `X-Boxoffice: 1`, which no foreign page
//! can send.

mod audits;
mod billing;
mod boxes;
mod desk;
mod effect;
pub mod error;
mod jobs;
mod members;
mod messages;
mod middleware;
mod money;
mod pages;
mod partner_calls;
mod partners;
mod repeatable;
pub mod request;
mod sensitive;
mod session;
mod setup;
mod staff;
mod templates;
mod test_clock;
mod tokens;
mod transactions;
mod vouchers;
mod webhooks;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};
use utoipa::openapi::OpenApi;

use crate::app::App;

/// Every path of the console, in one table, and the document of those that have one.
pub fn router() -> (Router<Arc<App>>, OpenApi) {
    let (desk, document) = desk::routes().split_for_parts();
    let routes = all_routes().merge(desk);
    // Once for all: a path of both tables may have one such fallback only.
    let routes = routes.method_not_allowed_fallback(error::wrong_method);
    (routes, document)
}

fn all_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/setup", get(setup::page).post(setup::submit))
        .route(
            "/console/api/session",
            get(session::who)
                .post(session::begin)
                .delete(session::sign_out),
        )
        .route("/console/api/session/confirm", post(session::confirm))
        .route(
            "/console/api/tokens",
            get(tokens::list).post(tokens::create),
        )
        .route("/console/api/tokens/{jti}", delete(tokens::revoke))
        .route("/console/api/staff", get(staff::list).post(staff::add))
        .route(
            "/console/api/staff/{name}",
            put(staff::change).delete(staff::remove),
        )
        .route(
            "/console/api/staff/{name}/second-factor",
            delete(staff::take_factor),
        )
        .route("/console/api/audit", get(audits::page))
        .route("/console/api/jobs", get(jobs::list))
        .merge(money_routes())
        .merge(webhook_routes())
        .merge(pages::routes())
        .route("/console/api/test-clock", post(test_clock::advance))
}

/// Payments, invoices, vouchers; orders and the billing.
#[expect(clippy::too_many_lines, reason = "one table of paths")]
fn money_routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/console/api/customers/{id}/payments",
            get(money::payments).post(money::receive),
        )
        .route(
            "/console/api/customers/{id}/vouchers",
            post(vouchers::redeem),
        )
        .route(
            "/console/api/customers/{id}/boxes",
            get(boxes::list).put(boxes::set_max),
        )
        .route("/console/api/customers/{id}/invoices", get(money::invoices))
        .route("/console/api/invoices/{name}", get(money::invoice))
        .route("/console/api/invoices/{name}/void", post(money::void))
        .route(
            "/console/api/customers/{id}/write-offs",
            post(money::write_off),
        )
        .route("/console/api/payments/open", get(money::open_payments))
        .route("/console/api/payments/{id}/refunds", post(money::refund))
        .route("/console/api/payments/{id}/confirm", post(money::confirm))
        .route("/console/api/payments/{id}/fail", post(money::fail))
        .route("/console/api/payments/{id}/resolve", post(money::resolve))
        .route(
            "/console/api/voucher-batches",
            get(vouchers::batches).post(vouchers::create_batch),
        )
        .route(
            "/console/api/voucher-batches/{id}",
            delete(vouchers::revoke_batch),
        )
        .route(
            "/console/api/voucher-batches/{id}/sales",
            post(vouchers::sell),
        )
        .route(
            "/console/api/voucher-batches/{id}/returns",
            post(vouchers::take_back),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/pause",
            post(billing::pause),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/resume",
            post(billing::resume),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/renew",
            post(billing::renew),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/change",
            post(billing::change),
        )
        .route(
            "/console/api/customers/{id}/orders/{order}/end",
            post(billing::end),
        )
        .route(
            "/console/api/middleware",
            get(middleware::middleware_pending),
        )
        .route("/console/api/messages", get(messages::list))
        .route("/console/api/messages/{id}/retry", post(messages::retry))
        .route("/console/api/templates", get(templates::list))
        .route(
            "/console/api/templates/{kind}/preview",
            post(templates::preview),
        )
        .route(
            "/console/api/templates/{kind}/{language}",
            put(templates::set).delete(templates::reset),
        )
        .route(
            "/console/api/partners",
            get(partners::list).post(partners::add),
        )
        .route(
            "/console/api/partners/{key}",
            get(partners::get).put(partners::set),
        )
        .route("/console/api/partners/{key}/rotate", post(partners::rotate))
        .route(
            "/console/api/partners/{key}/calls",
            get(partner_calls::list),
        )
        .route(
            "/console/api/partners/{key}/settlement",
            get(partners::settlement),
        )
        .route(
            "/console/api/partners/{key}/settlement/close",
            post(partners::close),
        )
        .route(
            "/console/api/partners/{key}/transactions",
            get(transactions::processing),
        )
        .route(
            "/console/api/partners/transactions/{id}/resolve",
            post(transactions::resolve),
        )
        .route(
            "/console/api/partners/{key}/settlements",
            get(partners::closed_months),
        )
        .route("/console/api/preview", get(billing::preview))
        .route("/console/api/runs", get(billing::runs))
        .route("/console/api/runs/{id}/release", post(billing::release))
}

/// Who is told what happens.
fn webhook_routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/console/api/webhooks",
            get(webhooks::list).post(webhooks::add),
        )
        .route(
            "/console/api/webhooks/{id}",
            put(webhooks::change).delete(webhooks::remove),
        )
        .route("/console/api/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/console/api/webhooks/{id}/test", post(webhooks::test))
        .route(
            "/console/api/webhooks/{id}/deliveries",
            get(webhooks::deliveries),
        )
        .route(
            "/console/api/webhooks/{id}/deliveries/{delivery}/replay",
            post(webhooks::replay),
        )
}
