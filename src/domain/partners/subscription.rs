//! Subscriptions at partners that come with our products: who has which, and what the partner has
//! to be told of it (marketone 5.2, 5.3). Rules: `docs/marketone.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::customers::Customer;
use crate::domain::partners::{Callback, Partner, PartnerProduct};
use crate::domain::values::contact::Email;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{CustomerId, PartnerCallId, PartnerId, PartnerSubscriptionId};
use crate::domain::values::time::Timestamp;

/// What a customer has at a partner because it comes with a product of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerSubscription {
    pub id: PartnerSubscriptionId,
    pub partner: PartnerId,
    pub customer: CustomerId,
    /// The partner's code.
    pub product: String,
    /// The partner's own id, once it said one.
    pub there: Option<String>,
    /// What the partner says of the registration and of its service; empty: nothing yet.
    pub registration_status: String,
    pub services_status: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Longest id, status and name of a customer between a partner and us, in characters.
pub const THERE_MAX: usize = 256;
pub const STATUS_MAX: usize = 50;
/// How long what was told, or could not be, is kept, in seconds: 30 days.
pub const CALL_SECONDS: i64 = 2_592_000;
/// Longest problem that is kept, in bytes.
pub const PROBLEM_MAX: usize = 200;
/// Most tries beyond the first, and most seconds between two.
pub const RETRIES_MAX: u32 = 1_000;
pub const INTERVAL_SECONDS_MAX: u32 = 86_400;

impl Partner {
    /// Whether something of it comes with products of ours.
    #[must_use]
    pub fn comes_with_ours(&self) -> bool {
        let with = |product: &PartnerProduct| !product.sold_with.is_empty();
        self.products.iter().any(with)
    }

    /// Whether it is told about subscriptions.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.on && self.callback.is_some()
    }
}

impl PartnerSubscription {
    /// Our id as partners see it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("ps-{}", self.id.0)
    }
}

/// The number in an id that a partner shows.
#[must_use]
pub fn number_of(name: &str) -> Option<PartnerSubscriptionId> {
    let digits = name.strip_prefix("ps-")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| plain)?;
    Some(PartnerSubscriptionId(number))
}

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallAction {
    Add,
    Update,
    Delete,
}

/// One thing that a partner has to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerCall {
    pub id: PartnerCallId,
    /// Random: its name for the partner, the same however often it is told.
    pub name: [u8; 16],
    pub partner: PartnerId,
    pub subscription: PartnerSubscriptionId,
    pub action: CallAction,
    pub product: String,
    /// How the partner may know the customer, as it stood then.
    pub registration: String,
    pub start_at: Option<Timestamp>,
    pub end_at: Option<Timestamp>,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it is tried next; none while an earlier one of the same subscription waits.
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The status of the last answer; 0: there was none.
    pub status: u16,
    pub problem: String,
}

impl PartnerCall {
    /// It was tried and taken.
    pub fn end(&mut self, status: u16, now: Timestamp) {
        self.close(DeliveryState::Delivered, status, String::new(), now);
    }

    /// It was tried and not taken; `again`: it may be, later.
    pub fn fail(
        &mut self,
        by: &Callback,
        again: bool,
        (status, problem): (u16, String),
        now: Timestamp,
    ) {
        if !again || self.attempts >= by.retries {
            self.close(DeliveryState::Dead, status, problem, now);
            return;
        }
        self.attempts = self.attempts.saturating_add(1);
        self.status = status;
        self.problem = problem;
        self.due_at = Some(now.saturating_add_seconds(i64::from(by.interval_seconds)));
    }

    fn close(&mut self, state: DeliveryState, status: u16, problem: String, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.state = state;
        self.status = status;
        self.problem = problem;
        self.due_at = None;
        self.ended_at = Some(now);
    }
}

/// How a partner may know a customer: by address, number or name (marketone 5.3).
#[must_use]
pub fn registration_of(customer: &Customer) -> String {
    let email = customer.email.as_ref().map(Email::as_str);
    let email = email.map(str::to_owned);
    let text = email
        .or_else(|| customer.phone())
        .or_else(|| customer.login.clone());
    let text = text.unwrap_or_default();
    text.chars().take(THERE_MAX).collect()
}

