//! What happened with a customer, over the console's API.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, RawQuery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::billing::payment::{Payment, PaymentKind};
use crate::domain::event::{Activity, ActivityAction, Audit, Change};
use crate::domain::messages::{Channel, Message, MessageContent, MessageState};
use crate::domain::staff::Permission;
use crate::ops::desk::timeline::{Happened, PAGE_MAX, Place, Source, page};
use crate::wire::console::error::Problem;
use crate::wire::console::request::{Staff, handle, wrong};
use crate::wire::console::words::{payment_kind, payment_state};
use crate::wire::kit::query::{Query, Wrong};

use super::shared::Refusals;

/// Most changed fields of one entry.
const CHANGES_MAX: usize = 20;

/// Where more of it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
struct LinkOut {
    /// `invoice`, `payment`, `order`, `device` or `message`.
    kind: &'static str,
    id: u64,
}

/// One field that was changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
struct ChangeOut {
    field: String,
    before: String,
    after: String,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
struct EntryOut {
    at: String,
    /// `INVOICE`, `PAYMENT`, `REFUND`, `LETTER`, `BOX`, `ORDER`, `SIGN_IN` or `CHANGE`.
    kind: &'static str,
    /// What exactly, such as `CREDIT_NOTE`, `REMINDER` or `CUSTOMER_UPDATE`.
    code: String,
    #[schema(value_type = BTreeMap<String, String>)]
    values: BTreeMap<&'static str, String>,
    /// Who did it; `null`: the box by itself, or the customer.
    by: Option<String>,
    /// What was changed, of a `CHANGE`, `BOX` or `ORDER`.
    changes: Vec<ChangeOut>,
    link: Option<LinkOut>,
}

/// A page of what happened, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(super) struct TimelineOut {
    entries: Vec<EntryOut>,
    /// The parameter `before` of the next page.
    next: Option<String>,
}

fn link(kind: &'static str, id: u64) -> LinkOut {
    LinkOut { kind, id }
}

impl EntryOut {
    fn new(happened: Happened) -> Self {
        match happened {
            Happened::Changed(line) => changed(line),
            Happened::Paid(payment) => paid(&payment),
            Happened::Billed(invoice) => billed(&invoice),
            Happened::Written(message) => written(&message),
            Happened::Did(activity) => did(&activity),
        }
    }
}

/// The members that differ of a field that has some; else the field.
fn members_of(change: Change) -> Vec<ChangeOut> {
    type Members = serde_json::Map<String, serde_json::Value>;
    let members = |text: &str| serde_json::from_str::<Members>(text).ok();
    let Some((before, after)) = members(&change.before).zip(members(&change.after)) else {
        let Change {
            field,
            before,
            after,
        } = change;
        return vec![ChangeOut {
            field,
            before,
            after,
        }];
    };
    let said = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let names = after
        .keys()
        .chain(before.keys().filter(|name| !after.contains_key(*name)));
    let differ = names.filter(|name| before.get(*name) != after.get(*name));
    differ
        .map(|name| ChangeOut {
            field: format!("{}.{name}", change.field),
            before: said(before.get(name)),
            after: said(after.get(name)),
        })
        .collect()
}

fn changed(line: Audit) -> EntryOut {
    let (table, number) = line.subject;
    let (kind, more) = match table.as_str() {
        "devices" => ("BOX", Some(link("device", number))),
        "orders" => ("ORDER", Some(link("order", number))),
        _ => ("CHANGE", None),
    };
    let changes = line
        .changes
        .into_iter()
        .flat_map(members_of)
        .take(CHANGES_MAX);
    let by = if line.actor_name.is_empty() {
        line.actor_kind
    } else {
        line.actor_name
    };
    EntryOut {
        at: line.at.to_rfc3339_millis(),
        kind,
        code: line.action.replace(['.', '-'], "_").to_uppercase(),
        values: BTreeMap::new(),
        by: Some(by).filter(|by| by != "system"),
        changes: changes.collect(),
        link: more,
    }
}

fn paid(payment: &Payment) -> EntryOut {
    let mut values = BTreeMap::from([
        ("amount", payment.amount.to_fixed()),
        ("currency", payment.amount.currency.as_str().to_owned()),
        ("method", payment.method.clone()),
        ("state", payment_state(payment).to_owned()),
    ]);
    if let Some(reference) = &payment.reference {
        values.insert("reference", reference.clone());
    }
    if !payment.note.is_empty() {
        values.insert("note", payment.note.clone());
    }
    let kind = match payment.kind {
        PaymentKind::Refund { .. } => "REFUND",
        PaymentKind::Payment | PaymentKind::Regained { .. } => "PAYMENT",
    };
    EntryOut {
        at: payment.created_at.to_rfc3339_millis(),
        kind,
        code: payment_kind(payment).to_owned(),
        values,
        by: Some(payment.by.clone()).filter(|by| !by.is_empty()),
        changes: Vec::new(),
        link: Some(link("payment", payment.id.0)),
    }
}

fn billed(invoice: &Invoice) -> EntryOut {
    let code = match invoice.kind {
        InvoiceKind::Invoice => "INVOICE",
        InvoiceKind::CreditNote { .. } => "CREDIT_NOTE",
    };
    let mut values = BTreeMap::from([
        ("number", invoice.id.0.to_string()),
        ("printed_number", invoice.printed_number()),
        ("total", invoice.total().to_fixed()),
        ("currency", invoice.currency.as_str().to_owned()),
        ("order", invoice.order.0.to_string()),
    ]);
    if let Some(line) = invoice.lines.first() {
        values.insert("title", line.title.clone());
    }
    EntryOut {
        at: invoice.issued_at.to_rfc3339_millis(),
        kind: "INVOICE",
        code: code.to_owned(),
        values,
        by: None,
        changes: Vec::new(),
        link: Some(link("invoice", invoice.id.0)),
    }
}

