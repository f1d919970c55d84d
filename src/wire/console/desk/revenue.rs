//! What the plans bring in a month and how that moved, over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::billing::recurring::{Movement, RevenueDay};
use crate::domain::values::calendar::LocalDate;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::ops::billing::revenue::{DAYS_MAX, days};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, wrong};
use crate::wire::kit::query::{Query, Wrong};

use super::shared::Refusals;

/// The monthly recurring revenue in one currency, and how it moved since the count before:
/// `starting + new + expansion - contraction - churn = ending`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevenueMovement)]
struct MovementOut {
    #[schema(example = "EUR")]
    currency: String,
    #[schema(example = "2400.00")]
    starting: String,
    /// Of customers who brought nothing before.
    new: String,
    /// Of customers who bring more than before.
    expansion: String,
    /// Of customers who bring less than before.
    contraction: String,
    /// Of customers who bring nothing any more.
    churn: String,
    ending: String,
    /// Customers who bring something.
    paying: u64,
    joined: u64,
    left: u64,
}

impl MovementOut {
    fn new(of: &Movement) -> Self {
        let currency = of.currency;
        let sum = |minor: Minor| Amount { minor, currency }.to_fixed();
        Self {
            currency: currency.as_str().to_owned(),
            starting: sum(of.starting),
            new: sum(of.new),
            expansion: sum(of.expansion),
            contraction: sum(of.contraction),
            churn: sum(of.churn),
            ending: sum(of.ending()),
            paying: of.paying(),
            joined: of.joined,
            left: of.left,
        }
    }
}

/// What was counted when a day was over. It never changes again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevenueDay)]
struct DayOut {
    #[schema(example = "2026-01-31")]
    day: String,
    counted_at: String,
    /// One of each currency.
    movements: Vec<MovementOut>,
}

impl DayOut {
    fn new(of: &RevenueDay) -> Self {
        Self {
            day: of.day.to_string(),
            counted_at: of.counted_at.to_rfc3339_millis(),
            movements: of.movements.iter().map(MovementOut::new).collect(),
        }
    }
}

/// Counted days, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revenue)]
pub(super) struct RevenueOut {
    days: Vec<DayOut>,
}

/// Monthly recurring revenue
///
/// By the prices of running plans without tax, not by invoices. Counted once a day, after midnight
/// of the operator's zone; a day on which the box was off is missing.
#[utoipa::path(get, path = "/console/api/revenue", tag = "Today",
    operation_id = "revenue",
    params(
        ("before" = Option<String>, Query, description = "Only days before this one"),
        ("limit" = Option<u64>, Query, description = "1 to 400; 31 if nothing is said")),
    responses((status = 200, body = RevenueOut), Refusals))]
pub(super) async fn list(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<RevenueOut>, Problem> {
    let query = Query::parse(query.as_deref());
    let most = u64::try_from(DAYS_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1, most, 31).map_err(wrong)?;
    let unfit = || wrong(Wrong::new("before", "must be a day such as 2026-01-31"));
    let before = match query.scalar("before").map_err(wrong)? {
        None => None,
        Some(text) => Some(LocalDate::parse(text).ok_or_else(unfit)?),
    };
    let limit = usize::try_from(limit).unwrap_or(DAYS_MAX);
    let days = days(&ctx, before, limit)?;
    Ok(Json(RevenueOut {
        days: days.iter().map(DayOut::new).collect(),
    }))
}
