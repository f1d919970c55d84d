//! Orders: placed, changed, removed, and the services that follow them.

pub mod life;
pub(in crate::ops) mod opening;
pub(in crate::ops) mod plan;

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::billing::history;
use crate::domain::billing::history::Begins;
use crate::domain::billing::invoice::Invoice;
use crate::domain::billing::order::{ORDERS_PER_CUSTOMER_MAX, Order, Standing, missed};
use crate::domain::billing::order_change::OrderChange;
use crate::domain::catalogue::charge;
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::event::ActivityAction;
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::staff::Permission;
use crate::domain::values::calendar::has_passed;
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::activity;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::billing::owned::owned;
pub use crate::ops::orders::opening::{NewOrder, ServicesMade};
use crate::ops::orders::opening::{open, refuse_many};
use crate::ops::services::begin_plan::{make_services, serve};
use crate::ops::{Handle, Named, OpError, catalogue};
use crate::store::key::{cycle_of, owned_by};
use crate::store::{Owned as _, Read, Table, Tx};

impl Named for Order {
    const KIND: &'static str = "order";
    const FOREIGN: Option<Table> = Some(Table::OrdersByForeign);

    fn is_gone(&self) -> bool {
        self.status == OrderStatus::Deleted
    }
}

/// The customer's orders, oldest first, deleted ones too.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Order>, OpError> {
    ctx.require(Permission::OrdersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    Ok(snapshot.orders_of(customer.id)?)
}

/// The orders of a customer that was just read.
pub fn list_of(ctx: &Ctx, customer: CustomerId) -> Result<Vec<Order>, OpError> {
    ctx.require(Permission::OrdersRead)?;
    Ok(ctx.snapshot()?.orders_of(customer)?)
}

pub fn get(
    ctx: &Ctx,
    customer: &Handle<CustomerId>,
    order: &Handle<OrderId>,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    owned(&snapshot, &customer, order)
}

/// The id that a client brought for an order, and our own, for showing links to it.
pub fn shown_id(ctx: &Ctx, order: OrderId) -> Result<(Option<String>, OrderId), OpError> {
    let order: Order = super::get(&ctx.snapshot()?, order)?;
    Ok((order.foreign_id, order.id))
}

/// Places an order for a customer: the order, its services if asked for, and the customer's plan
/// if there is none yet, in one commit.
pub async fn place(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    input: NewOrder,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        place_in(ctx, tx, &customer, input)
    })
    .await
}

/// The order of a customer who is on the way to pay for it: inactive, without services.
pub(super) fn open_waiting(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    offer: &Handle<ProductOfferId>,
) -> Result<Order, OpError> {
    let input = NewOrder {
        status: Some(OrderStatus::Inactive),
        services: ServicesMade::WhenItBegins,
        ..NewOrder::of(offer.clone())
    };
    place_in(ctx, tx, customer, input)
}

/// The order that follows one whose cycles are all paid, as it waits for the payment that is there
/// already: what was paid for is given, even if it is sold no more.
pub(super) fn open_following(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    offer: &ProductOffer,
) -> Result<Order, OpError> {
    let handle = Handle {
        text: offer.id.0.to_string(),
        number: Some(offer.id),
    };
    let input = NewOrder {
        status: Some(OrderStatus::Inactive),
        services: ServicesMade::WhenItBegins,
        ..NewOrder::of(handle)
    };
    let (order, _) = open(ctx, tx, customer, offer, input)?;
    super::create(ctx, tx, "order.place", &order)?;
    Ok(order)
}

pub(super) fn place_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    input: NewOrder,
) -> Result<Order, OpError> {
    place_after(ctx, tx, customer, input, None)
}

