//! The list of customers: newest first, by what an index carries and counts, from one cursor to the
//! next.

use std::collections::BTreeMap;

use crate::app::Ctx;
use crate::domain::billing::journal::Account;
use crate::domain::catalogue::ProductSpec;
use crate::domain::customers::device::DeviceKind;
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, ProductSpecId, ResellerId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::boxes::last_seen;
use crate::ops::desk::listing::{Listed, Mark, Page, Place, Rows as _};
use crate::ops::services::plan;
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read as _, Snapshot, Table, balances};

/// Which customers are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In any of these; empty: in any but deleted.
    pub statuses: Vec<CustomerStatus>,
    /// This one's; goes with no status, which no index has both of.
    pub reseller: Option<ResellerId>,
}

/// A customer in a list.
#[derive(Debug, Clone)]
pub struct Row {
    pub customer: Customer,
    /// The title of their own plan.
    pub plan: Option<String>,
    pub paid_until: Option<Timestamp>,
    /// None for those who may not read money.
    pub balances: Option<Vec<Amount>>,
    pub boxes: usize,
    pub online: usize,
}

/// A page of customers.
pub fn page(ctx: &Ctx, filter: &Filter, place: &Place, limit: usize) -> Result<Page<Row>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let found = listed(ctx, filter)?.page(&read, place, limit)?;
    found.of(|marks| rows(ctx, &read, marks))
}

fn rows(ctx: &Ctx, read: &Snapshot, marks: &[Mark]) -> Result<Vec<Row>, OpError> {
    let mut rows = Vec::with_capacity(marks.len());
    let mut titles = BTreeMap::new();
    for mark in marks {
        let customer: Customer = crate::ops::get(read, CustomerId(mark.number()))?;
        rows.push(row(ctx, read, customer, &mut titles)?);
    }
    Ok(rows)
}

fn listed(ctx: &Ctx, filter: &Filter) -> Result<Listed, OpError> {
    // Whoever sees one reseller's only asks for those whatever they say.
    if let Some(reseller) = ctx.actor.reseller().or(filter.reseller) {
        if !filter.statuses.is_empty() {
            return Err(OpError::Document {
                path: "status".to_owned(),
                problem: "cannot be asked for together with a reseller".to_owned(),
            });
        }
        let fronts = vec![owned_by(reseller)];
        return Ok(Listed::counted(Table::CustomersByReseller, fronts));
    }
    let mut statuses = filter.statuses.clone();
    if statuses.is_empty() {
        statuses.extend(CustomerStatus::ALL);
        statuses.retain(|status| *status != CustomerStatus::Deleted);
    }
    let fronts = statuses.iter().map(|status| vec![*status as u8]);
    Ok(Listed::counted(Table::CustomersByStatus, fronts.collect()))
}

fn row(
    ctx: &Ctx,
    read: &Snapshot,
    customer: Customer,
    titles: &mut BTreeMap<ProductSpecId, String>,
) -> Result<Row, OpError> {
    let order = plan::present(read, &customer, ctx.now)?;
    let plan = match &order {
        None => None,
        Some(order) => Some(match titles.get(&order.product) {
            Some(title) => title.clone(),
            None => {
                let product = read.get::<ProductSpec>(&order.product)?;
                let title = product.map(|product| product.title).unwrap_or_default();
                titles.insert(order.product, title.clone());
                title
            }
        }),
    };
    let ends_at = order.and_then(|order| order.expires_at);
    let mut boxes = read.devices_of(customer.id)?;
    boxes.retain(|device| device.kind == DeviceKind::Stb);
    let mut online = 0usize;
    for device in &boxes {
        if last_seen(ctx, read, device.id)?.online {
            online = online.saturating_add(1);
        }
    }
    let balances = if ctx.actor.may(Permission::MoneyRead) {
        Some(balances(read, &Account::Customer(customer.id))?)
    } else {
        None
    };
    Ok(Row {
        plan,
        paid_until: ends_at.or(customer.box_profile.end_at),
        balances,
        boxes: boxes.len(),
        online,
        customer,
    })
}
