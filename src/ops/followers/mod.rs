//! What a change makes others hear: derived once per commit from what was written, whoever wrote
//! it, and kept in the same commit. The one place of consequences.
//!
//! [`hears`] says of every kind of record who hears of it. Whoever works in the background is woken
//! by the index that it reads ([`wake`]), once the commit is durable.
//!
//! Must not know which operation, dialect or job made the change.

mod boxes;
mod middleware;

use std::collections::BTreeSet;

use crate::app::{App, Ctx};
use crate::domain::billing::order::Order;
use crate::domain::customers::Customer;
use crate::domain::values::id::CustomerId;
use crate::ops::partners::subscriptions;
use crate::ops::peers::middleware::is_set as has_middleware;
use crate::ops::written::{Extent, Written, by_number};
use crate::ops::{OpError, outbox, webhooks};
use crate::store::{Read as _, Table, TableSet, Tx};

/// Who hears of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follower {
    /// Set-top boxes: cut off and back on, told to load their channels again.
    Boxes,
    /// The middleware that this box bills for.
    Middleware,
    /// Partners whose subscriptions come with our orders.
    Partners,
    /// Webhooks (`docs/webhooks.md`).
    Webhooks,
}

/// Who hears of a change to the records of a table; nobody hears of indexes.
pub(super) fn hears(table: Table) -> &'static [Follower] {
    use Follower::{Boxes, Middleware, Partners, Webhooks};
    match table {
        Table::Customers => &[Boxes, Middleware, Partners, Webhooks],
        Table::Services => &[Boxes, Middleware, Webhooks],
        Table::Orders => &[Partners, Webhooks],
        Table::Devices | Table::Channels | Table::BoxEvents => &[Boxes],
        Table::Invoices
        | Table::OpenInvoices
        | Table::Payments
        | Table::AccountTotals
        | Table::PartnerTransactions => &[Webhooks],
        _ => &[],
    }
}

fn is_heard(table: Table) -> bool {
    !hears(table).is_empty()
}

/// Heard by others than partners and webhooks.
fn is_heard_nearby(table: Table) -> bool {
    let nearby = [Follower::Boxes, Follower::Middleware];
    hears(table).iter().any(|of| nearby.contains(of))
}

/// Runs a command, and keeps what others have to hear of it.
pub(super) fn run<T, E: From<OpError>>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    extent: Extent,
    command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let has_boxes = ctx.app.config.stalker.enabled;
    let tables = if ctx.app.is_watched() {
        is_heard
    } else if has_boxes || has_middleware(ctx) {
        is_heard_nearby
    } else {
        |_| false
    };
    tx.watch(tables);
    let done = command(ctx, tx)?;
    if extent == Extent::Whole {
        boxes::change_resellers(ctx, tx)?;
    }
    let written = Written::of(tx, tables);
    if written.is_empty() {
        return Ok(done);
    }
    if has_boxes {
        boxes::follow(ctx, tx, &written, extent)?;
    }
    if has_middleware(ctx) {
        middleware::follow(ctx, tx, &written)?;
    }
    if ctx.app.is_watched() {
        let customers = whose_orders(tx, &written)?;
        subscriptions::bring_in_step(ctx, tx, &customers)?;
        webhooks::tell(ctx, tx, &written)?;
    }
    Ok(done)
}

/// Customers who may have other things at partners now.
fn whose_orders(tx: &Tx<'_>, written: &Written) -> Result<BTreeSet<CustomerId>, OpError> {
    let mut customers = BTreeSet::new();
    for row in written.of_table(Table::Orders) {
        if let Some(id) = by_number(&row.key) {
            let order = tx.get::<Order>(&id)?;
            customers.extend(order.map(|order| order.customer));
        }
    }
    for row in written.of_table(Table::Customers) {
        if let Some(id) = by_number(&row.key) {
            let customer = tx.get::<Customer>(&id)?;
            customers.extend(customer.filter(Customer::is_deleted).map(|_| id));
        }
    }
    Ok(customers)
}

