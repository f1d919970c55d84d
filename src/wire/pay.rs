//! The hosted payment page: server-rendered, no script, made for a phone first. The code in its
//! address is the secret; nobody signs in.
//!
//! What it leads back to is the redirect of the AlphaOTT dialect (its reference, operation 40), and
//! is no proof of payment.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::app::{App, Ctx};
use crate::domain::money::{Amount, Currency};
use crate::domain::payment::PaymentState;
use crate::domain::refusal::Refusal;
use crate::domain::staff::Actor;
use crate::letters::locale::{amount, day, html};
use crate::ops;
use crate::ops::OpError;
use crate::ops::pages::{Closed, Outcome, View, Way};
use crate::ops::stripe::{Heard, Leads};
use crate::wire::kit::{KEPT_AN_HOUR, TurnedAway, client_address};

/// The name in logs, metrics and the audit log.
pub const DIALECT: &str = "pay";

/// Largest form, in bytes.
const FORM_BYTES_MAX: usize = 4_096;

/// Scripts of any kind are not needed and not allowed.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self' https: http:; \
                      frame-ancestors 'none'; base-uri 'none'; img-src data:";

/// The paths of the page.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/pay/{code}", get(show).post(submit))
        .route("/pay/assets/style.css", get(style))
        .route("/payments/webhooks/stripe", post(stripe_webhook))
}

async fn style() -> Response {
    let text = include_str!("../../assets/templates/pay.css");
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), KEPT_AN_HOUR];
    (headers, text).into_response()
}

fn circumstances(app: &Arc<App>, extensions: &Extensions) -> Ctx {
    Ctx {
        actor: Actor::Nobody,
        dialect: DIALECT,
        address: client_address(extensions),
        ..Ctx::system(Arc::clone(app))
    }
}

async fn show(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    extensions: Extensions,
) -> Response {
    let ctx = circumstances(&app, &extensions);
    if let Some(from_stripe) = query
        .as_deref()
        .and_then(|query| query.strip_prefix("stripe="))
    {
        return back_from_stripe(&ctx, &code, from_stripe == "cancel").await;
    }
    match ops::pages::view(&ctx, &code) {
        Ok(view) => page(&ctx, &view, StatusCode::OK, None),
        Err(error) => failed(&ctx, &error),
    }
}

