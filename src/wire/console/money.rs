//! Money over the console's API: payments, refunds, invoices.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::billing::invoice::InvoiceKind;
use crate::domain::billing::payment::{PAYMENT_TEXT_MAX, Payment, PaymentKind, TYPED_METHODS};
use crate::domain::staff::Permission;
use crate::domain::values::id::{InvoiceId, PaymentId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::letters::locale::Sender;
use crate::letters::{last_day, paper_of};
use crate::ops;
use crate::ops::billing::invoices::Billed;
use crate::ops::payments::PAYMENT_MINOR_MAX;
use crate::ops::payments::book::Receipt;
use crate::ops::payments::ending::Ending;
use crate::ops::payments::refunds::RefundAs;
use crate::paper::{self, Paper};
use crate::wire::kit::json::Decimal;

use super::effect::answer;
use super::error::Problem;
use super::repeatable::{Asked, EmptyBody, Repeatable};
use crate::wire::console::request::{Staff, handle};
use crate::wire::console::words::{payment_kind, payment_state};

/// A payment or refund.
#[derive(Debug, Serialize)]
pub struct PaymentOut {
    id: u64,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    /// The payment whose money went back, or is there again.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    amount: String,
    currency: String,
    refunded: String,
    /// What the bank took back of it.
    disputed: String,
    note: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Who booked it, or said how it ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    by: String,
}

impl PaymentOut {
    pub(super) fn new(payment: &Payment) -> Self {
        let text = |minor: Minor| {
            let amount = Amount {
                minor,
                ..payment.amount
            };
            amount.to_fixed()
        };
        Self {
            id: payment.id.0,
            kind: payment_kind(payment),
            state: payment_state(payment),
            customer: payment.customer.map(|id| id.0),
            order: payment.order.map(|id| id.0),
            of: match payment.kind {
                PaymentKind::Refund { of } => of.map(|id| id.0),
                PaymentKind::Regained { of } => Some(of.0),
                PaymentKind::Payment => None,
            },
            method: payment.method.clone(),
            reference: payment.reference.clone(),
            amount: payment.amount.to_fixed(),
            currency: payment.amount.currency.as_str().to_owned(),
            refunded: text(payment.refunded_minor),
            disputed: text(payment.disputed_minor),
            note: payment.note.clone(),
            created: payment.created_at.to_rfc3339_millis(),
            ended: payment.ended_at.map(Timestamp::to_rfc3339_millis),
            by: payment.by.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentIn {
    amount: Decimal,
    #[serde(default)]
    currency: Option<String>,
    method: String,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

/// A positive amount in the currency that is named, or else the operator's.
pub(super) fn amount_of(ctx: &Ctx, text: &str, currency: Option<&str>) -> Result<Amount, Problem> {
    let currency = match currency {
        None => ctx.app.company().currency,
        Some(code) => Currency::parse(code)
            .ok_or_else(|| Problem::bad_request("currency: must be an ISO 4217 code"))?,
    };
    let amount = Amount::parse(text, currency)
        .filter(|amount| amount.minor > 0 && amount.minor <= PAYMENT_MINOR_MAX);
    amount.ok_or_else(|| {
        let decimals = currency.exponent();
        Problem::bad_request(format!(
            "amount: must be a positive number with at most {decimals} decimals"
        ))
    })
}

pub(super) fn short(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.len() > PAYMENT_TEXT_MAX || text.contains('\0') => {
            Err(Problem::bad_request(format!(
                "{name}: must have at most {PAYMENT_TEXT_MAX} bytes"
            )))
        }
        Some(text) if text.is_empty() => Ok(None),
        other => Ok(other),
    }
}

/// `GET /console/api/customers/{id}/payments`
pub async fn payments(
    Staff(ctx): Staff,
    Path(id): Path<String>,
) -> Result<Json<Vec<PaymentOut>>, Problem> {
    let payments = ops::payments::list(&ctx, &handle(&id))?;
    Ok(Json(payments.iter().map(PaymentOut::new).collect()))
}

/// `POST /console/api/customers/{id}/payments`
pub async fn receive(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, input, once } = request.input::<PaymentIn>(ctx)?;
    if !TYPED_METHODS.contains(&input.method.as_str()) {
        return Err(Problem::bad_request("method: must be one of cash, bank"));
    }
    let reference = input.reference.map(|text| text.trim().to_owned());
    let receipt = Receipt {
        amount: amount_of(&ctx, &input.amount.0, input.currency.as_deref())?,
        method: input.method,
        reference: short("reference", reference)?,
        client_key: once.map(|once| once.key),
        note: short("note", input.note)?.unwrap_or_default(),
    };
    let payment = ops::payments::receive(&ctx, handle(&id), receipt).await?;
    answer(&ctx, StatusCode::CREATED, || Ok(PaymentOut::new(&payment)))
}

/// `GET /console/api/payments/open`
pub async fn open_payments(Staff(ctx): Staff) -> Result<Json<Vec<PaymentOut>>, Problem> {
    let payments = ops::payments::open(&ctx)?;
    Ok(Json(payments.iter().map(PaymentOut::new).collect()))
}

/// The number of a reference as it is printed (`P-889`) or as people write it: `p 889`, `889`.
fn written_number(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = match text.strip_prefix(['P', 'p']) {
        Some(rest) => {
            let dashes = ['-', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2212}'];
            let rest = rest.trim_start();
            rest.strip_prefix(dashes).unwrap_or(rest).trim_start()
        }
        None => text,
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|_| digits)
}

fn payment_id(text: &str) -> Result<PaymentId, Problem> {
    let number = written_number(text).map(PaymentId);
    number.ok_or_else(|| Problem::not_found(format!("payment {} not found", shortened(text))))
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundIn {
    amount: Decimal,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    note: Option<String>,
    /// `GOODWILL` if not said.
    #[serde(default, rename = "as")]
    how: Option<String>,
}

/// `POST /console/api/payments/{id}/refunds`
pub async fn refund(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, input, once } = request.proved::<RefundIn>(ctx).await?;
    let amount = amount_of(&ctx, &input.amount.0, input.currency.as_deref())?;
    let note = short("note", input.note)?.unwrap_or_default();
    let how = match input.how.as_deref() {
        None | Some("GOODWILL") => RefundAs::Goodwill,
        Some("RETURNED") => RefundAs::Returned,
        Some(_) => {
            let words =
                "as: must be GOODWILL (nothing is owed by it) or RETURNED (what it paid is owed)";
            return Err(Problem::bad_request(words));
        }
    };
    let key = once.map(|once| once.key);
    let refund =
        ops::payments::refunds::refund(&ctx, payment_id(&id)?, amount, how, key, note).await?;
    answer(&ctx, StatusCode::CREATED, || Ok(PaymentOut::new(&refund)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VoidIn {
    reason: String,
}

/// Why staff give something up.
fn reason_of(text: &str) -> Result<String, Problem> {
    let said = short("reason", Some(text.trim().to_owned()))?;
    said.ok_or_else(|| Problem::bad_request("reason: must say why"))
}

/// `POST /console/api/invoices/{number}/void`
pub async fn void(
    Staff(ctx): Staff,
    Path(name): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::DebtsWriteOff)?;
    let Asked { ctx, input, once } = request.input::<VoidIn>(ctx)?;
    let number = name.parse().map(InvoiceId);
    let number = number.map_err(|_| Problem::not_found("there is no such invoice"))?;
    let note = ops::billing::debts::void(&ctx, number, reason_of(&input.reason)?, once).await?;
    answer(&ctx, StatusCode::CREATED, || {
        let billed = ops::billing::invoices::get(&ctx, note.id)?;
        Ok(InvoiceOut::new(&ctx, &billed))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteOffIn {
    amount: Decimal,
    #[serde(default)]
    currency: Option<String>,
    reason: String,
}

/// What a customer has or owes once a debt was given up.
#[derive(Debug, Serialize)]
pub struct WriteOffOut {
    customer: u64,
    amount: String,
    currency: String,
    balance: String,
}

/// `POST /console/api/customers/{id}/write-offs`
pub async fn write_off(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::DebtsWriteOff)?;
    let Asked { ctx, input, once } = request.input::<WriteOffIn>(ctx)?;
    let amount = amount_of(&ctx, &input.amount.0, input.currency.as_deref())?;
    let reason = reason_of(&input.reason)?;
    let customer = ops::billing::debts::write_off(&ctx, handle(&id), amount, reason, once).await?;
    answer(&ctx, StatusCode::CREATED, || {
        let balance = ops::payments::balance_in(&ctx, customer.id, amount.currency)?;
        Ok(WriteOffOut {
            customer: customer.id.0,
            amount: amount.to_fixed(),
            currency: amount.currency.as_str().to_owned(),
            balance: balance.to_fixed(),
        })
    })
}

/// `POST /console/api/payments/{id}/confirm`
pub async fn confirm(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, once, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    let payment = ops::payments::ending::end(&ctx, payment_id(&id)?, Ending::Paid, once).await?;
    answer(&ctx, StatusCode::OK, || Ok(PaymentOut::new(&payment)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailIn {
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /console/api/payments/{id}/fail`
pub async fn fail(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, input, once } = request.input_or_nothing::<FailIn>(ctx)?;
    let reason = short("reason", input.reason)?.unwrap_or_default();
    let ending = Ending::Failed { reason };
    let payment = ops::payments::ending::end(&ctx, payment_id(&id)?, ending, once).await?;
    answer(&ctx, StatusCode::OK, || Ok(PaymentOut::new(&payment)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResolveIn {
    customer: String,
}

/// `POST /console/api/payments/{id}/resolve`
pub async fn resolve(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, input, once } = request.input::<ResolveIn>(ctx)?;
    let customer = handle(&input.customer);
    let payment = ops::payments::ending::resolve(&ctx, payment_id(&id)?, customer, once).await?;
    answer(&ctx, StatusCode::OK, || Ok(PaymentOut::new(&payment)))
}

/// An invoice or credit note.
#[derive(Debug, Serialize)]
pub struct InvoiceOut {
    number: u64,
    /// The number as it is printed.
    printed_number: String,
    /// `PAID` or `OPEN`; none on credit notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    seller: SellerOut,
    buyer: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    product: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    contract: String,
    /// The last day of the time that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<String>,
    taxes: Vec<RateOut>,
    kind: &'static str,
    /// The invoice that a credit note corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    customer: u64,
    order: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle: Option<u32>,
    issued: String,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    currency: String,
    total: String,
    tax: String,
    /// What is still to be paid.
    open: String,
    lines: Vec<LineOut>,
}

/// Who sells, as it stood when it was issued.
#[derive(Debug, Serialize)]
struct SellerOut {
    name: String,
    address: Vec<String>,
    tax_id: String,
    bank: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RateOut {
    tax_rate: String,
    net: String,
    tax: String,
}

#[derive(Debug, Serialize)]
struct LineOut {
    title: String,
    net: String,
    tax_rate: String,
    tax: String,
    gross: String,
}

impl InvoiceOut {
    fn new(ctx: &Ctx, billed: &Billed) -> Self {
        let invoice = &billed.invoice;
        let currency = invoice.currency;
        let text = |minor: Minor| Amount { minor, currency }.to_fixed();
        let head = &invoice.letterhead;
        let zone = &ctx.app.company().zone;
        let last = invoice.to.map(|to| last_day(invoice.from, to, zone));
        let state = if billed.open_minor == 0 {
            "PAID"
        } else {
            "OPEN"
        };
        Self {
            number: invoice.id.0,
            printed_number: invoice.printed_number(),
            state: (invoice.kind == InvoiceKind::Invoice).then_some(state),
            due: invoice
                .due_at
                .filter(|_| invoice.kind == InvoiceKind::Invoice)
                .map(|at| zone.date(at).to_string()),
            seller: SellerOut {
                name: invoice.seller.clone(),
                address: head.address.clone(),
                tax_id: head.tax_id.clone(),
                bank: head.bank.clone(),
            },
            buyer: invoice.buyer.clone(),
            product: invoice.product.clone(),
            contract: invoice.contract.clone(),
            last_day: last.map(|at| zone.date(at).to_string()),
            taxes: invoice
                .taxes()
                .iter()
                .map(|sum| RateOut {
                    tax_rate: sum.rate.to_percent(),
                    net: text(sum.net_minor),
                    tax: text(sum.tax_minor),
                })
                .collect(),
            kind: match invoice.kind {
                InvoiceKind::Invoice => "INVOICE",
                InvoiceKind::CreditNote { .. } => "CREDIT_NOTE",
            },
            of: match invoice.kind {
                InvoiceKind::Invoice => None,
                InvoiceKind::CreditNote { of } => Some(of.0),
            },
            customer: invoice.customer.0,
            order: invoice.order.0,
            cycle: invoice.cycle,
            issued: invoice.issued_at.to_rfc3339_millis(),
            from: invoice.from.to_rfc3339_millis(),
            to: invoice.to.map(Timestamp::to_rfc3339_millis),
            currency: currency.as_str().to_owned(),
            total: invoice.total().to_fixed(),
            tax: invoice.tax().to_fixed(),
            open: text(billed.open_minor),
            lines: invoice
                .lines
                .iter()
                .map(|line| LineOut {
                    title: line.title.clone(),
                    net: text(line.net_minor),
                    tax_rate: line.rate.to_percent(),
                    tax: text(line.tax_minor),
                    gross: text(line.gross_minor()),
                })
                .collect(),
        }
    }
}

/// `GET /console/api/customers/{id}/invoices`
pub async fn invoices(
    Staff(ctx): Staff,
    Path(id): Path<String>,
) -> Result<Json<Vec<InvoiceOut>>, Problem> {
    let invoices = ops::billing::invoices::list(&ctx, &handle(&id))?;
    Ok(Json(
        invoices
            .iter()
            .map(|billed| InvoiceOut::new(&ctx, billed))
            .collect(),
    ))
}

/// `GET /console/api/invoices/{name}`: `7`, `7.html` or `7.pdf`.
pub async fn invoice(Staff(ctx): Staff, Path(name): Path<String>) -> Result<Response, Problem> {
    let (number, kind) = name.split_once('.').unwrap_or((name.as_str(), "json"));
    let missing = || Problem::not_found(format!("invoice {} not found", shortened(&name)));
    let number: u64 = number.parse().map_err(|_| missing())?;
    let billed = ops::billing::invoices::get(&ctx, InvoiceId(number))?;
    match kind {
        "json" => Ok(Json(InvoiceOut::new(&ctx, &billed)).into_response()),
        "html" => {
            let text = paper::html(&paper(&ctx, &billed))
                .map_err(|error| ops::OpError::Failed(error.to_string()))?;
            Ok(crate::wire::console::pages::paper_page(text))
        }
        "pdf" => {
            let set = paper(&ctx, &billed);
            let made = tokio::task::spawn_blocking(move || paper::pdf(&set)).await;
            let bytes = made
                .map_err(|error| ops::OpError::Failed(error.to_string()))?
                .map_err(|error| ops::OpError::Failed(error.to_string()))?;
            let place = format!("inline; filename=\"invoice-{number}.pdf\"");
            let headers = [
                (CONTENT_TYPE, "application/pdf".to_owned()),
                (CONTENT_DISPOSITION, place),
            ];
            Ok((headers, bytes).into_response())
        }
        _ => Err(missing()),
    }
}

/// An invoice in the words of this house.
fn paper(ctx: &Ctx, billed: &Billed) -> Paper {
    let company = ctx.app.company();
    let sender = Sender {
        name: &company.name,
        zone: &company.zone,
        locale: &ctx.app.config.provider.locale,
    };
    paper_of(&sender, &billed.invoice, billed.open_minor)
}
