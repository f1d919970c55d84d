//! Money that comes in and goes back: booked once, whatever is repeated, and used at once.

pub(in crate::ops) mod page_orders;
pub(in crate::ops) mod page_paid;
pub mod pages;
pub mod refunds;
pub mod stripe;
pub mod vouchers;

use std::ops::ControlFlow;

use super::once::{self, Once};
use crate::app::Ctx;
use crate::domain::billing::invoice::OpenInvoice;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::billing::order::OrderStatus;
use crate::domain::billing::payment::{
    HostedPage, HostedPageState, Payment, PaymentKind, PaymentState,
};
use crate::domain::catalogue::kinds::Billing;
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, HostedPageId, JournalEntryId, OrderId, PaymentId};
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::outbox::compose;
use crate::ops::{Handle, Named, OpError};
use crate::store::key::{instant_of, owned_by, reference_of, trailing_number, until as keys_until};
use crate::store::{Read as _, Span, Table, Tx, balance_minor};

impl Named for Payment {
    const KIND: &'static str = "payment";
    const FOREIGN: Option<Table> = None;
}

/// The method of money that a voucher brings; its reference is the number of the voucher.
pub(super) const VOUCHER: &str = "voucher";

/// The method of money that a person confirms.
pub(super) const MANUAL: &str = "manual";

/// The largest payment, in minor units of any currency: what a typing error must not exceed.
pub const PAYMENT_MINOR_MAX: i64 = 1_000_000_000_000;

/// Money as it comes in.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// `cash`, `bank`, the name of a provider.
    pub method: String,
    /// The provider's or the bank's own name for it.
    pub reference: Option<String>,
    /// The caller's key: a repeat answers as the first time and moves nothing.
    pub client_key: Option<String>,
    pub amount: Amount,
    pub note: String,
}

/// The customer's payments and refunds that are known to have ended well, oldest first.
pub fn list(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<Payment>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    Ok(snapshot.listed(Table::PaymentsByCustomer, &owned_by(customer.id))?)
}

/// What the customer has with us, in the operator's currency; negative: owes.
pub fn balance(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Amount, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    let currency = ctx.app.company().currency;
    let minor = balance_minor(&snapshot, &Account::Customer(customer.id), currency)?;
    Ok(Amount { minor, currency })
}

/// As [`balance`], in a currency of choice, of a customer that was just read.
pub fn balance_in(ctx: &Ctx, customer: CustomerId, currency: Currency) -> Result<Amount, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let minor = balance_minor(&ctx.snapshot()?, &Account::Customer(customer), currency)?;
    Ok(Amount { minor, currency })
}

/// Books money that a customer paid: by hand, at the counter, by bank transfer. It pays open
/// invoices, oldest first, and re-opens what waits for it, in the same commit.
pub async fn receive(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    receipt: Receipt,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let max = ctx.app.config.staff.payment_max;
    ctx.within_limit("one payment", receipt.amount, max)?;
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        if let Some(earlier) = repeated(tx, &receipt)? {
            return same_as(earlier, customer.id, &receipt);
        }
        check_currency(ctx, tx, customer.id, receipt.amount.currency)?;
        book(ctx, tx, customer.id, None, None, receipt)
    })
    .await
}

/// The payment that this receipt was booked as before.
pub(super) fn repeated(
    read: &impl crate::store::Read,
    receipt: &Receipt,
) -> Result<Option<Payment>, OpError> {
    if let Some(key) = &receipt.client_key {
        let held = by_key(read, key)?;
        if held.is_some() {
            return Ok(held);
        }
    }
    let Some(reference) = &receipt.reference else {
        return Ok(None);
    };
    let key = reference_of(&receipt.method, reference);
    Ok(read.get_by::<Payment>(Table::PaymentsByReference, &key)?)
}

/// The payment or refund that was booked under this key of a caller; a key that was used for
/// something else is refused.
pub(super) fn by_key(
    read: &impl crate::store::Read,
    key: &str,
) -> Result<Option<Payment>, OpError> {
    let held = read.get_by::<Payment>(Table::PaymentsByKey, key.as_bytes())?;
    if held.is_none() && once::is_used(read, key)? {
        return Err(Refusal::KeyUsed.into());
    }
    Ok(held)
}

/// A repeat answers as the first time; the same key for something else is refused.
fn same_as(earlier: Payment, customer: CustomerId, receipt: &Receipt) -> Result<Payment, OpError> {
    let same = earlier.customer == Some(customer)
        && earlier.amount == receipt.amount
        && earlier.method == receipt.method;
    if same {
        Ok(earlier)
    } else {
        Err(Refusal::PaymentKnown {
            payment: earlier.id,
        }
        .into())
    }
}

