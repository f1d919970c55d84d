//! What becomes of orders, and what the billing does and will do, over the console's API.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::billing::cycle::{Bill, Step};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::run::{Run, RunCounts, RunState};
use crate::domain::staff::Permission;
use crate::domain::values::id::RunId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::billing::held_run::HeldRun;
use crate::ops::billing::preview::{Ahead, Forecast, Scope, Why};
use crate::ops::orders::NewOrder;
use crate::ops::orders::life::{Credit, Which};
use crate::wire::kit::json::Decimal;
use crate::wire::kit::query::Query;

use super::effect::answer;
use super::error::Problem;
use super::repeatable::{Asked, EmptyBody, Repeatable};
use super::words::{standing_word, status_word};
use crate::wire::console::money;
use crate::wire::console::request::{Staff, handle, instant};

/// An order as the console shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderOut {
    id: u64,
    customer: u64,
    product: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<u64>,
    status: &'static str,
    /// How it stands with the money.
    standing: &'static str,
    cycles_paid: u32,
    cycles_total: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_billing_cycle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// When its services are frozen unless it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    freezes: Option<String>,
    /// `CALLER`: whoever placed it through the AlphaOTT API makes its services; we make none.
    services_by: &'static str,
}

impl OrderOut {
    pub(super) fn new(ctx: &Ctx, order: &Order) -> Self {
        let freezes = match order.standing {
            Standing::Overdue { freeze_at, .. } => Some(freeze_at),
            _ => None,
        };
        Self {
            id: order.id.0,
            customer: order.customer.0,
            product: order.product.0,
            offer: order.offer.map(|offer| offer.0),
            status: status_word(order.status_at(ctx.now)),
            standing: standing_word(order.standing),
            cycles_paid: order.cycles_paid,
            cycles_total: order.cycles_total,
            next_billing_cycle: order.next_cycle_at.map(Timestamp::to_rfc3339_millis),
            expires: order.expires_at.map(Timestamp::to_rfc3339_millis),
            freezes: freezes.map(Timestamp::to_rfc3339_millis),
            services_by: if order.served_by_caller {
                "CALLER"
            } else {
                "BOXOFFICE"
            },
        }
    }
}

fn which((customer, order): &(String, String)) -> Which {
    Which {
        customer: handle(customer),
        order: handle(order),
    }
}

/// `POST /console/api/customers/{id}/orders/{order}/pause`
pub async fn pause(
    Staff(ctx): Staff,
    Path(ids): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, once, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    let order = ops::orders::life::pause(&ctx, which(&ids), once).await?;
    answer(&ctx, StatusCode::OK, || Ok(OrderOut::new(&ctx, &order)))
}