/// The browser is back from Stripe's page, which proves nothing: Stripe is asked.
async fn back_from_stripe(ctx: &Ctx, code: &str, canceled: bool) -> Response {
    let view = match ops::pages::view(ctx, code) {
        Ok(view) => view,
        Err(error) => return failed(ctx, &error),
    };
    let waits = view.payment.filter(|payment| {
        payment.method == ops::stripe::METHOD && payment.state == PaymentState::Processing
    });
    if let Some(payment) = waits {
        let asked = if canceled {
            ops::stripe::cancel(ctx, payment.id).await
        } else {
            ops::stripe::look(ctx, payment.id).await
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
    let ctx = circumstances(&app, &extensions);
    if body.len() > WEBHOOK_BYTES_MAX {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too long\n").into_response();
    }
    let signature = headers
        .get("stripe-signature")
        .and_then(|of| of.to_str().ok());
    match ops::stripe::hear(&ctx, signature.unwrap_or(""), &body).await {
        Ok(Heard::Done | Heard::Ignored) => (StatusCode::OK, "ok\n").into_response(),
        Ok(Heard::BadSignature) => (
            StatusCode::BAD_REQUEST,
            "Stripe-Signature does not fit: check payments.stripe_webhook_secret and the clock\n",
        )
            .into_response(),
        Ok(Heard::TooEarly) => {
            (StatusCode::CONFLICT, "not known yet: send it again\n").into_response()
        }
        Err(OpError::Refused(Refusal::MethodOff { .. })) => StatusCode::NOT_FOUND.into_response(),
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
    let ctx = circumstances(&app, &extensions);
    let Some(form) = form(&body) else {
        return again(
            &ctx,
            &code,
            StatusCode::BAD_REQUEST,
            "Please fill in the form.",
        );
    };
    let Some(way) = form.way else {
        return to_stripe(&ctx, &code, form.seen).await;
    };
    let manual = way == Way::Manual;
    match ops::pages::submit(&ctx, code.clone(), way, form.seen).await {
        Ok(Outcome::Succeeded) => back(&ctx, &code, "succeded"),
        // How to pay by hand stands on the page itself.
        Ok(Outcome::Processing) if manual => see(&format!("/pay/{code}")),
        Ok(Outcome::Processing) => back(&ctx, &code, "processing"),
        Ok(Outcome::PartlyPaid) => see(&format!("/pay/{code}")),
        Ok(Outcome::Failed { reason }) => {
            let words = format!("The payment failed: {reason}.");
            again(&ctx, &code, StatusCode::UNPROCESSABLE_ENTITY, &words)
        }
        Err(OpError::Refused(refusal)) => refused(&ctx, &code, &refusal),
        Err(error) => failed(&ctx, &error),
    }
}

async fn to_stripe(ctx: &Ctx, code: &str, seen: Amount) -> Response {
    match ops::stripe::pay(ctx, code.to_owned(), seen).await {
        Ok(Leads::To(url)) => see(&url),
        Ok(Leads::Paid) => match ops::pages::view(ctx, code) {
            Ok(view) if view.closed == Some(Closed::Paid) => back(ctx, code, "succeded"),
            // The money is there and the order did not begin: the page says why.
            _ => see(&format!("/pay/{code}")),
        },
        Ok(Leads::Processing) => see(&format!("/pay/{code}")),
        Ok(Leads::Failed { .. }) => {
            let words = "Paying by card does not work at the moment. Nothing was paid.";
            again(ctx, code, StatusCode::BAD_GATEWAY, words)
        }
        Err(OpError::Refused(refusal)) => refused(ctx, code, &refusal),
        Err(error) => failed(ctx, &error),
    }
}

fn refused(ctx: &Ctx, code: &str, refusal: &Refusal) -> Response {
    let locale = &ctx.app.config.provider.locale;
    let words = match refusal {
        Refusal::PriceChanged { now } => format!(
            "The price has changed: it is {} now. Nothing was paid.",
            amount(*now, locale)
        ),
        Refusal::InsufficientFunds { short_by } => {
            format!("Your balance is short by {}.", amount(*short_by, locale))
        }
        Refusal::MethodOff { .. } => "This way to pay is not offered here.".to_owned(),
        Refusal::PageClosed => "This page takes no more payments.".to_owned(),
        other => format!("This could not be done ({}).", other.code()),
    };
    again(ctx, code, StatusCode::CONFLICT, &words)
}

/// The way back to the shop.
fn back(ctx: &Ctx, code: &str, status: &str) -> Response {
    see(&redirect(ctx, code, status))
}

fn redirect(ctx: &Ctx, code: &str, status: &str) -> String {
    let prefix = &ctx.app.config.alphaott.prefix;
    format!("{prefix}/payments/redirect?type=boxoffice&id={code}&status={status}")
}

fn see(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page once more, with what went wrong on top.
fn again(ctx: &Ctx, code: &str, status: StatusCode, problem: &str) -> Response {
    match ops::pages::view(ctx, code) {
        Ok(view) => page(ctx, &view, status, Some(problem)),
        Err(error) => failed(ctx, &error),
    }
}

fn failed(ctx: &Ctx, error: &OpError) -> Response {
    let (status, words) = match error {
        OpError::Missing { .. } | OpError::Refused(_) => (
            StatusCode::NOT_FOUND,
            "This payment page does not exist or has expired.",
        ),
        OpError::Throttled { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "There is too much to do at the moment. Please try again.",
        ),
        OpError::DiskFull => (
            StatusCode::SERVICE_UNAVAILABLE,
            "We cannot take payments at the moment. Nothing was paid. Please try again later.",
        ),
        OpError::TooManyAttempts { retry_after_s } => {
            let words = "That was wrong too often. Please wait a moment and try again.";
            let body = format!("<p class=\"bad\" role=\"alert\">{words}</p>");
            let mut response = frame(ctx, StatusCode::TOO_MANY_REQUESTS, &body);
            let seconds = HeaderValue::from(*retry_after_s);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return response;
        }
        other => {
            tracing::error!(error = %other, "pay.failed");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here. Nothing was paid.",
            )
        }
    };
    let body = format!("<p class=\"bad\" role=\"alert\">{words}</p>");
    frame(ctx, status, &body)
}

fn page(ctx: &Ctx, view: &View, status: StatusCode, problem: Option<&str>) -> Response {
    let mut body = String::new();
    if let Some(problem) = problem {
        body.push_str(&format!(
            "<p class=\"bad\" role=\"alert\">{}</p>\n",
            html(problem)
        ));
    }
    body.push_str(&summary(ctx, view));
    body.push_str(&arrived(ctx, view));
    let (status, rest) = match view.closed {
        None => (status, ways(ctx, view)),
        Some(Closed::Paid) => (status, ended(ctx, view, "Paid. Thank you.", "succeded")),
        Some(Closed::Processing) => (status, under_way(ctx, view)),
        Some(Closed::Expired) => (
            StatusCode::GONE,
            "<p class=\"bad\">This payment page has expired. Please order again.</p>\n".to_owned(),
        ),
        Some(Closed::Begun) => (
            StatusCode::GONE,
            "<p class=\"good\" role=\"status\">This order was paid already. Nothing is owed here.</p>\n"
                .to_owned(),
        ),
        Some(Closed::Withdrawn) => (StatusCode::GONE, withdrawn(ctx, view)),
    };
    body.push_str(&rest);
    frame(ctx, status, &body)
}

fn summary(ctx: &Ctx, view: &View) -> String {
    let locale = &ctx.app.config.provider.locale;
    let zone = &ctx.app.company().zone;
    let name = match (view.offer.title.trim(), view.product.title.trim()) {
        ("", "") => "Your order",
        ("", product) => product,
        (offer, _) => offer,
    };
    let mut text = format!(
        "<section class=\"card\">\n<h2>{}</h2>\n<table>\n",
        html(name)
    );
    for line in &view.bill.lines {
        let gross = Amount {
            minor: line.gross_minor(),
            currency: view.price.currency,
        };
        text.push_str(&row("", &line.title, &amount(gross, locale)));
    }
    if view.from_balance.minor > 0 {
        let used = Amount {
            minor: view.from_balance.minor.saturating_neg(),
            ..view.from_balance
        };
        text.push_str(&row("", "From your balance", &amount(used, locale)));
    }
    let words = match view.closed {
        Some(Closed::Paid) => "Paid",
        _ => "To pay",
    };
    text.push_str(&row("total", words, &amount(view.to_pay, locale)));
    text.push_str("</table>\n");
    if let Some(to) = view.bill.to {
        text.push_str(&format!("<p class=\"soft\">Until {}</p>\n", day(to, zone)));
    }
    text.push_str("</section>\n");
    text
}

fn row(class: &str, name: &str, value: &str) -> String {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    format!(
        "<tr{class}><td>{}</td><td>{}</td></tr>\n",
        html(name),
        html(value)
    )
}

/// A form for every way to pay that is offered.
fn ways(ctx: &Ctx, view: &View) -> String {
    let settings = &ctx.app.config.payments;
    let pay = amount(view.to_pay, &ctx.app.config.provider.locale);
    let pay = html(&pay);
    if view.to_pay.minor == 0 {
        let words = if view.price.minor == 0 {
            "Start"
        } else {
            "Pay from my balance"
        };
        return one(view, "balance", &format!("<button>{words}</button>"));
    }
    let mut text = String::new();
    if ops::stripe::is_offered(ctx, view.to_pay) {
        let button = format!("<h2>Card</h2>\n<button>Pay {pay}</button>");
        text.push_str(&one(view, ops::stripe::METHOD, &button));
    }
    if settings.sandbox {
        text.push_str(&one(
            view,
            "sandbox",
            &format!(
                "<h2>Card (sandbox: no money moves)</h2>\n\
                 <label for=\"card\">Card number</label>\n\
                 <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" \
                 value=\"4242 4242 4242 4242\" required>\n<button>Pay {pay}</button>\n\
                 <p class=\"soft\">4242… succeeds, 4000 0000 0000 0002 is declined, …0077 succeeds \
                 later, …0341 fails later.</p>"
            ),
        ));
    }
    if settings.voucher {
        text.push_str(&one(
            view,
            "voucher",
            "<h2>Voucher</h2>\n<label for=\"voucher\">Code</label>\n\
             <input id=\"voucher\" name=\"voucher\" autocomplete=\"off\" autocapitalize=\"characters\" \
             required>\n<button class=\"second\">Use voucher</button>",
        ));
    }
    if settings.manual {
        text.push_str(&one(
            view,
            "manual",
            "<h2>Pay by hand</h2>\n<p>By bank transfer or at our counter. Your order starts when \
             the money is there.</p>\n<button class=\"second\">Pay by hand</button>",
        ));
    }
    if text.is_empty() {
        text.push_str("<p>Online payment is not set up here. Please ask us how to pay.</p>\n");
    }
    text
}

fn one(view: &View, method: &str, inner: &str) -> String {
    format!(
        "<form class=\"card\" method=\"post\" action=\"/pay/{code}\">\n\
         <input type=\"hidden\" name=\"method\" value=\"{method}\">\n\
         <input type=\"hidden\" name=\"amount\" value=\"{}\">\n\
         <input type=\"hidden\" name=\"currency\" value=\"{}\">\n{inner}\n</form>\n",
        view.to_pay.to_decimal(),
        view.to_pay.currency.as_str(),
        code = view.page.code,
    )
}

fn ended(ctx: &Ctx, view: &View, words: &str, status: &str) -> String {
    let target = redirect(ctx, &view.page.code, status);
    format!(
        "<p class=\"good\" role=\"status\">{words}</p>\n\
         <a class=\"button\" href=\"{}\">Continue</a>\n",
        html(&target)
    )
}

/// Money came on this page and the order did not begin: where it is.
fn arrived(ctx: &Ctx, view: &View) -> String {
    let locale = &ctx.app.config.provider.locale;
    let begun = matches!(view.closed, Some(Closed::Paid | Closed::Processing));
    let Some(payment) = view.payment.as_ref().filter(|_| !begun) else {
        return String::new();
    };
    let place = match (payment.state, view.closed) {
        (PaymentState::Succeeded, None) => {
            "is on your balance. It did not cover the order, which waits for the rest."
        }
        (PaymentState::Succeeded, Some(Closed::Begun)) => "is on your balance.",
        (PaymentState::Succeeded, Some(_)) => {
            "is on your balance. The order could not begin any more."
        }
        (PaymentState::Unmatched, _) => "is not assigned yet. Please ask us about it.",
        (PaymentState::Processing | PaymentState::Failed, _) => return String::new(),
    };
    let paid = html(&amount(payment.amount, locale));
    format!(
        "<p class=\"good\" role=\"status\">Your payment of {paid} has arrived and {place}</p>\n"
    )
}

fn withdrawn(ctx: &Ctx, view: &View) -> String {
    let mut text =
        "<p class=\"bad\">This is no longer for sale, or the order was withdrawn.</p>\n".to_owned();
    if view.payment.is_some() {
        let target = redirect(ctx, &view.page.code, "failed");
        let target = html(&target);
        text.push_str(&format!(
            "<a class=\"button\" href=\"{target}\">Continue</a>\n"
        ));
    }
    text
}

/// A payment is under way: what is known of it, and how to pay by hand.
fn under_way(ctx: &Ctx, view: &View) -> String {
    let payment = view.payment.as_ref();
    let manual = payment.is_some_and(|payment| {
        payment.method == "manual" && payment.state == PaymentState::Processing
    });
    let at_stripe = payment.is_some_and(|payment| payment.method == ops::stripe::METHOD);
    if !manual {
        let words = "The payment is being processed. This page need not stay open.";
        let mut text = ended(ctx, view, words, "processing");
        if at_stripe {
            let button = "<button class=\"second\">Back to the card payment</button>";
            text.push_str(&one(view, ops::stripe::METHOD, button));
        }
        return text;
    }
    let company = ctx.app.company();
    let settings = &ctx.app.config.payments;
    let text = if settings.manual_text.is_empty() {
        format!("Please pay as agreed with {}.", company.name)
    } else {
        settings.manual_text.clone()
    };
    let reference = payment.map_or(0, |payment| payment.id.0);
    format!(
        "<section class=\"card\"><h2>How to pay</h2>\n<p>{}</p>\n\
         <p>Say this with it: <strong>P-{reference}</strong></p></section>\n{}",
        html(&text),
        ended(
            ctx,
            view,
            "Your order is noted and waits for your payment.",
            "processing"
        )
    )
}

/// Words a request that is turned away, for whoever looks at the page.
pub fn turned_away(reason: TurnedAway) -> Response {
    let words = match reason {
        TurnedAway::ForeignPage => {
            "Another page sent this. Nothing was paid. Please open the payment page itself."
        }
        TurnedAway::TooSlow => "This took too long. Nothing was paid. Please try again.",
        TurnedAway::UriTooLong | TurnedAway::HeadersTooLarge | TurnedAway::NoHost => {
            "This could not be read. Nothing was paid. Please try again."
        }
    };
    let body = format!("<p class=\"bad\" role=\"alert\">{words}</p>");
    page_of("Payment", reason.status(), &body)
}

fn frame(ctx: &Ctx, status: StatusCode, body: &str) -> Response {
    page_of(&ctx.app.company().name, status, body)
}

fn page_of(company: &str, status: StatusCode, body: &str) -> Response {
    let company = html(company);
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>Pay {company}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/pay/assets/style.css\">\n</head>\n<body>\n<main>\n\
         <h1>{company}</h1>\n{body}</main>\n</body>\n</html>\n"
    );
    (
        status,
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
        ],
        text,
    )
        .into_response()
}
