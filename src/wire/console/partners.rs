//! Partners over the console's API, and what they are owed.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::partners::statement::{CSV_HEAD, ClosedMonth, Settlement, Sums, csv_line};
use crate::domain::partners::{Partner, PinPolicy, REQUESTS_PER_SECOND};
use crate::domain::staff::Permission;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::letters::locale::Sender;
use crate::letters::statement_of;
use crate::ops;
use crate::ops::partners::statement::Detail;
use crate::paper;
use crate::wire::kit::query::Query;

use super::effect::answer;
use super::error::Problem;
use super::repeatable::{Asked, Repeatable};
use super::sensitive::Sensitive;
use crate::wire::console::request::Staff;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductOut {
    code: String,
    title: String,
    /// Our numbers of the products that it comes with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sold_with: Vec<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallbackOut {
    url: String,
    retries: u32,
    interval_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_email: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what was agreed, each by itself"
)]
struct PartnerOut {
    key: String,
    name: String,
    on: bool,
    has_key: bool,
    /// Until when the API key before is good as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_key_until: Option<String>,
    products: Vec<ProductOut>,
    currencies: Vec<String>,
    refunds: bool,
    pin_policy: &'static str,
    sends_pin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_charge_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_limit: Option<String>,
    share: String,
    requests_per_second: u32,
    /// Where it is told about subscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<CallbackOut>,
    /// Who made the API key.
    made_by: String,
    /// Whether anything was agreed with it yet; without, it may do nothing.
    agreed: bool,
    /// Until when none of its PINs is taken, because too many were wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pins_refused_until: Option<String>,
    /// The API key, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl PartnerOut {
    fn new(ctx: &Ctx, partner: &Partner, api_key: Option<String>) -> Self {
        let products = partner.products.iter();
        let limit = |of: Option<Amount>| of.map(Amount::to_fixed);
        Self {
            key: partner.key.clone(),
            name: partner.name.clone(),
            on: partner.on,
            has_key: partner.api_key_hash.is_some(),
            old_key_until: partner
                .old_api_key
                .as_ref()
                .map(|(_, until)| until.to_rfc3339_millis()),
            products: products
                .map(|product| ProductOut {
                    code: product.code.clone(),
                    title: product.title.clone(),
                    sold_with: product.sold_with.iter().map(|id| id.0).collect(),
                })
                .collect(),
            currencies: partner
                .currencies
                .iter()
                .map(|c| c.as_str().to_owned())
                .collect(),
            refunds: partner.refunds,
            pin_policy: match partner.pin_policy {
                PinPolicy::Off => "off",
                PinPolicy::FirstCharge => "first-charge",
                PinPolicy::EveryCharge => "every-charge",
            },
            sends_pin: partner.sends_pin,
            per_charge_limit: limit(partner.per_charge_limit),
            monthly_limit: limit(partner.monthly_limit),
            share: partner.share.to_percent(),
            requests_per_second: match partner.requests_per_second {
                0 => REQUESTS_PER_SECOND,
                own => own,
            },
            callback: partner.callback.as_ref().map(|callback| CallbackOut {
                url: callback.url.clone(),
                retries: callback.retries,
                interval_seconds: callback.interval_seconds,
                error_email: callback.error_email.clone(),
            }),
            made_by: partner.key_made_by.words(),
            agreed: partner.agreed,
            pins_refused_until: ops::partners::pins::refused_until(ctx, partner.id)
                .map(Timestamp::to_rfc3339_millis),
            api_key,
        }
    }
}