/// What a customer should have at a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSubscription {
    pub product: String,
    /// Since when, and until when if that is known.
    pub start_at: Timestamp,
    pub end_at: Option<Timestamp>,
}

/// What has to change at a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionChange {
    Add(TargetSubscription),
    Update(PartnerSubscription, TargetSubscription),
    /// With the instant at which it ended.
    Delete(PartnerSubscription, Timestamp),
}

/// Whether an order that began and does not run now may go on:
/// frozen, paused, or switched off by staff.
fn is_held_up(order: &Order) -> bool {
    order.stands_still()
        || (order.status == OrderStatus::Inactive
            && order.activated_at.is_some()
            && matches!(order.standing, Standing::Settled | Standing::Overdue { .. }))
}

/// When the order ended because of which a customer had this at a partner;
/// now, where none ended by itself.
fn ended_at(
    partner: &Partner,
    orders: &[Order],
    held: &PartnerSubscription,
    now: Timestamp,
) -> Timestamp {
    let is_it = |product: &&PartnerProduct| product.code == held.product;
    let products: Vec<&PartnerProduct> = partner.products.iter().filter(is_it).collect();
    let sold: Vec<&Order> = orders
        .iter()
        .filter(|order| {
            products
                .iter()
                .any(|product| product.sold_with.contains(&order.product))
        })
        .collect();
    let is_over =
        |order: &&Order| matches!(order.status, OrderStatus::Expired | OrderStatus::Canceled);
    if !sold.iter().all(is_over) {
        // Another one was taken away, with the customer perhaps.
        return now;
    }
    // Earlier ones were over before this began.
    let ends = sold.iter().filter_map(|order| order.expires_at);
    let own = ends.filter(|at| *at >= held.started_at).max();
    own.unwrap_or(now)
}

/// Brings what a customer has at a partner in step with their orders: what runs is wanted; what
/// stands still for a while is neither begun nor ended;
/// a plan that takes the place of another one updates.
#[must_use]
pub fn changes(
    partner: &Partner,
    is_gone: bool,
    orders: &[Order],
    held: &[PartnerSubscription],
    now: Timestamp,
) -> Vec<SubscriptionChange> {
    let mut wanted: Vec<TargetSubscription> = Vec::new();
    let mut kept = BTreeSet::new();
    for order in orders.iter().filter(|_| !is_gone) {
        let runs = order.runs_at(now);
        if !runs && !is_held_up(order) {
            continue;
        }
        let sold = |product: &&PartnerProduct| product.sold_with.contains(&order.product);
        for product in partner.products.iter().filter(sold) {
            kept.insert(product.code.clone());
            if runs && wanted.iter().all(|known| known.product != product.code) {
                let ends = order.status == OrderStatus::Canceled || !order.has_more_cycles();
                wanted.push(TargetSubscription {
                    product: product.code.clone(),
                    start_at: order.activated_at.unwrap_or(order.created_at),
                    end_at: order.expires_at.filter(|_| ends),
                });
            }
        }
    }
    let is_known = |code: &String| held.iter().any(|held| held.product == *code);
    wanted.retain(|target| !is_known(&target.product));
    let mut fresh = wanted.into_iter();
    let mut changes = Vec::new();
    for held in held.iter().filter(|held| !kept.contains(&held.product)) {
        changes.push(match fresh.next() {
            Some(target) => SubscriptionChange::Update(held.clone(), target),
            None if is_gone => SubscriptionChange::Delete(held.clone(), now),
            None => SubscriptionChange::Delete(held.clone(), ended_at(partner, orders, held, now)),
        });
    }
    changes.extend(fresh.map(SubscriptionChange::Add));
    changes
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn ids_are_ours_or_none() {
        assert_eq!(number_of("ps-12").map(|id| id.0), Some(12));
        for text in ["", "12", "ps-", "ps-0", "ps-012", "ps-+1", "ps-1x", "PS-1"] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }
}
