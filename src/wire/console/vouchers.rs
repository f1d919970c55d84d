//! Vouchers in the console API: batches, their sale, and codes that are redeemed at the counter.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::billing::payment::{TYPED_METHODS, VoucherBatch};
use crate::domain::staff::Permission;
use crate::domain::values::id::VoucherBatchId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::payments::vouchers::{NewBatch, Sale};
use crate::wire::kit::json::Decimal;

use super::effect::answer;
use super::error::Problem;
use super::money::{PaymentOut, amount_of, short, shortened};
use super::repeatable::{Asked, EmptyBody, Repeatable};
use crate::wire::console::request::{Staff, handle};

/// A batch of vouchers; the codes are shown once, when it is made.
#[derive(Debug, Serialize)]
pub struct BatchOut {
    id: u64,
    title: String,
    amount: String,
    currency: String,
    count: u32,
    used: u32,
    /// How many that were sold came back unused.
    returned: u32,
    /// How many were sold, and for how much.
    sold_count: u32,
    sold: String,
    /// What was redeemed so far.
    redeemed: String,
    /// What was redeemed and never paid for.
    given_away: String,
    /// What was paid for and is not redeemed.
    outstanding: String,
    /// `SALE`: a debt from its sale on. `USE`: an older batch,
    /// which is booked as cash when it is used.
    booked_by: &'static str,
    /// Who made it; empty: not known.
    by: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<String>>,
}

impl BatchOut {
    fn new(batch: &VoucherBatch, codes: Option<Vec<String>>) -> Self {
        let money = |minor: Minor| {
            let currency = batch.amount.currency;
            Amount { minor, currency }.to_fixed()
        };
        Self {
            id: batch.id.0,
            title: batch.title.clone(),
            amount: batch.amount.to_fixed(),
            currency: batch.amount.currency.as_str().to_owned(),
            count: batch.count,
            used: batch.used_count,
            returned: batch.returned_count,
            sold_count: batch.sold_count,
            sold: money(batch.sold_minor),
            redeemed: money(batch.redeemed_minor()),
            given_away: money(batch.given_away_minor()),
            outstanding: money(batch.owed_minor()),
            booked_by: if batch.is_liability { "SALE" } else { "USE" },
            by: batch.made_by.clone(),
            created: batch.created_at.to_rfc3339_millis(),
            expires: batch.expires_at.map(Timestamp::to_rfc3339_millis),
            revoked: batch.revoked_at.map(Timestamp::to_rfc3339_millis),
            codes,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchIn {
    title: String,
    amount: Decimal,
    #[serde(default)]
    currency: Option<String>,
    count: u32,
    #[serde(default)]
    expires: Option<String>,
}

/// `GET /console/api/voucher-batches`
pub async fn batches(Staff(ctx): Staff) -> Result<Json<Vec<BatchOut>>, Problem> {
    let batches = ops::payments::vouchers::list(&ctx)?;
    let shown = |batch: &VoucherBatch| BatchOut::new(batch, None);
    Ok(Json(batches.iter().map(shown).collect()))
}

/// `POST /console/api/voucher-batches`
pub async fn create_batch(Staff(ctx): Staff, request: Repeatable) -> Result<Response, Problem> {
    ctx.require(Permission::VouchersMake)?;
    let Asked { ctx, input, once } = request.input::<BatchIn>(ctx)?;
    let input = NewBatch {
        title: short("title", Some(input.title))?.unwrap_or_default(),
        amount: amount_of(&ctx, &input.amount.0, input.currency.as_deref())?,
        count: input.count,
        expires_at: crate::wire::console::request::instant("expires", input.expires.as_deref())?,
    };
    let (batch, codes) = ops::payments::vouchers::create(&ctx, input, once).await?;
    let made = BatchOut::new(&batch, codes);
    answer(&ctx, StatusCode::CREATED, || Ok(made))
}

/// `DELETE /console/api/voucher-batches/{id}`
pub async fn revoke_batch(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::VouchersMake)?;
    // A batch is taken out of use once, whatever the key.
    let Asked { ctx, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    ops::payments::vouchers::revoke(&ctx, numbered(&id)?).await?;
    if ctx.is_rehearsal() {
        return answer(&ctx, StatusCode::OK, || Ok(()));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn numbered(id: &str) -> Result<VoucherBatchId, Problem> {
    let number = id.parse().map(VoucherBatchId);
    number.map_err(|_| Problem::not_found(format!("voucher batch {} not found", shortened(id))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleIn {
    count: u32,
    /// What was paid for them, or given back; without it: what they are worth, or what was paid for
    /// them.
    #[serde(default)]
    amount: Option<Decimal>,
    method: String,
    #[serde(default)]
    note: Option<String>,
}

async fn trade(ctx: Ctx, id: &str, request: Repeatable, back: bool) -> Result<Response, Problem> {
    let Asked { ctx, input, once } = request.input::<SaleIn>(ctx)?;
    let ctx = &ctx;
    let id = numbered(id)?;
    if input.count == 0 {
        return Err(Problem::bad_request("count: must be at least 1"));
    }
    if !TYPED_METHODS.contains(&input.method.as_str()) {
        return Err(Problem::bad_request("method: must be one of cash, bank"));
    }
    let amount = match input.amount {
        Some(text) => {
            let currency = ops::payments::vouchers::currency_of(ctx, id)?;
            Some(amount_of(ctx, &text.0, Some(currency.as_str()))?)
        }
        None => None,
    };
    let sale = Sale {
        count: input.count,
        amount,
        method: input.method,
        note: short("note", input.note)?.unwrap_or_default(),
        back,
    };
    let batch = ops::payments::vouchers::sell(ctx, id, sale, once).await?;
    answer(ctx, StatusCode::CREATED, || Ok(BatchOut::new(&batch, None)))
}

/// `POST /console/api/voucher-batches/{id}/sales`
pub async fn sell(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    trade(ctx, &id, request, false).await
}

/// `POST /console/api/voucher-batches/{id}/returns`
pub async fn take_back(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    trade(ctx, &id, request, true).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedeemIn {
    code: String,
}

/// `POST /console/api/customers/{id}/vouchers`
pub async fn redeem(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let Asked { ctx, input, once } = request.input::<RedeemIn>(ctx)?;
    let payment = ops::payments::vouchers::redeem(&ctx, handle(&id), input.code, once).await?;
    answer(&ctx, StatusCode::CREATED, || Ok(PaymentOut::new(&payment)))
}
