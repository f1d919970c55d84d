//! Money that goes back, and money that is with us again: refunds, disputes, and those that were
//! taken back. Staff refund what is left of a payment; what its provider tells has happened, and is
//! booked whatever is left.

use super::book::behind;
use crate::app::Ctx;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::billing::payment::{Payment, PaymentKind, PaymentState, Voucher, VoucherBatch};
use crate::domain::customers::Customer;
use crate::domain::refusal::MoneyRefusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{JournalEntryId, PaymentId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::ops::OpError;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::payments::book;
use crate::ops::payments::stripe;
use crate::ops::staff::confirming;
use crate::store::key::reference_of;
use crate::store::{Read, Table, Tx};

/// What is told of money that moves.
struct Movement {
    amount: Amount,
    /// The provider's name for it.
    reference: Option<String>,
    client_key: Option<String>,
    note: String,
}

/// Whether money that goes back is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundAs {
    /// It is given back: nothing is owed by it. What it was spent on is credited.
    Goodwill,
    /// What it paid is unpaid again.
    Returned,
}

/// Gives money of a payment back, the way it came: at most what is left of it.
pub async fn refund(
    ctx: &Ctx,
    payment: PaymentId,
    amount: Amount,
    how: RefundAs,
    client_key: Option<String>,
    note: String,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.within_limit("one refund", amount, ctx.app.config.staff.refund_max)?;
    ctx.write(move |ctx, tx| {
        let earlier = match &client_key {
            Some(key) => book::by_key(tx, key)?,
            None => None,
        };
        if let Some(earlier) = earlier {
            let of = Some(payment);
            return if earlier.kind == (PaymentKind::Refund { of }) && earlier.amount == amount {
                Ok(earlier)
            } else {
                Err(MoneyRefusal::PaymentKnown {
                    payment: earlier.id,
                }
                .into())
            };
        }
        let above = ctx.app.config.staff.refund_confirm_above;
        confirming::fresh_above(ctx, tx, amount, above)?;
        let paid: Payment = crate::ops::get(tx, payment)?;
        // Nothing would be asked of its provider here, and what is done there is told from there.
        if paid.method == stripe::METHOD && ctx.app.outbound.stripe.is_some() {
            let method = paid.method;
            return Err(MoneyRefusal::RefundElsewhere { method }.into());
        }
        let left = paid.left_minor().above_zero();
        let fits = paid.kind == PaymentKind::Payment
            && paid.is_booked()
            && paid.amount.currency == amount.currency
            && amount.minor > 0
            && amount.minor <= left;
        if !fits {
            let left = Amount {
                minor: left,
                ..paid.amount
            };
            return Err(MoneyRefusal::RefundTooLarge { left }.into());
        }
        give_back(ctx, tx, &paid, amount, how)?;
        let mut after = paid.clone();
        after.refunded_minor += amount.minor;
        let movement = Movement {
            amount,
            reference: None,
            client_key,
            note,
        };
        book_refund(ctx, tx, &paid, after, movement, how)
    })
    .await
}

/// Whether a sum of refunds is only as large as it may get, or what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum TotalFrom {
    /// As an event says it, which may be older than what is known already.
    ByEvent,
    /// As the provider said it when it was asked.
    Asked,
}

/// Brings what is booked in step with the sum of refunds of a payment that its provider tells.
/// `false`: it must be asked, because a refund failed and events no longer say in which order.
pub(in crate::ops) fn refund_total(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PaymentId,
    sum_minor: Minor,
    how: TotalFrom,
) -> Result<bool, OpError> {
    let paid: Payment = crate::ops::get(tx, id)?;
    let more = sum_minor - paid.told_minor;
    if how == TotalFrom::ByEvent && paid.refund_failed {
        return Ok(false);
    }
    if more == 0 || (how == TotalFrom::ByEvent && more < 0) {
        return Ok(true);
    }
    let mut after = paid.clone();
    after.told_minor = sum_minor;
    after.refunded_minor += more;
    let note = if more > 0 {
        "refunded at its provider"
    } else {
        "a refund failed at its provider"
    };
    let movement = Movement {
        amount: Amount {
            minor: more.abs(),
            ..paid.amount
        },
        reference: None,
        client_key: None,
        note: note.to_owned(),
    };
    if more > 0 {
        // Whoever refunds at the provider is the operator.
        book_refund(ctx, tx, &paid, after, movement, RefundAs::Goodwill)?;
    } else {
        book_regain(ctx, tx, &paid, after, movement)?;
    }
    Ok(true)
}