/// As [`place_in`]. `debt`: an order that the new one replaces and that was not paid; if the new
/// one is not paid at once either, it stands where that one stood.
pub(super) fn place_after(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    input: NewOrder,
    debt: Option<&Order>,
) -> Result<Order, OpError> {
    let offer: ProductOffer = super::find(tx, &input.offer)?;
    let product: ProductSpec = super::get(tx, offer.product)?;
    if !offer.is_orderable_at(&product, ctx.now) {
        return Err(OrderRefusal::OfferNotOnSale { offer: offer.id }.into());
    }
    catalogue::check_eligible(tx, customer.id, &offer, ctx.now)?;
    let max = ORDERS_PER_CUSTOMER_MAX;
    if tx.count_up_to(Table::OrdersByCustomer, &owned_by(customer.id), max)? >= max {
        return Err(Refusal::TooMany {
            what: "orders",
            max,
        }
        .into());
    }
    let makes_services = input.services == ServicesMade::WithOrder;
    let (mut order, begins) = open(ctx, tx, customer, &offer, input)?;
    // What is said to be paid elsewhere is served without being paid here.
    if begins == Begins::Later && order.billing != Billing::External {
        ctx.require(Permission::TimeGive)?;
    }
    if !ctx.actor.may(Permission::TimeGive)
        && giving::beyond_offer(&order, &offer, &ctx.app.company().zone, ctx.now)
    {
        return Err(OpError::Denied(Permission::TimeGive));
    }
    if order.billing != Billing::External {
        history::not_ahead(order.created_at, ctx.now)?;
    }
    check_sale(ctx, &order, &offer)?;
    if let Some(debt) = debt {
        order.begin_earlier(debt.unpaid_micros(ctx.now));
    }
    super::create(ctx, tx, "order.place", &order)?;
    if makes_services {
        make_services(ctx, tx, &order, &product)?;
    }
    let details = vec![("order".to_owned(), order.id.0.to_string())];
    let placed = ActivityAction::OrderPlaced;
    activity::record(ctx, tx, customer.id, None, placed, details)?;
    let mut books = Books::new(ctx, tx);
    books.set_primary(&order, ctx.now)?;
    if order.status == OrderStatus::Active {
        // Taken at its word: active at once, what the balance does not cover is owed.
        match begins {
            Begins::First => books.begin(&order, ctx.now)?,
            Begins::Next => books.begin_next(&order, ctx.now)?,
            Begins::Later | Begins::Over => {}
        }
        if let Some(debt) = debt {
            books.keep_ladder(debt, order.id, ctx.now)?;
        }
        books.catch_up(order.id, ctx.now)?;
        books.lift_suspension(order.id, ctx.now)?;
    }
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    super::get(tx, order.id)
}

pub async fn update(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    order: Handle<OrderId>,
    input: OrderChange,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let before = owned(tx, &customer, &order)?;
        let input = input.unless_held(&before);
        check_next_cycle(tx, &before, &input)?;
        let mut after = before.amended(&input, &ctx.app.company().zone, ctx.now)?;
        check_given(ctx, &before, &input, &after)?;
        let next = input.moved_cycle(&before);
        if next.is_some()
            && let Some(since) = after.unbilled_since(ctx.now)
        {
            refuse_many(ctx, missed(&after, &ctx.app.company().zone, ctx.now), since)?;
        }
        let credited = match next {
            Some(next) => credit_doubled(ctx, tx, &before, next)?,
            None => false,
        };
        if credited && input.expires_at.is_none() {
            // What is paid for ends where the next cycle begins.
            after.expires_at = next;
        }
        super::change(ctx, tx, "order.update", &before, &after)?;
        if before.status != OrderStatus::Active && after.status == OrderStatus::Active {
            serve(ctx, tx, &after)?;
        }
        let mut books = Books::new(ctx, tx);
        books.put_order(&before, after.clone(), ctx.now)?;
        if before.status != OrderStatus::Active && after.status == OrderStatus::Active {
            begin_if_due(ctx, &mut books, &before, &after, &input)?;
        }
        books.catch_up(after.id, ctx.now)?;
        books.lift_suspension(after.id, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        if credited {
            let mut books = Books::new(ctx, tx);
            books.reopen(after.customer, ctx.now)?;
            books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        }
        super::get(tx, after.id)
    })
    .await
}

/// Gives back the days that a next cycle at `next` bills a second time; answers whether there are
/// any.
fn credit_doubled(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    order: &Order,
    next: Timestamp,
) -> Result<bool, OpError> {
    if order.billing == Billing::External || order.standing == Standing::Waiting {
        return Ok(false);
    }
    let mut books = Books::new(ctx, tx);
    let given = books.credit_doubled(order, next, ctx.now)?;
    if given {
        ctx.require(Permission::MoneyWrite)?;
    }
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(given)
}