/// `POST /console/api/customers/{id}/orders/{order}/resume`
pub async fn resume(
    Staff(ctx): Staff,
    Path(ids): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, once, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    let order = ops::orders::life::resume(&ctx, which(&ids), once).await?;
    answer(&ctx, StatusCode::OK, || Ok(OrderOut::new(&ctx, &order)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndIn {
    #[serde(default)]
    credit: CreditIn,
}

/// `true`: what is not used; `"WHOLE"`: all of it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "must be true, false or WHOLE")]
enum CreditIn {
    Unused(bool),
    Word(CreditWord),
}

#[derive(Deserialize)]
enum CreditWord {
    #[serde(rename = "WHOLE")]
    Whole,
}

impl Default for CreditIn {
    fn default() -> Self {
        Self::Unused(false)
    }
}

impl From<CreditIn> for Credit {
    fn from(credit: CreditIn) -> Self {
        match credit {
            CreditIn::Unused(false) => Self::Nothing,
            CreditIn::Unused(true) => Self::Unused,
            CreditIn::Word(CreditWord::Whole) => Self::Whole,
        }
    }
}

/// `POST /console/api/customers/{id}/orders/{order}/end`
pub async fn end(
    Staff(ctx): Staff,
    Path(ids): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, input, once } = request.input_or_nothing::<EndIn>(ctx)?;
    let order = ops::orders::life::end_now(&ctx, which(&ids), input.credit.into(), once).await?;
    answer(&ctx, StatusCode::OK, || Ok(OrderOut::new(&ctx, &order)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenewIn {
    /// The price that the caller saw; another one is refused.
    #[serde(default)]
    amount: Option<Decimal>,
    #[serde(default)]
    currency: Option<String>,
}

/// `POST /console/api/customers/{id}/orders/{order}/renew`
pub async fn renew(
    Staff(ctx): Staff,
    Path(ids): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, input, once } = request.input_or_nothing::<RenewIn>(ctx)?;
    let seen = match input.amount {
        Some(text) => Some(money::amount_of(&ctx, &text.0, input.currency.as_deref())?),
        None => None,
    };
    let order = ops::orders::life::renew(&ctx, which(&ids), seen, once).await?;
    answer(&ctx, StatusCode::OK, || Ok(OrderOut::new(&ctx, &order)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeIn {
    offer: String,
    /// Whether somebody who has not paid is let off the ladder.
    #[serde(default)]
    lift: bool,
}

/// `POST /console/api/customers/{id}/orders/{order}/change`
pub async fn change(
    Staff(ctx): Staff,
    Path(ids): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, input, once } = request.input::<ChangeIn>(ctx)?;
    let order = NewOrder::of(handle(&input.offer));
    let order = ops::orders::life::change_plan(&ctx, which(&ids), order, input.lift, once).await?;
    answer(&ctx, StatusCode::CREATED, || {
        Ok(OrderOut::new(&ctx, &order))
    })
}

/// Money of one currency.
#[derive(Debug, Serialize)]
struct Sum {
    amount: String,
    currency: String,
}

fn sums(money: &[(Currency, Minor)]) -> Vec<Sum> {
    let sum = |(currency, minor): &(Currency, Minor)| Sum {
        amount: Amount {
            minor: *minor,
            currency: *currency,
        }
        .to_fixed(),
        currency: currency.as_str().to_owned(),
    };
    money.iter().map(sum).collect()
}

/// How many orders had what happen to them.
#[derive(Debug, Serialize)]
struct Counts {
    renewed: u64,
    overdue: u64,
    reminded: u64,
    frozen: u64,
    suspended: u64,
    expired: u64,
    failed: u64,
}

impl From<&RunCounts> for Counts {
    fn from(counts: &RunCounts) -> Self {
        Self {
            renewed: counts.renewed,
            overdue: counts.overdue,
            reminded: counts.reminded,
            frozen: counts.frozen,
            suspended: counts.suspended,
            expired: counts.expired,
            failed: counts.failed,
        }
    }
}

#[derive(Debug, Serialize)]
struct Failure {
    order: u64,
    reason: String,
}

/// What the billing did in an hour.
#[derive(Debug, Serialize)]
pub struct RunOut {
    id: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of a held run: orders that wait, and are served meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_orders: Option<u64>,
    /// Of a held run: when the box goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    decides_at: Option<String>,
    /// Of a held run: when owners were last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    owners_told: Option<String>,
    /// Who let it go on while it was held.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_by: Option<String>,
    started: String,
    ended: String,
    worked_ms: u64,
    counts: Counts,
    invoiced: Vec<Sum>,
    failures: Vec<Failure>,
}

impl RunOut {
    fn new(run: &Run, held: Option<&HeldRun>) -> Self {
        let held = held.filter(|held| held.run.id == run.id);
        let (state, reason) = match &run.state {
            RunState::Open => ("DONE", None),
            RunState::Stopped { reason } | RunState::Eased { reason } => {
                ("STOPPED", Some(reason.clone()))
            }
            RunState::Released => ("RELEASED", None),
        };
        let failures = run.failures.iter().map(|failure| Failure {
            order: failure.order.0,
            reason: failure.reason.clone(),
        });
        Self {
            id: run.id.0,
            state,
            reason,
            held_orders: held.map(|held| held.orders),
            decides_at: held.map(|held| held.decides_at.to_rfc3339_millis()),
            owners_told: held
                .and_then(|held| held.told_at)
                .map(Timestamp::to_rfc3339_millis),
            released_by: run.released_by.clone(),
            started: run.started_at.to_rfc3339_millis(),
            ended: run.ended_at.to_rfc3339_millis(),
            worked_ms: run.worked_micros / 1_000,
            counts: Counts::from(&run.counts),
            invoiced: sums(&run.invoiced),
            failures: failures.collect(),
        }
    }
}

/// `GET /console/api/runs`
pub async fn runs(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<RunOut>>, Problem> {
    let query = Query::parse(query.as_deref());
    let limit = query
        .number("limit", 1, 1_000, 50)
        .map_err(crate::wire::console::request::wrong)?;
    let runs = ops::billing::run::runs(&ctx, usize::try_from(limit).unwrap_or(50))?;
    let held = ops::billing::held_run::held(&ctx)?;
    let shown = runs.iter().map(|run| RunOut::new(run, held.as_ref()));
    Ok(Json(shown.collect()))
}

/// `POST /console/api/runs/{id}/release`
pub async fn release(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Json<RunOut>, Problem> {
    ctx.require(Permission::RunsRelease)?;
    let Asked { ctx, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    if ctx.is_rehearsal() {
        // It moves nothing itself: what it lets go on is worked later, by the clock.
        let words = "preview: of what a run will do, ask GET /console/api/preview?until=";
        return Err(Problem::bad_request(words));
    }
    let number = id.parse().map(RunId);
    let number = number.map_err(|_| Problem::not_found("there is no such run"))?;
    let run = ops::billing::guard::release(&ctx, number).await?;
    Ok(Json(RunOut::new(&run, None)))
}

/// One step that lies ahead.
#[derive(Debug, Serialize)]
struct StepOut {
    at: String,
    order: u64,
    customer: u64,
    step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// Why it will not be paid, or comes to this.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl StepOut {
    fn new(ahead: &Ahead) -> Self {
        let (step, bill) = match &ahead.step {
            Step::Renewed(bill) => ("RENEWED", Some(bill)),
            Step::FellOverdue(bill) => ("OVERDUE", Some(bill)),
            Step::Reminded => ("REMINDED", None),
            Step::Froze => ("FROZEN", None),
            Step::Suspends => ("SUSPENSION", None),
            Step::Expired => ("EXPIRED", None),
            Step::Reopened => ("REOPENED", None),
        };
        let money = bill.and_then(Bill::total);
        Self {
            at: ahead.at.to_rfc3339_millis(),
            order: ahead.order.0,
            customer: ahead.customer.0,
            step,
            amount: money.map(Amount::to_fixed),
            currency: money.map(|amount| amount.currency.as_str().to_owned()),
            reason: ahead.why.map(reason),
        }
    }
}

fn reason(why: Why) -> String {
    match why {
        Why::Short { balance } => format!("the balance is {}", balance.to_fixed()),
        Why::Owed { balance, owed } => format!(
            "the balance is {}: {} will be owed",
            balance.to_fixed(),
            owed.to_fixed()
        ),
        Why::Overdue { since } => format!("not paid since {}", since.to_rfc3339_millis()),
        Why::NothingActive => "no service of the customer is active".to_owned(),
        Why::NotSuspended => {
            "the customer has another service that is active, or is switched off".to_owned()
        }
    }
}

/// What will happen until an instant if nobody does anything.
#[derive(Debug, Serialize)]
pub struct PreviewOut {
    until: String,
    counts: Counts,
    invoiced: Vec<Sum>,
    unpaid: Vec<Sum>,
    steps_in_all: u64,
    steps: Vec<StepOut>,
}

impl PreviewOut {
    fn new(forecast: &Forecast) -> Self {
        Self {
            until: forecast.until.to_rfc3339_millis(),
            counts: Counts::from(&forecast.counts),
            invoiced: sums(&forecast.invoiced),
            unpaid: sums(&forecast.unpaid),
            steps_in_all: forecast.steps_in_all,
            steps: forecast.steps.iter().map(StepOut::new).collect(),
        }
    }
}

/// Furthest that a preview of everybody looks, in seconds: about three years.
const AHEAD_SECONDS_MAX: i64 = 1_100 * 86_400;

/// `GET /console/api/preview?until=…&customer=…&order=…&limit=…`
pub async fn preview(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<PreviewOut>, Problem> {
    let query = Query::parse(query.as_deref());
    let until = instant(
        "until",
        query
            .scalar("until")
            .map_err(crate::wire::console::request::wrong)?,
    )?;
    let until = until
        .ok_or_else(|| Problem::bad_request("until: is required, such as 2026-01-31T10:00:00Z"))?;
    let limit = query
        .number("limit", 0, 10_000, 1_000)
        .map_err(crate::wire::console::request::wrong)?;
    let customer = query
        .scalar("customer")
        .map_err(crate::wire::console::request::wrong)?;
    let order = query
        .scalar("order")
        .map_err(crate::wire::console::request::wrong)?;
    let scope = match (customer, order) {
        (None, None) => Scope::Everybody,
        (Some(customer), None) => Scope::Customer(handle(customer)),
        (Some(customer), Some(order)) => Scope::Order(handle(customer), handle(order)),
        (None, Some(_)) => return Err(Problem::bad_request("customer: is required with order")),
    };
    let furthest = ctx.now.saturating_add_seconds(AHEAD_SECONDS_MAX);
    if matches!(scope, Scope::Everybody) && until > furthest {
        return Err(Problem::bad_request("until: must lie within three years"));
    }
    let limit = usize::try_from(limit).unwrap_or(1_000);
    let looked = tokio::task::spawn_blocking(move || {
        ops::billing::preview::preview(&ctx, &scope, until, limit)
    });
    let forecast = looked
        .await
        .map_err(|error| ops::OpError::Failed(error.to_string()))??;
    Ok(Json(PreviewOut::new(&forecast)))
}
