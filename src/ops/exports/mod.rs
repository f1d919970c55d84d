//! Records as lines for other programs: journal, invoices and customers as JSON or CSV; plain-text
//! accounting is written in `ledger_files`. Page by page, so that no export holds more than a page
//! in memory.

pub(in crate::ops) mod ledger_files;
pub mod request;

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice, RateSum};
use crate::domain::billing::journal::{Account, JournalEntry};
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::csv::{guarded, row};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::store::{Read as _, Record, Snapshot, Span, account_balance};

use super::OpError;
use crate::ops::billing::invoices::addressee;
use crate::ops::exports::ledger_files::Ledger;
use crate::ops::exports::request::{ExportRequest, Format, What, Within, bad, cause, debit};

/// A page of lines.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub lines: Vec<String>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<u64>,
}

/// Records of one page.
const PAGE_RECORDS: usize = 5_000;

/// The page of records whose numbers are above `after`. [`OpError::Document`] where what is wished
/// for is none of that kind of records.
pub fn page(ctx: &Ctx, request: &ExportRequest, after: u64) -> Result<Page, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let (what, format) = (request.what, request.format);
    let plain = matches!(format, Format::Jsonl | Format::Csv);
    if what != What::Journal && !plain {
        return Err(bad("--format", "is for the journal; take jsonl or csv"));
    }
    if what == What::Customers && (request.from.is_some() || request.to.is_some()) {
        return Err(bad("--from, --to", "are for the journal and invoices"));
    }
    if request.names && plain {
        return Err(bad("--names", "is for the formats hledger and beancount"));
    }
    let within = Within::of(request, &ctx.app.company().zone)?;
    let snapshot = ctx.snapshot()?;
    let mut lines = Vec::new();
    if after == 0 && format == Format::Csv {
        lines.push(csv_head(what).to_owned());
    }
    let ledger = Ledger::new(ctx, &snapshot, request, within);
    if after == 0 && !plain {
        ledger.brought_forward(&mut lines)?;
    }
    let last = match what {
        What::Journal if !plain => {
            collect::<JournalEntry>(&snapshot, after, |entry| ledger.entry(entry, &mut lines))?
        }
        What::Journal => collect::<JournalEntry>(&snapshot, after, |entry| {
            if within.has(entry.at) {
                journal_lines(format, entry, &mut lines);
            }
            Ok(())
        })?,
        What::Invoices => collect::<Invoice>(&snapshot, after, |invoice| {
            if within.has(invoice.issued_at) {
                lines.push(invoice_line(&snapshot, format, invoice)?);
            }
            Ok(())
        })?,
        What::Customers => collect::<Customer>(&snapshot, after, |customer| {
            lines.push(customer_line(ctx, &snapshot, format, customer)?);
            Ok(())
        })?,
    };
    if last.is_none() && !plain {
        ledger.end(&mut lines)?;
    }
    Ok(Page { lines, next: last })
}

