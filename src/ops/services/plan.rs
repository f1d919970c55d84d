//! The customer's plan: the order that shows as tariff plan. Found by name, by customer, by
//! default.
//!
//! Rules: `domain` notes, "the tariff plan is an order".

use crate::app::Ctx;
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::Order;
use crate::domain::catalogue::kinds::{Billing, ServiceStatus};
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::Customer;
use crate::domain::values::contact::fold;
use crate::domain::values::id::ServiceSpecId;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::{Read, Table, account_balance, has_account};

/// The plan of customers that have none of their own.
pub fn default_plan(read: &impl Read) -> Result<Option<ProductSpec>, OpError> {
    let products: Vec<ProductSpec> = read.all()?;
    Ok(products
        .into_iter()
        .find(|product| product.user_default && product.removed_at.is_none()))
}

/// The plan by the operator's own key for it, upper and lower case being one where only one fits
/// (stalker-rest-v1 §1.6).
pub fn named(read: &impl Read, external_id: &str) -> Result<Option<ProductSpec>, OpError> {
    let index = Table::ProductSpecsByExternal;
    let exact = read.get_by::<ProductSpec>(index, external_id.as_bytes())?;
    if let Some(plan) = exact.filter(|plan| plan.removed_at.is_none()) {
        return Ok(Some(plan));
    }
    let mut others: Vec<ProductSpec> = read.all()?;
    let key = fold(external_id);
    let fits = |held: &Option<String>| held.as_deref().is_some_and(|held| fold(held) == key);
    others.retain(|plan| plan.removed_at.is_none() && fits(&plan.external_id));
    Ok(others
        .pop()
        .filter(|_| others.is_empty() && !key.is_empty()))
}

/// The package by the operator's own key for it, likewise.
pub(in crate::ops) fn package_named(
    read: &impl Read,
    external_id: &str,
) -> Result<Option<ServiceSpecId>, OpError> {
    let index = Table::ServiceSpecsByExternal;
    if let Some(id) = read.find::<ServiceSpecId>(index, external_id.as_bytes())? {
        return Ok(Some(id));
    }
    let mut others: Vec<ServiceSpec> = read.all()?;
    let key = fold(external_id);
    let fits = |held: &Option<String>| held.as_deref().is_some_and(|held| fold(held) == key);
    others.retain(|spec| spec.status != ServiceStatus::Deleted && fits(&spec.external_id));
    let one = others
        .pop()
        .filter(|_| others.is_empty() && !key.is_empty());
    Ok(one.map(|spec| spec.id))
}

/// The order that is the customer's plan, while it runs or stands still.
pub fn present(
    read: &impl Read,
    customer: &Customer,
    now: Timestamp,
) -> Result<Option<Order>, OpError> {
    let Some(id) = customer.primary_order else {
        return Ok(None);
    };
    let order: Order = crate::ops::get(read, id)?;
    Ok(Some(order).filter(|order| order.runs_at(now) || order.stands_still()))
}

/// What the customer's plan is, be it the default one.
pub(in crate::ops) fn product(
    read: &impl Read,
    order: Option<&Order>,
) -> Result<Option<ProductSpec>, OpError> {
    match order {
        Some(order) => Ok(read.get::<ProductSpec>(&order.product)?),
        None => default_plan(read),
    }
}

/// What is on the customer's account, where this box bills the plan.
pub fn balance(
    ctx: &Ctx,
    read: &impl Read,
    customer: &Customer,
    plan: Option<&Order>,
) -> Result<Option<Amount>, OpError> {
    let bills = |order: &Order| order.offer.is_some() && order.billing != Billing::External;
    let currency = ctx.app.company().currency;
    let account = Account::Customer(customer.id);
    if !plan.is_some_and(bills) && !has_account(read, &account, currency)? {
        return Ok(None);
    }
    Ok(Some(account_balance(read, &account, currency)?))
}
