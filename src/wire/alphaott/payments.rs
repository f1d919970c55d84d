//! Transactions, balance, hosted pages and the way back from them (alphaott 2.7, 37 to 40).

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::billing::payment::{
    HostedPage, HostedPageState, Payment, PaymentKind, PaymentState, RedirectStatus,
};
use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::domain::values::open_object::OpenObject;
use crate::ops;
use crate::ops::payments::pages::PageItem;
use crate::wire::kit::json::{Body, Verbatim};

use super::error::Failure;
use super::fields::{Open, Reference, WebUrl, is_web_url, shown};
use super::ids;
use crate::wire::alphaott::error::{ErrorOut, Refusals};
use crate::wire::alphaott::request::{Anonymous, Ids, Params, Staff, shown_customer};

/// What this box calls itself as a billing system.
const BILLING: &str = "boxoffice";

/// A payment or refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
#[serde(rename_all = "camelCase")]
pub struct TransactionOut {
    #[serde(rename = "_id")]
    id: String,
    r#type: TransactionType,
    #[schema(value_type = f64)]
    amount: Verbatim,
    currency: String,
    /// How it ended, or `PROCESSING`.
    status: &'static str,
    /// `cash`, `bank`, `voucher`, the name of a provider.
    method: String,
    customer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    external_refs: Vec<Open>,
}

impl TransactionOut {
    fn new(ctx: &Ctx, customer: CustomerId, payment: &Payment) -> Result<Self, Failure> {
        let order = payment.order.map(|order| ops::orders::shown_id(ctx, order));
        let reference = payment.reference.as_ref().map(|id| {
            let object = serde_json::json!({"type": payment.method, "id": id});
            Open::show(&OpenObject(object.to_string()))
        });
        Ok(Self {
            id: ids::show(payment.id),
            r#type: match payment.kind {
                PaymentKind::Payment | PaymentKind::Regained { .. } => TransactionType::Payment,
                PaymentKind::Refund { .. } => TransactionType::Refund,
            },
            amount: Verbatim::of(&payment.amount.to_decimal()),
            currency: payment.amount.currency.as_str().to_owned(),
            status: match payment.state {
                PaymentState::Processing | PaymentState::Unmatched => "PROCESSING",
                PaymentState::Succeeded => "SUCCEEDED",
                PaymentState::Failed => "FAILED",
            },
            method: payment.method.clone(),
            customer: shown_customer(ctx, customer)?,
            order: match order {
                Some(order) => {
                    let (brought, id) = order?;
                    Some(ids::show_named(brought.as_ref(), id))
                }
                None => None,
            },
            created: shown(payment.created_at),
            external_refs: reference.into_iter().collect(),
        })
    }
}

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TransactionType {
    Payment,
    Refund,
}

impl TransactionType {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "PAYMENT" => Some(Self::Payment),
            "REFUND" => Some(Self::Refund),
            _ => None,
        }
    }
}

/// Get customer transactions
///
/// Payments and refunds, oldest first.
#[utoipa::path(get, path = "/customers/{customerId}/transactions", tag = "Orders",
    params(("customerId" = String, Path), ("type" = inline(Option<TransactionType>), Query)),
    responses((status = 200, body = Vec<TransactionOut>), Refusals))]
pub async fn transactions(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<TransactionOut>>, Failure> {
    ctx.require(Permission::MoneyRead)?;
    params.only(&["type"])?;
    let wanted = params.word("type", TransactionType::parse, &["PAYMENT", "REFUND"])?;
    let payments = ops::payments::list(&ctx, &path.customer())?;
    let mut transactions = Vec::with_capacity(payments.len());
    for payment in &payments {
        let Some(customer) = payment.customer else {
            continue;
        };
        let shown = TransactionOut::new(&ctx, customer, payment)?;
        if wanted.is_none_or(|wanted| wanted == shown.r#type) {
            transactions.push(shown);
        }
    }
    Ok(Json(transactions))
}

/// Money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Amount)]
pub struct AmountOut {
    #[schema(value_type = f64, example = 102.5)]
    amount: Verbatim,
    #[schema(example = "USD")]
    currency: String,
}

/// Get customer account balance
#[utoipa::path(get, path = "/customers/{customerId}/account/balance", tag = "Orders",
    params(("customerId" = String, Path)),
    responses((status = 200, body = AmountOut), Refusals))]
pub async fn balance(Staff(ctx): Staff, path: Ids) -> Result<Json<AmountOut>, Failure> {
    let balance = ops::payments::balance(&ctx, &path.customer())?;
    Ok(Json(AmountOut {
        amount: Verbatim::of(&balance.to_decimal()),
        currency: balance.currency.as_str().to_owned(),
    }))
}