/// Books a payment and lets it do what it is for.
pub(super) fn book(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    order: Option<OrderId>,
    page: Option<HostedPageId>,
    receipt: Receipt,
) -> Result<Payment, OpError> {
    let payment = Payment {
        id: tx.next_id()?,
        kind: PaymentKind::Payment,
        customer: Some(customer),
        order,
        page,
        method: receipt.method,
        reference: receipt.reference,
        client_key: receipt.client_key,
        amount: receipt.amount,
        state: PaymentState::Succeeded,
        refunded_minor: 0,
        disputed_minor: 0,
        told_minor: 0,
        refund_failed: false,
        note: receipt.note,
        created_at: ctx.now,
        ended_at: Some(ctx.now),
        due_at: None,
        by: ctx.actor.staff_words(),
    };
    super::create(ctx, tx, "payment.receive", &payment)?;
    let entry = JournalEntry {
        postings: transfer(
            source(tx, &payment)?,
            Account::Customer(customer),
            payment.amount,
        ),
        ..entry_of(&payment, customer, ctx)
    };
    let mut books = Books::new(ctx, tx);
    books.post(entry)?;
    books.use_money(customer, payment.amount, order, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(payment)
}

/// The account that the money of a payment comes from, and goes back to: a voucher that was sold as
/// one is money that is held already.
pub(super) fn source(
    read: &impl crate::store::Read,
    payment: &Payment,
) -> Result<Account, OpError> {
    Ok(match vouchers::behind(read, payment)? {
        Some(_) => Account::Vouchers,
        None => Account::Cash(payment.method.clone()),
    })
}

/// Refuses money in a currency that nothing of the customer is billed in: it would lie in a balance
/// that pays nothing.
pub(super) fn check_currency(
    ctx: &Ctx,
    read: &impl crate::store::Read,
    customer: CustomerId,
    paid: Currency,
) -> Result<(), OpError> {
    let mut takes = vec![ctx.app.company().currency];
    if takes.contains(&paid) {
        return Ok(());
    }
    let mut books = Books::new(ctx, read);
    for order in super::orders::of_customer(read, customer)? {
        if order.billing != Billing::External && order.status != OrderStatus::Deleted {
            takes.extend(books.billed_in(&order)?);
        }
    }
    let open: Vec<OpenInvoice> = read.listed(Table::OpenInvoicesByCustomer, &owned_by(customer))?;
    takes.extend(open.iter().map(|open| open.currency));
    takes.sort_unstable();
    takes.dedup();
    let owes = balance_minor(read, &Account::Customer(customer), paid)? < 0;
    if owes || takes.contains(&paid) {
        return Ok(());
    }
    Err(Refusal::CurrencyNotTaken { paid, takes }.into())
}

/// The journal entry of a payment that succeeded.
pub(super) fn entry_of(payment: &Payment, customer: CustomerId, ctx: &Ctx) -> JournalEntry {
    let cash = Account::Cash(payment.method.clone());
    JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::Payment(payment.id),
        order: payment.order,
        memo: payment.note.clone(),
        postings: transfer(cash, Account::Customer(customer), payment.amount),
    }
}

/// How a payment ended that was under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Paid,
    Failed {
        reason: String,
    },
    /// The bank said no after the payer had gone: they have to be told.
    Refused,
}

/// Says how a payment ended that a person was to confirm. Said twice, it is as said the first time.
/// Money by hand that was given up and comes all the same is booked.
pub async fn end(
    ctx: &Ctx,
    id: PaymentId,
    ending: Ending,
    once: Option<Once>,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let before: Payment = super::get(tx, id)?;
        let refused = || Err(Refusal::PaymentEnded { payment: id }.into());
        if ending == Ending::Paid {
            let max = ctx.app.config.staff.payment_max;
            ctx.within_limit("one payment", before.amount, max)?;
        }
        if before.kind != PaymentKind::Payment {
            return refused();
        }
        match (before.state, &ending) {
            (PaymentState::Processing, _) => end_in(ctx, tx, id, ending),
            (PaymentState::Failed, Ending::Paid)
                if before.method == MANUAL && !before.is_booked() =>
            {
                revive(ctx, tx, &before)?;
                end_in(ctx, tx, id, ending)
            }
            (PaymentState::Succeeded | PaymentState::Unmatched, Ending::Paid)
            | (PaymentState::Failed, Ending::Failed { .. } | Ending::Refused) => Ok(before),
            _ => refused(),
        }
    })
    .await
}

