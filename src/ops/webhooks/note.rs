//! What a command did to records that others are told of: found by comparing them before and after,
//! whoever wrote them, and kept in the same commit.

use std::collections::BTreeMap;

use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::customers::service::Service;
use crate::domain::partners::{Partner, PartnerTransaction};
use crate::domain::staff::Actor;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{DeliveryId, Id, InvoiceId, WebhookId};
use crate::domain::values::minor::Minor;
use crate::domain::webhooks::event;
use crate::domain::webhooks::event::{EventType, HookEvent, Subject, Unpaid};
use crate::domain::webhooks::{COUNTED_EVERY, Delivery, Webhook};
use crate::ops::OpError;
use crate::ops::written::Written;
use crate::outbound::webhook::objects::{self, Object};
use crate::store::key::{Raw, in_state, queue_of, trailing_number};
use crate::store::{Read, Record, Table, Touched, Tx};

/// One object that was touched, and what it was before the first time.
struct Change {
    subject: Subject,
    number: u64,
    record: Option<Touched>,
    /// Of an invoice: what was not paid of it.
    open: Option<Touched>,
}

/// What was touched, in the order of the first touches.
fn changes(touched: &[Touched]) -> Vec<Change> {
    let mut places = BTreeMap::new();
    let mut changes: Vec<Change> = Vec::new();
    for touched in touched {
        let subject = match touched.table {
            Table::Customers => Subject::Customer,
            Table::Orders => Subject::Order,
            Table::Services => Subject::Service,
            Table::Invoices | Table::OpenInvoices => Subject::Invoice,
            Table::Payments => Subject::Payment,
            Table::PartnerTransactions => Subject::PartnerTransaction,
            _ => continue,
        };
        let Some(number) = trailing_number(&touched.key) else {
            continue;
        };
        let place = *places.entry((subject, number)).or_insert(changes.len());
        if place == changes.len() {
            changes.push(Change {
                subject,
                number,
                record: None,
                open: None,
            });
        }
        if let Some(change) = changes.get_mut(place) {
            let slot = if touched.table == Table::OpenInvoices {
                &mut change.open
            } else {
                &mut change.record
            };
            // Only what stood there before the command counts.
            slot.get_or_insert_with(|| touched.clone());
        }
    }
    changes
}

/// What a command let customers owe no more without anything having been paid.
#[derive(Default)]
struct GivenUp {
    /// By credit notes over invoices, in minor units.
    credited: BTreeMap<InvoiceId, Minor>,
    /// Whether debts were written off: whatever is closed by that command is not paid.
    written_off: bool,
}

impl GivenUp {
    fn of(tx: &Tx<'_>, touched: &[Touched]) -> Result<Self, OpError> {
        let mut given_up = Self::default();
        for touched in touched {
            match touched.table {
                Table::Invoices => {
                    let id = trailing_number(&touched.key).map(InvoiceId);
                    let made = id.map(|id| tx.get::<Invoice>(&id)).transpose()?.flatten();
                    let Some(made) = made.filter(|_| touched.is_new()) else {
                        continue;
                    };
                    if let InvoiceKind::CreditNote { of } = made.kind {
                        let sum = given_up.credited.entry(of).or_default();
                        *sum -= made.total().minor;
                    }
                }
                Table::AccountTotals => {
                    let total = tx.get::<AccountTotal>(&Raw(touched.key.clone()))?;
                    given_up.written_off |=
                        total.is_some_and(|total| total.account == Account::WriteOff);
                }
                _ => {}
            }
        }
        Ok(given_up)
    }

    /// `None`: all of it.
    fn of_invoice(&self, id: InvoiceId, is_new: bool) -> Option<Minor> {
        if self.written_off && !is_new {
            return None;
        }
        Some(self.credited.get(&id).copied().unwrap_or_default())
    }
}

