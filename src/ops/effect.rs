//! What a command comes to: found by comparing the records that it touched before and after,
//! whoever wrote them. A rehearsal runs the very same command and takes it back, so it cannot say
//! anything else than what would happen.

use std::collections::{BTreeMap, BTreeSet};

use super::{OpError, webhooks};
use crate::app::Ctx;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::boxes::event::BoxEvent;
use crate::domain::catalogue::content::Channel;
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::customers::service::{Grant, Service};
use crate::domain::effect::{Balance, Billed, Effect, Missing, Moved, Owed, Titled};
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::values::id::{CustomerId, Id, InvoiceId, OrderId};
use crate::domain::values::money::{Amount, Currency};
use crate::ops::billing::books::Books;
use crate::store::key::{Raw, owned_by, trailing_number};
use crate::store::{Read as _, Record, StoreError, Table, Touched, Tx, balance_minor};

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

/// Runs a command in the writer, and finds what it comes to if the caller asked.
pub(super) fn run<T>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, OpError>,
) -> Result<(T, bool), Stop<T>> {
    let Some(asked) = &ctx.effect else {
        let done = webhooks::watched(ctx, tx, command)?;
        return Ok((done, tx.take_to_send()));
    };
    tx.look_on();
    let done = webhooks::watched(ctx, tx, command)?;
    let effect = effect_of(ctx, tx)?;
    asked.put(effect);
    let to_send = tx.take_to_send();
    if asked.is_rehearsal {
        return Err(Stop::Rehearsed(done));
    }
    Ok((done, to_send))
}

/// What stood there before the first write to each record.
type Firsts = BTreeMap<(Table, Vec<u8>), Touched>;

fn of_table(firsts: &Firsts, table: Table) -> impl Iterator<Item = &Touched> {
    firsts
        .values()
        .filter(move |touched| touched.table == table)
}

/// The records of one kind that are not as they were; what was removed is left out.
fn moved<R: Record + PartialEq>(
    tx: &Tx<'_>,
    firsts: &Firsts,
    key: impl Fn(&[u8]) -> Option<R::Key>,
) -> Result<Vec<Moved<R>>, OpError> {
    let mut found = Vec::new();
    for touched in of_table(firsts, R::TABLE) {
        let Some(key) = key(&touched.key) else {
            continue;
        };
        let before: Option<R> = touched.before()?;
        if let Some(after) = tx.get::<R>(&key)?
            && before.as_ref() != Some(&after)
        {
            found.push(Moved { before, after });
        }
    }
    Ok(found)
}

fn by_number<I: Id>(key: &[u8]) -> Option<I> {
    trailing_number(key).map(I::new)
}

