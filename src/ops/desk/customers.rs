//! The list of customers: newest first, by what an index carries and counts, from one cursor to the
//! next.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

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
use crate::ops::services::plan;
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read, Snapshot, Span, Table, balances};

/// Most customers of one page.
pub const PAGE_MAX: usize = 200;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With the newest.
    First,
    /// With the first that is older than this one.
    OlderThan(CustomerId),
    /// Ends with the last that is newer than this one.
    NewerThan(CustomerId),
}

/// Which customers are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// In any of these; empty: in any but deleted.
    pub statuses: Vec<CustomerStatus>,
    /// This one's; goes with no status, which no index has both of.
    pub reseller: Option<ResellerId>,
    pub place: Place,
    pub limit: usize,
}

/// A page, and where the ones beside it begin.
#[derive(Debug, Clone)]
pub struct Page {
    /// How many there are in all.
    pub count: u64,
    pub rows: Vec<Row>,
    pub next: Option<Place>,
    pub previous: Option<Place>,
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

/// Where the wanted customers stand: an index, and the front parts of their keys.
struct Listed {
    index: Table,
    fronts: Vec<Vec<u8>>,
}

/// A page of customers.
pub fn page(ctx: &Ctx, wanted: &Wanted) -> Result<Page, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let listed = listed(ctx, wanted)?;
    let limit = wanted.limit.clamp(1, PAGE_MAX);
    let ids = match wanted.place {
        Place::First => listed.older(&read, CustomerId(u64::MAX), limit)?,
        Place::OlderThan(id) => listed.older(&read, id, limit)?,
        Place::NewerThan(id) => listed.newer(&read, id, limit)?,
    };
    // Where a page is empty its neighbours begin at its own place.
    let newest = ids.first().copied().or(match wanted.place {
        Place::OlderThan(CustomerId(id)) => Some(CustomerId(id.saturating_sub(1))),
        _ => None,
    });
    let oldest = ids.last().copied().or(match wanted.place {
        Place::NewerThan(CustomerId(id)) => Some(CustomerId(id.saturating_add(1))),
        _ => None,
    });
    let has = |ids: Vec<CustomerId>| !ids.is_empty();
    let previous = match newest {
        Some(id) if has(listed.newer(&read, id, 1)?) => Some(Place::NewerThan(id)),
        _ => None,
    };
    let next = match oldest {
        Some(id) if has(listed.older(&read, id, 1)?) => Some(Place::OlderThan(id)),
        _ => None,
    };
    let mut rows = Vec::with_capacity(ids.len());
    let mut titles = BTreeMap::new();
    for id in ids {
        let customer = crate::ops::get::<Customer>(&read, id)?;
        rows.push(row(ctx, &read, customer, &mut titles)?);
    }
    Ok(Page {
        count: listed.count(&read)?,
        rows,
        next,
        previous,
    })
}

fn listed(ctx: &Ctx, wanted: &Wanted) -> Result<Listed, OpError> {
    // Whoever sees one reseller's only asks for those whatever they say.
    if let Some(reseller) = ctx.actor.reseller().or(wanted.reseller) {
        if !wanted.statuses.is_empty() {
            return Err(OpError::Document {
                path: "status".to_owned(),
                problem: "cannot be asked for together with a reseller".to_owned(),
            });
        }
        return Ok(Listed {
            index: Table::CustomersByReseller,
            fronts: vec![owned_by(reseller)],
        });
    }
    let mut statuses = wanted.statuses.clone();
    if statuses.is_empty() {
        statuses.extend(CustomerStatus::ALL);
        statuses.retain(|status| *status != CustomerStatus::Deleted);
    }
    statuses.sort_unstable();
    statuses.dedup();
    Ok(Listed {
        index: Table::CustomersByStatus,
        fronts: statuses.iter().map(|status| vec![*status as u8]).collect(),
    })
}

impl Listed {
    fn count(&self, read: &Snapshot) -> Result<u64, OpError> {
        let mut count = 0u64;
        for front in &self.fronts {
            count = count.saturating_add(read.counted(self.index, front)?);
        }
        Ok(count)
    }

    /// The first that are older than this one, newest first.
    fn older(
        &self,
        read: &Snapshot,
        than: CustomerId,
        limit: usize,
    ) -> Result<Vec<CustomerId>, OpError> {
        let mut found = Vec::new();
        for front in &self.fronts {
            let span = Span {
                from: front.clone(),
                to: Some([front.as_slice(), &than.0.to_be_bytes()].concat()),
                descending: true,
            };
            self.walk(read, &span, limit, &mut found)?;
        }
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(limit);
        Ok(found)
    }

    /// The last that are newer than this one, newest first.
    fn newer(
        &self,
        read: &Snapshot,
        than: CustomerId,
        limit: usize,
    ) -> Result<Vec<CustomerId>, OpError> {
        let mut found = Vec::new();
        for front in &self.fronts {
            let after = than.0.saturating_add(1).to_be_bytes();
            let span = Span {
                from: [front.as_slice(), &after].concat(),
                ..Span::under(front)
            };
            self.walk(read, &span, limit, &mut found)?;
        }
        found.sort_unstable();
        found.truncate(limit);
        found.reverse();
        Ok(found)
    }

    fn walk(
        &self,
        read: &Snapshot,
        span: &Span,
        limit: usize,
        found: &mut Vec<CustomerId>,
    ) -> Result<(), OpError> {
        let mut seen = 0usize;
        read.raw_scan(self.index, span, &mut |key, _| {
            found.extend(crate::store::key::trailing_number(key).map(CustomerId));
            seen = seen.saturating_add(1);
            Ok(if seen < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(())
    }
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