/// Bills what an order that was switched on begins with: its first cycle, or another one where its
/// paid time is over.
fn begin_if_due(
    ctx: &Ctx,
    books: &mut Books<'_, Tx<'_>>,
    before: &Order,
    after: &Order,
    input: &OrderChange,
) -> Result<(), OpError> {
    if before.awaits_first_bill(ctx.now) {
        // What ends before it begins is not billed.
        return if has_passed(after.expires_at, ctx.now) {
            Ok(())
        } else {
            books.begin(after, ctx.now)
        };
    }
    // It was not served while it was inactive: what was due meanwhile begins now.
    let was_due = before.is_unused_history()
        && after.has_more_cycles()
        && has_passed(after.next_cycle_at, ctx.now)
        && input.moved_cycle(before).is_none();
    if (was_due || is_over(after, ctx.now)) && after.billing != Billing::External {
        books.begin_again(before, after, ctx.now)?;
        // Who may give nothing away gives no credit either: why it stopped is not known any more.
        let gives = !before.is_unused_history() && books.is_unpaid(after)?;
        if gives && !ctx.actor.may(Permission::TimeGive) {
            return Err(OpError::Denied(Permission::TimeGive));
        }
    }
    Ok(())
}

/// Refuses an order whose first bill is more than the caller may sell at once.
fn check_sale(ctx: &Ctx, order: &Order, offer: &ProductOffer) -> Result<(), OpError> {
    match first_price(ctx, offer, order.price_version, order.order_type) {
        Some(amount) => ctx.within_limit("one sale", amount, ctx.app.config.staff.sale_max),
        None => Ok(()),
    }
}

/// What the first cycle of an order costs that begins with this price now; `None`: nothing.
pub(in crate::ops) fn first_price(
    ctx: &Ctx,
    offer: &ProductOffer,
    price_version: u32,
    order_type: OrderType,
) -> Option<Amount> {
    let charges = charge::in_force(&offer.prices, price_version, ctx.now);
    let currency = charge::currency(charges).unwrap_or_default()?;
    let days = charge::TaxDays::of(ctx.app.company().zone.date(ctx.now));
    let lines = charge::lines(charges, &offer.title, order_type, 0, days);
    Some(Amount {
        minor: charge::total_minor(&lines),
        currency,
    })
}

/// Refuses a change that gives time or credit, to those who may not.
fn check_given(
    ctx: &Ctx,
    before: &Order,
    input: &OrderChange,
    after: &Order,
) -> Result<(), OpError> {
    if ctx.actor.may(Permission::TimeGive) {
        return Ok(());
    }
    let status_alone = OrderChange {
        status: input.status,
        ..OrderChange::default()
    };
    let plain = before.amended(&status_alone, &ctx.app.company().zone, ctx.now)?;
    let forgets = giving::forgets_debt(before, after, ctx.now);
    if forgets || giving::beyond_paid(before, &plain, after) {
        return Err(OpError::Denied(Permission::TimeGive));
    }
    Ok(())
}

/// Refuses a next cycle that would begin before the last billed one did: a slip of the pen must not
/// bill years at once. What others bill is theirs.
fn check_next_cycle(read: &impl Read, order: &Order, input: &OrderChange) -> Result<(), OpError> {
    let Some(at) = input
        .moved_cycle(order)
        .filter(|_| order.billing != Billing::External)
    else {
        return Ok(());
    };
    let last = order.cycles_paid.saturating_sub(1);
    let key = cycle_of(order.id, last);
    let billed: Option<Invoice> = read.get_by(Table::InvoicesByCycle, &key)?;
    let begun = billed.map_or(order.created_at, |billed| {
        billed.from.saturating_add_micros(order.shift_micros(last))
    });
    if at <= begun {
        return Err(OrderRefusal::CycleTooEarly { begun }.into());
    }
    Ok(())
}

/// Whether its paid time is over, and another cycle could follow.
fn is_over(order: &Order, now: Timestamp) -> bool {
    has_passed(order.expires_at, now) && order.has_more_cycles()
}

/// Removes an order and with it the services it made; all stay readable as deleted.
pub async fn remove(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    order: Handle<OrderId>,
) -> Result<(), OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let before = owned(tx, &customer, &order)?;
        let mut after = before.clone();
        after.set_status(OrderStatus::Deleted, &ctx.app.company().zone, ctx.now);
        after.updated_at = ctx.now;
        super::change(ctx, tx, "order.remove", &before, &after)?;
        let mut books = Books::new(ctx, tx);
        books.put_order(&before, after, ctx.now)?;
        books.lift_suspension(before.id, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        Ok(())
    })
    .await
}