/// `GET /console/api/partners`
pub async fn list(Staff(ctx): Staff) -> Result<Response, Problem> {
    let partners = ops::partners::list(&ctx)?;
    let shown: Vec<PartnerOut> = partners
        .iter()
        .map(|of| PartnerOut::new(&ctx, of, None))
        .collect();
    Ok(Json(shown).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPartnerIn {
    key: String,
    name: String,
}

/// `POST /console/api/partners`
pub async fn add(sensitive: Sensitive) -> Result<Response, Problem> {
    let given: NewPartnerIn = sensitive.input()?;
    let (partner, api_key) = ops::partners::add(&sensitive.ctx, given.key, given.name).await?;
    let shown = PartnerOut::new(&sensitive.ctx, &partner, Some(api_key));
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// `GET /console/api/partners/{key}`
pub async fn get(Staff(ctx): Staff, Path(key): Path<String>) -> Result<Response, Problem> {
    let partner = ops::partners::get(&ctx, &key)?;
    Ok(Json(PartnerOut::new(&ctx, &partner, None)).into_response())
}

/// `PUT /console/api/partners/{key}`: the partner as an apply document has it.
pub async fn set(Path(key): Path<String>, sensitive: Sensitive) -> Result<Response, Problem> {
    ops::apply::set_partner(&sensitive.ctx, &key, sensitive.text()).await?;
    let partner = ops::partners::get(&sensitive.ctx, &key)?;
    Ok(Json(PartnerOut::new(&sensitive.ctx, &partner, None)).into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct RotateIn {
    overlap_seconds: Option<u32>,
}

/// `POST /console/api/partners/{key}/rotate`: another API key.
pub async fn rotate(Path(key): Path<String>, sensitive: Sensitive) -> Result<Response, Problem> {
    let given: RotateIn = sensitive.input_or_nothing()?;
    let overlap = given.overlap_seconds.map(i64::from);
    let overlap = overlap.unwrap_or(ops::partners::OVERLAP_SECONDS);
    let (partner, api_key) = ops::partners::rotate(&sensitive.ctx, key, overlap).await?;
    Ok(Json(PartnerOut::new(&sensitive.ctx, &partner, Some(api_key))).into_response())
}

#[derive(Serialize)]
struct SumsOut {
    currency: String,
    charges: u64,
    refunds: u64,
    charged: String,
    refunded: String,
    tax: String,
    /// What the partner gets.
    payable: String,
    kept: String,
    /// The journal entry of a closed month that moved it to what is to be paid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
}

impl SumsOut {
    fn new(currency: Currency, sums: &Sums, entry: Option<u64>) -> Self {
        let text = |minor: Minor| Amount { minor, currency }.to_fixed();
        Self {
            currency: currency.as_str().to_owned(),
            charges: sums.charges,
            refunds: sums.refunds,
            charged: text(sums.charged_minor),
            refunded: text(sums.refunded_minor),
            tax: text(sums.tax_minor),
            payable: text(sums.partner_minor),
            kept: text(sums.kept_minor),
            entry,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosedOut {
    at: String,
    by: String,
    lines: u64,
    /// SHA-256 of the lines as CSV, without what stands above them.
    lines_hash: String,
}

#[derive(Serialize)]
struct SettlementOut {
    partner: String,
    month: String,
    from: String,
    until: String,
    sums: Vec<SumsOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosedOut>,
}

impl SettlementOut {
    fn closed(key: &str, month: &ClosedMonth) -> Self {
        let sums = month.sums.iter();
        Self {
            partner: key.to_owned(),
            month: month.month.clone(),
            from: month.from.to_rfc3339_millis(),
            until: month.until.to_rfc3339_millis(),
            sums: sums
                .map(|of| SumsOut::new(of.currency, &of.sums, of.entry.map(|entry| entry.0)))
                .collect(),
            closed: Some(ClosedOut {
                at: month.closed_at.to_rfc3339_millis(),
                by: month.closed_by.clone(),
                lines: month.lines,
                lines_hash: data_encoding::HEXLOWER.encode(&month.lines_hash),
            }),
        }
    }

    fn new(found: &Settlement) -> Self {
        if let Some(closed) = &found.closed {
            return Self::closed(&found.partner.key, closed);
        }
        let sums = found.tally.sums.iter();
        Self {
            partner: found.partner.key.clone(),
            month: found.month.clone(),
            from: found.from.to_rfc3339_millis(),
            until: found.until.to_rfc3339_millis(),
            sums: sums
                .map(|(currency, sums)| SumsOut::new(*currency, sums, None))
                .collect(),
            closed: None,
        }
    }
}

/// `GET /console/api/partners/{key}/settlement?month=2026-01`, with `&format=csv` its lines, with
/// `html` or `pdf` as a statement for the partner.
pub async fn settlement(
    Staff(ctx): Staff,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref());
    let parameter = |name: &str| -> Result<Option<String>, Problem> {
        let text = query
            .scalar(name)
            .map_err(crate::wire::console::request::wrong)?;
        Ok(text.map(str::to_owned))
    };
    let (month, format) = (
        parameter("month")?.unwrap_or_default(),
        parameter("format")?,
    );
    let format = format.unwrap_or_else(|| "json".to_owned());
    let detail = match format.as_str() {
        "json" => Detail::Sums,
        "csv" => Detail::Lines,
        "html" | "pdf" => Detail::Products,
        _ => {
            return Err(Problem::bad_request(
                "format: must be json, csv, html or pdf",
            ));
        }
    };
    // Adding up and setting a page take their time.
    let made = tokio::task::spawn_blocking(move || {
        let found = ops::partners::statement::of_month(&ctx, &key, &month, detail)?;
        shown(&ctx, &found, &format)
    });
    made.await
        .map_err(|error| ops::OpError::Failed(error.to_string()))?
}

fn shown(ctx: &Ctx, found: &Settlement, format: &str) -> Result<Response, Problem> {
    Ok(match format {
        "csv" => {
            let mut text = CSV_HEAD.to_owned();
            for line in &found.lines {
                text.push_str(&csv_line(line));
            }
            let place = "attachment; filename=\"settlement.csv\"";
            let kind = [
                (CONTENT_TYPE, "text/csv; charset=utf-8"),
                (CONTENT_DISPOSITION, place),
            ];
            (kind, text).into_response()
        }
        "html" => {
            let text = paper::html(&statement(ctx, found))
                .map_err(|error| ops::OpError::Failed(error.to_string()))?;
            crate::wire::console::pages::paper_page(text)
        }
        "pdf" => {
            let bytes = paper::pdf(&statement(ctx, found))
                .map_err(|error| ops::OpError::Failed(error.to_string()))?;
            let headers = [
                (CONTENT_TYPE, "application/pdf"),
                (CONTENT_DISPOSITION, "inline; filename=\"settlement.pdf\""),
            ];
            (headers, bytes).into_response()
        }
        _ => Json(SettlementOut::new(found)).into_response(),
    })
}

fn statement(ctx: &Ctx, found: &Settlement) -> paper::Paper {
    let company = ctx.app.company();
    let sender = Sender {
        name: &company.name,
        zone: &company.zone,
        locale: &ctx.app.config.provider.locale,
    };
    statement_of(&sender, found, company.currency, ctx.now)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseIn {
    month: String,
}

/// `POST /console/api/partners/{key}/settlement/close`
pub async fn close(
    Staff(ctx): Staff,
    Path(key): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    // A month is closed once, whatever the key.
    let Asked { ctx, input, .. } = request.input::<CloseIn>(ctx)?;
    let found = ops::partners::month_close::close(&ctx, key, input.month).await?;
    answer(&ctx, StatusCode::CREATED, || Ok(SettlementOut::new(&found)))
}

/// `GET /console/api/partners/{key}/settlements`: the closed months, newest first.
pub async fn closed_months(
    Staff(ctx): Staff,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let months = ops::partners::statement::closed_months(&ctx, &key)?;
    let shown = months
        .iter()
        .map(|month| SettlementOut::closed(&key, month));
    Ok(Json(shown.collect::<Vec<_>>()).into_response())
}