/// Takes a payment that was given up for one that is under way: its money came late.
pub(super) fn revive(ctx: &Ctx, tx: &mut Tx<'_>, before: &Payment) -> Result<Payment, OpError> {
    let mut after = before.clone();
    after.state = PaymentState::Processing;
    after.note.clear();
    super::change(ctx, tx, "payment.came_late", before, &after)?;
    Ok(after)
}

fn tell_of_failure(ctx: &Ctx, tx: &mut Tx<'_>, payment: &Payment) -> Result<(), OpError> {
    let customer = match payment.customer {
        Some(customer) => tx.get::<Customer>(&customer)?,
        None => None,
    };
    let Some(customer) = customer else {
        return Ok(());
    };
    if compose::reaches(ctx, tx, TemplateKind::PaymentFailed, &customer)? {
        let content = MessageContent::PaymentFailed(payment.id);
        let message = Message {
            id: tx.next_id()?,
            ..Message::new(customer.id, content, ctx.now)
        };
        tx.put(&message)?;
    }
    Ok(())
}

/// See [`end`]. The money is booked, and the page it was for is closed, in one commit; a payment
/// that ended before stays as it is.
pub(super) fn end_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PaymentId,
    ending: Ending,
) -> Result<Payment, OpError> {
    let before: Payment = super::get(tx, id)?;
    if before.state != PaymentState::Processing {
        return Ok(before);
    }
    let mut after = before.clone();
    after.ended_at = Some(ctx.now);
    after.due_at = None;
    after.by = ctx.actor.staff_words();
    match ending {
        Ending::Paid => after.state = PaymentState::Succeeded,
        Ending::Failed { reason } => {
            after.state = PaymentState::Failed;
            after.note = reason;
        }
        Ending::Refused => {
            after.state = PaymentState::Failed;
            "the bank refused".clone_into(&mut after.note);
            tell_of_failure(ctx, tx, &before)?;
        }
    }
    let page = match before.page {
        Some(page) => tx.get::<HostedPage>(&page)?,
        None => None,
    };
    let waits = |page: &HostedPage| {
        page.state == HostedPageState::Requested && page.payment == Some(before.id)
    };
    if after.state == PaymentState::Failed {
        super::change(ctx, tx, "payment.fail", &before, &after)?;
        if let Some(mut page) = page.filter(waits) {
            // It can be tried again.
            page.state = HostedPageState::Created;
            tx.put(&page)?;
        }
        return Ok(after);
    }
    let customer = match before.customer {
        Some(customer) => tx.get::<Customer>(&customer)?,
        None => None,
    };
    let Some(customer) = customer.filter(|customer| !customer.is_deleted()) else {
        if let Some(mut page) = page.filter(waits) {
            page.state = HostedPageState::Cancelled;
            tx.put(&page)?;
        }
        return hold(ctx, tx, &before, after);
    };
    super::change(ctx, tx, "payment.receive", &before, &after)?;
    if let Some(page) = page {
        page_paid::activate(ctx, tx, &page, Some(&after))?;
    } else {
        let mut books = Books::new(ctx, tx);
        books.post(entry_of(&after, customer.id, ctx))?;
        books.use_money(customer.id, after.amount, after.order, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    }
    Ok(after)
}

/// Money that came and belongs to nobody we know lies in `suspense` until a person says whose it
/// is.
fn hold(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Payment,
    mut after: Payment,
) -> Result<Payment, OpError> {
    after.state = PaymentState::Unmatched;
    super::change(ctx, tx, "payment.hold", before, &after)?;
    let mut books = Books::new(ctx, tx);
    let cash = Account::Cash(after.method.clone());
    books.post(JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::Payment(after.id),
        order: after.order,
        memo: after.note.clone(),
        postings: transfer(cash, Account::Suspense, after.amount),
    })?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(after)
}

/// Money of another amount than was asked for: it lies in `suspense` until a person looks at it.
pub(super) fn hold_amount(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Payment,
    paid: Amount,
) -> Result<Payment, OpError> {
    let mut after = before.clone();
    after.amount = paid;
    after.ended_at = Some(ctx.now);
    after.due_at = None;
    let page = match before.page {
        Some(page) => tx.get::<HostedPage>(&page)?,
        None => None,
    };
    let waits = |page: &HostedPage| {
        page.state == HostedPageState::Requested && page.payment == Some(before.id)
    };
    if let Some(mut page) = page.filter(waits) {
        // It can be paid rightly.
        page.state = HostedPageState::Created;
        tx.put(&page)?;
    }
    hold(ctx, tx, before, after)
}

