//! Charges, prices, invoices and runs as earlier versions wrote them, and what they are today.
//! Nothing here ever changes; `tests/it/contract/golden.rs` holds their bytes.

use serde::{Deserialize, Serialize};

use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::run::{Run, RunCounts, RunFailure, RunState};
use crate::domain::catalogue::charge::{Charge, Line, Price};
use crate::domain::catalogue::kinds::OrderType;
use crate::domain::provider::Letterhead;
use crate::domain::values::calendar::{LocalDate, Term};
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId, RunId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::time::Timestamp;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A charge before it said whether it is given back.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ChargeV1 {
    kind: OrderType,
    title: String,
    amount: Amount,
    tax_rate: TaxRate,
    dated_rates: Vec<(LocalDate, TaxRate)>,
    tax_included: bool,
}

/// A price of such charges.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct PriceV2 {
    pub version: u32,
    pub since: Timestamp,
    pub for_running: bool,
    pub term: Term,
    pub charges: Vec<ChargeV1>,
}

impl From<PriceV2> for Price {
    fn from(old: PriceV2) -> Self {
        let charge = |old: ChargeV1| Charge {
            kind: old.kind,
            title: old.title,
            amount: old.amount,
            tax_rate: old.tax_rate,
            dated_rates: old.dated_rates,
            tax_included: old.tax_included,
            refundable: false,
        };
        Self {
            version: old.version,
            since: old.since,
            for_running: old.for_running,
            term: old.term,
            charges: old.charges.into_iter().map(charge).collect(),
        }
    }
}

/// A line of an invoice before it said whether it is given back by the day.
#[derive(Serialize, Deserialize)]
struct LineV1 {
    title: String,
    rate: TaxRate,
    net_minor: Minor,
    tax_minor: Minor,
}

#[derive(Serialize, Deserialize)]
struct InvoiceV1 {
    id: InvoiceId,
    kind: InvoiceKind,
    customer: CustomerId,
    order: OrderId,
    cycle: Option<u32>,
    issued_at: Timestamp,
    from: Timestamp,
    to: Option<Timestamp>,
    currency: Currency,
    lines: Vec<LineV1>,
    seller: String,
    buyer: Vec<String>,
}

/// What was issued then is given back as it was then: every line by the day. It keeps its number,
/// and says no more than it said.
pub(in crate::store) fn invoice(version: u8, body: &[u8]) -> Result<Invoice, CodecError> {
    let old: InvoiceV1 = match version {
        1 => decode_body(Table::Invoices.name(), body)?,
        _ => return Err(unknown(Table::Invoices, version)),
    };
    let line = |old: LineV1| Line {
        title: old.title,
        rate: old.rate,
        net_minor: old.net_minor,
        tax_minor: old.tax_minor,
        by_day: true,
    };
    Ok(Invoice {
        id: old.id,
        kind: old.kind,
        customer: old.customer,
        order: old.order,
        cycle: old.cycle,
        issued_at: old.issued_at,
        from: old.from,
        to: old.to,
        currency: old.currency,
        lines: old.lines.into_iter().map(line).collect(),
        seller: old.seller,
        buyer: old.buyer,
        letterhead: Letterhead::default(),
        due_at: None,
        product: String::new(),
        contract: String::new(),
    })
}

/// What is open of an invoice before it said when that is to be paid.
#[derive(Serialize, Deserialize)]
struct OpenInvoiceV1 {
    id: InvoiceId,
    customer: CustomerId,
    order: OrderId,
    open_minor: Minor,
    currency: Currency,
    since: Timestamp,
}

/// The invoice itself may know better: layout 12 asks it.
pub(in crate::store) fn open_invoice(version: u8, body: &[u8]) -> Result<OpenInvoice, CodecError> {
    let old: OpenInvoiceV1 = match version {
        1 => decode_body(Table::OpenInvoices.name(), body)?,
        _ => return Err(unknown(Table::OpenInvoices, version)),
    };
    Ok(OpenInvoice {
        id: old.id,
        customer: old.customer,
        order: old.order,
        open_minor: old.open_minor,
        currency: old.currency,
        since: old.since,
        due_at: old.since,
    })
}

/// A run before it said who let it go on.
#[derive(Serialize, Deserialize)]
struct RunV1 {
    id: RunId,
    state: RunState,
    started_at: Timestamp,
    ended_at: Timestamp,
    worked_micros: u64,
    counts: RunCounts,
    invoiced: Vec<(Currency, Minor)>,
    failures: Vec<RunFailure>,
}

pub(in crate::store) fn run(version: u8, body: &[u8]) -> Result<Run, CodecError> {
    let old: RunV1 = match version {
        1 => decode_body(Table::Runs.name(), body)?,
        _ => return Err(unknown(Table::Runs, version)),
    };
    Ok(Run {
        id: old.id,
        state: old.state,
        started_at: old.started_at,
        ended_at: old.ended_at,
        worked_micros: old.worked_micros,
        counts: old.counts,
        invoiced: old.invoiced,
        failures: old.failures,
        released_by: None,
    })
}
