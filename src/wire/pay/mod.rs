//! The hosted payment page: server-rendered, no script, made for a phone first. The code in its
//! address is the secret; nobody signs in.
//!
//! What it leads back to is the redirect of the AlphaOTT dialect (its reference, operation 40), and
//! is no proof of payment.

mod page;
mod refused;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use self::page::{Page, Part, frame, leads_back, page, redirect, words};
use crate::app::{App, Ctx};
use crate::domain::billing::payment::PaymentState;
use crate::domain::staff::Actor;
use crate::domain::values::money::{Amount, Currency};
use crate::letters::page_words::filled;
use crate::ops;
use crate::ops::OpError;
use crate::ops::payments::page_view::Closed;
use crate::ops::payments::pages::{Outcome, Way};
use crate::ops::payments::stripe::Leads;
use crate::ops::payments::stripe_events::EventOutcome;
use crate::wire::kit::{KEPT_AN_HOUR, TurnedAway, client_address};

/// The name in logs, metrics and the audit log.
pub const DIALECT: &str = "pay";

/// Largest form, in bytes.
const FORM_BYTES_MAX: usize = 4_096;

/// The paths of the page.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/pay/{code}", get(show).post(submit))
        .route("/pay/assets/style.css", get(style))
        .route("/pay/done", get(done))
        .route("/payments/webhooks/stripe", post(stripe_webhook))
}

async fn style() -> Response {
    let text = include_str!("../../../assets/templates/pay.css");
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), KEPT_AN_HOUR];
    (headers, text).into_response()
}

fn request_ctx(app: &Arc<App>, extensions: &Extensions) -> Ctx {
    Ctx {
        actor: Actor::Nobody,
        dialect: DIALECT,
        address: client_address(extensions),
        ..Ctx::system(Arc::clone(app))
    }
}

/// Where browsers end that were paid for at another system's page and came from nowhere.
async fn done(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    extensions: Extensions,
) -> Response {
    let ctx = request_ctx(&app, &extensions);
    let said = words(&ctx);
    let (class, text) = match query.as_deref() {
        Some("status=succeded") => ("good", said.thanks),
        Some("status=failed") => ("bad", said.not_paid),
        _ => ("good", said.processing),
    };
    let close = said.may_close;
    let parts = vec![Part::Status { class, text }, Part::soft(close)];
    frame(&ctx, StatusCode::OK, parts)
}

async fn show(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    extensions: Extensions,
) -> Response {
    let ctx = request_ctx(&app, &extensions);
    if let Some(from_stripe) = query
        .as_deref()
        .and_then(|query| query.strip_prefix("stripe="))
    {
        return back_from_stripe(&ctx, &code, from_stripe == "cancel").await;
    }
    match ops::payments::page_view::view(&ctx, &code) {
        Ok(view) => page(&ctx, &view, StatusCode::OK, None),
        Err(error) => failed(&ctx, &error),
    }
}

/// The browser is back from Stripe's page, which proves nothing: Stripe is asked.
async fn back_from_stripe(ctx: &Ctx, code: &str, canceled: bool) -> Response {
    let view = match ops::payments::page_view::view(ctx, code) {
        Ok(view) => view,
        Err(error) => return failed(ctx, &error),
    };
    let waits = view.payment.filter(|payment| {
        payment.method == ops::payments::stripe::METHOD && payment.state == PaymentState::Processing
    });
    if let Some(payment) = waits {
        let asked = if canceled {
            ops::payments::stripe::cancel(ctx, payment.id).await
        } else {
            ops::payments::stripe::refresh(ctx, payment.id).await
        };
        if let Err(error) = asked {
            return failed(ctx, &error);
        }
    }
    see(&format!("/pay/{code}"))
}

/// Largest webhook, in bytes.
const WEBHOOK_BYTES_MAX: usize = 262_144;

