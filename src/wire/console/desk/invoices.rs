//! The list of invoices over the console's API.

use axum::Json;
use axum::extract::RawQuery;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::billing::invoice::InvoiceKind;
use crate::domain::staff::Permission;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::ops::desk::invoices::{self as desk, Filter, InvoiceState, Part, Row};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, handle, wrong};
use crate::wire::kit::query::{Query, Wrong};

use super::customer::name_of;
use super::listing::{csv, cursor, days, paging};
use super::shared::Refusals;

/// An invoice or credit note in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceRow)]
struct RowOut {
    number: u64,
    /// The number as it is printed.
    printed_number: String,
    /// `OPEN`, `OVERDUE`, `PAID`, `VOID` (credit notes take all of it back) or `CREDIT_NOTE`.
    #[schema(example = "PAID")]
    state: &'static str,
    /// The invoice that a credit note corrects.
    of: Option<u64>,
    customer: u64,
    /// The customer's.
    name: String,
    product: String,
    /// With tax; negative on credit notes.
    total: String,
    tax: String,
    /// What is still to be paid.
    open: String,
    currency: String,
    issued: String,
    /// The day on which it is to be paid.
    due: Option<String>,
}

/// A page of invoices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoices)]
pub(super) struct InvoicesOut {
    /// How many fit the filter in all.
    count: u64,
    invoices: Vec<RowOut>,
    /// The parameter `cursor` of the next page.
    next: Option<String>,
    previous: Option<String>,
}

fn state_word(state: InvoiceState) -> &'static str {
    match state {
        InvoiceState::Open => "OPEN",
        InvoiceState::Overdue => "OVERDUE",
        InvoiceState::Paid => "PAID",
        InvoiceState::Void => "VOID",
        InvoiceState::CreditNote => "CREDIT_NOTE",
    }
}

impl RowOut {
    fn new(ctx: &Ctx, row: &Row) -> Self {
        let invoice = &row.invoice;
        let currency = invoice.currency;
        let text = |minor: Minor| Amount { minor, currency }.to_fixed();
        let (of, due_at) = match invoice.kind {
            InvoiceKind::Invoice => (None, invoice.due_at),
            InvoiceKind::CreditNote { of } => (Some(of.0), None),
        };
        let zone = &ctx.app.company().zone;
        Self {
            number: invoice.id.0,
            printed_number: invoice.printed_number(),
            state: state_word(row.state),
            of,
            customer: invoice.customer.0,
            name: name_of(&row.customer),
            product: invoice.product.clone(),
            total: invoice.total().to_fixed(),
            tax: invoice.tax().to_fixed(),
            open: text(row.open_minor),
            currency: currency.as_str().to_owned(),
            issued: invoice.issued_at.to_rfc3339_millis(),
            due: due_at.map(|at| zone.date(at).to_string()),
        }
    }

    /// The fields of [`HEAD`].
    fn fields(self) -> Vec<String> {
        vec![
            self.printed_number,
            self.state.to_owned(),
            self.of.map(|of| of.to_string()).unwrap_or_default(),
            self.customer.to_string(),
            self.name,
            self.product,
            self.total,
            self.tax,
            self.open,
            self.currency,
            self.issued,
            self.due.unwrap_or_default(),
        ]
    }
}

const HEAD: &[&str] = &[
    "number", "state", "of", "customer", "name", "product", "total", "tax", "open", "currency",
    "issued", "due",
];

fn filter(ctx: &Ctx, query: &Query) -> Result<Filter, Problem> {
    let part = match query.scalar("status").map_err(wrong)? {
        None => None,
        Some("OPEN") => Some(Part::Open),
        Some("OVERDUE") => Some(Part::Overdue),
        Some("SETTLED") => Some(Part::Settled),
        Some("CREDIT_NOTE") => Some(Part::CreditNotes),
        Some(_) => {
            let problem = "must be OPEN, OVERDUE, SETTLED or CREDIT_NOTE";
            return Err(wrong(Wrong::new("status", problem)));
        }
    };
    Ok(Filter {
        part,
        customer: query.scalar("customer").map_err(wrong)?.map(handle),
        issued: days(ctx, query, "issued_since", "issued_until")?,
    })
}

/// Invoices and credit notes
///
/// Newest first; those that are overdue by when they were to be paid, the longest first.
#[utoipa::path(get, path = "/console/api/invoices", tag = "Invoices",
    operation_id = "invoices",
    params(
        ("status" = Option<String>, Query,
            description = "`OPEN`: something of it is; `OVERDUE`: and its day is over; `SETTLED`: \
                           nothing is; `CREDIT_NOTE`. With no other filter"),
        ("customer" = Option<String>, Query,
            description = "This one's; with no other filter"),
        ("issued_since" = Option<String>, Query,
            description = "Issued on this day or later; with no other filter"),
        ("issued_until" = Option<String>, Query, description = "On this day or before"),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of another page"),
        ("limit" = Option<u64>, Query, description = "1 to 200; 50 if nothing is said")),
    responses((status = 200, body = InvoicesOut), Refusals))]
pub(super) async fn list(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Json<InvoicesOut>, Problem> {
    ctx.require(Permission::MoneyRead)?;
    let query = Query::parse(query.as_deref());
    let (place, limit) = paging(&query)?;
    let found = desk::page(&ctx, &filter(&ctx, &query)?, &place, limit)?;
    let rows = found.rows.iter().map(|row| RowOut::new(&ctx, row));
    Ok(Json(InvoicesOut {
        count: found.count,
        invoices: rows.collect(),
        next: cursor(found.next),
        previous: cursor(found.previous),
    }))
}

/// Invoices and credit notes as a file
///
/// All that fit the filter, in the order of the list. Nothing is added up: every row has its
/// currency.
#[utoipa::path(get, path = "/console/api/invoices.csv", tag = "Invoices",
    operation_id = "exportInvoices",
    params(
        ("status" = Option<String>, Query,
            description = "`OPEN`, `OVERDUE`, `SETTLED` or `CREDIT_NOTE`"),
        ("customer" = Option<String>, Query, description = "This one's"),
        ("issued_since" = Option<String>, Query, description = "Issued on this day or later"),
        ("issued_until" = Option<String>, Query, description = "On this day or before")),
    responses(
        (status = 200, description = "Rows", content_type = "text/csv", body = String), Refusals))]
pub(super) async fn export(
    Staff(ctx): Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    ctx.require(Permission::MoneyRead)?;
    let filter = filter(&ctx, &Query::parse(query.as_deref()))?;
    csv("invoices", HEAD, move |after| {
        let (rows, next) = desk::export(&ctx, &filter, after)?;
        let lines = rows.iter().map(|row| RowOut::new(&ctx, row).fields());
        Ok((lines.collect(), next))
    })
}

/// How many invoices there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceFigures)]
pub(super) struct FiguresOut {
    all: u64,
    /// Something of it is open; the overdue ones too.
    open: u64,
    overdue: u64,
    settled: u64,
    credit_notes: u64,
}

/// How many invoices there are
#[utoipa::path(get, path = "/console/api/invoices/figures", tag = "Invoices",
    operation_id = "invoiceFigures",
    responses((status = 200, body = FiguresOut), Refusals))]
pub(super) async fn figures(Staff(ctx): Staff) -> Result<Json<FiguresOut>, Problem> {
    let found = desk::figures(&ctx)?;
    Ok(Json(FiguresOut {
        all: found.all,
        open: found.open,
        overdue: found.overdue,
        settled: found.settled,
        credit_notes: found.credit_notes,
    }))
}
