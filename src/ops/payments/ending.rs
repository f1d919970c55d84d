//! How a payment ended that was under way, and whose money is that nobody could be found for.

use super::book::{MANUAL, entry_of, hold, revive};
use super::page_paid;
use crate::app::Ctx;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::billing::payment::{
    HostedPage, HostedPageState, Payment, PaymentKind, PaymentState,
};
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::refusal::MoneyRefusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, JournalEntryId, PaymentId};
use crate::domain::values::money::Amount;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::once::Once;
use crate::ops::templates::ways::reaches;
use crate::ops::{Handle, OpError};
use crate::store::{Read as _, Tx};

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
        let before: Payment = crate::ops::get(tx, id)?;
        let refused = || Err(MoneyRefusal::PaymentEnded { payment: id }.into());
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

fn tell_of_failure(ctx: &Ctx, tx: &mut Tx<'_>, payment: &Payment) -> Result<(), OpError> {
    let customer = match payment.customer {
        Some(customer) => tx.get::<Customer>(&customer)?,
        None => None,
    };
    let Some(customer) = customer else {
        return Ok(());
    };
    if reaches(ctx, tx, TemplateKind::PaymentFailed, &customer)? {
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
    let before: Payment = crate::ops::get(tx, id)?;
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
        crate::ops::change(ctx, tx, "payment.fail", &before, &after)?;
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
    crate::ops::change(ctx, tx, "payment.receive", &before, &after)?;
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

/// Says whose the money is that lies in `suspense`, or is missing there.
pub async fn resolve(
    ctx: &Ctx,
    id: PaymentId,
    customer: Handle<CustomerId>,
    once: Option<Once>,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let before: Payment = crate::ops::get(tx, id)?;
        if before.state != PaymentState::Unmatched {
            return if before.customer == Some(customer.id) {
                Ok(before)
            } else {
                Err(MoneyRefusal::PaymentKnown { payment: id }.into())
            };
        }
        let max = ctx.app.config.staff.payment_max;
        ctx.within_limit("one payment", before.amount, max)?;
        let mut after = before.clone();
        after.state = PaymentState::Succeeded;
        after.customer = Some(customer.id);
        after.by = ctx.actor.staff_words();
        crate::ops::change(ctx, tx, "payment.resolve", &before, &after)?;
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
