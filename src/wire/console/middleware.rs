//! What the middleware that this box bills for does not know yet, over the console's API.

use axum::Json;
use serde::Serialize;

use crate::domain::peers::Counterpart;
use crate::domain::values::time::Timestamp;
use crate::ops;

use super::error::Problem;
use crate::wire::console::request::Staff;

/// A customer of whom the middleware has to be told something.
#[derive(Debug, Serialize)]
pub struct CounterpartOut {
    customer: u64,
    /// The id there.
    there: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Why it could not be told, the last time it was tried.
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

impl CounterpartOut {
    fn new(held: &Counterpart) -> Self {
        Self {
            customer: held.customer.0,
            there: held.there.clone(),
            since: held.untold_since.map(Timestamp::to_rfc3339_millis),
            problem: held.problem.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct MiddlewareOut {
    /// At most 1,000.
    untold: Vec<CounterpartOut>,
}

/// `GET /console/api/middleware`
pub async fn middleware_pending(Staff(ctx): Staff) -> Result<Json<MiddlewareOut>, Problem> {
    let pending = ops::peers::middleware::middleware_pending(&ctx)?;
    Ok(Json(MiddlewareOut {
        untold: pending.iter().map(CounterpartOut::new).collect(),
    }))
}