/// Keeps what happened, for everybody who wants to know.
pub(in crate::ops) fn tell(ctx: &Ctx, tx: &mut Tx<'_>, written: &Written) -> Result<(), OpError> {
    let mut webhooks: Vec<Webhook> = tx.all()?;
    webhooks.retain(|webhook| webhook.on);
    if webhooks.is_empty() {
        return Ok(());
    }
    let given_up = GivenUp::of(tx, written.rows())?;
    let mut count = false;
    for change in changes(written.rows()) {
        for (kind, object) in happened(tx, &change, &given_up)? {
            let wanted = |webhook: &&Webhook| webhook.wants(kind);
            if !webhooks.iter().any(|webhook| wanted(&webhook)) {
                continue;
            }
            let event = keep(ctx, tx, kind, (change.subject, change.number), &object)?;
            for webhook in webhooks.iter().filter(wanted) {
                let delivery = hand_over(ctx, tx, webhook, &event)?;
                count |= delivery.id.number().is_multiple_of(COUNTED_EVERY);
            }
        }
    }
    // Now and then, for the writer does it: but all of them,
    // or one that is told little is never counted.
    for webhook in webhooks.iter().filter(|_| count) {
        if waiting(tx, webhook.id)? > u64::from(webhook.room) {
            switch_off(ctx, tx, webhook)?;
        }
    }
    Ok(())
}

/// Too much waits for it: whoever is gone must not fill the file.
fn switch_off(ctx: &Ctx, tx: &mut Tx<'_>, webhook: &Webhook) -> Result<(), OpError> {
    tracing::error!(
        webhook = webhook.id.0,
        room = webhook.room,
        "webhook.switched_off: too many events wait for it"
    );
    let off = Webhook {
        on: false,
        ..webhook.clone()
    };
    let ctx = Ctx {
        actor: Actor::System,
        ..ctx.clone()
    };
    super::super::change(&ctx, tx, "webhook.overflow", webhook, &off)
}

/// Stores an event.
pub(super) fn keep(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: EventType,
    (subject, number): (Subject, u64),
    shown: &Object,
) -> Result<HookEvent, OpError> {
    let name: [u8; 16] = ctx.app.entropy.bytes()?;
    let event = HookEvent {
        id: tx.next_id()?,
        name,
        kind,
        subject,
        object: number,
        created_at: ctx.now,
        body: objects::body(&objects::event_name(&name), kind, ctx.now, shown),
    };
    tx.put(&event)?;
    Ok(event)
}

/// Has a webhook told of an event: at once, or after what waits for it about the same object.
pub(super) fn hand_over(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    webhook: &Webhook,
    event: &HookEvent,
) -> Result<Delivery, OpError> {
    let queue = queue_of(webhook.id, event.subject, event.object);
    let is_first = tx.count_up_to(Table::DeliveriesByObject, &queue, 1)? == 0;
    let delivery = Delivery {
        id: tx.next_id::<DeliveryId>()?,
        webhook: webhook.id,
        event: event.id,
        subject: event.subject,
        object: event.object,
        state: DeliveryState::Waiting,
        attempts: 0,
        created_at: ctx.now,
        due_at: is_first.then_some(ctx.now),
        ended_at: None,
        status: 0,
        problem: String::new(),
    };
    tx.put(&delivery)?;
    Ok(delivery)
}

type Happened = Vec<(EventType, Object)>;

/// The types of a kind of object that every kind has.
struct Kinds {
    created: EventType,
    updated: EventType,
    /// None: it is never removed.
    deleted: Option<EventType>,
}