async fn stripe_webhook(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let ctx = request_ctx(&app, &extensions);
    if body.len() > WEBHOOK_BYTES_MAX {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too long\n").into_response();
    }
    let signature = headers
        .get("stripe-signature")
        .and_then(|of| of.to_str().ok());
    match ops::payments::stripe_events::handle_event(&ctx, signature.unwrap_or(""), &body).await {
        Ok(EventOutcome::Done | EventOutcome::Ignored) => (StatusCode::OK, "ok\n").into_response(),
        Ok(EventOutcome::BadSignature) => (
            StatusCode::BAD_REQUEST,
            "Stripe-Signature does not fit: check payments.stripe_webhook_secret and the clock\n",
        )
            .into_response(),
        Ok(EventOutcome::TooEarly) => {
            (StatusCode::CONFLICT, "not known yet: send it again\n").into_response()
        }
        Ok(EventOutcome::NoAccount) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "stripe.webhook_failed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// What the form says.
struct Form {
    /// None: on Stripe's page.
    way: Option<Way>,
    seen: Amount,
}

fn form(body: &[u8]) -> Option<Form> {
    if body.len() > FORM_BYTES_MAX {
        return None;
    }
    let field = |name: &str| {
        let mut pairs = form_urlencoded::parse(body);
        let found = pairs.find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    let currency = Currency::parse(&field("currency")?)?;
    let seen = Amount::parse(&field("amount")?, currency)?;
    let way = match field("method")?.as_str() {
        "stripe" => return Some(Form { way: None, seen }),
        "balance" => Way::Balance,
        "manual" => Way::Manual,
        "voucher" => Way::Voucher {
            code: field("voucher")?,
        },
        "sandbox" => Way::Sandbox {
            card: field("card")?,
        },
        _ => return None,
    };
    let way = Some(way);
    Some(Form { way, seen })
}

async fn submit(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let ctx = request_ctx(&app, &extensions);
    let Some(form) = form(&body) else {
        return again(&ctx, &code, StatusCode::BAD_REQUEST, words(&ctx).fill_in);
    };
    let Some(way) = form.way else {
        return to_stripe(&ctx, &code, form.seen).await;
    };
    let manual = way == Way::Manual;
    match ops::payments::pages::submit(&ctx, code.clone(), way, form.seen).await {
        Ok(Outcome::Succeeded) => back(&ctx, &code, "succeded"),
        // How to pay by hand stands on the page itself.
        Ok(Outcome::Processing) if manual => see(&format!("/pay/{code}")),
        Ok(Outcome::Processing) => back(&ctx, &code, "processing"),
        Ok(Outcome::PartlyPaid) => see(&format!("/pay/{code}")),
        Ok(Outcome::Failed { reason }) => {
            let said = words(&ctx);
            let reason = match reason.as_str() {
                ops::payments::pages::DECLINED => said.declined,
                ops::payments::pages::BAD_VOUCHER => said.bad_voucher,
                other => other,
            };
            let failed = filled(said.failed, &[reason]);
            again(&ctx, &code, StatusCode::UNPROCESSABLE_ENTITY, &failed)
        }
        Err(error) => not_paid(&ctx, &code, &error),
    }
}

async fn to_stripe(ctx: &Ctx, code: &str, seen: Amount) -> Response {
    match ops::payments::stripe::pay(ctx, code.to_owned(), seen).await {
        Ok(Leads::To(url)) => see(&url),
        Ok(Leads::Paid) => match ops::payments::page_view::view(ctx, code) {
            Ok(view) if view.closed == Some(Closed::Paid) => back(ctx, code, "succeded"),
            // The money is there and the order did not begin: the page says why.
            _ => see(&format!("/pay/{code}")),
        },
        Ok(Leads::Processing) => see(&format!("/pay/{code}")),
        Ok(Leads::Failed { .. }) => {
            again(ctx, code, StatusCode::BAD_GATEWAY, words(ctx).card_failed)
        }
        Err(error) => not_paid(ctx, code, &error),
    }
}

/// What a payer is answered whose form was not accepted.
pub(super) fn not_paid(ctx: &Ctx, code: &str, error: &OpError) -> Response {
    match error {
        OpError::Refused(refusal) => {
            let problem = refused::words(ctx, refusal);
            again(ctx, code, StatusCode::CONFLICT, &problem)
        }
        error => failed(ctx, error),
    }
}

/// The way back to the shop. Without one the page itself says how it ended.
fn back(ctx: &Ctx, code: &str, status: &str) -> Response {
    let leads = ops::payments::page_view::find(ctx, code).is_ok_and(|page| leads_back(ctx, &page));
    if leads {
        see(&redirect(ctx, code, status))
    } else {
        see(&format!("/pay/{code}"))
    }
}

fn see(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page once more, with what went wrong on top.
fn again(ctx: &Ctx, code: &str, status: StatusCode, problem: &str) -> Response {
    match ops::payments::page_view::view(ctx, code) {
        Ok(view) => page(ctx, &view, status, Some(problem)),
        Err(error) => failed(ctx, &error),
    }
}

/// What is shown where there is no page to show.
pub(super) fn failed(ctx: &Ctx, error: &OpError) -> Response {
    let (status, text) = match error {
        OpError::Missing { .. } | OpError::Refused(_) => {
            (StatusCode::NOT_FOUND, words(ctx).no_page)
        }
        OpError::Throttled { .. } => (StatusCode::SERVICE_UNAVAILABLE, words(ctx).busy),
        OpError::DiskFull => (StatusCode::SERVICE_UNAVAILABLE, words(ctx).not_now),
        OpError::TooManyAttempts { retry_after_s } => {
            let text = words(ctx).too_often;
            let parts = vec![Part::Alone { text }];
            let mut response = frame(ctx, StatusCode::TOO_MANY_REQUESTS, parts);
            let seconds = HeaderValue::from(*retry_after_s);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return response;
        }
        other => {
            tracing::error!(error = %other, "pay.failed");
            (StatusCode::INTERNAL_SERVER_ERROR, words(ctx).went_wrong)
        }
    };
    frame(ctx, status, vec![Part::Alone { text }])
}

/// Words a request that is turned away, for whoever looks at the page.
pub fn turned_away(reason: TurnedAway) -> Response {
    let text = match reason {
        TurnedAway::ForeignPage => {
            "Another page sent this. Nothing was paid. Please open the payment page itself."
        }
        TurnedAway::TooSlow => "This took too long. Nothing was paid. Please try again.",
        TurnedAway::UriTooLong | TurnedAway::HeadersTooLarge | TurnedAway::NoHost => {
            "This could not be read. Nothing was paid. Please try again."
        }
    };
    let page = Page {
        lang: "en",
        title: "Payment".to_owned(),
        company: "Payment",
        words: None,
        parts: vec![Part::Alone { text }],
    };
    page.answer(reason.status())
}
