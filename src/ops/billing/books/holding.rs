//! Orders that the guard holds: held, and let go again.

use crate::domain::billing::cycle::Terms;
use crate::domain::billing::guard::{Doubt, Limits, RunGuard, price_change, too_many};
use crate::domain::billing::order::{Hold, Order, missed};
use crate::domain::catalogue::charge::up_to;
use crate::domain::values::id::OrderId;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::billing::watching::Watch;
use crate::store::Read;

use crate::ops::billing::books::ledger::{Books, HeldPrices, STEPS_MAX};
use crate::ops::billing::books::priced::Priced;

/// How an order is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum LetGo {
    /// It is worked as if it had never been held.
    AsDue,
    /// Nobody said anything about it: one cycle, at the price that was accepted last.
    AsBefore,
    /// It is not worked: what held it was wrong.
    Unworked,
}

/// What the guard says about an order, in the commit that would bill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Judged {
    /// Nothing: what is due about it is done.
    Free,
    /// It waits for a run that is held.
    Waits,
    /// It is doubtful, and nobody has looked at it yet.
    Doubtful,
}

impl<R: Read> Books<'_, R> {
    /// Asks the guard about an order of which something is due. One that a held run would bill is
    /// held too, however it lost its mark, or came to be due, since the run was looked at.
    pub(in crate::ops) fn judged(
        &mut self,
        order: &Order,
        watch: &Watch,
        at: Timestamp,
    ) -> Result<Judged, OpError> {
        if order.held.is_some() || order.unbilled_since(at).is_none() {
            return Ok(Judged::Free);
        }
        match watch {
            Watch::Off => Ok(Judged::Free),
            Watch::Open { guard, limits } => {
                let doubt = self.doubt(order, *limits, guard, at)?;
                Ok(doubt.map_or(Judged::Free, |_| Judged::Doubtful))
            }
            Watch::Held(held) => {
                if held.eased && self.doubt(order, held.limits, &held.guard, at)?.is_none() {
                    return Ok(Judged::Free);
                }
                self.hold(order, held.mark, at)?;
                Ok(Judged::Waits)
            }
        }
    }

    /// Whether the next cycle of an order is left to the run: because one is held, or because this
    /// one would be.
    pub(super) fn waits_for_run(&mut self, id: OrderId, at: Timestamp) -> Result<bool, OpError> {
        let order = self.order(id)?;
        if self.guard.is_none() || order.unbilled_since(at).is_none() {
            return Ok(false);
        }
        let watch = Watch::new(self.guard, self.read, at)?;
        Ok(self.judged(&order, &watch, at)? != Judged::Free)
    }

    /// What is doubtful about the next bill of an order.
    pub(in crate::ops) fn doubt(
        &mut self,
        order: &Order,
        limits: Limits,
        guard: &RunGuard,
        now: Timestamp,
    ) -> Result<Option<Doubt>, OpError> {
        let Some(since) = order.unbilled_since(now) else {
            return Ok(None);
        };
        let found = missed(order, &self.company.zone, now);
        if too_many(found, limits.cycles) {
            return Ok(Some(Doubt::ManyCycles {
                order: order.id,
                customer: order.customer,
                since,
                cycles: found.cycles,
            }));
        }
        let Some(offer) = order.offer else {
            return Ok(None);
        };
        let accepted = guard.accepted(offer).unwrap_or(order.price_version);
        let priced = self.priced(order)?;
        let terms = self.terms_of(order, &priced, now);
        let change = price_change(order, &terms, accepted, limits.price_percent);
        Ok(change.map(|(was, is)| Doubt::PriceChanged {
            offer,
            title: priced.title.clone(),
            was,
            is,
        }))
    }

    /// Holds an order: what is due about it waits, and what its customer has stays open.
    pub(in crate::ops) fn hold(
        &mut self,
        order: &Order,
        hold: Hold,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let after = Order {
            held: Some(hold),
            updated_at: at,
            ..order.clone()
        };
        self.put_order(order, after, at)
    }

    /// Lets an order go that a run held since `since`, and does what is due about it.
    pub(in crate::ops) fn let_go(
        &mut self,
        id: OrderId,
        how: LetGo,
        since: Timestamp,
        guard: &RunGuard,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let order = self.order(id)?;
        let mut free = order.clone();
        free.held = None;
        free.updated_at = at;
        if how == LetGo::AsBefore && free.unbilled_since(at).is_some() {
            free.skip_to_running(&self.company.zone, at);
        }
        self.put_order(&order, free, at)?;
        if how == LetGo::Unworked {
            return Ok(());
        }
        let accepted = order.offer.and_then(|offer| guard.accepted(offer));
        let accepted = accepted.unwrap_or(order.price_version);
        self.held_prices = Some(HeldPrices {
            order: id,
            since,
            accepted: (how == LetGo::AsBefore).then_some(accepted.max(order.price_version)),
        });
        let mut outcome = Ok(());
        for _ in 0..STEPS_MAX {
            match self.settle(id, at) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.held_prices = None;
        outcome
    }

    /// The terms by which what is due about an order is billed at `at`.
    pub(super) fn terms_of<'t>(
        &'t self,
        order: &Order,
        priced: &'t Priced,
        at: Timestamp,
    ) -> Terms<'t> {
        let terms = priced.terms(&self.company);
        let held = self.held_prices.filter(|held| held.order == order.id);
        let Some(held) = held else {
            return terms;
        };
        let accepted = match held.accepted {
            Some(version) => up_to(terms.prices, version),
            None => terms.prices,
        };
        let corrected = |price: &crate::domain::catalogue::charge::Price| {
            price.for_running && price.since >= held.since
        };
        Terms {
            prices: accepted,
            priced_at: accepted.iter().any(corrected).then_some(at),
            ..terms
        }
    }
}
