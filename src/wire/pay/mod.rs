//! The hosted payment page: server-rendered, no script, made for a phone first. The code in its
//! address is the secret; nobody signs in.
//!
//! What it leads back to is the redirect of the AlphaOTT dialect (its reference, operation 40), and
//! is no proof of payment.

mod refused;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::app::{App, Ctx};
use crate::domain::billing::payment::{HostedPage, PaymentState};
use crate::domain::staff::Actor;
use crate::domain::values::money::{Amount, Currency};
use crate::letters::locale::{amount, html, long_day};
use crate::letters::page_words::{PageWords, filled, page_words};
use crate::ops;
use crate::ops::OpError;
use crate::ops::payments::page_view::{Closed, View};
use crate::ops::payments::pages::{Outcome, Way};
use crate::ops::payments::stripe::Leads;
use crate::ops::payments::stripe_events::Heard;
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
        .route("/pay/done", get(done))
        .route("/payments/webhooks/stripe", post(stripe_webhook))
}

async fn style() -> Response {
    let text = include_str!("../../../assets/templates/pay.css");
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

/// The words of this page.
fn words(ctx: &Ctx) -> &'static PageWords {
    page_words(&ctx.app.config.provider.locale)
}

/// Where browsers end that were paid for at another system's page and came from nowhere.
async fn done(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    extensions: Extensions,
) -> Response {
    let ctx = circumstances(&app, &extensions);
    let said = words(&ctx);
    let (class, text) = match query.as_deref() {
        Some("status=succeded") => ("good", said.thanks),
        Some("status=failed") => ("bad", said.not_paid),
        _ => ("good", said.processing),
    };
    let close = said.may_close;
    let body =
        format!("<p class=\"{class}\" role=\"status\">{text}</p>\n<p class=\"soft\">{close}</p>\n");
    frame(&ctx, StatusCode::OK, &body)
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
            ops::payments::stripe::look(ctx, payment.id).await
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
    match ops::payments::stripe_events::hear(&ctx, signature.unwrap_or(""), &body).await {
        Ok(Heard::Done | Heard::Ignored) => (StatusCode::OK, "ok\n").into_response(),
        Ok(Heard::BadSignature) => (
            StatusCode::BAD_REQUEST,
            "Stripe-Signature does not fit: check payments.stripe_webhook_secret and the clock\n",
        )
            .into_response(),
        Ok(Heard::TooEarly) => {
            (StatusCode::CONFLICT, "not known yet: send it again\n").into_response()
        }
        Ok(Heard::NoAccount) => StatusCode::NOT_FOUND.into_response(),
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
    match ops::payments::page_view::view(ctx, code) {
        Ok(view) => page(ctx, &view, status, Some(problem)),
        Err(error) => failed(ctx, &error),
    }
}

/// What is shown where there is no page to show.
pub(super) fn failed(ctx: &Ctx, error: &OpError) -> Response {
    let (status, words) = match error {
        OpError::Missing { .. } | OpError::Refused(_) => {
            (StatusCode::NOT_FOUND, words(ctx).no_page)
        }
        OpError::Throttled { .. } => (StatusCode::SERVICE_UNAVAILABLE, words(ctx).busy),
        OpError::DiskFull => (StatusCode::SERVICE_UNAVAILABLE, words(ctx).not_now),
        OpError::TooManyAttempts { retry_after_s } => {
            let words = words(ctx).too_often;
            let body = format!("<p class=\"bad\" role=\"alert\">{words}</p>");
            let mut response = frame(ctx, StatusCode::TOO_MANY_REQUESTS, &body);
            let seconds = HeaderValue::from(*retry_after_s);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return response;
        }
        other => {
            tracing::error!(error = %other, "pay.failed");
            (StatusCode::INTERNAL_SERVER_ERROR, words(ctx).went_wrong)
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
    let said = words(ctx);
    body.push_str(&summary(ctx, view));
    body.push_str(&arrived(ctx, view));
    let (status, rest) = match view.closed {
        None => (status, ways(ctx, view)),
        Some(Closed::Paid) => (status, ended(ctx, view, said.thanks, "succeded")),
        Some(Closed::Processing) => (status, under_way(ctx, view)),
        Some(Closed::Expired) => (
            StatusCode::GONE,
            format!("<p class=\"bad\">{}</p>\n", html(said.expired)),
        ),
        Some(Closed::Begun) => (
            StatusCode::GONE,
            format!(
                "<p class=\"good\" role=\"status\">{}</p>\n",
                html(said.paid_already)
            ),
        ),
        Some(Closed::Withdrawn) => (StatusCode::GONE, withdrawn(ctx, view)),
    };
    body.push_str(&rest);
    frame(ctx, status, &body)
}

fn summary(ctx: &Ctx, view: &View) -> String {
    let locale = &ctx.app.config.provider.locale;
    let zone = &ctx.app.company().zone;
    let said = words(ctx);
    let name = match (view.offer.title.trim(), view.product.title.trim()) {
        ("", "") => said.your_order,
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
        let title = match &line.title {
            title if title == ops::payments::pages::OWED_BEFORE => said.owed_before.to_owned(),
            title => match title.strip_prefix(ops::payments::pages::INVOICE) {
                Some(number) => filled(said.invoice, &[number]),
                None => title.clone(),
            },
        };
        text.push_str(&row("", &title, &amount(gross, locale)));
    }
    if view.from_balance.minor > 0 {
        let used = Amount {
            minor: -view.from_balance.minor,
            ..view.from_balance
        };
        text.push_str(&row("", said.from_balance, &amount(used, locale)));
    }
    let words = match view.closed {
        Some(Closed::Paid) => said.paid,
        _ => said.to_pay,
    };
    text.push_str(&row("total", words, &amount(view.to_pay, locale)));
    text.push_str("</table>\n");
    if let Some(to) = view.bill.to {
        let day = |at| long_day(at, zone, locale);
        // What begins later says so.
        let valid = if view.bill.from > ctx.now {
            filled(said.from_until, &[&day(view.bill.from), &day(to)])
        } else {
            filled(said.until, &[&day(to)])
        };
        text.push_str(&format!("<p class=\"soft\">{}</p>\n", html(&valid)));
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
    let said = words(ctx);
    let pay = amount(view.to_pay, &ctx.app.config.provider.locale);
    let pay = html(&filled(said.pay, &[&pay]));
    if view.to_pay.minor == 0 {
        let words = if view.price.minor == 0 {
            said.start
        } else {
            said.pay_balance
        };
        return one(view, "balance", &format!("<button>{words}</button>"));
    }
    let mut text = String::new();
    if ops::payments::stripe::is_offered(ctx, view.to_pay) {
        let button = format!("<h2>{}</h2>\n<button>{pay}</button>", said.card);
        text.push_str(&one(view, ops::payments::stripe::METHOD, &button));
    }
    if settings.sandbox {
        text.push_str(&one(
            view,
            "sandbox",
            &format!(
                "<h2>Card (sandbox: no money moves)</h2>\n\
                 <label for=\"card\">Card number</label>\n\
                 <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" \
                 value=\"4242 4242 4242 4242\" required>\n<button>{pay}</button>\n\
                 <p class=\"soft\">4242… succeeds, 4000 0000 0000 0002 is declined, …0077 succeeds \
                 later, …0341 fails later.</p>"
            ),
        ));
    }
    if settings.voucher {
        let form = format!(
            "<h2>{}</h2>\n<label for=\"voucher\">{}</label>\n\
             <input id=\"voucher\" name=\"voucher\" autocomplete=\"off\" \
             autocapitalize=\"characters\" required>\n<button class=\"second\">{}</button>",
            said.voucher, said.code, said.use_voucher
        );
        text.push_str(&one(view, "voucher", &form));
    }
    if settings.manual {
        let form = format!(
            "<h2>{}</h2>\n<p>{}</p>\n<button class=\"second\">{}</button>",
            said.by_transfer, said.by_transfer_text, said.by_transfer_button
        );
        text.push_str(&one(view, "manual", &form));
    }
    if text.is_empty() {
        text.push_str(&format!("<p>{}</p>\n", said.no_way));
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
    format!(
        "<p class=\"good\" role=\"status\">{words}</p>\n{}",
        way_on(ctx, view, status)
    )
}

/// Whether there is somewhere to go back to. Older pages had the box's own address: the console.
fn leads_back(ctx: &Ctx, page: &HostedPage) -> bool {
    let url = page.return_url.trim_end_matches('/');
    !url.is_empty() && url != ctx.app.base_url().trim_end_matches('/')
}

/// The way back to the shop; where there is none, the page is the end of it.
fn way_on(ctx: &Ctx, view: &View, status: &str) -> String {
    if !leads_back(ctx, &view.page) {
        return format!("<p class=\"soft\">{}</p>\n", words(ctx).may_close);
    }
    let target = redirect(ctx, &view.page.code, status);
    format!(
        "<a class=\"button\" href=\"{}\">{}</a>\n",
        html(&target),
        words(ctx).go_on
    )
}

/// Money came on this page and the order did not begin: where it is.
fn arrived(ctx: &Ctx, view: &View) -> String {
    let locale = &ctx.app.config.provider.locale;
    let begun = matches!(view.closed, Some(Closed::Paid | Closed::Processing));
    let Some(payment) = view.payment.as_ref().filter(|_| !begun) else {
        return String::new();
    };
    let said = words(ctx);
    let text = match (payment.state, view.closed) {
        (PaymentState::Succeeded, None) => said.arrived_rest,
        (PaymentState::Succeeded, Some(Closed::Begun)) => said.arrived,
        (PaymentState::Succeeded, Some(_)) => said.arrived_late,
        (PaymentState::Unmatched, _) => said.arrived_unknown,
        (PaymentState::Processing | PaymentState::Failed, _) => return String::new(),
    };
    let text = filled(text, &[&amount(payment.amount, locale)]);
    format!("<p class=\"good\" role=\"status\">{}</p>\n", html(&text))
}

fn withdrawn(ctx: &Ctx, view: &View) -> String {
    let mut text = format!("<p class=\"bad\">{}</p>\n", html(words(ctx).withdrawn));
    if view.payment.is_some() {
        text.push_str(&way_on(ctx, view, "failed"));
    }
    text
}

/// A payment is under way: what is known of it, and how to pay by hand.
fn under_way(ctx: &Ctx, view: &View) -> String {
    let payment = view.payment.as_ref();
    let manual = payment.is_some_and(|payment| {
        payment.method == "manual" && payment.state == PaymentState::Processing
    });
    let at_stripe = payment.is_some_and(|payment| payment.method == ops::payments::stripe::METHOD);
    let said = words(ctx);
    if !manual {
        let mut text = ended(ctx, view, said.processing, "processing");
        if at_stripe {
            let button = format!("<button class=\"second\">{}</button>", said.back_to_card);
            text.push_str(&one(view, ops::payments::stripe::METHOD, &button));
        }
        return text;
    }
    let company = ctx.app.company();
    let settings = &ctx.app.config.payments;
    let text = if settings.manual_text.is_empty() {
        filled(said.as_agreed, &[&company.name])
    } else {
        settings.manual_text.clone()
    };
    let reference = format!("P-{}", payment.map_or(0, |payment| payment.id.0));
    let strong = format!("<strong>{reference}</strong>");
    format!(
        "<section class=\"card\"><h2>{}</h2>\n<p>{}</p>\n<p>{}</p></section>\n{}",
        said.how_to_pay,
        html(&text),
        filled(said.reference, &[&strong]),
        ended(ctx, view, said.noted, "processing")
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
    page_of("en", "Payment", "Payment", reason.status(), &body)
}

fn frame(ctx: &Ctx, status: StatusCode, body: &str) -> Response {
    let company = html(&ctx.app.company().name);
    let title = filled(words(ctx).pay_to, &[&company]);
    page_of(words(ctx).lang, &title, &company, status, body)
}

fn page_of(lang: &str, title: &str, company: &str, status: StatusCode, body: &str) -> Response {
    let text = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
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
