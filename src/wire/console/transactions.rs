//! Charges of partners that the carrier has not decided, and how a person decides them.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::domain::partners::PartnerTransaction;
use crate::domain::staff::Permission;
use crate::domain::values::id::PartnerTransactionId;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::partners::carrier_calls::LIST_MAX;
use crate::wire::kit::query::Query;

use super::effect::answer;
use super::error::Problem;
use super::repeatable::{Asked, Repeatable};
use super::words::{transaction_kind, transaction_state};
use crate::wire::console::request::Staff;

/// A transaction as the console shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionOut {
    id: u64,
    /// Its name at the carrier.
    #[serde(rename = "transactionID")]
    name: String,
    #[serde(rename = "extTransactionID")]
    ext_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    customer: u64,
    amount: String,
    currency: String,
    description: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<String>,
    /// How often the carrier was asked.
    attempts: u32,
    /// When it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Nobody asks any more: a person must find out.
    flagged: bool,
}

impl TransactionOut {
    fn new(made: &PartnerTransaction) -> Self {
        let pending = made.pending.as_ref();
        let due = pending.and_then(|pending| pending.due_at);
        Self {
            id: made.id.0,
            name: made.public_name(),
            ext_id: made.ext_id.clone(),
            kind: transaction_kind(made.kind),
            status: transaction_state(made.state),
            customer: made.customer.0,
            amount: made.amount.to_fixed(),
            currency: made.amount.currency.as_str().to_owned(),
            description: made.description.clone(),
            created: made.created_at.to_rfc3339_millis(),
            completed: made.completed_at.map(Timestamp::to_rfc3339_millis),
            attempts: pending.map_or(0, |pending| pending.attempts),
            due: due.map(Timestamp::to_rfc3339_millis),
            flagged: pending.is_some() && due.is_none(),
        }
    }
}

/// `GET /console/api/partners/{key}/transactions?state=PROCESSING`
pub async fn processing(
    Staff(ctx): Staff,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<TransactionOut>>, Problem> {
    let query = Query::parse(query.as_deref());
    let state = query
        .scalar("state")
        .map_err(crate::wire::console::request::wrong)?;
    if state != Some("PROCESSING") {
        return Err(Problem::bad_request("state: must be PROCESSING"));
    }
    let limit = match query
        .scalar("limit")
        .map_err(crate::wire::console::request::wrong)?
    {
        None => LIST_MAX,
        Some(text) => {
            let limit = text
                .parse()
                .ok()
                .filter(|limit| (1..=LIST_MAX).contains(limit));
            let problem = || Problem::bad_request(format!("limit: must be 1 to {LIST_MAX}"));
            limit.ok_or_else(problem)?
        }
    };
    let found = ops::partners::carrier_calls::processing(&ctx, &key, limit)?;
    Ok(Json(found.iter().map(TransactionOut::new).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResolveIn {
    outcome: String,
}

/// `POST /console/api/partners/transactions/{id}/resolve`
pub async fn resolve(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyWrite)?;
    let missing = || {
        let id: String = id.chars().take(64).collect();
        Problem::not_found(format!("transaction {id} not found"))
    };
    let number = id
        .parse()
        .map(PartnerTransactionId)
        .map_err(|_| missing())?;
    let Asked { ctx, input, once } = request.input::<ResolveIn>(ctx)?;
    let charged = match input.outcome.as_str() {
        "SUCCEEDED" => true,
        "DENIED" => false,
        _ => {
            return Err(Problem::bad_request("outcome: must be SUCCEEDED or DENIED"));
        }
    };
    let made = ops::partners::carrier_calls::resolve(&ctx, number, charged, once).await?;
    answer(&ctx, StatusCode::OK, || Ok(TransactionOut::new(&made)))
}
