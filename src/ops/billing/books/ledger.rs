//! The books themselves: what was read, what it becomes, and the steps that every other file of
//! this folder takes part in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::{Company, Ctx};
use crate::domain::billing::cycle;
use crate::domain::billing::cycle::{Bill, Settled, Step, Terms};
use crate::domain::billing::guard::too_many;
use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::billing::journal::{Account, JournalEntry};
use crate::domain::billing::order::{Order, Standing, follow, missed};
use crate::domain::billing::run::{RunCounts, add_money};
use crate::domain::catalogue::charge::in_force;
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::kinds::{Billing, OrderStatus, ServiceStatus};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::service::Service;
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::event::ActivityAction;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::refusal::MoneyRefusal;
use crate::domain::values::id::{
    CustomerId, Id as _, InvoiceId, OrderId, ProductOfferId, ServiceId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::store::key::owned_by;
use crate::store::{Read, Table, account_balance};

use super::set_aside::SetAside;
use super::write::{Changes, Fallback, Happened, Post};
use crate::ops::OpError;
use crate::ops::billing::books::priced::Priced;
use crate::ops::billing::invoices;
use crate::ops::billing::watching::Settings;

/// Most steps that one command takes about one order: more missed cycles are left to the scheduler.
pub(super) const STEPS_MAX: usize = 1_000;

/// Lines of a bill that asks for what is owed; pages say them in the operator's language.
pub const OWED_BEFORE: &str = "Owed from before";
pub const INVOICE: &str = "Invoice ";

/// By which prices an order is billed that was held.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldPrices {
    pub order: OrderId,
    /// When the hold began: a price that was corrected since holds for what waited.
    pub since: Timestamp,
    /// Up to which version prices count; `None`: all.
    pub accepted: Option<u32>,
}

/// What billing has read and what it will write.
pub(in crate::ops) struct Books<'r, R> {
    pub(super) read: &'r R,
    pub(super) company: Arc<Company>,
    pub(super) priced: BTreeMap<Option<ProductOfferId>, Arc<Priced>>,
    pub(super) balances: BTreeMap<(CustomerId, Currency), Minor>,
    /// Money that was paid for one order: its bill takes it before older debts do.
    pub(super) set_aside: Option<SetAside>,
    /// What the payer of one order was shown, and when.
    pub(super) agreed: Option<(OrderId, Agreed)>,
    /// The order that is let go after it was held.
    pub(super) held_prices: Option<HeldPrices>,
    /// How long a customer has an active service, as far as that was let go of.
    pub(super) active_until: BTreeMap<CustomerId, Timestamp>,
    /// Orders that were let go of and have no active service.
    pub(super) let_go: BTreeSet<OrderId>,
    /// Whether customers get their invoices and reminders by mail.
    pub(super) mails: bool,
    /// Whether short messages can be sent.
    pub(super) texts: bool,
    /// Most cycles of one order that are billed at once.
    pub(super) cycles_max: u32,
    /// How the guard is set; `None`: it is off.
    pub(super) guard: Option<Settings>,
    pub(super) changes: Changes,
}

/// What a payer was shown.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Agreed {
    /// The version of the price.
    pub version: u32,
    /// When it was shown, if that was before the money came: the gross of that day stays.
    pub at: Option<Timestamp>,
}

impl Agreed {
    /// What is shown now.
    pub(in crate::ops) fn now(version: u32) -> Self {
        Self { version, at: None }
    }
}

impl<'r, R: Read> Books<'r, R> {
    pub(in crate::ops) fn new(ctx: &Ctx, read: &'r R) -> Self {
        Self {
            read,
            company: ctx.app.company(),
            priced: BTreeMap::new(),
            balances: BTreeMap::new(),
            set_aside: None,
            agreed: None,
            held_prices: None,
            active_until: BTreeMap::new(),
            let_go: BTreeSet::new(),
            mails: ctx.app.outbound.mail.is_some(),
            texts: ctx.app.outbound.sms.is_some(),
            cycles_max: ctx.app.config.billing.guard_cycles,
            guard: Settings::of(ctx),
            changes: Changes::default(),
        }
    }