/// Indexes that say when an order, a payment or a debt is due next, and what the guard of billing
/// runs remembers.
const BILLING: &[Table] = &[
    Table::OrdersByDue,
    Table::PaymentsByDue,
    Table::OpeningDebtsByDue,
    Table::CustomersByEnd,
    Table::RunGuards,
];

/// What is to be told next, and who is told: one that is switched on again has to hear what waits.
const TOLD: &[Table] = &[
    Table::DeliveriesByDue,
    Table::PartnerCallsByDue,
    Table::Webhooks,
    Table::Partners,
];

/// Wakes whoever reads one of the indexes that a durable commit wrote. A chunk does not wake the
/// work that it is a chunk of.
pub(super) fn wake(ctx: &Ctx, written: &TableSet, extent: Extent) {
    let app: &App = &ctx.app;
    if extent == Extent::Whole && written.has_any(BILLING) {
        app.wake_jobs();
    }
    if written.contains(Table::MessagesByDue) && outbox::is_set(ctx) {
        outbox::wake(ctx);
    }
    if written.contains(Table::CustomersToHarden) {
        app.signals.passwords_to_harden.notify_one();
    }
    if written.contains(Table::Counterparts) {
        app.signals.middleware_pending.notify_one();
    }
    if written.has_any(TOLD) {
        app.signals.webhooks_pending.notify_one();
        app.signals.more_webhooks_pending.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;
    use crate::store::Record;
    use crate::store::schema::{RecordVisitor, for_every_record};

    /// Kinds of records of which nobody hears when they change, and why that is right.
    const UNHEARD: &[(&str, &[Table])] = &[
        (
            "what is for sale: orders and services keep what they were sold as",
            &[
                Table::ServiceSpecs,
                Table::ProductSpecs,
                Table::Offers,
                Table::Vouchers,
                Table::VoucherBatches,
            ],
        ),
        (
            "films and guides: boxes ask for them whenever they show them",
            &[
                Table::Genres,
                Table::Movies,
                Table::Programmes,
                Table::ImportSteps,
            ],
        ),
        (
            "the operator's own: read anew wherever it counts",
            &[
                Table::Providers,
                Table::Operators,
                Table::Tokens,
                Table::Sessions,
                Table::Resellers,
                Table::Partners,
                Table::ClosedMonths,
                Table::Templates,
                Table::Webhooks,
            ],
        ),
        (
            "money that is told by the invoice, the payment or the total that moves with it",
            &[
                Table::Journal,
                Table::OpeningDebts,
                Table::HostedPages,
                Table::BillingPages,
                Table::Pins,
                Table::UsedKeys,
            ],
        ),
        (
            "what is told: these are the letters, events and calls themselves",
            &[
                Table::Broadcasts,
                Table::BoxStates,
                Table::Messages,
                Table::Counterparts,
                Table::HookEvents,
                Table::Deliveries,
                Table::PartnerSubscriptions,
                Table::PartnerCalls,
            ],
        ),
        (
            "what happened: written beside what is told",
            &[
                Table::Runs,
                Table::RunGuards,
                Table::CustomerRevenues,
                Table::RevenueDays,
                Table::Activities,
                Table::Audits,
            ],
        ),
    ];

    struct Kinds(BTreeSet<Table>);

    impl RecordVisitor for Kinds {
        type Error = Infallible;

        fn visit<R: Record>(&mut self) -> Result<(), Infallible> {
            self.0.insert(R::TABLE);
            Ok(())
        }
    }

    #[test]
    fn of_every_kind_of_record_it_is_said_who_hears_of_it() {
        let mut kinds = Kinds(BTreeSet::new());
        let Ok(()) = for_every_record(&mut kinds);
        let unheard: BTreeSet<Table> = UNHEARD
            .iter()
            .flat_map(|(_, tables)| *tables)
            .copied()
            .collect();
        for table in Table::ALL {
            let heard = is_heard(*table);
            let kind = kinds.0.contains(table);
            let listed = unheard.contains(table);
            assert!(!heard || kind, "{table:?} is an index: nobody hears of it");
            assert_eq!(
                listed,
                kind && !heard,
                "{table:?}: say in `hears` who hears of it, or here why nobody does"
            );
        }
    }
}