/// Notes that a refund of a payment failed: from now on its provider is asked.
pub(in crate::ops) fn note_failure(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PaymentId,
) -> Result<(), OpError> {
    let before: Payment = crate::ops::get(tx, id)?;
    if !before.refund_failed {
        let mut after = before.clone();
        after.refund_failed = true;
        crate::ops::change(ctx, tx, "payment.refund_failed", &before, &after)?;
    }
    Ok(())
}

/// What a bank does with money that is disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Dispute {
    Withdrawn,
    Reinstated,
}

/// Books that a bank took disputed money, or gave it back: each once, `name` being the provider's
/// name for the dispute. What was given back was taken before, also where nobody said so yet.
pub(in crate::ops) fn dispute(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PaymentId,
    amount: Amount,
    name: String,
    what: Dispute,
) -> Result<(), OpError> {
    let paid: Payment = crate::ops::get(tx, id)?;
    let lost = format!("{name}-lost");
    if !is_known(tx, &paid.method, &lost)? {
        let movement = Movement {
            amount,
            reference: Some(lost),
            client_key: None,
            note: "disputed: the bank took it back".to_owned(),
        };
        let mut after = paid.clone();
        if amount.currency == paid.amount.currency {
            after.disputed_minor += amount.minor;
        }
        book_refund(ctx, tx, &paid, after, movement, RefundAs::Returned)?;
    }
    if what == Dispute::Withdrawn || is_known(tx, &paid.method, &name)? {
        return Ok(());
    }
    let paid: Payment = crate::ops::get(tx, id)?;
    let movement = Movement {
        amount,
        reference: Some(name),
        client_key: None,
        note: "disputed: the bank gave it back".to_owned(),
    };
    let mut after = paid.clone();
    if amount.currency == paid.amount.currency {
        after.disputed_minor -= amount.minor;
    }
    book_regain(ctx, tx, &paid, after, movement)
}

fn is_known(read: &impl Read, method: &str, reference: &str) -> Result<bool, OpError> {
    let key = reference_of(method, reference);
    Ok(read
        .find::<PaymentId>(Table::PaymentsByReference, &key)?
        .is_some())
}

/// Whose account money of a payment leaves or comes back to. What does not fit the payment is
/// nobody's until a person says whose: it lies in `suspense`, or is missing there.
fn holder(paid: &Payment, amount: Amount) -> Account {
    match (paid.state, paid.customer) {
        (PaymentState::Succeeded, Some(customer)) if amount.currency == paid.amount.currency => {
            Account::Customer(customer)
        }
        _ => Account::Suspense,
    }
}

