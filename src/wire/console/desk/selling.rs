//! What can be sold, and orders placed, over the console's API.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalogue::kinds::OrderType;
use crate::domain::staff::Permission;
use crate::domain::values::calendar::Period;
use crate::ops::desk::selling::{self, Sold};
use crate::wire::console::billing::OrderOut;
use crate::wire::console::effect::{Done, answer};
use crate::wire::console::error::Problem;
use crate::wire::console::money;
use crate::wire::console::repeatable::{Asked, Repeatable};
use crate::wire::console::request::{Staff, handle};
use crate::wire::kit::json::Decimal;

use super::shared::{Refusals, TEXT_CHARS_MAX, text};

/// How long one cycle is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Term)]
struct TermOut {
    /// `DAY`, `MONTH`, `QUARTER` or `YEAR`.
    unit: &'static str,
    /// How many of them, also a part; 0: without end.
    #[schema(example = "1")]
    count: String,
}

/// What can be ordered now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferOnSale)]
pub(super) struct OfferOut {
    id: u64,
    title: String,
    product: u64,
    product_title: String,
    /// What its first cycle costs; `null`: nothing.
    price: Option<String>,
    currency: Option<String>,
    term: TermOut,
    /// Whether it goes on from cycle to cycle.
    recurring: bool,
    /// How many cycles in all; 0: no end.
    cycles: String,
}

impl OfferOut {
    fn new(sold: &Sold) -> Self {
        let Sold {
            offer,
            product,
            price,
        } = sold;
        let unit = match offer.term.period {
            Period::Day => "DAY",
            Period::Month => "MONTH",
            Period::Quarter => "QUARTER",
            Period::Year => "YEAR",
        };
        Self {
            id: offer.id.0,
            title: sold.title().to_owned(),
            product: product.id.0,
            product_title: product.title.clone(),
            price: price.as_ref().map(|price| price.to_fixed()),
            currency: price.as_ref().map(|of| of.currency.as_str().to_owned()),
            term: TermOut {
                unit,
                count: offer.term.count.to_decimal(),
            },
            recurring: offer.order_type == OrderType::Recurring,
            cycles: offer.cycles_total.to_decimal(),
        }
    }
}

/// What can be ordered now
///
/// By title, at most 1,000. Whether one customer may have an offer is judged when it is ordered.
#[utoipa::path(get, path = "/console/api/offers", tag = "Orders",
    operation_id = "offers",
    responses((status = 200, body = Vec<OfferOut>), Refusals))]
pub(super) async fn offers(Staff(ctx): Staff) -> Result<Json<Vec<OfferOut>>, Problem> {
    let sold = selling::offers(&ctx)?;
    Ok(Json(sold.iter().map(OfferOut::new).collect()))
}

/// An order as staff takes it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OrderInput)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderIn {
    /// By its number, or the id that a client gave it.
    #[schema(value_type = String, example = "7")]
    offer: Named,
    /// The price that was seen; another one is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    amount: Option<Decimal>,
    #[serde(default)]
    currency: Option<String>,
    /// Only look what would come of it.
    #[serde(default)]
    #[expect(dead_code, reason = "taken out before it is read")]
    preview: Option<bool>,
}

/// A number, or a text that names a record.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "must be a number or a text")]
enum Named {
    Number(u64),
    Text(String),
}

/// Places an order
///
/// As the offer has it, from now on. It is active at once: what the balance does not cover is owed.
#[utoipa::path(post, path = "/console/api/customers/{id}/orders", tag = "Orders",
    operation_id = "placeOrder",
    params(("id" = String, Path, description = "The customer")),
    request_body = OrderIn,
    responses((status = 201, body = Done<OrderOut>), Refusals))]
pub(super) async fn place(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::OrdersWrite)?;
    let Asked { ctx, input, once } = request.input::<OrderIn>(ctx)?;
    let offer = match input.offer {
        Named::Number(number) => number.to_string(),
        Named::Text(text) => text,
    };
    text("offer", &offer, TEXT_CHARS_MAX)?;
    let seen = match input.amount {
        Some(text) => Some(money::amount_of(&ctx, &text.0, input.currency.as_deref())?),
        None => None,
    };
    let order = selling::place(&ctx, handle(&id), handle(&offer), seen, once).await?;
    answer(&ctx, StatusCode::CREATED, || {
        Ok(OrderOut::new(&ctx, &order))
    })
}