fn written(message: &Message) -> EntryOut {
    let state = match message.state {
        MessageState::Waiting => "WAITING",
        MessageState::Sent => "SENT",
        MessageState::Dead => "DEAD",
        MessageState::Dropped => "DROPPED",
    };
    let mut values = BTreeMap::from([("state", state.to_owned())]);
    if let Some(channel) = message.channel {
        let word = match channel {
            Channel::Email => "EMAIL",
            Channel::Sms => "SMS",
        };
        values.insert("channel", word.to_owned());
    }
    if !message.problem.is_empty() {
        values.insert("problem", message.problem.clone());
    }
    match message.content {
        MessageContent::Invoice(invoice) => {
            values.insert("invoice", invoice.0.to_string());
        }
        MessageContent::Reminder(order) | MessageContent::Expiry(order) => {
            values.insert("order", order.0.to_string());
        }
        _ => {}
    }
    EntryOut {
        at: message.created_at.to_rfc3339_millis(),
        kind: "LETTER",
        code: message.content.kind().word().to_owned(),
        values,
        by: None,
        changes: Vec::new(),
        link: Some(link("message", message.id.0)),
    }
}

fn did(activity: &Activity) -> EntryOut {
    let (kind, code) = match activity.action {
        ActivityAction::SignedIn => ("SIGN_IN", "SIGNED_IN"),
        ActivityAction::StatusChanged => ("CHANGE", "STATUS_CHANGED"),
        ActivityAction::PasswordChanged => ("CHANGE", "PASSWORD_CHANGED"),
        ActivityAction::PasswordReset => ("CHANGE", "PASSWORD_RESET"),
        ActivityAction::DeviceAdded => ("BOX", "DEVICE_ADDED"),
        ActivityAction::DeviceRemoved => ("BOX", "DEVICE_REMOVED"),
        ActivityAction::DeviceStatusChanged => ("BOX", "DEVICE_STATUS_CHANGED"),
        ActivityAction::DeviceMovedOften => ("BOX", "DEVICE_MOVED_OFTEN"),
        ActivityAction::OrderPlaced => ("ORDER", "ORDER_PLACED"),
        ActivityAction::OrderStatusChanged => ("ORDER", "ORDER_STATUS_CHANGED"),
    };
    let mut values = BTreeMap::new();
    for (name, value) in &activity.details {
        let name = match name.as_str() {
            "from" => "from",
            "to" => "to",
            "order" => "order",
            _ => continue,
        };
        values.insert(name, value.clone());
    }
    if !activity.ip.is_empty() {
        values.insert("address", activity.ip.clone());
    }
    let order = values.get("order").and_then(|order| order.parse().ok());
    EntryOut {
        at: activity.at.to_rfc3339_millis(),
        kind,
        code: code.to_owned(),
        values,
        by: None,
        changes: Vec::new(),
        link: match (activity.device, order) {
            (Some(device), _) => Some(link("device", device.0)),
            (None, Some(order)) => Some(link("order", order)),
            (None, None) => None,
        },
    }
}

/// The letters of the sources in a cursor.
const LETTERS: [(char, Source); 5] = [
    ('c', Source::Changes),
    ('p', Source::Payments),
    ('i', Source::Invoices),
    ('l', Source::Letters),
    ('a', Source::Activity),
];

/// A place as a cursor: `c17.p4`.
fn cursor(place: &Place) -> String {
    let of = |source: &Source| LETTERS.iter().find(|(_, held)| held == source);
    let parts = place.iter().filter_map(|(source, number)| {
        let (letter, _) = of(source)?;
        Some(format!("{letter}{number}"))
    });
    parts.collect::<Vec<_>>().join(".")
}

fn place(text: Option<&str>) -> Option<Place> {
    let Some(text) = text else {
        return Some(Place::new());
    };
    let mut place = Place::new();
    for part in text.split('.').take(LETTERS.len().saturating_add(1)) {
        let mut letters = part.chars();
        let letter = letters.next()?;
        let (_, source) = LETTERS.iter().find(|(held, _)| *held == letter)?;
        let digits = letters.as_str();
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| plain)?;
        if place.insert(*source, number).is_some() {
            return None;
        }
    }
    Some(place)
}

/// What happened with a customer
///
/// Newest first. What the role may not read is left out: money, activity, and what others changed.
#[utoipa::path(get, path = "/console/api/customers/{id}/timeline", tag = "Customers",
    operation_id = "timeline",
    params(
        ("id" = String, Path, description = "The customer"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u64>, Query, description = "1 to 200; 50 if nothing is said")),
    responses((status = 200, body = TimelineOut), Refusals))]
pub(super) async fn list(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<TimelineOut>, Problem> {
    ctx.require(Permission::CustomersRead)?;
    let query = Query::parse(query.as_deref());
    let most = u64::try_from(PAGE_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1, most, 50).map_err(wrong)?;
    let before = place(query.scalar("before").map_err(wrong)?);
    let unfit = || wrong(Wrong::new("before", "must be one that a page before gave"));
    let limit = usize::try_from(limit).unwrap_or(PAGE_MAX);
    let found = page(&ctx, &handle(&id), &before.ok_or_else(unfit)?, limit)?;
    Ok(Json(TimelineOut {
        entries: found.entries.into_iter().map(EntryOut::new).collect(),
        next: found.next.as_ref().map(cursor),
    }))
}