/// Money of a payment goes; `after` is the payment with that counted.
fn book_refund(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    paid: &Payment,
    mut after: Payment,
    movement: Movement,
    how: RefundAs,
) -> Result<Payment, OpError> {
    if after.state == PaymentState::Unmatched && after.left_minor() <= 0 {
        // Nothing is left of which anybody would have to say whose it is.
        after.state = PaymentState::Failed;
        "it was given back".clone_into(&mut after.note);
    }
    crate::ops::change(ctx, tx, "payment.refunded", paid, &after)?;
    let amount = movement.amount;
    let kind = PaymentKind::Refund { of: Some(paid.id) };
    let refund = record(ctx, tx, paid, kind, movement)?;
    crate::ops::create(ctx, tx, "payment.refund", &refund)?;
    let mut books = Books::new(ctx, tx);
    let customer = match holder(paid, amount) {
        Account::Customer(customer) => Some(customer),
        _ => None,
    };
    let mut owed = amount;
    if let Some(customer) = customer.filter(|_| how == RefundAs::Goodwill) {
        let on_balance = books.balance(customer, amount.currency)?;
        let spent = amount.minus(on_balance.above_zero())?.above_zero();
        let disputed = after.disputed_minor > 0;
        owed = books.credit_spent(customer, spent, paid.order, disputed, ctx.now)?;
    }
    let cash = book::source(tx, paid)?;
    books.post(JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::Refund(refund.id),
        order: refund.order,
        memo: refund.note.clone(),
        postings: transfer(holder(paid, amount), cash, amount),
    })?;
    if let Some(customer) = customer {
        books.owe_again(customer, owed, paid.order, ctx.now)?;
        if how == RefundAs::Goodwill {
            books.reopen(customer, ctx.now)?;
        }
    }
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(refund)
}

/// Money of a payment that had gone is with us again; `after` is the payment with that counted.
fn book_regain(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    paid: &Payment,
    mut after: Payment,
    movement: Movement,
) -> Result<(), OpError> {
    if after.state == PaymentState::Failed && after.left_minor() > 0 {
        after.state = PaymentState::Unmatched;
        "it came back".clone_into(&mut after.note);
    }
    crate::ops::change(ctx, tx, "payment.unrefunded", paid, &after)?;
    let amount = movement.amount;
    let kind = PaymentKind::Regained { of: paid.id };
    let regained = record(ctx, tx, paid, kind, movement)?;
    crate::ops::create(ctx, tx, "payment.regain", &regained)?;
    let to = holder(paid, amount);
    let owner = match &to {
        Account::Customer(customer) => tx.get::<Customer>(customer)?,
        _ => None,
    };
    let mut books = Books::new(ctx, tx);
    let cash = book::source(tx, paid)?;
    books.post(JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::Payment(regained.id),
        order: regained.order,
        memo: regained.note.clone(),
        postings: transfer(cash, to, amount),
    })?;
    if let Some(owner) = owner.filter(|owner| !owner.is_deleted()) {
        books.use_money(owner.id, amount, paid.order, ctx.now)?;
    }
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

fn record(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    paid: &Payment,
    kind: PaymentKind,
    movement: Movement,
) -> Result<Payment, OpError> {
    let fits = movement.amount.currency == paid.amount.currency;
    Ok(Payment {
        id: tx.next_id()?,
        kind,
        customer: paid.customer,
        order: paid.order,
        page: None,
        method: paid.method.clone(),
        reference: movement.reference,
        client_key: movement.client_key,
        amount: movement.amount,
        state: if fits {
            PaymentState::Succeeded
        } else {
            PaymentState::Unmatched
        },
        refunded_minor: Minor::ZERO,
        disputed_minor: Minor::ZERO,
        told_minor: Minor::ZERO,
        refund_failed: false,
        note: movement.note,
        created_at: ctx.now,
        ended_at: Some(ctx.now),
        due_at: None,
        by: ctx.actor.staff_words(),
    })
}

/// Makes a voucher good again whose money is given back, all of it: else the money would be
/// nobody's. One that could not be used again keeps its money, unless it was the wrong one's.
pub(in crate::ops) fn give_back(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    paid: &Payment,
    amount: Amount,
    how: RefundAs,
) -> Result<(), OpError> {
    let Some((voucher, batch)) = behind(tx, paid)? else {
        return Ok(());
    };
    if amount != paid.amount {
        return Err(MoneyRefusal::VoucherWhole { worth: paid.amount }.into());
    }
    if how == RefundAs::Goodwill && batch.is_over(ctx.now) {
        return Err(MoneyRefusal::VouchersOver.into());
    }
    tx.put(&VoucherBatch {
        used_count: batch.used_count.saturating_sub(1),
        ..batch
    })?;
    tx.put(&Voucher {
        used: None,
        ..voucher
    })?;
    Ok(())
}