/// Which offer is to be paid, and where the browser goes afterwards.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = HostedPageInput)]
#[serde(rename_all = "camelCase")]
pub struct PageIn {
    /// Id of the product offer. If the customer has an order of its product that waits for money or
    /// runs, the page is for that order, which is extended under this offer.
    #[serde(default, deserialize_with = "present")]
    // Clients of the vendor's document always send it; `orderId` in its place is ours.
    #[schema(value_type = Reference, required = true, nullable = false)]
    offer_id: Option<Reference>,
    /// Instead of the offer: the order to be paid, or to be extended by its next cycle. Ours.
    // Not in the API document, where it would need an offer beside it; docs/alphaott.md has it.
    #[serde(default)]
    #[schema(ignore)]
    order_id: Option<Reference>,
    /// Whether a new order is wanted beside whatever the customer has of the product. Ours.
    #[serde(default)]
    additional: Option<bool>,
    /// Without it: the setting `alphaott.return_url`; without that the page says thank you itself.
    #[serde(default)]
    pub return_url: Option<WebUrl>,
}

/// A member that is there has a value.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Reference>, D::Error> {
    Reference::deserialize(from).map(Some)
}

/// A page with a payment form. Clients need `url` only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HostedPage)]
#[serde(rename_all = "camelCase")]
pub struct PageOut {
    id: String,
    r#type: &'static str,
    url: String,
    order_id: String,
    state: &'static str,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
}

impl PageIn {
    /// What the page is for; an order says more than its offer.
    pub fn wanted(&self) -> Result<PageItem, Failure> {
        match (&self.order_id, &self.offer_id) {
            (Some(_), _) if self.additional == Some(true) => Err(Failure::conflict(
                "additional: is for a new order, and does not go with orderId",
            )),
            (Some(order), _) => Ok(PageItem::Order(ids::handle(&order.0))),
            (None, Some(offer)) if self.additional == Some(true) => {
                Ok(PageItem::OneMore(ids::handle(&offer.0)))
            }
            (None, Some(offer)) => Ok(PageItem::Offer(ids::handle(&offer.0))),
            (None, None) => Err(Failure::bad_request("offerId", "is required")),
        }
    }
}

impl PageOut {
    fn new(ctx: &Ctx, page: &HostedPage) -> Self {
        let base = ctx.app.base_url();
        Self {
            id: page.code.clone(),
            r#type: BILLING,
            url: format!("{base}/pay/{}", page.code),
            order_id: ids::show(page.order),
            state: match page.state {
                HostedPageState::Created => "created",
                HostedPageState::Requested => "requested",
                HostedPageState::Succeeded => "succeeded",
                HostedPageState::Cancelled => "cancelled",
                HostedPageState::Acknowledged => "acknowledged",
            },
            created: shown(page.created_at),
            expires: shown(page.expires_at),
        }
    }
}

/// Create customer order hosted page
///
// One line in the API document.
#[doc = " Also opens the order, `INACTIVE` until it is paid; \
unless one that waits for money is to be paid."]
#[utoipa::path(post, path = "/customers/{customerId}/orders/hosted-page", tag = "Orders",
    params(
        ("customerId" = String, Path),
        ("X-Request-Id" = Option<String>, Header,
         description = "Your own name for this request; comes back in the answer"),
    ),
    request_body = PageIn,
    responses((status = 201, body = PageOut), Refusals))]