    /// What was done so far, and what was invoiced by it.
    pub(in crate::ops) fn so_far(&self) -> (&RunCounts, &[(Currency, Minor)]) {
        (&self.changes.counts, &self.changes.invoiced)
    }

    /// What is to be written; the reading ends with it.
    pub(in crate::ops) fn close(self) -> Changes {
        self.changes
    }

    /// Lets go of what a preview needs no longer: it would hold the whole base otherwise. `ends`:
    /// nothing more of this order lies ahead.
    pub(in crate::ops) fn forget(&mut self, order: &Order, ends: bool) {
        self.changes.posts.clear();
        self.changes.happened.clear();
        self.changes.replanned.clear();
        self.changes.fallbacks.clear();
        if ends {
            self.changes.orders.remove(&order.id);
            let active_until = &mut self.active_until;
            let mut active = false;
            self.changes.services.retain(|_, service| {
                let kept = service.origin.order() != Some(order.id);
                if !kept && service.status == ServiceStatus::Active {
                    active = true;
                    let end = service.expires_at.unwrap_or(Timestamp::MAX);
                    let held = active_until.entry(order.customer).or_insert(end);
                    *held = end.max(*held);
                }
                kept
            });
            if !active {
                self.let_go.insert(order.id);
            }
        }
    }

    pub(in crate::ops) fn order(&self, id: OrderId) -> Result<Order, OpError> {
        match self.changes.orders.get(&id) {
            Some(order) => Ok(order.clone()),
            None => crate::ops::get(self.read, id),
        }
    }

    pub(in crate::ops) fn customer(&self, id: CustomerId) -> Result<Customer, OpError> {
        match self.changes.customers.get(&id) {
            Some(customer) => Ok(customer.clone()),
            None => crate::ops::get(self.read, id),
        }
    }

    /// What the offer of an order says; one without an offer costs nothing.
    pub(super) fn priced(&mut self, order: &Order) -> Result<Arc<Priced>, OpError> {
        if let Some(priced) = self.priced.get(&order.offer) {
            return Ok(Arc::clone(priced));
        }
        let priced = match order.offer {
            Some(id) => {
                let offer: ProductOffer = crate::ops::get(self.read, id)?;
                let product: ProductSpec = crate::ops::get(self.read, offer.product)?;
                Priced {
                    product: product.title,
                    ladder: offer.ladder(),
                    title: offer.title,
                    prices: offer.prices,
                }
            }
            None => Priced {
                title: String::new(),
                product: String::new(),
                prices: Vec::new(),
                ladder: Ladder::usual(order.billing),
            },
        };
        let priced = Arc::new(priced);
        self.priced.insert(order.offer, Arc::clone(&priced));
        Ok(priced)
    }

    /// The customer's balance in every currency that the offer was ever billed in.
    pub(super) fn balances(
        &mut self,
        customer: CustomerId,
        priced: &Priced,
    ) -> Result<Vec<Amount>, OpError> {
        let mut balances: Vec<Amount> = Vec::with_capacity(1);
        for currency in priced.currencies() {
            if !balances.iter().any(|held| held.currency == currency) {
                balances.push(self.balance(customer, currency)?);
            }
        }
        Ok(balances)
    }

    /// What the customer has with us.
    pub(in crate::ops) fn balance(
        &mut self,
        customer: CustomerId,
        currency: Currency,
    ) -> Result<Amount, OpError> {
        if let Some(minor) = self.balances.get(&(customer, currency)) {
            let minor = *minor;
            return Ok(Amount { minor, currency });
        }
        let balance = account_balance(self.read, &Account::Customer(customer), currency)?;
        self.balances.insert((customer, currency), balance.minor);
        Ok(balance)
    }

    /// The currency in which the next cycle of an order is billed; `None`: it costs nothing.
    pub(in crate::ops) fn billed_in(&mut self, order: &Order) -> Result<Option<Currency>, OpError> {
        let priced = self.priced(order)?;
        let at = order.next_cycle_at.unwrap_or(order.updated_at);
        let charges = in_force(&priced.prices, order.price_version, at);
        Ok(charges.first().map(|charge| charge.amount.currency))
    }

