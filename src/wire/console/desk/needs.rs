//! What needs somebody and the figures of the day, over the console's API.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::desk::needs::{Need, figures, needs};
use crate::wire::console::error::Problem;
use crate::wire::console::request::Staff;
use crate::wire::console::words::customer_word;

use super::shared::Refusals;

/// Something that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Need)]
struct NeedOut {
    #[schema(example = "SUSPENSE")]
    code: &'static str,
    count: u64,
    #[schema(value_type = BTreeMap<String, String>)]
    values: BTreeMap<&'static str, String>,
    /// The page on which something can be done about it.
    link: &'static str,
}

impl NeedOut {
    fn new(need: Need) -> Self {
        let mut values = BTreeMap::new();
        let (code, count, link) = match need {
            Need::Damaged { what } => {
                values.insert("problem", what);
                ("DAMAGED", 1, "/console/health")
            }
            Need::DiskFull { free_bytes } => {
                values.insert("free_bytes", free_bytes.to_string());
                ("DISK_FULL", 1, "/console/health")
            }
            Need::RunHeld {
                run,
                orders,
                decides_at,
            } => {
                values.insert("run", run.0.to_string());
                values.insert("decides_at", decides_at.to_rfc3339_millis());
                ("RUN_HELD", orders, "/console/tonight")
            }
            Need::Suspense { count } => ("SUSPENSE", count, "/console/payments?state=UNMATCHED"),
            Need::DeadLetters { count } => ("DEAD_LETTERS", count, "/console/messages?state=DEAD"),
            Need::DeadDeliveries { count } => ("DEAD_DELIVERIES", count, "/console/webhooks"),
            Need::MiddlewareUntold { count } => ("MIDDLEWARE_UNTOLD", count, "/console/health"),
            Need::JobDead { job } => {
                values.insert("job", job.to_owned());
                ("JOB_DEAD", 1, "/console/health")
            }
            Need::JobFailed { job, at, problem } => {
                values.insert("job", job.to_owned());
                values.insert("at", at.to_rfc3339_millis());
                values.insert("problem", problem);
                ("JOB_FAILED", 1, "/console/health")
            }
        };
        Self {
            code,
            count,
            values,
            link,
        }
    }
}

/// All that needs somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Needs)]
pub(super) struct NeedsOut {
    items: Vec<NeedOut>,
}

/// What needs somebody
///
/// As far as the role may see it; empty where nothing does.
#[utoipa::path(get, path = "/console/api/needs", tag = "Today",
    operation_id = "needs",
    responses((status = 200, body = NeedsOut), Refusals))]
pub(super) async fn list(Staff(ctx): Staff) -> Result<Json<NeedsOut>, Problem> {
    let items = needs(&ctx)?.into_iter().map(NeedOut::new);
    Ok(Json(NeedsOut {
        items: items.collect(),
    }))
}

/// The figures of the day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Figures)]
pub(super) struct FiguresOut {
    /// How many customers there are, by status.
    #[schema(value_type = BTreeMap<String, u64>)]
    customers: BTreeMap<&'static str, u64>,
    /// Boxes that are on now.
    online: Option<usize>,
}

/// Figures of the day
#[utoipa::path(get, path = "/console/api/figures", tag = "Today",
    operation_id = "figures",
    responses((status = 200, body = FiguresOut), Refusals))]
pub(super) async fn show(Staff(ctx): Staff) -> Result<Json<FiguresOut>, Problem> {
    let found = figures(&ctx)?;
    let counts = found.customers.into_iter();
    let counts = counts.map(|(status, count)| (status.map_or("ALL", customer_word), count));
    Ok(Json(FiguresOut {
        customers: counts.collect(),
        online: found.online,
    }))
}
