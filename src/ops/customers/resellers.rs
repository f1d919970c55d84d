//! Resellers: who sold it. Their own staff sees and touches their customers only.

use crate::app::Ctx;
use crate::domain::catalogue::content::Reseller;
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::ResellerId;
use crate::ops::{Handle, Named, OpError};
use crate::store::key::owned_by;
use crate::store::{Read, Table, Tx};

impl Named for Reseller {
    const KIND: &'static str = "reseller";
    const FOREIGN: Option<Table> = None;
}

/// What a caller says of a reseller; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ResellerChange {
    pub name: Option<String>,
    /// 0: no limit.
    pub customers_max: Option<u32>,
    pub use_ip_ranges: Option<bool>,
}

/// All resellers, oldest first; for a reseller's staff theirs only.
pub fn list(ctx: &Ctx) -> Result<Vec<Reseller>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let mut all: Vec<Reseller> = ctx.snapshot()?.all()?;
    if let Some(own) = ctx.actor.reseller() {
        all.retain(|reseller| reseller.id == own);
    }
    Ok(all)
}

pub async fn create(ctx: &Ctx, input: ResellerChange) -> Result<Reseller, OpError> {
    ctx.require(Permission::ResellersWrite)?;
    ctx.write(move |ctx, tx| {
        let mut reseller = Reseller {
            id: tx.next_id()?,
            name: String::new(),
            users_max: None,
            use_ip_ranges: false,
            created_at: Some(ctx.now),
            updated_at: Some(ctx.now),
        };
        assign(&mut reseller, input);
        check_name(tx, &reseller)?;
        crate::ops::create(ctx, tx, "reseller.create", &reseller)?;
        Ok(reseller)
    })
    .await
}

pub async fn update(ctx: &Ctx, id: ResellerId, input: ResellerChange) -> Result<Reseller, OpError> {
    ctx.require(Permission::ResellersWrite)?;
    ctx.write(move |ctx, tx| {
        let before: Reseller = crate::ops::find(tx, &by_number(id))?;
        let mut after = before.clone();
        assign(&mut after, input);
        check_name(tx, &after)?;
        if after != before {
            after.updated_at = Some(ctx.now);
            crate::ops::change(ctx, tx, "reseller.update", &before, &after)?;
        }
        Ok(after)
    })
    .await
}

/// Removes a reseller without customers.
pub async fn remove(ctx: &Ctx, id: ResellerId) -> Result<(), OpError> {
    ctx.require(Permission::ResellersWrite)?;
    ctx.write(move |ctx, tx| {
        let held: Reseller = crate::ops::find(tx, &by_number(id))?;
        if tx.count_up_to(Table::CustomersByReseller, &owned_by(id), 1)? > 0 {
            return Err(Refusal::ResellerHasCustomers.into());
        }
        tx.remove::<Reseller>(&id)?;
        crate::ops::audit(ctx, tx, "reseller.remove", &held, Vec::new())
    })
    .await
}

fn by_number(id: ResellerId) -> Handle<ResellerId> {
    Handle {
        text: id.0.to_string(),
        number: Some(id),
    }
}

fn assign(reseller: &mut Reseller, input: ResellerChange) {
    if let Some(name) = input.name {
        reseller.name = name;
    }
    if let Some(max) = input.customers_max {
        reseller.users_max = Some(max).filter(|max| *max > 0);
    }
    reseller.use_ip_ranges = input.use_ip_ranges.unwrap_or(reseller.use_ip_ranges);
}

/// Refuses a name that another reseller has.
fn check_name(tx: &Tx<'_>, reseller: &Reseller) -> Result<(), OpError> {
    let all: Vec<Reseller> = tx.all()?;
    let taken = |other: &Reseller| other.id != reseller.id && other.name == reseller.name;
    if all.iter().any(taken) {
        let name = reseller.name.clone();
        return Err(Refusal::ResellerTaken { name }.into());
    }
    Ok(())
}

pub(in crate::ops) fn exists(read: &impl Read, id: ResellerId) -> Result<bool, OpError> {
    Ok(read.get::<Reseller>(&id)?.is_some())
}

/// Most customers a reseller's staff may bring it to; `None`: no limit.
pub(in crate::ops) fn customers_max(
    read: &impl Read,
    id: ResellerId,
) -> Result<Option<u32>, OpError> {
    let reseller = read.get::<Reseller>(&id)?;
    Ok(reseller
        .and_then(|reseller| reseller.users_max)
        .filter(|max| *max > 0))
}
