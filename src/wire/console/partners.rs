//! Partners over the console's API, and what they are owed.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::domain::carrier::{Partner, PartnerTransaction, TransactionKind};
use crate::domain::money::Amount;
use crate::domain::time::Timestamp;
use crate::ops;
use crate::ops::settlement::Settlement;

use crate::wire::kit::query::Query;

use super::Staff;
use super::error::Problem;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartnerOut {
    key: String,
    name: String,
    on: bool,
    has_key: bool,
    products: Vec<String>,
    refunds: bool,
    share: String,
}

impl PartnerOut {
    fn new(partner: &Partner) -> Self {
        let products = partner.products.iter();
        Self {
            key: partner.key.clone(),
            name: partner.name.clone(),
            on: partner.on,
            has_key: partner.api_key_hash.is_some(),
            products: products.map(|product| product.code.clone()).collect(),
            refunds: partner.refunds,
            share: partner.share.to_percent(),
        }
    }
}

/// `GET /console/api/partners`
pub async fn list(Staff(ctx): Staff) -> Result<Response, Problem> {
    let partners = ops::partners::list(&ctx)?;
    let shown: Vec<PartnerOut> = partners.iter().map(PartnerOut::new).collect();
    Ok(Json(shown).into_response())
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
}

#[derive(Serialize)]
struct SettlementOut {
    partner: String,
    month: String,
    from: String,
    until: String,
    sums: Vec<SumsOut>,
}

/// `GET /console/api/partners/{key}/settlement?month=2026-01`, with `&format=csv` its lines.
pub async fn settlement(
    Staff(ctx): Staff,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref());
    let parameter = |name: &str| -> Result<Option<String>, Problem> {
        let text = query.scalar(name).map_err(super::wrong)?;
        Ok(text.map(str::to_owned))
    };
    let (month, format) = (
        parameter("month")?.unwrap_or_default(),
        parameter("format")?,
    );
    let with_lines = match format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::bad_request("format: must be csv or json")),
    };
    let asked = month.clone();
    let looked = tokio::task::spawn_blocking(move || {
        ops::settlement::of_month(&ctx, &key, &asked, with_lines)
    });
    let found = looked
        .await
        .map_err(|error| ops::OpError::Failed(error.to_string()))??;
    if !with_lines {
        return Ok(Json(shown(&found, month)).into_response());
    }
    let kind = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"settlement.csv\"",
        ),
    ];
    Ok((kind, csv(&found)).into_response())
}

fn shown(found: &Settlement, month: String) -> SettlementOut {
    let sums = found.sums.iter().map(|(currency, sums)| {
        let text = |minor: i64| {
            let currency = *currency;
            Amount { minor, currency }.to_fixed()
        };
        SumsOut {
            currency: currency.as_str().to_owned(),
            charges: sums.charges,
            refunds: sums.refunds,
            charged: text(sums.charged_minor),
            refunded: text(sums.refunded_minor),
            tax: text(sums.tax_minor),
            payable: text(sums.partner_minor),
            kept: text(sums.kept_minor),
        }
    });
    SettlementOut {
        partner: found.partner.key.clone(),
        month,
        from: found.from.to_rfc3339_millis(),
        until: found.until.to_rfc3339_millis(),
        sums: sums.collect(),
    }
}

fn csv(found: &Settlement) -> String {
    let mut text =
        "transaction,type,completed,product,currency,amount,tax,payable,kept\r\n".to_owned();
    for line in &found.lines {
        text.push_str(&csv_line(line));
    }
    text
}

fn csv_line(line: &PartnerTransaction) -> String {
    let (kind, sign) = match line.kind {
        TransactionKind::Charge => ("CHARGE", 1),
        TransactionKind::Refund { .. } => ("REFUND", -1),
    };
    let money = |minor: i64| {
        let minor = minor.saturating_mul(sign);
        Amount {
            minor,
            ..line.amount
        }
        .to_fixed()
    };
    let kept = line
        .amount
        .minor
        .saturating_sub(line.partner_minor)
        .saturating_sub(line.tax_minor);
    let completed = line.completed_at.map(Timestamp::to_rfc3339_millis);
    // Neither ids nor codes hold commas, quotes or line ends; a formula they may look like.
    let plain = |text: &str| {
        let text = text.replace(['"', ',', '\r', '\n'], " ");
        if text.starts_with(['=', '+', '-', '@']) {
            format!("'{text}")
        } else {
            text
        }
    };
    let fields = [
        plain(&line.ext_id),
        kind.to_owned(),
        completed.unwrap_or_default(),
        plain(line.product.as_deref().unwrap_or_default()),
        line.amount.currency.as_str().to_owned(),
        money(line.amount.minor),
        money(line.tax_minor),
        money(line.partner_minor),
        money(kept),
    ];
    format!("{}\r\n", fields.join(","))
}