fn effect_of(ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Effect, OpError> {
    let mut firsts = Firsts::new();
    for touched in tx.looked_on() {
        let place = (touched.table, touched.key.clone());
        firsts.entry(place).or_insert(touched);
    }
    let tx = &*tx;
    let told: Vec<Moved<BoxEvent>> = moved(tx, &firsts, by_number)?;
    let devices: BTreeSet<_> = told.iter().map(|event| event.after.device).collect();
    let mut effect = Effect {
        customers: moved(tx, &firsts, by_number)?,
        orders: Vec::new(),
        services: Vec::new(),
        invoices: invoices(tx, &firsts)?,
        payments: moved(tx, &firsts, by_number)?,
        balances: Vec::new(),
        missing: Vec::new(),
        batches: moved(tx, &firsts, by_number)?,
        transactions: moved(tx, &firsts, by_number)?,
        owed: Vec::new(),
        boxes_told: devices.len(),
        box_events: told.len(),
        letters: letters(tx, &firsts)?,
    };
    (effect.balances, effect.owed) = balances(tx, &firsts)?;
    for order in moved::<Order>(tx, &firsts, by_number)? {
        let title = title_of_order(tx, &order.after)?;
        effect.orders.push(Titled {
            title,
            moved: order,
        });
    }
    for service in moved::<Service>(tx, &firsts, by_number)? {
        let title = title_of_service(tx, &service.after)?;
        effect.services.push(Titled {
            title,
            moved: service,
        });
    }
    effect.missing = missing(ctx, tx, &effect)?;
    Ok(effect)
}

fn invoices(tx: &Tx<'_>, firsts: &Firsts) -> Result<Vec<Billed>, OpError> {
    let made: BTreeSet<InvoiceId> = moved::<Invoice>(tx, firsts, by_number)?
        .into_iter()
        .filter(|invoice| invoice.before.is_none())
        .map(|invoice| invoice.after.id)
        .collect();
    let mut was_open = BTreeMap::new();
    for touched in of_table(firsts, Table::OpenInvoices) {
        if let Some(id) = by_number::<InvoiceId>(&touched.key) {
            let before: Option<OpenInvoice> = touched.before()?;
            was_open.insert(id, before.map_or(0, |open| open.open_minor));
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
            before: (!made.contains(&id)).then(|| was_open.get(&id).copied().unwrap_or(0)),
            after: open.map_or(0, |open| open.open_minor),
        };
        if open.before != Some(open.after) {
            billed.push(Billed { invoice, open });
        }
    }
    Ok(billed)
}

/// What customers have with us, and what is owed to partners.
fn balances(tx: &Tx<'_>, firsts: &Firsts) -> Result<(Vec<Balance>, Vec<Owed>), OpError> {
    let totals: Vec<Moved<AccountTotal>> = moved(tx, firsts, |key| Some(Raw(key.to_vec())))?;
    let (mut balances, mut owed) = (Vec::new(), Vec::new());
    for Moved { before, after } in totals {
        let (currency, after_minor) = (after.currency, after.credit_minor);
        let before_minor = before.map_or(0, |total| total.credit_minor);
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

fn letters(tx: &Tx<'_>, firsts: &Firsts) -> Result<Vec<TemplateKind>, OpError> {
    let mut letters = Vec::new();
    for message in moved::<Message>(tx, firsts, by_number)? {
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

fn title_of_order(tx: &Tx<'_>, order: &Order) -> Result<String, OpError> {
    if let Some(offer) = order.offer
        && let Some(offer) = tx.get::<ProductOffer>(&offer)?
        && !offer.title.is_empty()
    {
        return Ok(offer.title);
    }
    let product = tx.get::<ProductSpec>(&order.product)?;
    Ok(product.map(|product| product.title).unwrap_or_default())
}

fn title_of_service(tx: &Tx<'_>, service: &Service) -> Result<String, OpError> {
    let title = match service.grant {
        Grant::Spec(id) => tx.get::<ServiceSpec>(&id)?.map(|spec| spec.title),
        Grant::Channel(id) => tx.get::<Channel>(&id)?.map(|channel| channel.name),
    };
    Ok(title.unwrap_or_default())
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

fn missing_of(ctx: &Ctx, tx: &Tx<'_>, order: &Order) -> Result<Option<Amount>, OpError> {
    let mut books = Books::new(ctx, tx);
    let bill = if order.standing == Standing::Waiting {
        Some(books.first_bill(order, ctx.now)?)
    } else {
        books.bill_to_reopen(order, ctx.now)?
    };
    let Some((bill, currency)) = bill.and_then(|bill| bill.currency.map(|of| (bill, of))) else {
        return Ok(None);
    };
    let there = on_balance(tx, order.customer, currency)?;
    let minor = bill.total_minor().saturating_sub(there);
    Ok((minor > 0).then_some(Amount { minor, currency }))
}

fn on_balance(tx: &Tx<'_>, customer: CustomerId, currency: Currency) -> Result<i64, OpError> {
    let minor = balance_minor(tx, &Account::Customer(customer), currency)?;
    Ok(minor.max(0))
}