/// Says whose the money is that lies in `suspense`, or is missing there.
pub async fn resolve(
    ctx: &Ctx,
    id: PaymentId,
    customer: Handle<CustomerId>,
    once: Option<Once>,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let before: Payment = super::get(tx, id)?;
        if before.state != PaymentState::Unmatched {
            return if before.customer == Some(customer.id) {
                Ok(before)
            } else {
                Err(Refusal::PaymentKnown { payment: id }.into())
            };
        }
        let max = ctx.app.config.staff.payment_max;
        ctx.within_limit("one payment", before.amount, max)?;
        let mut after = before.clone();
        after.state = PaymentState::Succeeded;
        after.customer = Some(customer.id);
        after.by = ctx.actor.staff_words();
        super::change(ctx, tx, "payment.resolve", &before, &after)?;
        // Part of it may have gone back.
        let left = Amount {
            minor: after.left_minor(),
            ..after.amount
        };
        let (from, to) = match after.kind {
            PaymentKind::Refund { .. } => (Account::Customer(customer.id), Account::Suspense),
            PaymentKind::Payment | PaymentKind::Regained { .. } => {
                (Account::Suspense, Account::Customer(customer.id))
            }
        };
        let mut books = Books::new(ctx, tx);
        books.post(JournalEntry {
            id: JournalEntryId(0),
            at: ctx.now,
            cause: EntryCause::Resolved(after.id),
            order: after.order,
            memo: after.note.clone(),
            postings: transfer(from, to, left),
        })?;
        if !matches!(after.kind, PaymentKind::Refund { .. }) {
            books.use_money(customer.id, left, None, ctx.now)?;
        }
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        Ok(after)
    })
    .await
}

/// Payments of which somebody still has to say how they ended or whose they are, oldest first.
pub fn open(ctx: &Ctx) -> Result<Vec<Payment>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    Ok(ctx.snapshot()?.listed(Table::PaymentsOpen, &[])?)
}

/// When a payment that is under way is to be looked after next, up to `until`.
pub(super) fn next_due(
    read: &impl crate::store::Read,
    until: Timestamp,
) -> Result<Option<(Timestamp, PaymentId)>, OpError> {
    let span = Span {
        from: Vec::new(),
        to: Some(keys_until(until)),
        descending: false,
    };
    let mut next = None;
    read.raw_scan(Table::PaymentsByDue, &span, &mut |key, _| {
        let id = trailing_number(key).map(PaymentId);
        next = instant_of(key).zip(id);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(next)
}

/// Looks after a payment that is under way: asks its provider, or lets the sandbox decide as the
/// card said that was used. One that cannot be ended comes up again later:
/// it must not stop the others.
pub(super) async fn decide(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    match try_to_decide(ctx, id).await {
        Err(error @ (OpError::Throttled { .. } | OpError::DiskFull)) => Err(error),
        Err(error) => {
            tracing::error!(payment = id.0, %error, "payment.not_decided");
            stripe::postpone(ctx, id).await
        }
        Ok(()) => Ok(()),
    }
}

async fn try_to_decide(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    let method = super::get::<Payment>(&ctx.snapshot()?, id)?.method;
    if method == stripe::METHOD {
        if ctx.app.clock.is_test() {
            return look_after(ctx, id).await;
        }
        // Who asks a provider may wait long for an answer, and renewals must not wait for that.
        stripe::postpone(ctx, id).await?;
        let ctx = ctx.clone();
        tokio::spawn(async move {
            if let Err(error) = look_after(&ctx, id).await {
                tracing::error!(payment = id.0, %error, "payment.look_failed");
            }
        });
        return Ok(());
    }
    ctx.write(move |ctx, tx| {
        let payment: Payment = super::get(tx, id)?;
        let fails = payment
            .reference
            .as_deref()
            .is_some_and(|reference| reference.ends_with("341"));
        let ending = if fails { Ending::Refused } else { Ending::Paid };
        end_in(ctx, tx, id, ending).map(|_| ())
    })
    .await
}

/// See [`decide`]. A provider that is switched off must not stop the others.
async fn look_after(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    match stripe::look(ctx, id).await {
        Err(OpError::Refused(refusal)) => {
            tracing::warn!(payment = id.0, code = refusal.code(), "payment.left_alone");
            // It comes up again: the provider may be switched on again.
            stripe::postpone(ctx, id).await
        }
        other => other.map(|_| ()),
    }
}