    /// What the next cycle of an order costs; `None` where none follows.
    pub(in crate::ops) fn next_bill(&mut self, order: &Order) -> Result<Option<Bill>, OpError> {
        let priced = self.priced(order)?;
        Ok(cycle::next_bill(order, &priced.terms(&self.company)))
    }

    /// As [`Books::next_bill`], where it is billed at `at`, before its time.
    pub(in crate::ops) fn next_bill_at(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<Option<Bill>, OpError> {
        let priced = self.priced(order)?;
        let terms = priced.terms(&self.company);
        let terms = Terms {
            billed_on: Some(terms.zone.date(at)),
            ..terms
        };
        Ok(cycle::next_bill(order, &terms))
    }

    /// Invoices the first cycle of an order that begins; what the balance does not cover is owed.
    pub(in crate::ops) fn begin(&mut self, order: &Order, at: Timestamp) -> Result<(), OpError> {
        if order.billing == Billing::External {
            return Ok(());
        }
        let bill = self.first_bill(order, at)?;
        self.bill_now(order, order.clone(), &bill, at)
    }

    /// Begins the next cycle of an order now and invoices it, covered or not: for orders that staff
    /// switch on again after the paid time was over.
    pub(in crate::ops) fn begin_again(
        &mut self,
        before: &Order,
        order: &Order,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let priced = self.priced(order)?;
        let terms = priced.terms(&self.company);
        let frozen = matches!(before.standing, Standing::Frozen { .. });
        let unpaid = if frozen { before.unpaid_micros(at) } else { 0 };
        let mut again = order.clone();
        if unpaid == 0 {
            again.anchor(at);
        }
        let Some((again, bill)) = cycle::again(&again, &terms, unpaid, at) else {
            return Ok(());
        };
        let after = cycle::renewed_again(&again, &bill, terms.zone, at);
        self.bill_now(order, after, &bill, at)
    }

    /// Invoices `bill`; a postpaid order whose bill is not covered is overdue from now on.
    pub(super) fn bill_now(
        &mut self,
        before: &Order,
        mut after: Order,
        bill: &Bill,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let owed = self.issue(&after, bill, at)?;
        if owed.is_some() && after.billing == Billing::Postpaid {
            let priced = self.priced(&after)?;
            after = cycle::overdue(&after, &priced.terms(&self.company), at);
        }
        self.put_order(before, after, at)
    }

    /// Renews an order before its time; refused where the balance does not cover it.
    pub(in crate::ops) fn renew_early(
        &mut self,
        order: &Order,
        bill: &Bill,
        at: Timestamp,
    ) -> Result<(), OpError> {
        if let Some(total) = bill.charged() {
            let short_by = total.minus(self.balance(order.customer, total.currency)?)?;
            if short_by.minor > 0 {
                return Err(MoneyRefusal::InsufficientFunds { short_by }.into());
            }
        }
        self.issue(order, bill, at)?;
        let after = cycle::renewed(order, bill, at);
        self.put_order(order, after, at)?;
        // Only this cycle was asked for: others that a held run would bill wait on.
        self.waits_for_run(order.id, at)?;
        Ok(())
    }

    /// Does what is due about an order until nothing is. One of which many cycles were missed is
    /// left to the run, which may be held, and so is every cycle while one is.
    pub(in crate::ops) fn catch_up(&mut self, id: OrderId, at: Timestamp) -> Result<(), OpError> {
        let order = self.order(id)?;
        let behind = missed(&order, &self.company.zone, at);
        if order.unbilled_since(at).is_some() && too_many(behind, self.cycles_max) {
            return Ok(());
        }
        for _ in 0..STEPS_MAX {
            if self.waits_for_run(id, at)? || self.settle(id, at)?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes the next step that is due about an order at `at`; `None` where nothing is.
    pub(in crate::ops) fn settle(
        &mut self,
        id: OrderId,
        at: Timestamp,
    ) -> Result<Option<Step>, OpError> {
        let order = self.order(id)?;
        if order.due().is_none_or(|(due_at, _)| due_at > at) {
            return Ok(None);
        }
        let customer = self.customer(order.customer)?;
        if customer.is_deleted() {
            // Nobody is there who could pay or watch.
            let mut ended = order.clone();
            if ended.status != OrderStatus::Deleted {
                ended.set_status(OrderStatus::Expired, &self.company.zone, at);
            }
            ended.standing = Standing::Ended;
            ended.next_cycle_at = None;
            ended.updated_at = at;
            self.put_order(&order, ended, at)?;
            self.changes.counts.expired = self.changes.counts.expired.saturating_add(1);
            return Ok(Some(Step::Expired));
        }
        let priced = self.priced(&order)?;
        let balances = self.balances(order.customer, &priced)?;
        let terms = self.terms_of(&order, &priced, at);
        let Some(settled) = cycle::settle(&order, &terms, |c| held(&balances, c), at) else {
            return Ok(None);
        };
        let step = settled.step.clone();
        self.apply(&order, settled, at)?;
        // Something of theirs runs: nobody stays suspended by another order.
        let suspended = customer.status == CustomerStatus::SuspendedByBilling;
        if suspended && matches!(step, Step::Renewed(_)) {
            self.lift_suspension(id, at)?;
        }
        Ok(Some(step))
    }

    pub(super) fn apply(
        &mut self,
        before: &Order,
        settled: Settled,
        at: Timestamp,
    ) -> Result<(), OpError> {
        if let Step::Renewed(bill) = &settled.step {
            self.issue(&settled.order, bill, at)?;
        }
        let counts = &mut self.changes.counts;
        let count = match &settled.step {
            Step::Renewed(_) => Some(&mut counts.renewed),
            Step::FellOverdue(_) => Some(&mut counts.overdue),
            Step::Reminded => Some(&mut counts.reminded),
            Step::Froze => Some(&mut counts.frozen),
            Step::Expired => Some(&mut counts.expired),
            Step::Suspends | Step::Reopened => None,
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        let ended = settled.step == Step::Expired;
        if settled.step == Step::Reminded {
            self.remind(before, at)?;
        }
        let suspends = settled.step == Step::Suspends;
        self.put_order(before, settled.order, at)?;
        if ended {
            self.fall_back(before, at)?;
            self.lift_suspension(before.id, at)?;
        }
        if suspends {
            self.suspend(before.customer, at)?;
        }
        Ok(())
    }

    /// Issues the invoice for a cycle, paid from the balance as far as that goes. Answers what is
    /// owed; `None`: nothing. A free cycle has no invoice.
    pub(super) fn issue(
        &mut self,
        order: &Order,
        bill: &Bill,
        at: Timestamp,
    ) -> Result<Option<Amount>, OpError> {
        let Some(total) = bill.charged() else {
            return Ok(None);
        };
        if bill.is_backward() {
            // The dates of the order are broken: nobody gets a bill for such a time.
            let (order, cycle) = (order.id.0, bill.cycle);
            let problem = format!("cycle {cycle} of order {order} would end before it begins");
            return Err(OpError::Failed(problem));
        }
        let customer = self.customer(order.customer)?;
        let balance = self.balance(order.customer, total.currency)?;
        let mut covered = balance.minor.clamp(Minor::ZERO, total.minor);
        if let Some(aside) = &mut self.set_aside {
            covered = aside.cover(order.id, total, covered);
        }
        let owed = total.with(total.minor - covered);
        let draft = Invoice {
            id: InvoiceId(0),
            kind: InvoiceKind::Invoice,
            customer: order.customer,
            order: order.id,
            cycle: Some(bill.cycle),
            issued_at: at,
            from: bill.from,
            to: bill.to,
            currency: total.currency,
            lines: bill.lines.clone(),
            seller: self.company.name.clone(),
            buyer: invoices::addressee(&customer),
            letterhead: self.company.letterhead.clone(),
            due_at: Some(self.due_at(owed.minor > 0, at)),
            product: self.priced(order)?.product.clone(),
            contract: customer.account_number.clone().unwrap_or_default(),
        };
        let mailed = self.mails && customer.email.is_some();
        self.post_invoice(draft, owed.minor, mailed, String::new());
        add_money(&mut self.changes.invoiced, total.currency, total.minor);
        Ok(Some(owed).filter(|owed| owed.minor > 0))
    }

    /// When an invoice is to be paid: at once, unless something of it stays open.
    pub(super) fn due_at(&self, stays_open: bool, at: Timestamp) -> Timestamp {
        let days = if stays_open {
            self.company.payment_days
        } else {
            0
        };
        self.company.zone.days_after(at, days).unwrap_or(at)
    }

    pub(super) fn remind(&mut self, order: &Order, at: Timestamp) -> Result<(), OpError> {
        let customer = self.customer(order.customer)?;
        let by_mail = self.mails && customer.email.is_some();
        if by_mail || (self.texts && customer.phone().is_some()) {
            let content = MessageContent::Reminder(order.id);
            let message = Message::new(order.customer, content, at);
            self.changes.posts.push(Post::Message(message));
        }
        Ok(())
    }

    pub(super) fn post_invoice(
        &mut self,
        draft: Invoice,
        open_minor: Minor,
        mailed: bool,
        memo: String,
    ) {
        let (customer, total) = (draft.customer, draft.total());
        let since = draft.issued_at;
        *self.balances.entry((customer, total.currency)).or_default() -= total.minor;
        self.changes.posts.push(Post::Invoice {
            draft,
            open_minor,
            since,
            mailed,
            memo,
        });
    }

    /// Notes a movement of money on a customer's account.
    pub(in crate::ops) fn post(&mut self, entry: JournalEntry) -> Result<(), OpError> {
        for posting in &entry.postings {
            if let Account::Customer(customer) = posting.account {
                let balance = self.balance(customer, posting.currency)?.minor;
                let after = balance + posting.credit_minor;
                self.balances.insert((customer, posting.currency), after);
            }
        }
        self.changes.posts.push(Post::Entry(entry));
        Ok(())
    }

    /// Keeps a changed order, and what follows from it: its services, the customer's plan, the
    /// activity.
    pub(in crate::ops) fn put_order(
        &mut self,
        before: &Order,
        mut after: Order,
        at: Timestamp,
    ) -> Result<(), OpError> {
        // However it ends: what is owed of it is asked for on.
        if let Some(standing) = self.still_owed(before, &after, at)? {
            after.standing = standing;
        } else if self.owed_on(before, &after)? {
            let priced = self.priced(&after)?;
            after = cycle::overdue(&after, &priced.terms(&self.company), at);
        }
        if *before == after {
            return Ok(());
        }
        let moved = before.status != after.status;
        if moved
            || before.standing != after.standing
            || before.services_expire_at() != after.services_expire_at()
        {
            for mut service in self.services_of(after.customer)? {
                if follow(&mut service, &after, at) {
                    self.changes.services.insert(service.id, service);
                }
            }
        }
        let id = after.id;
        // One that was canceled keeps its status when it ends.
        let over =
            |order: &Order| matches!(order.standing, Standing::Ended | Standing::Owing { .. });
        let ends = !over(before) && over(&after);
        self.changes.orders.insert(id, after);
        let after = self.order(id)?;
        if moved || ends {
            self.set_primary(&after, at)?;
        }
        if !moved {
            return Ok(());
        }
        self.changes.happened.push(Happened {
            customer: after.customer,
            at,
            action: ActivityAction::OrderStatusChanged,
            details: vec![
                ("order".to_owned(), after.id.0.to_string()),
                ("from".to_owned(), format!("{:?}", before.status)),
                ("to".to_owned(), format!("{:?}", after.status)),
            ],
        });
        Ok(())
    }

    /// An order that becomes active is the customer's plan if none runs; an order that ended is it
    /// no longer. One that stands still is it until another one runs.
    pub(in crate::ops) fn set_primary(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let customer = self.customer(order.customer)?;
        let held = match customer.primary_order {
            Some(id) if id == order.id => Some(order.clone()),
            Some(id) => Some(self.order(id)?),
            None => None,
        };
        let primary = match held {
            Some(held) if held.runs_at(at) => Some(held.id),
            _ if order.status_at(at) == OrderStatus::Active => Some(order.id),
            held => match held.filter(Order::stands_still) {
                Some(held) => Some(held.id),
                None => self.successor(order, at)?,
            },
        };
        if primary != customer.primary_order {
            if primary.is_some() && !customer.box_profile.chosen_packages.is_empty() {
                self.changes.replanned.insert(customer.id);
            }
            let after = Customer {
                primary_order: primary,
                ..customer
            };
            self.changes.customers.insert(after.id, after);
        }
        Ok(())
    }

    /// Another order of the same product that runs when one has ended: it was bought to follow it.
    pub(super) fn successor(
        &self,
        ended: &Order,
        at: Timestamp,
    ) -> Result<Option<OrderId>, OpError> {
        let orders = self.orders_of(ended.customer)?;
        let follows = |order: &&Order| {
            order.id != ended.id && order.product == ended.product && order.runs_at(at)
        };
        Ok(orders.iter().find(follows).map(|order| order.id))
    }

    pub(super) fn services_of(&self, customer: CustomerId) -> Result<Vec<Service>, OpError> {
        let numbers = self
            .read
            .numbers(Table::ServicesByCustomer, &owned_by(customer))?;
        let mut services = Vec::with_capacity(numbers.len());
        for number in numbers {
            let id = ServiceId::new(number);
            services.push(match self.changes.services.get(&id) {
                Some(service) => service.clone(),
                None => crate::ops::get(self.read, id)?,
            });
        }
        Ok(services)
    }

    /// The plan that takes the place of the customer's plan when that ends.
    pub(super) fn fall_back(&mut self, ended: &Order, at: Timestamp) -> Result<(), OpError> {
        let customer = self.customer(ended.customer)?;
        let original: Option<Customer> = self.read.get(&ended.customer)?;
        let was_plan = original.is_some_and(|held| held.primary_order == Some(ended.id));
        if !was_plan || customer.primary_order.is_some() {
            return Ok(());
        }
        let chosen = match ended.fallback_product {
            Some(id) => self.read.get::<ProductSpec>(&id)?,
            None => None,
        };
        let product = match chosen.filter(|product| product.removed_at.is_none()) {
            Some(product) => Some(product.id),
            // None, or one that is sold no more.
            None => {
                let default = self.read.default_product()?;
                let follows = |product: &ProductSpec| {
                    product.id != ended.product || keeps_chosen(ended, product, &customer)
                };
                default.filter(follows).map(|product| product.id)
            }
        };
        if let Some(product) = product {
            self.changes.fallbacks.push(Fallback {
                customer: ended.customer,
                product,
                at,
                is_new: product != ended.product,
            });
            self.lift_customer(ended.customer, true, at)?;
        }
        Ok(())
    }
}

/// Whether the default plan follows itself. Who has no plan has it anyway, but not the packages
/// that were chosen on it (stalker-rest-v1 §4.2); what was billed here is not given on for nothing.
fn keeps_chosen(ended: &Order, product: &ProductSpec, customer: &Customer) -> bool {
    let mut chosen = customer.box_profile.chosen_packages.iter();
    ended.offer.is_none() && chosen.any(|spec| product.optional_service_specs.contains(spec))
}

/// Finds the plan of customers that have none.
trait DefaultProduct: Read {
    fn default_product(&self) -> Result<Option<ProductSpec>, OpError> {
        let products: Vec<ProductSpec> = self.all()?;
        let mut products = products.into_iter();
        Ok(products.find(|product| product.user_default && product.removed_at.is_none()))
    }
}

impl<R: Read> DefaultProduct for R {}

pub(super) fn held(balances: &[Amount], currency: Currency) -> Minor {
    let found = balances.iter().find(|held| held.currency == currency);
    found.map_or(Minor::ZERO, |held| held.minor)
}
