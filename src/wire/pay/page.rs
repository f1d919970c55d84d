//! What stands on the payment page, as parts for `assets/templates/pay.html`, which escapes every
//! text of them.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::app::Ctx;
use crate::domain::billing::payment::{HostedPage, PaymentState};
use crate::domain::values::money::Amount;
use crate::letters::locale::{amount, html, long_day};
use crate::letters::page_words::{PageWords, filled, page_words};
use crate::ops;
use crate::ops::payments::page_view::{Closed, View};
use crate::ops::payments::stripe;
use crate::paper::Template;

/// Scripts of any kind are not needed and not allowed.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self' https: http:; \
                      frame-ancestors 'none'; base-uri 'none'; img-src data:";

const SOURCE: &str = include_str!("../../../assets/templates/pay.html");

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::new(SOURCE, html));

/// A page, from its title to its end.
#[derive(Serialize)]
pub(super) struct Page<'p> {
    pub lang: &'p str,
    pub title: String,
    pub company: &'p str,
    /// None: no part needs them.
    pub words: Option<&'p PageWords>,
    pub parts: Vec<Part<'p>>,
}

/// One thing that the page says or offers, below the one before.
#[derive(Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Part<'p> {
    /// Why there is no page to show.
    Alone { text: &'p str },
    /// What went wrong.
    Alert { text: &'p str },
    /// How things stand, `good` or `bad`.
    Status { class: &'p str, text: &'p str },
    /// What else there is to say.
    Said { class: &'p str, text: String },
    /// The way on.
    Link { target: String },
    /// What is paid for.
    Summary {
        name: &'p str,
        rows: Vec<(String, String)>,
        total: (&'p str, String),
        valid: Option<String>,
    },
    /// How to pay by hand.
    ByHand {
        text: String,
        /// Around the reference.
        before: &'p str,
        reference: String,
        after: &'p str,
    },
    /// A way to pay.
    Form {
        asks: &'p str,
        code: &'p str,
        method: &'p str,
        amount: String,
        currency: &'p str,
        button: String,
    },
}

impl<'p> Part<'p> {
    pub(super) fn soft(text: &str) -> Self {
        Self::Said {
            class: "soft",
            text: text.to_owned(),
        }
    }

    fn good(text: &'p str) -> Self {
        Self::Status {
            class: "good",
            text,
        }
    }

    fn bad(text: &str) -> Self {
        Self::Said {
            class: "bad",
            text: text.to_owned(),
        }
    }
}

impl Page<'_> {
    pub(super) fn answer(&self, status: StatusCode) -> Response {
        match TEMPLATE.fill(self) {
            Ok(text) => {
                let headers = [
                    (CONTENT_TYPE, "text/html; charset=utf-8"),
                    (CONTENT_SECURITY_POLICY, POLICY),
                ];
                (status, headers, text).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "pay.page_failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The words of this page.
pub(super) fn words(ctx: &Ctx) -> &'static PageWords {
    page_words(&ctx.app.config.provider.locale)
}

/// Whether there is somewhere to go back to. Older pages had the box's own address: the console.
pub(super) fn leads_back(ctx: &Ctx, page: &HostedPage) -> bool {
    let url = page.return_url.trim_end_matches('/');
    !url.is_empty() && url != ctx.app.base_url().trim_end_matches('/')
}

/// The address of the way back to the shop.
pub(super) fn redirect(ctx: &Ctx, code: &str, status: &str) -> String {
    let prefix = &ctx.app.config.alphaott.prefix;
    format!("{prefix}/payments/redirect?type=boxoffice&id={code}&status={status}")
}

/// A page with the operator's name over these parts.
pub(super) fn frame(ctx: &Ctx, status: StatusCode, parts: Vec<Part<'_>>) -> Response {
    let company = ctx.app.company();
    let said = words(ctx);
    let page = Page {
        lang: said.lang,
        title: filled(said.pay_to, &[&company.name]),
        company: &company.name,
        words: Some(said),
        parts,
    };
    page.answer(status)
}

/// The payment page as things stand, with what went wrong on top.
pub(super) fn page(ctx: &Ctx, view: &View, status: StatusCode, problem: Option<&str>) -> Response {
    let said = words(ctx);
    let mut parts: Vec<Part<'_>> = Vec::new();
    parts.extend(problem.map(|text| Part::Alert { text }));
    parts.push(summary(ctx, view));
    let arrived = arrived(ctx, view);
    parts.extend(arrived.as_deref().map(Part::good));
    let status = match view.closed {
        None => {
            ways(ctx, view, &mut parts);
            status
        }
        Some(Closed::Paid) => {
            parts.push(Part::good(said.thanks));
            parts.push(way_on(ctx, view, "succeded"));
            status
        }
        Some(Closed::Processing) => {
            under_way(ctx, view, &mut parts);
            status
        }
        Some(Closed::Expired) => {
            parts.push(Part::bad(said.expired));
            StatusCode::GONE
        }
        Some(Closed::Begun) => {
            parts.push(Part::good(said.paid_already));
            StatusCode::GONE
        }
        Some(Closed::Withdrawn) => {
            parts.push(Part::bad(said.withdrawn));
            let paid = view.payment.is_some();
            parts.extend(paid.then(|| way_on(ctx, view, "failed")));
            StatusCode::GONE
        }
    };
    frame(ctx, status, parts)
}

fn summary<'p>(ctx: &Ctx, view: &'p View) -> Part<'p> {
    let locale = &ctx.app.config.provider.locale;
    let zone = &ctx.app.company().zone;
    let said = words(ctx);
    let name = match (view.offer.title.trim(), view.product.title.trim()) {
        ("", "") => said.your_order,
        ("", product) => product,
        (offer, _) => offer,
    };
    let mut rows = Vec::new();
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
        rows.push((title, amount(gross, locale)));
    }
    if view.from_balance.minor > 0 {
        let used = Amount {
            minor: -view.from_balance.minor,
            ..view.from_balance
        };
        rows.push((said.from_balance.to_owned(), amount(used, locale)));
    }
    let to_pay = match view.closed {
        Some(Closed::Paid) => said.paid,
        _ => said.to_pay,
    };
    let valid = view.bill.to.map(|to| {
        let day = |at| long_day(at, zone, locale);
        // What begins later says so.
        if view.bill.from > ctx.now {
            filled(said.from_until, &[&day(view.bill.from), &day(to)])
        } else {
            filled(said.until, &[&day(to)])
        }
    });
    Part::Summary {
        name,
        rows,
        total: (to_pay, amount(view.to_pay, locale)),
        valid,
    }
}

/// A form for every way to pay that is offered.
fn ways<'p>(ctx: &Ctx, view: &'p View, parts: &mut Vec<Part<'p>>) {
    let settings = &ctx.app.config.payments;
    let said = words(ctx);
    if view.to_pay.minor == 0 {
        let button = if view.price.minor == 0 {
            said.start
        } else {
            said.pay_balance
        };
        parts.push(form(view, "nothing", "balance", button));
        return;
    }
    let pay = amount(view.to_pay, &ctx.app.config.provider.locale);
    let pay = filled(said.pay, &[&pay]);
    let offered = [
        (stripe::is_offered(ctx, view.to_pay), stripe::METHOD),
        (settings.sandbox, "sandbox"),
        (settings.voucher, "voucher"),
        (settings.manual, "manual"),
    ];
    let offered = offered.into_iter().filter(|(is_offered, _)| *is_offered);
    let forms = offered.map(|(_, method)| form(view, method, method, &pay));
    let before = parts.len();
    parts.extend(forms);
    if parts.len() == before {
        parts.push(Part::Said {
            class: "",
            text: said.no_way.to_owned(),
        });
    }
}

/// `asks`: what stands in the form.
fn form<'p>(view: &'p View, asks: &'p str, method: &'p str, button: &str) -> Part<'p> {
    Part::Form {
        asks,
        code: &view.page.code,
        method,
        amount: view.to_pay.to_decimal(),
        currency: view.to_pay.currency.as_str(),
        button: button.to_owned(),
    }
}

