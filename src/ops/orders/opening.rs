//! A new order as its caller wishes it: its terms, its dates, and what of it is billed at once.

use crate::app::Ctx;
use crate::domain::billing::guard::too_many;
use crate::domain::billing::history;
use crate::domain::billing::history::Begins;
use crate::domain::billing::order::{Missed, Order, Standing};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge;
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::customers::Customer;
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::values::calendar::{Period, PeriodCount, Term};
use crate::domain::values::id::{OrderId, ProductOfferId};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::ops::catalogue::charges;
use crate::ops::{Handle, OpError};

use crate::store::Tx;

/// An order as a caller wishes it; what is not given comes from the offer.
#[derive(Debug, Clone)]
pub struct NewOrder {
    pub id: Option<Handle<OrderId>>,
    pub offer: Handle<ProductOfferId>,
    pub count: Option<PeriodCount>,
    pub period: Option<Period>,
    pub cycles_total: Option<u32>,
    pub order_type: Option<OrderType>,
    pub status: Option<OrderStatus>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub next_cycle_at: Option<Timestamp>,
    /// Until when another system was paid for it.
    pub paid_until: Option<Timestamp>,
    pub external_refs: Vec<OpenObject>,
    pub services: ServicesMade,
}

/// Who makes the services of an order, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServicesMade {
    /// We, in the commit that places it.
    WithOrder,
    /// We, in the commit in which it begins.
    WhenItBegins,
    /// Who placed it.
    ByCaller,
}

impl NewOrder {
    /// An order as its offer has it.
    #[must_use]
    pub fn of(offer: Handle<ProductOfferId>) -> Self {
        Self {
            id: None,
            offer,
            count: None,
            period: None,
            cycles_total: None,
            order_type: None,
            status: None,
            created_at: None,
            expires_at: None,
            next_cycle_at: None,
            paid_until: None,
            external_refs: Vec::new(),
            services: ServicesMade::WithOrder,
        }
    }
}

/// The order itself: the caller's wishes over the offer's terms, dates counted from its creation.
pub(in crate::ops) fn open(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    offer: &ProductOffer,
    input: NewOrder,
) -> Result<(Order, Begins), OpError> {
    let zone = &ctx.app.company().zone;
    let foreign_id = crate::ops::free_id::<Order>(tx, input.id.as_ref())?;
    let created_at = input.created_at.unwrap_or(ctx.now);
    let status = input.status.unwrap_or(OrderStatus::Active);
    let mut order = Order {
        id: tx.next_id()?,
        foreign_id,
        customer: customer.id,
        product: offer.product,
        offer: Some(offer.id),
        term: Term {
            count: input.count.unwrap_or(offer.term.count),
            period: input.period.unwrap_or(offer.term.period),
        },
        order_type: input.order_type.unwrap_or(offer.order_type),
        billing: offer.billing,
        price_version: offer.price_version(),
        cycles_total: input
            .cycles_total
            .unwrap_or_else(|| offer.cycles_total.whole_periods()),
        cycles_paid: 1,
        status,
        // Nothing of one that is opened inactive, or as one that is over, was invoiced.
        standing: match status {
            OrderStatus::Inactive | OrderStatus::Expired => Standing::Waiting,
            _ => Standing::Settled,
        },
        anchor_at: created_at,
        anchor_cycle: 0,
        next_cycle_at: None,
        expires_at: None,
        pauses: Vec::new(),
        time_kept: false,
        held: None,
        fallback_product: None,
        external_refs: input.external_refs,
        served_by_caller: input.services == ServicesMade::ByCaller,
        created_at,
        // Of an older one that is brought along: when it began.
        activated_at: (status == OrderStatus::Active).then_some(created_at),
        updated_at: ctx.now,
    };
    if order.order_type != offer.order_type {
        // What is a discount in one kind of order may be all there is in the other.
        let charges = charge::in_force(&offer.prices, order.price_version, ctx.now);
        charges::check_sums(charges, order.order_type, "type")?;
    }
    order.set_dates(zone);
    let endless = order.term.count == PeriodCount::ZERO;
    if order.expires_at.is_none() && input.expires_at.is_none() && !endless {
        return Err(Refusal::BeyondCalendar.into());
    }
    order.expires_at = input.expires_at.or(order.expires_at);
    let ours = order.billing != Billing::External;
    // A cycle that never comes needs no date.
    let comes = !ours || order.has_more_cycles();
    let next_cycle_at = input.next_cycle_at.filter(|_| comes);
    let too_early = |at: Timestamp| ours && input.paid_until.is_none() && at <= created_at;
    if next_cycle_at.is_some_and(too_early) {
        return Err(OrderRefusal::CycleTooEarly { begun: created_at }.into());
    }
    let brought = ours && history::is_history(created_at, ctx.now);
    let paid_until = input.paid_until.or(next_cycle_at.filter(|_| brought));
    let begins = if let Some(paid_until) = paid_until {
        if ours && next_cycle_at.is_some_and(|at| at != paid_until) {
            return Err(OrderRefusal::PaidUntilDiffers { paid_until }.into());
        }
        history::paid_elsewhere(&mut order, zone, paid_until, input.expires_at, ctx.now)
    } else if let Some(at) = next_cycle_at {
        order.anchor(at);
        if ours {
            // The first cycle is billed until then; an end that is said besides may be later.
            let said = input.expires_at.map_or(at, |end| end.max(at));
            order.expires_at = order.expires_at.map(|_| said);
        }
        Begins::First
    } else {
        let begins = history::running_only(&mut order, zone, input.expires_at, ctx.now)?;
        if let (Some(next), Some(end)) = (order.next_cycle_at, input.expires_at)
            && ours
            && end > next
        {
            order.anchor(end);
        }
        begins
    };
    let begins = history::unless_over(&mut order, begins, input.expires_at, ctx.now);
    if ours && status == OrderStatus::Active {
        let found = history::billed_at_once(&order, begins, zone, ctx.now);
        refuse_many(ctx, found, paid_until.unwrap_or(created_at))?;
    }
    if status == OrderStatus::Canceled {
        order.next_cycle_at = None;
    }
    order.end_if_canceled(ctx.now);
    Ok((order, begins))
}

/// A slip of the pen must not bill years at once.
pub(in crate::ops) fn refuse_many(
    ctx: &Ctx,
    found: Missed,
    since: Timestamp,
) -> Result<(), OpError> {
    if too_many(found, ctx.app.config.billing.guard_cycles) {
        let cycles = found.cycles;
        return Err(OrderRefusal::TooManyCycles { cycles, since }.into());
    }
    Ok(())
}