/// Visits a page of records. Answers the number of the last one if more may follow.
fn collect<R: Record>(
    snapshot: &Snapshot,
    after: u64,
    mut visit: impl FnMut(&R) -> Result<(), OpError>,
) -> Result<Option<u64>, OpError> {
    let span = Span {
        from: after.saturating_add(1).to_be_bytes().to_vec(),
        to: None,
        descending: false,
    };
    let mut records = Vec::new();
    snapshot.each::<R>(&span, &mut |record| {
        records.push(record);
        Ok(if records.len() < PAGE_RECORDS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    for record in &records {
        visit(record)?;
    }
    let last = records.last().filter(|_| records.len() == PAGE_RECORDS);
    let key = last.map(|last| crate::store::key::Key::to_bytes(&last.key()));
    Ok(key.and_then(|key| crate::store::key::trailing_number(&key)))
}

fn csv_head(what: What) -> &'static str {
    match what {
        What::Journal => "entry,at,cause,order,account,amount,currency,memo",
        What::Invoices => {
            "number,kind,of,customer,order,cycle,issued,from,to,total,tax,open,currency,net,taxes"
        }
        What::Customers => "id,login,account_number,name,email,status,created,balance,currency",
    }
}

/// One row, which ends with the line. Every field may be somebody's own words.
fn csv_row(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| guarded(field)).collect();
    let mut line = row(fields.iter().map(String::as_str));
    let end = line.strip_suffix("\r\n").map_or(line.len(), str::len);
    line.truncate(end);
    line
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn journal_lines(format: Format, entry: &JournalEntry, lines: &mut Vec<String>) {
    let what = cause(entry.cause);
    // Plain-text accounting ends a comment with the line.
    let memo: String = entry.memo.chars().filter(|c| !c.is_control()).collect();
    match format {
        Format::Jsonl => {
            let postings = entry.postings.iter().map(|posting| {
                serde_json::json!({
                    "account": posting.account.to_string(),
                    "amount": debit(posting.credit_minor, posting.currency),
                    "currency": posting.currency.as_str(),
                })
            });
            let line = serde_json::json!({
                "entry": entry.id.0, "at": entry.at.to_rfc3339_millis(), "cause": what,
                "order": entry.order.map(|id| id.0), "memo": memo,
                "postings": postings.collect::<Vec<_>>(),
            });
            lines.push(line.to_string());
        }
        Format::Csv => {
            for posting in &entry.postings {
                lines.push(csv_row(&[
                    entry.id.0.to_string(),
                    entry.at.to_rfc3339_millis(),
                    what.clone(),
                    or_empty(entry.order.map(|id| id.0)),
                    posting.account.to_string(),
                    debit(posting.credit_minor, posting.currency),
                    posting.currency.as_str().to_owned(),
                    memo.clone(),
                ]));
            }
        }
        // Written elsewhere.
        Format::Hledger | Format::Beancount => {}
    }
}

fn invoice_line(snapshot: &Snapshot, format: Format, invoice: &Invoice) -> Result<String, OpError> {
    let open = snapshot.get::<OpenInvoice>(&invoice.id)?;
    let open = Amount {
        minor: open.map_or(Minor::ZERO, |open| open.open_minor),
        currency: invoice.currency,
    };
    let (kind, of) = match invoice.kind {
        InvoiceKind::Invoice => ("INVOICE", None),
        InvoiceKind::CreditNote { of } => ("CREDIT_NOTE", Some(of.0)),
    };
    let to = invoice.to.map(Timestamp::to_rfc3339_millis);
    let amount = |minor: Minor| {
        let currency = invoice.currency;
        Amount { minor, currency }.to_fixed()
    };
    let taxes = invoice.taxes();
    let net = taxes.iter().map(|sum| sum.net_minor);
    let net = amount(net.sum());
    // A cell has all rates: `20 %: 10.00 + 2.00; 7.5 %: 1.00 + 0.08`.
    let in_words = |sum: &RateSum| {
        let (net, tax) = (amount(sum.net_minor), amount(sum.tax_minor));
        format!("{} %: {net} + {tax}", sum.rate.to_percent())
    };
    if format == Format::Jsonl {
        let line = serde_json::json!({
            "number": invoice.id.0, "kind": kind, "of": of,
            "customer": invoice.customer.0, "order": invoice.order.0, "cycle": invoice.cycle,
            "issued": invoice.issued_at.to_rfc3339_millis(),
            "from": invoice.from.to_rfc3339_millis(), "to": to,
            "total": invoice.total().to_fixed(), "tax": invoice.tax().to_fixed(),
            "open": open.to_fixed(), "currency": invoice.currency.as_str(), "net": net,
            "taxes": taxes.iter().map(|sum| serde_json::json!({
                "rate": sum.rate.to_percent(),
                "net": amount(sum.net_minor),
                "tax": amount(sum.tax_minor),
            })).collect::<Vec<_>>(),
        });
        return Ok(line.to_string());
    }
    Ok(csv_row(&[
        invoice.id.0.to_string(),
        kind.to_owned(),
        or_empty(of),
        invoice.customer.0.to_string(),
        invoice.order.0.to_string(),
        or_empty(invoice.cycle),
        invoice.issued_at.to_rfc3339_millis(),
        invoice.from.to_rfc3339_millis(),
        to.unwrap_or_default(),
        invoice.total().to_fixed(),
        invoice.tax().to_fixed(),
        open.to_fixed(),
        invoice.currency.as_str().to_owned(),
        net,
        taxes.iter().map(in_words).collect::<Vec<_>>().join("; "),
    ]))
}

fn customer_line(
    ctx: &Ctx,
    snapshot: &Snapshot,
    format: Format,
    customer: &Customer,
) -> Result<String, OpError> {
    let currency = ctx.app.company().currency;
    let account = Account::Customer(customer.id);
    let balance = account_balance(snapshot, &account, currency)?.to_fixed();
    let name = addressee(customer).into_iter().next().unwrap_or_default();
    let email = customer
        .email
        .as_ref()
        .map(|email| email.as_str().to_owned());
    let status = format!("{:?}", customer.status);
    let created = customer.created_at.to_rfc3339_millis();
    if format == Format::Jsonl {
        let line = serde_json::json!({
            "id": customer.id.0, "login": customer.login, "account_number": customer.account_number,
            "name": name, "email": email, "status": status, "created": created,
            "balance": balance, "currency": currency.as_str(),
        });
        return Ok(line.to_string());
    }
    Ok(csv_row(&[
        customer.id.0.to_string(),
        customer.login.clone().unwrap_or_default(),
        customer.account_number.clone().unwrap_or_default(),
        name,
        email.unwrap_or_default(),
        status,
        created,
        balance,
        currency.as_str().to_owned(),
    ]))
}
