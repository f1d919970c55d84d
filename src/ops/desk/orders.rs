//! The list of orders: newest first, or by when something is due of them.

use std::ops::Range;

use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::billing::standing::StandingKind;
use crate::domain::catalogue::ProductSpec;
use crate::domain::catalogue::kinds::{OrderStatus, OrderType};
use crate::domain::customers::Customer;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, OrderId, ProductSpecId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::Books;
use crate::ops::desk::customer::price_in;
use crate::ops::desk::listing::{Listed, Mark, Page, Place, Rows as _, part};
use crate::ops::own::own_customer;
use crate::ops::titles::title_of_order;
use crate::ops::{Handle, OpError};
use crate::store::key::{owned_by, state_of};
use crate::store::{Read as _, Snapshot, Table};

/// Which orders are wanted. A customer and a stretch go with nothing else, which no index has both
/// of.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In any of these; empty: in any but deleted.
    pub statuses: Vec<OrderStatus>,
    /// Standing in any of these ways; empty: in any.
    pub standings: Vec<StandingKind>,
    /// Of this product.
    pub plan: Option<ProductSpecId>,
    /// Of this customer.
    pub customer: Option<Handle<CustomerId>>,
    /// Of which something is due then; these come soonest first.
    pub due: Option<Range<Timestamp>>,
}

/// An order in a list.
#[derive(Debug, Clone)]
pub struct Row {
    pub order: Order,
    pub customer: Customer,
    /// What people call it.
    pub title: String,
    /// What its next cycle costs, or the one that it waits for; of what is paid once, what that
    /// cost.
    pub price: Option<Amount>,
}

/// A page of orders.
pub fn page(ctx: &Ctx, filter: &Filter, place: &Place, limit: usize) -> Result<Page<Row>, OpError> {
    let read = allowed(ctx)?;
    let found = listed(ctx, &read, filter)?.page(&read, place, limit)?;
    found.of(|marks| rows(ctx, &read, marks))
}

/// The next rows of an export, and behind which the one after them begins.
pub fn export(
    ctx: &Ctx,
    filter: &Filter,
    after: Option<&Mark>,
) -> Result<(Vec<Row>, Option<Mark>), OpError> {
    let read = allowed(ctx)?;
    let list = listed(ctx, &read, filter)?;
    part(&list, &read, after, |marks| rows(ctx, &read, marks))
}

/// How many orders there are of each status and standing; none of which there are none.
pub fn figures(ctx: &Ctx) -> Result<Vec<(OrderStatus, StandingKind, u64)>, OpError> {
    let read = allowed(ctx)?;
    let mut figures = Vec::new();
    for status in OrderStatus::ALL {
        for standing in StandingKind::ALL {
            let count = read.counted(Table::OrdersByState, &state_of(status, standing))?;
            if count > 0 {
                figures.push((status, standing, count));
            }
        }
    }
    Ok(figures)
}

/// Everything that orders may be of, by title; removed ones too.
pub fn plans(ctx: &Ctx) -> Result<Vec<ProductSpec>, OpError> {
    let mut plans: Vec<ProductSpec> = allowed(ctx)?.all()?;
    plans.sort_by(|one, other| (&one.title, one.id).cmp(&(&other.title, other.id)));
    Ok(plans)
}

/// What whoever may see every order reads. No index has one reseller's.
fn allowed(ctx: &Ctx) -> Result<Snapshot, OpError> {
    ctx.require(Permission::OrdersRead)?;
    ctx.require(Permission::CustomersRead)?;
    if ctx.actor.reseller().is_some() {
        return Err(OpError::Denied(Permission::OrdersRead));
    }
    Ok(ctx.snapshot()?)
}

fn listed(ctx: &Ctx, read: &Snapshot, filter: &Filter) -> Result<Listed, OpError> {
    let alone = |name: &str, is_alone: bool| {
        let problem = "cannot be asked for together with another filter".to_owned();
        let path = name.to_owned();
        if is_alone {
            Ok(())
        } else {
            Err(OpError::Document { path, problem })
        }
    };
    let by_state = !filter.statuses.is_empty() || !filter.standings.is_empty();
    if let Some(customer) = &filter.customer {
        let others = by_state || filter.plan.is_some() || filter.due.is_some();
        alone("customer", !others)?;
        let customer = own_customer(ctx, read, customer)?;
        return Ok(Listed::of_owner(
            Table::OrdersByCustomer,
            owned_by(customer.id),
        ));
    }
    if let Some(due) = &filter.due {
        alone("due_since", !by_state && filter.plan.is_none())?;
        return Ok(Listed::timed(Table::OrdersByDue, due, false));
    }
    let mut states = Vec::new();
    for status in OrderStatus::ALL {
        let is_wanted = match filter.statuses.as_slice() {
            [] => status != OrderStatus::Deleted,
            wanted => wanted.contains(&status),
        };
        for standing in StandingKind::ALL {
            let stands = filter.standings.is_empty() || filter.standings.contains(&standing);
            if is_wanted && stands {
                states.push(state_of(status, standing).to_vec());
            }
        }
    }
    let Some(plan) = filter.plan else {
        return Ok(Listed::counted(Table::OrdersByState, states));
    };
    let fronts = states.into_iter();
    let fronts = fronts.map(|state| [owned_by(plan), state].concat());
    Ok(Listed::counted(Table::OrdersByProduct, fronts.collect()))
}

fn rows(ctx: &Ctx, read: &Snapshot, marks: &[Mark]) -> Result<Vec<Row>, OpError> {
    let mut books = Books::new(ctx, read);
    let mut rows = Vec::with_capacity(marks.len());
    for mark in marks {
        let order: Order = crate::ops::get(read, OrderId(mark.number()))?;
        rows.push(Row {
            customer: crate::ops::get(read, order.customer)?,
            title: title_of_order(read, &order)?,
            price: price(&mut books, ctx, &order)?,
            order,
        });
    }
    Ok(rows)
}

fn price(
    books: &mut Books<'_, Snapshot>,
    ctx: &Ctx,
    order: &Order,
) -> Result<Option<Amount>, OpError> {
    if order.order_type == OrderType::OneTime && order.offer.is_some() {
        return Ok(books.first_bill(order, order.created_at)?.total());
    }
    price_in(books, ctx.now, order)
}
