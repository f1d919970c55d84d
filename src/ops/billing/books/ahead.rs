//! A cycle that is paid ahead: what the next one of an order costs before it is due, also under
//! another offer of its product, and the order once that is paid.

use crate::domain::billing::cycle;
use crate::domain::billing::cycle::{Bill, Terms};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::{up_to, version_in_force};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read;

use super::ledger::{Agreed, Books};

/// The next cycle of an order, paid before its time.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Ahead {
    pub bill: Bill,
    /// The version of the price.
    pub version: u32,
    /// The order once the bill is paid; `None`: it has no further cycle, and a new order follows
    /// it.
    pub order: Option<Order>,
    /// Whether something is sold anew, and not only an order renewed.
    pub sells: bool,
}

impl<R: Read> Books<'_, R> {
    /// The next cycle of `order` under `offer`, paid at `at`; `None` where none can be. `agreed`:
    /// what the payer was shown before the money came.
    pub(in crate::ops) fn ahead(
        &mut self,
        order: &Order,
        offer: &ProductOffer,
        agreed: Option<Agreed>,
        at: Timestamp,
    ) -> Result<Option<Ahead>, OpError> {
        let renewed = order.offer == Some(offer.id);
        let follows =
            renewed && order.order_type == OrderType::Recurring && !order.has_more_cycles();
        let Some((mut next, from)) = self.taken_up(order, renewed, at) else {
            return Ok(None);
        };
        let sells = !renewed || follows || order.order_type == OrderType::OneTime;
        if sells {
            next.price_version = offer.price_version();
        }
        if !renewed || follows {
            let total = offer.cycles_total.whole_periods();
            next.offer = Some(offer.id);
            next.term = offer.term;
            next.order_type = offer.order_type;
            next.billing = offer.billing;
            next.cycles_total = match total {
                0 => 0,
                more if follows => more,
                more => next.cycles_paid.saturating_add(more),
            };
        }
        if follows {
            next.cycles_paid = 0;
        }
        if sells || next.next_cycle_at != Some(from) {
            next.anchor(from);
        }
        // Days of grace before a freeze are a part of the cycle, as they are by its own offer.
        let zone = &self.company.zone;
        let served = match order.standing {
            Standing::Frozen { .. } => order.unpaid_micros(at),
            _ => 0,
        };
        let end = next.cycle_start(zone, next.cycles_paid.saturating_add(1));
        let from = match end.filter(|_| served > 0) {
            Some(end) => {
                let whole = end.micros().saturating_sub(from.micros()).max(0);
                let earlier = served.min(whole / 2).saturating_neg();
                let from = from.saturating_add_micros(earlier);
                next.anchor(from);
                from
            }
            None => from,
        };
        let priced = self.priced(&next)?;
        let terms = priced.terms(&self.company);
        let mut terms = Terms {
            billed_on: Some(terms.zone.date(at)),
            ..terms
        };
        if let Some(agreed) = agreed {
            terms.prices = up_to(terms.prices, agreed.version);
            terms.seen_on = agreed.at.map(|at| terms.zone.date(at));
            if sells {
                next.price_version = agreed.version;
            }
        }
        let version = version_in_force(terms.prices, next.price_version, from);
        let bill = if renewed && !follows {
            cycle::bill(&next, &terms, next.cycles_paid, from)
        } else {
            cycle::bill_anew(&next, &terms, next.cycles_paid, from)
        };
        // What has no end cannot be extended.
        if bill.to.is_none() || bill.is_backward() {
            return Ok(None);
        }
        let order = (!follows).then(|| cycle::renewed(&next, &bill, at));
        Ok(Some(Ahead {
            bill,
            version,
            order,
            sells,
        }))
    }

    /// The order as it goes on, and when its next cycle begins. One that was canceled is taken
    /// back; one whose time is over goes on from `at`. Under another offer also one that waits for
    /// money: by its own offer that is what re-opens it.
    fn taken_up(&self, order: &Order, renewed: bool, at: Timestamp) -> Option<(Order, Timestamp)> {
        let zone = &self.company.zone;
        let goes_on = match (order.status, order.standing) {
            (OrderStatus::Active | OrderStatus::Canceled, Standing::Settled)
            | (OrderStatus::Expired | OrderStatus::Canceled, Standing::Ended) => true,
            (OrderStatus::Active, Standing::Overdue { .. })
            | (OrderStatus::Inactive, Standing::Frozen { .. }) => !renewed,
            _ => false,
        };
        // Money that went back is asked for first.
        if !goes_on
            || order.billing != Billing::Prepaid
            || order.offer.is_none()
            || order.lost_its_money()
        {
            return None;
        }
        let mut next = order.clone();
        if next.status != OrderStatus::Active {
            next.set_status(OrderStatus::Active, zone, at);
        }
        // Served while its next bill waits for a run that is held: the cycle that runs is paid for.
        let served = order.unbilled_since(at).is_some();
        if served {
            next.skip_to_running(zone, at);
        }
        let until = next.next_cycle_at.or(next.expires_at)?;
        let in_grace = matches!(order.standing, Standing::Overdue { .. });
        let from = if in_grace || served {
            until
        } else {
            until.max(at)
        };
        Some((next, from))
    }

    /// Invoices a cycle that was paid ahead, paid with what was set aside for it. Answers what is
    /// left of that; `None` where nothing was.
    pub(in crate::ops) fn go_on(
        &mut self,
        before: &Order,
        after: Order,
        bill: &Bill,
        at: Timestamp,
    ) -> Result<Option<Amount>, OpError> {
        self.bill_now(before, after, bill, at)?;
        Ok(self.set_aside.take().map(|aside| aside.left))
    }
}