fn happened(tx: &Tx<'_>, change: &Change, given_up: &GivenUp) -> Result<Happened, OpError> {
    match change.subject {
        Subject::Customer => {
            let kinds = Kinds {
                created: EventType::CustomerCreated,
                updated: EventType::CustomerUpdated,
                deleted: Some(EventType::CustomerDeleted),
            };
            compared(tx, change, &kinds, objects::customer, event::of_customer)
        }
        Subject::Order => {
            let kinds = Kinds {
                created: EventType::OrderCreated,
                updated: EventType::OrderUpdated,
                deleted: Some(EventType::OrderDeleted),
            };
            compared(tx, change, &kinds, objects::order, event::of_order)
        }
        Subject::Service => {
            let kinds = Kinds {
                created: EventType::ServiceCreated,
                updated: EventType::ServiceUpdated,
                deleted: Some(EventType::ServiceDeleted),
            };
            let came = |before: Option<&Service>, after: &Service| {
                event::of_service(before.map(|service| service.status), after.status)
            };
            compared(tx, change, &kinds, objects::service, came)
        }
        Subject::Payment => {
            let kinds = Kinds {
                created: EventType::PaymentCreated,
                updated: EventType::PaymentUpdated,
                deleted: None,
            };
            compared(tx, change, &kinds, objects::payment, event::of_payment)
        }
        Subject::PartnerTransaction => {
            let kinds = Kinds {
                created: EventType::PartnerTransactionCreated,
                updated: EventType::PartnerTransactionUpdated,
                deleted: Some(EventType::PartnerTransactionDeleted),
            };
            let id = Id::new(change.number);
            let made = match (tx.get::<PartnerTransaction>(&id)?, &change.record) {
                (None, Some(touched)) => touched.before()?,
                (made, _) => made,
            };
            let partner = match made {
                Some(made) => tx.get::<Partner>(&made.partner)?,
                None => None,
            };
            let key = partner.map(|partner| partner.key).unwrap_or_default();
            let show = |made: &PartnerTransaction| objects::partner_transaction(made, &key);
            compared(tx, change, &kinds, show, event::of_transaction)
        }
        Subject::Invoice => of_invoice(tx, change, given_up),
        Subject::Webhook => Ok(Vec::new()),
    }
}

/// What happened to one object: that it is new, and what it came to; else what it came to, or
/// that something of it that is shown has changed.
fn compared<R: Record<Key: Id>>(
    tx: &Tx<'_>,
    change: &Change,
    kinds: &Kinds,
    show: impl Fn(&R) -> Object,
    came: impl Fn(Option<&R>, &R) -> Option<EventType>,
) -> Result<Happened, OpError> {
    let before: Option<R> = match &change.record {
        Some(touched) => touched.before()?,
        None => None,
    };
    let after: Option<R> = tx.get(&R::Key::new(change.number))?;
    let mut happened = Vec::new();
    match (before, after) {
        (None, None) => {}
        (Some(before), None) => {
            happened.extend(kinds.deleted.map(|kind| (kind, show(&before))));
        }
        (None, Some(after)) => {
            let shown = show(&after);
            let came = came(None, &after).map(|kind| (kind, shown.clone()));
            happened.push((kinds.created, shown));
            happened.extend(came);
        }
        (Some(before), Some(after)) => {
            let shown = show(&after);
            if let Some(kind) = came(Some(&before), &after) {
                happened.push((kind, shown));
            } else if shown != show(&before) {
                happened.push((kinds.updated, shown));
            }
        }
    }
    Ok(happened)
}

/// An invoice never changes; what is not paid of it does.
fn of_invoice(tx: &Tx<'_>, change: &Change, given_up: &GivenUp) -> Result<Happened, OpError> {
    let id = InvoiceId(change.number);
    let Some(invoice) = tx.get::<Invoice>(&id)? else {
        return Ok(Vec::new());
    };
    let is_new = match &change.record {
        Some(touched) => touched.before::<Invoice>()?.is_none(),
        None => false,
    };
    let after = tx.get::<OpenInvoice>(&id)?.map(|open| open.open_minor);
    let before = match &change.open {
        Some(touched) => touched.before::<OpenInvoice>()?.map(|open| open.open_minor),
        None => after,
    };
    let shown = objects::invoice(&invoice, after.unwrap_or_default());
    let mut happened = Vec::new();
    if is_new {
        happened.push((EventType::InvoiceCreated, shown.clone()));
    }
    let given_up = given_up.of_invoice(id, is_new);
    match event::of_invoice(&invoice, is_new, Unpaid { before, after }, given_up) {
        Some(kind) => happened.push((kind, shown)),
        None if !is_new && before != after => happened.push((EventType::InvoiceUpdated, shown)),
        None => {}
    }
    Ok(happened)
}

/// How many deliveries wait for a webhook.
pub(super) fn waiting(read: &impl Read, id: WebhookId) -> Result<u64, OpError> {
    let front = in_state(id, DeliveryState::Waiting);
    Ok(read.counted(Table::DeliveriesByState, &front)?)
}
