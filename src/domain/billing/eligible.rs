//! Who may order an offer: pure rules over the customer's orders.

use crate::domain::billing::order::Order;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::values::id::ProductOfferId;
use crate::domain::values::reasons::Ineligible;
use crate::domain::values::time::Timestamp;

impl Eligibility {
    /// Why a customer who has and had `orders` may not order `offer` at `now`; `None`: they may.
    /// Orders that never began, or that staff removed, do not count.
    #[must_use]
    pub fn refuses(
        &self,
        offer: ProductOfferId,
        orders: &[Order],
        now: Timestamp,
    ) -> Option<Ineligible> {
        let counts =
            |order: &&Order| order.activated_at.is_some() && order.status != OrderStatus::Deleted;
        let had = || orders.iter().filter(counts);
        if self.new_customers && had().next().is_some() {
            return Some(Ineligible::NotNew);
        }
        if self.once_per_customer && had().any(|order| order.offer == Some(offer)) {
            return Some(Ineligible::HadBefore);
        }
        let fits =
            |order: &Order| order.runs_at(now) && self.with_products.contains(&order.product);
        if !self.with_products.is_empty() && !orders.iter().any(fits) {
            return Some(Ineligible::LacksProduct);
        }
        None
    }
}
