//! Finding somebody over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::billing::invoice::InvoiceKind;
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::ops::OpError;
use crate::ops::desk::search::{
    Found, FoundBox, FoundInvoice, Group, HITS_MAX, QUERY_CHARS_MAX, search,
};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, wrong};
use crate::wire::console::words::customer_word;
use crate::wire::kit::query::{Query, Wrong};

use super::customer::{name_of, phone_of};
use super::shared::Refusals;

/// A customer who was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerHit)]
struct CustomerHitOut {
    id: u64,
    name: String,
    /// What else tells them apart: phone, login, e-mail, contract.
    detail: String,
    status: &'static str,
}

/// A box that was found, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoxHit)]
struct BoxHitOut {
    id: u64,
    mac: String,
    customer: u64,
    name: String,
}

/// An invoice or credit note that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceHit)]
struct InvoiceHitOut {
    number: u64,
    printed_number: String,
    customer: u64,
    name: String,
    total: String,
    currency: String,
    /// `OPEN` or `PAID`; none of a credit note.
    state: Option<&'static str>,
}

/// What was found of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schema(as = HitGroup)]
enum GroupOut {
    Customers {
        /// Whether there are, or may be, more.
        more: bool,
        hits: Vec<CustomerHitOut>,
    },
    Boxes {
        more: bool,
        hits: Vec<BoxHitOut>,
    },
    Invoices {
        more: bool,
        hits: Vec<InvoiceHitOut>,
    },
}

/// All that was found; a kind of which nothing was is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hits)]
pub(super) struct HitsOut {
    groups: Vec<GroupOut>,
}

impl HitsOut {
    fn new(found: &Found) -> Self {
        let mut groups = Vec::new();
        if let Some((more, hits)) = shown(&found.customers, customer_hit) {
            groups.push(GroupOut::Customers { more, hits });
        }
        if let Some((more, hits)) = shown(&found.boxes, box_hit) {
            groups.push(GroupOut::Boxes { more, hits });
        }
        if let Some((more, hits)) = shown(&found.invoices, invoice_hit) {
            groups.push(GroupOut::Invoices { more, hits });
        }
        Self { groups }
    }
}

fn shown<T, O>(group: &Group<T>, show: impl Fn(&T) -> O) -> Option<(bool, Vec<O>)> {
    let hits: Vec<O> = group.hits.iter().map(show).collect();
    (!hits.is_empty()).then_some((group.more, hits))
}

fn customer_hit(customer: &Customer) -> CustomerHitOut {
    let email = customer.email.as_ref().map(|of| of.as_str().to_owned());
    let details = [
        phone_of(customer),
        customer.login.clone(),
        email,
        customer.account_number.clone(),
    ];
    let details: Vec<String> = details.into_iter().flatten().take(3).collect();
    CustomerHitOut {
        id: customer.id.0,
        name: name_of(customer),
        detail: details.join(" · "),
        status: customer_word(customer.status),
    }
}

fn box_hit(found: &FoundBox) -> BoxHitOut {
    BoxHitOut {
        id: found.device.id.0,
        mac: found.device.mac.clone(),
        customer: found.customer.id.0,
        name: name_of(&found.customer),
    }
}

fn invoice_hit(found: &FoundInvoice) -> InvoiceHitOut {
    let invoice = &found.invoice;
    let state = if found.open_minor == 0 {
        "PAID"
    } else {
        "OPEN"
    };
    InvoiceHitOut {
        number: invoice.id.0,
        printed_number: invoice.printed_number(),
        customer: found.customer.id.0,
        name: name_of(&found.customer),
        total: invoice.total().to_fixed(),
        currency: invoice.currency.as_str().to_owned(),
        state: (invoice.kind == InvoiceKind::Invoice).then_some(state),
    }
}

/// Search
///
/// A phone number in any notation or its last digits (four or more), the beginning of a MAC
/// address, of a login, a contract, an e-mail address or of any words of a name, or the number of
/// an invoice. Case and accents make no difference.
#[utoipa::path(get, path = "/console/api/search", tag = "Customers",
    operation_id = "search",
    params(
        ("q" = String, Query, description = "At most 100 characters"),
        ("limit" = Option<u64>, Query,
            description = "Of each kind: 1 to 20; 8 if nothing is said")),
    responses((status = 200, body = HitsOut), Refusals))]
pub(super) async fn find(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<HitsOut>, Problem> {
    ctx.require(Permission::CustomersRead)?;
    let query = Query::parse(query.as_deref());
    let most = u64::try_from(HITS_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1, most, 8).map_err(wrong)?;
    let text = query.scalar("q").map_err(wrong)?.unwrap_or_default();
    if text.chars().count() > QUERY_CHARS_MAX {
        let problem = format!("must have at most {QUERY_CHARS_MAX} characters");
        return Err(wrong(Wrong::new("q", problem)));
    }
    let text = text.to_owned();
    let limit = usize::try_from(limit).unwrap_or(HITS_MAX);
    // A common word walks far.
    let look = tokio::task::spawn_blocking(move || search(&ctx, &text, limit));
    let found = look
        .await
        .map_err(|error| OpError::Failed(error.to_string()))??;
    Ok(Json(HitsOut::new(&found)))
}