/// The way back to the shop; where there is none, the page is the end of it.
fn way_on<'p>(ctx: &Ctx, view: &View, status: &str) -> Part<'p> {
    if leads_back(ctx, &view.page) {
        let target = redirect(ctx, &view.page.code, status);
        Part::Link { target }
    } else {
        Part::soft(words(ctx).may_close)
    }
}

/// Money came on this page and the order did not begin: where it is.
fn arrived(ctx: &Ctx, view: &View) -> Option<String> {
    let locale = &ctx.app.config.provider.locale;
    let begun = matches!(view.closed, Some(Closed::Paid | Closed::Processing));
    let payment = view.payment.as_ref().filter(|_| !begun)?;
    let said = words(ctx);
    let text = match (payment.state, view.closed) {
        (PaymentState::Succeeded, None) => said.arrived_rest,
        (PaymentState::Succeeded, Some(Closed::Begun)) => said.arrived,
        (PaymentState::Succeeded, Some(_)) => said.arrived_late,
        (PaymentState::Unmatched, _) => said.arrived_unknown,
        (PaymentState::Processing | PaymentState::Failed, _) => return None,
    };
    Some(filled(text, &[&amount(payment.amount, locale)]))
}

/// A payment is under way: what is known of it, and how to pay by hand.
fn under_way<'p>(ctx: &Ctx, view: &'p View, parts: &mut Vec<Part<'p>>) {
    let payment = view.payment.as_ref();
    let manual = payment.is_some_and(|payment| {
        payment.method == "manual" && payment.state == PaymentState::Processing
    });
    let at_stripe = payment.is_some_and(|payment| payment.method == stripe::METHOD);
    let said = words(ctx);
    if !manual {
        parts.push(Part::good(said.processing));
        parts.push(way_on(ctx, view, "processing"));
        parts.extend(at_stripe.then(|| form(view, "again", stripe::METHOD, "")));
        return;
    }
    let settings = &ctx.app.config.payments;
    let text = if settings.manual_text.is_empty() {
        filled(said.as_agreed, &[&ctx.app.company().name])
    } else {
        settings.manual_text.clone()
    };
    let (before, after) = said
        .reference
        .split_once("{}")
        .unwrap_or((said.reference, ""));
    parts.push(Part::ByHand {
        text,
        before,
        reference: format!("P-{}", payment.map_or(0, |payment| payment.id.0)),
        after,
    });
    parts.push(Part::good(said.noted));
    parts.push(way_on(ctx, view, "processing"));
}
