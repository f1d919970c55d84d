//! Customers' activity: recorded where it happens, searched by the activity API.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customers::device::Device;
use crate::domain::event::{Activity, ActivityAction};
use crate::domain::staff::Permission;
use crate::domain::values::id::{ActivityId, CustomerId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::owned_by;
use crate::store::{Read, Span, StoreError, Table, Tx};

/// Notes that something happened to a customer, in the commit in which it does.
pub fn record(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    device: Option<&Device>,
    action: ActivityAction,
    details: Vec<(String, String)>,
) -> Result<(), OpError> {
    record_at(ctx, tx, customer, device, action, details, ctx.now)
}

/// As [`record`], for what happened at `at`.
pub(in crate::ops) fn record_at(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    device: Option<&Device>,
    action: ActivityAction,
    details: Vec<(String, String)>,
    at: Timestamp,
) -> Result<(), OpError> {
    let activity = Activity {
        id: tx.next_id()?,
        customer,
        device: device.map(|device| device.id),
        ip: ctx.address_text(),
        at,
        action,
        details,
    };
    tx.put(&activity)?;
    Ok(())
}

/// One activity with the id that its device goes by.
#[derive(Debug, Clone)]
pub struct Seen {
    pub activity: Activity,
    /// The device, if it is still known; removed ones are.
    pub device: Option<Device>,
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    Id,
    Customer,
    Date,
}

/// A field and whether the largest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub field: SortField,
    pub descending: bool,
}

/// Which activities are asked for.
pub struct Query<F> {
    /// Only this customer's, where the filter says so: then its index is walked.
    pub customer: Option<CustomerId>,
    /// Whether everything matches, so that nothing needs to be looked at to be counted.
    pub everything: bool,
    pub matches: F,
    pub sort: Vec<Sort>,
    pub skip: usize,
    pub take: usize,
}

/// A page of activities, and how many match in all.
pub struct Page {
    pub items: Vec<Seen>,
    pub count: usize,
}

/// Searches the activities. Walks a customer's index where it can, else all of them: call it away
/// from the async threads.
pub fn search<F>(ctx: &Ctx, query: &Query<F>) -> Result<Page, OpError>
where
    F: Fn(&Seen) -> bool,
{
    ctx.require(Permission::ActivityRead)?;
    let snapshot = ctx.snapshot()?;
    if let Some(page) = newest_first(&snapshot, query)? {
        return Ok(page);
    }
    let mut found: Vec<(ActivityId, CustomerId, Timestamp)> = Vec::new();
    let mut look = |activity: Activity| -> Result<(), StoreError> {
        let seen = with_device(&snapshot, activity)?;
        if query.everything || (query.matches)(&seen) {
            found.push((seen.activity.id, seen.activity.customer, seen.activity.at));
        }
        Ok(())
    };
    match query.customer {
        Some(customer) => {
            for activity in snapshot.listed(Table::ActivitiesByCustomer, &owned_by(customer))? {
                look(activity)?;
            }
        }
        None => snapshot.each::<Activity>(&Span::all(), &mut |activity| {
            look(activity)?;
            Ok(ControlFlow::Continue(()))
        })?,
    }
    found.sort_by(|left, right| order(&query.sort, left, right));
    let count = found.len();
    let mut items = Vec::new();
    for (id, _, _) in found.into_iter().skip(query.skip).take(query.take) {
        if let Some(activity) = snapshot.get::<Activity>(&id)? {
            items.push(with_device(&snapshot, activity)?);
        }
    }
    Ok(Page { items, count })
}

/// The usual question, everything by id, needs neither a walk nor a sort.
fn newest_first<F>(
    snapshot: &crate::store::Snapshot,
    query: &Query<F>,
) -> Result<Option<Page>, OpError> {
    let by_id = match query.sort.first() {
        None => Some(false),
        Some(Sort {
            field: SortField::Id,
            descending,
        }) => Some(*descending),
        Some(_) => None,
    };
    let (true, Some(descending)) = (query.everything, by_id) else {
        return Ok(None);
    };
    let span = if descending {
        Span::all().descending()
    } else {
        Span::all()
    };
    let mut items = Vec::new();
    let mut passed = 0usize;
    snapshot.raw_scan(Table::Activities, &span, &mut |_, value| {
        passed = passed.saturating_add(1);
        if passed <= query.skip {
            return Ok(ControlFlow::Continue(()));
        }
        if items.len() >= query.take {
            return Ok(ControlFlow::Break(()));
        }
        items.push(crate::store::codec::decode::<Activity>(value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    let items = items
        .into_iter()
        .map(|activity| with_device(snapshot, activity));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let count = usize::try_from(snapshot.rows(Table::Activities)?).unwrap_or(usize::MAX);
    Ok(Some(Page { items, count }))
}

fn with_device(read: &impl Read, activity: Activity) -> Result<Seen, StoreError> {
    let device = match &activity.device {
        Some(id) => read.get::<Device>(id)?,
        None => None,
    };
    Ok(Seen { activity, device })
}

/// By the sort fields in their order, the first mention of a field winning; then by id.
fn order(
    sort: &[Sort],
    left: &(ActivityId, CustomerId, Timestamp),
    right: &(ActivityId, CustomerId, Timestamp),
) -> Ordering {
    for Sort { field, descending } in sort {
        let ordering = match field {
            SortField::Id => left.0.cmp(&right.0),
            SortField::Customer => left.1.cmp(&right.1),
            SortField::Date => left.2.cmp(&right.2),
        };
        let ordering = if *descending {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    left.0.cmp(&right.0)
}