pub async fn create_page(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<(StatusCode, Json<PageOut>), Failure> {
    ctx.require(Permission::OrdersWrite)?;
    ops::customers::exists(&ctx, &path.customer())?;
    let input: PageIn = body.parse_or_empty()?;
    let wanted = input.wanted()?;
    let return_url = return_url(&ctx, input.return_url);
    let page = ops::payments::pages::create(&ctx, path.customer(), wanted, return_url).await?;
    Ok((StatusCode::CREATED, Json(PageOut::new(&ctx, &page))))
}

/// Where the browser goes after a page: what the caller says, or else what the settings say;
/// empty: nowhere.
pub fn return_url(ctx: &Ctx, input: Option<WebUrl>) -> String {
    let default = &ctx.app.config.alphaott.return_url;
    match input {
        // Subscribers have nothing to do in the console.
        Some(WebUrl(url)) if is_console(&ctx.app.base_url(), &url) => String::new(),
        Some(WebUrl(url)) => url,
        None if is_web_url(default) => default.clone(),
        // The page itself is the end then: nobody is sent to the console.
        None => String::new(),
    }
}

/// Whether an address is that of this box's console: its root leads there.
fn is_console(base: &str, url: &str) -> bool {
    let path = url.strip_prefix(base.trim_end_matches('/'));
    path.is_some_and(|path| {
        let path = path.trim_start_matches('/');
        let ends = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', '#']);
        ends(path) || path.strip_prefix("console").is_some_and(ends)
    })
}

/// The three ends of a payment. `succeeded` and the vendor's own example `success` are taken for
/// `succeded` (alphaott 1.6).
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only describes the parameter")]
enum RedirectWord {
    Succeded,
    Succeeded,
    Success,
    Processing,
    Failed,
}

fn redirect_status(word: &str) -> Option<RedirectStatus> {
    match word {
        "succeded" | "succeeded" | "success" => Some(RedirectStatus::Succeeded),
        "processing" => Some(RedirectStatus::Processing),
        "failed" => Some(RedirectStatus::Failed),
        _ => None,
    }
}

/// Redirect URL after payment done
///
/// Leads the browser back to the page's `returnUrl`, with `type`, `id`, `orderId` and `status`
/// appended. It is no proof of payment.
#[utoipa::path(get, path = "/payments/redirect", tag = "Orders", security(()),
    params(
        ("type" = String, Query, description = "Billing system", min_length = 1,
         example = "boxoffice"),
        ("id" = String, Query, description = "Hosted page", min_length = 1, example = "4qiN5QfYP"),
        ("orderId" = Option<String>, Query, example = "4qiN5QfYPN8U48nSMRX3FMgJJbJ28HFH"),
        ("status" = inline(RedirectWord), Query),
    ),
    responses(
        (status = 302, description = "To the stored `returnUrl`"),
        (status = 400, description = "A parameter is missing or does not fit", body = ErrorOut),
        (status = 404, description = "No such page", body = ErrorOut),
    ))]
pub async fn redirect(Anonymous(ctx): Anonymous, params: Params) -> Result<Response, Failure> {
    let required = |name: &str| {
        let value = params.0.scalar(name)?.filter(|value| !value.is_empty());
        value.ok_or_else(|| Failure::bad_request(name, "is required"))
    };
    let billing = required("type")?;
    let id = required("id")?;
    let order_id = params.0.scalar("orderId")?;
    let words = ["succeded", "processing", "failed"];
    required("status")?;
    let status = params.word("status", redirect_status, &words)?;
    let left = left(&ctx, billing, id)?;
    let status = match status {
        Some(RedirectStatus::Succeeded) => "succeded",
        Some(RedirectStatus::Processing) => "processing",
        Some(RedirectStatus::Failed) | None => "failed",
    };
    let order_id = order_id.filter(|id| !id.is_empty());
    let order_id = order_id.or(left.order.as_deref());
    let mut pairs = vec![("type", left.billing), ("id", id)];
    pairs.extend(order_id.map(|id| ("orderId", id)));
    pairs.push(("status", status));
    let target = match (left.return_url.as_str(), left.billing) {
        // Nowhere to go back to: the page says how it ended.
        ("", BILLING) => format!("{}/pay/{id}", ctx.app.base_url()),
        ("", _) => format!("{}/pay/done?status={status}", ctx.app.base_url()),
        (url, _) => with_query(url, &pairs),
    };
    let location = HeaderValue::from_str(&target)
        .map_err(|_| Failure::not_found("the page's returnUrl cannot be followed"))?;
    Ok((StatusCode::FOUND, [(LOCATION, location)]).into_response())
}

/// What is known of the page that a browser left.
struct Left<'c> {
    /// What we call the billing system it is of.
    billing: &'c str,
    return_url: String,
    order: Option<String>,
}

/// The page `id` of the billing system that the redirect names: the one in the settings, or this
/// box itself.
fn left<'c>(ctx: &'c Ctx, billing: &str, id: &str) -> Result<Left<'c>, Failure> {
    if let Some(name) = ops::peers::billing_system::name(ctx)
        && let Ok(page) = ops::peers::billing_system::page(ctx, id)
        && (billing == name || billing == page.says)
    {
        return Ok(Left {
            billing: name,
            return_url: page.return_url,
            order: None,
        });
    }
    let page = ops::payments::page_view::find(ctx, id)?;
    if billing != BILLING {
        return Err(Failure::not_found(format!(
            "no hosted page {id} of this billing system"
        )));
    }
    Ok(Left {
        billing: BILLING,
        return_url: page.return_url,
        order: Some(ids::show(page.order)),
    })
}

/// `url` with parameters appended; its own query stays, its fragment stays last.
fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let (front, fragment) = match url.split_once('#') {
        Some((front, fragment)) => (front, Some(fragment)),
        None => (url, None),
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let joint = match front.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    let fragment = fragment
        .map(|fragment| format!("#{fragment}"))
        .unwrap_or_default();
    format!("{front}{joint}{query}{fragment}")
}
