//! What a command comes to: found by comparing the records that it touched before and after,
//! whoever wrote them. A rehearsal runs the very same command and takes it back, so it cannot say
//! anything else than what would happen.

use std::collections::{BTreeMap, BTreeSet};

use super::OpError;
use super::followers;
use super::written::Extent;
use super::written::{Written, by_number};
use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::billing::order::Order;
use crate::domain::boxes::event::BoxEvent;
use crate::domain::customers::service::Service;
use crate::domain::effect::{Balance, Billed, Effect, Missing, Moved, Owed, Titled};
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::values::minor::Minor;
use crate::ops::billing::missing::missing_of;
use crate::ops::titles::{title_of_order, title_of_service};
use crate::store::key::{Raw, owned_by};
use crate::store::{Read as _, StoreError, Table, TableSet, Tx};

/// Ends a command without a commit: with an error, or because it was only a rehearsal.
pub(super) enum Stop<T> {
    Failed(OpError),
    Rehearsed(T),
}

impl<T> From<StoreError> for Stop<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl<T> From<OpError> for Stop<T> {
    fn from(error: OpError) -> Self {
        Self::Failed(error)
    }
}

/// Runs a command in the writer with everything that follows of it, and finds what it comes to if
/// the caller asked. Answers also what was written.
pub(super) fn run<T>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, OpError>,
) -> Result<(T, TableSet), Stop<T>> {
    let done = followers::run(ctx, tx, Extent::Whole, command)?;
    if let Some(asked) = &ctx.effect {
        asked.put(effect_of(ctx, tx)?);
        if asked.is_rehearsal {
            return Err(Stop::Rehearsed(done));
        }
    }
    Ok((done, tx.written()))
}

/// Tables whose records show what a command comes to.
fn shows_effect(table: Table) -> bool {
    matches!(
        table,
        Table::Customers
            | Table::Orders
            | Table::Services
            | Table::Invoices
            | Table::OpenInvoices
            | Table::Payments
            | Table::AccountTotals
            | Table::VoucherBatches
            | Table::PartnerTransactions
            | Table::BoxEvents
            | Table::Messages
    )
}

fn effect_of(ctx: &Ctx, tx: &Tx<'_>) -> Result<Effect, OpError> {
    let written = Written::of(tx, shows_effect);
    let told: Vec<Moved<BoxEvent>> = written.moved(tx)?;
    let devices: BTreeSet<_> = told.iter().map(|event| event.after.device).collect();
    let mut effect = Effect {
        customers: written.moved(tx)?,
        orders: Vec::new(),
        services: Vec::new(),
        invoices: invoices(tx, &written)?,
        payments: written.moved(tx)?,
        balances: Vec::new(),
        missing: Vec::new(),
        batches: written.moved(tx)?,
        transactions: written.moved(tx)?,
        owed: Vec::new(),
        boxes_told: devices.len(),
        box_events: told.len(),
        letters: letters(tx, &written)?,
    };
    (effect.balances, effect.owed) = balances(tx, &written)?;
    for order in written.moved::<Order>(tx)? {
        let title = title_of_order(tx, &order.after)?;
        effect.orders.push(Titled {
            title,
            moved: order,
        });
    }
    for service in written.moved::<Service>(tx)? {
        let title = title_of_service(tx, &service.after)?;
        effect.services.push(Titled {
            title,
            moved: service,
        });
    }
    effect.missing = missing(ctx, tx, &effect)?;
    Ok(effect)
}

fn invoices(tx: &Tx<'_>, written: &Written) -> Result<Vec<Billed>, OpError> {
    let made: BTreeSet<InvoiceId> = written
        .moved::<Invoice>(tx)?
        .into_iter()
        .filter(|invoice| invoice.before.is_none())
        .map(|invoice| invoice.after.id)
        .collect();
    let mut was_open = BTreeMap::new();
    for touched in written.of_table(Table::OpenInvoices) {
        if let Some(id) = by_number::<InvoiceId>(&touched.key) {
            let before: Option<OpenInvoice> = touched.before()?;
            was_open.insert(id, before.map_or(Minor::ZERO, |open| open.open_minor));
        }
    }
    let ids: BTreeSet<InvoiceId> = made.iter().chain(was_open.keys()).copied().collect();
    let mut billed = Vec::new();
    for id in ids {
        let Some(invoice) = tx.get::<Invoice>(&id)? else {
            continue;
        };
        let open = tx.get::<OpenInvoice>(&id)?;
        let open = Moved {
            before: (!made.contains(&id)).then(|| was_open.get(&id).copied().unwrap_or_default()),
            after: open.map_or(Minor::ZERO, |open| open.open_minor),
        };
        if open.before != Some(open.after) {
            billed.push(Billed { invoice, open });
        }
    }
    Ok(billed)
}

/// What customers have with us, and what is owed to partners.
fn balances(tx: &Tx<'_>, written: &Written) -> Result<(Vec<Balance>, Vec<Owed>), OpError> {
    let totals: Vec<Moved<AccountTotal>> = written.moved_by(tx, |key| Some(Raw(key.to_vec())))?;
    let (mut balances, mut owed) = (Vec::new(), Vec::new());
    for Moved { before, after } in totals {
        let (currency, after_minor) = (after.currency, after.credit_minor);
        let before_minor = before.map_or(Minor::ZERO, |total| total.credit_minor);
        match after.account {
            Account::Customer(customer) => balances.push(Balance {
                customer,
                currency,
                before_minor,
                after_minor,
            }),
            account @ (Account::Partner(_) | Account::Payable(_)) => owed.push(Owed {
                account,
                currency,
                before_minor,
                after_minor,
            }),
            _ => {}
        }
    }
    Ok((balances, owed))
}

fn letters(tx: &Tx<'_>, written: &Written) -> Result<Vec<TemplateKind>, OpError> {
    let mut letters = Vec::new();
    for message in written.moved::<Message>(tx)? {
        if message.before.is_some() {
            continue;
        }
        let content = message.after.content;
        let is_note = match content {
            MessageContent::Invoice(id) => {
                let invoice = tx.get::<Invoice>(&id)?;
                invoice.is_some_and(|of| matches!(of.kind, InvoiceKind::CreditNote { .. }))
            }
            _ => false,
        };
        letters.push(if is_note {
            TemplateKind::CreditNote
        } else {
            content.kind()
        });
    }
    Ok(letters)
}

/// What every order of the customers concerned waits for now, each by itself.
fn missing(ctx: &Ctx, tx: &Tx<'_>, effect: &Effect) -> Result<Vec<Missing>, OpError> {
    let mut customers: BTreeSet<CustomerId> =
        effect.balances.iter().map(|of| of.customer).collect();
    customers.extend(effect.orders.iter().map(|of| of.moved.after.customer));
    customers.extend(effect.customers.iter().map(|of| of.after.id));
    customers.extend(effect.payments.iter().filter_map(|of| of.after.customer));
    let made: BTreeSet<OrderId> = effect
        .orders
        .iter()
        .filter(|order| order.moved.before.is_none())
        .map(|order| order.moved.after.id)
        .collect();
    let mut all = Vec::new();
    for customer in customers {
        let orders: Vec<Order> = tx.listed(Table::OrdersByCustomer, &owned_by(customer))?;
        for order in orders {
            if let Some(amount) = missing_of(ctx, tx, &order)? {
                all.push(Missing {
                    order: order.id,
                    is_new: made.contains(&order.id),
                    title: title_of_order(tx, &order)?,
                    standing: order.standing,
                    amount,
                });
            }
        }
    }
    Ok(all)
}
