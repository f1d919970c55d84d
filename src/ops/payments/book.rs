//! Money is booked: once, whatever is repeated. Money that belongs to nobody we know is held.

use crate::app::Ctx;
use crate::domain::billing::invoice::OpenInvoice;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::billing::payment::{
    HostedPage, HostedPageState, Payment, PaymentKind, PaymentState, Voucher, VoucherBatch,
};
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::refusal::{MoneyRefusal, Refusal};
use crate::domain::values::id::{CustomerId, HostedPageId, JournalEntryId, OrderId, VoucherId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::once;
use crate::ops::{Named, OpError};
use crate::store::key::{owned_by, reference_of};
use crate::store::{Owned as _, Read, Table, Tx, account_balance};

impl Named for Payment {
    const KIND: &'static str = "payment";
    const FOREIGN: Option<Table> = None;
}

/// The method of money that a voucher brings; its reference is the number of the voucher.
pub(super) const VOUCHER: &str = "voucher";

/// The method of money that a person confirms.
pub(super) const MANUAL: &str = "manual";

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

/// The payment that this receipt was booked as before.
pub(super) fn repeated(read: &impl Read, receipt: &Receipt) -> Result<Option<Payment>, OpError> {
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
pub(super) fn by_key(read: &impl Read, key: &str) -> Result<Option<Payment>, OpError> {
    let held = read.get_by::<Payment>(Table::PaymentsByKey, key.as_bytes())?;
    if held.is_none() && once::is_used(read, key)? {
        return Err(Refusal::KeyUsed.into());
    }
    Ok(held)
}

/// A repeat answers as the first time; the same key for something else is refused.
pub(super) fn same_as(
    earlier: Payment,
    customer: CustomerId,
    receipt: &Receipt,
) -> Result<Payment, OpError> {
    let same = earlier.customer == Some(customer)
        && earlier.amount == receipt.amount
        && earlier.method == receipt.method;
    if same {
        Ok(earlier)
    } else {
        Err(MoneyRefusal::PaymentKnown {
            payment: earlier.id,
        }
        .into())
    }
}

/// Books a payment and lets it do what it is for.
pub(in crate::ops) fn book(
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
        refunded_minor: Minor::ZERO,
        disputed_minor: Minor::ZERO,
        told_minor: Minor::ZERO,
        refund_failed: false,
        note: receipt.note,
        created_at: ctx.now,
        ended_at: Some(ctx.now),
        due_at: None,
        by: ctx.actor.staff_words(),
    };
    crate::ops::create(ctx, tx, "payment.receive", &payment)?;
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
pub(super) fn source(read: &impl Read, payment: &Payment) -> Result<Account, OpError> {
    Ok(match behind(read, payment)? {
        Some(_) => Account::Vouchers,
        None => Account::Cash(payment.method.clone()),
    })
}

/// Refuses money in a currency that nothing of the customer is billed in: it would lie in a balance
/// that pays nothing.
pub(super) fn check_currency(
    ctx: &Ctx,
    read: &impl Read,
    customer: CustomerId,
    paid: Currency,
) -> Result<(), OpError> {
    let mut takes = vec![ctx.app.company().currency];
    if takes.contains(&paid) {
        return Ok(());
    }
    let mut books = Books::new(ctx, read);
    for order in read.orders_of(customer)? {
        if order.billing != Billing::External && order.status != OrderStatus::Deleted {
            takes.extend(books.billed_in(&order)?);
        }
    }
    let open: Vec<OpenInvoice> = read.listed(Table::OpenInvoicesByCustomer, &owned_by(customer))?;
    takes.extend(open.iter().map(|open| open.currency));
    takes.sort_unstable();
    takes.dedup();
    let owes = account_balance(read, &Account::Customer(customer), paid)?.minor < 0;
    if owes || takes.contains(&paid) {
        return Ok(());
    }
    Err(MoneyRefusal::CurrencyNotTaken { paid, takes }.into())
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

/// Takes a payment that was given up for one that is under way: its money came late.
pub(super) fn revive(ctx: &Ctx, tx: &mut Tx<'_>, before: &Payment) -> Result<Payment, OpError> {
    let mut after = before.clone();
    after.state = PaymentState::Processing;
    after.note.clear();
    crate::ops::change(ctx, tx, "payment.came_late", before, &after)?;
    Ok(after)
}

/// Money that came and belongs to nobody we know lies in `suspense` until a person says whose it
/// is.
pub(super) fn hold(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Payment,
    mut after: Payment,
) -> Result<Payment, OpError> {
    after.state = PaymentState::Unmatched;
    crate::ops::change(ctx, tx, "payment.hold", before, &after)?;
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

/// The voucher that brought the money of a payment, and its batch, if that batch is a debt from its
/// sale on.
pub(in crate::ops) fn behind(
    read: &impl Read,
    payment: &Payment,
) -> Result<Option<(Voucher, VoucherBatch)>, OpError> {
    let name = payment
        .reference
        .as_deref()
        .filter(|_| payment.method == VOUCHER);
    let number = name.and_then(|name| name.split('-').next()?.parse().ok());
    let Some(voucher) = number.map(|number| read.get::<Voucher>(&VoucherId(number))) else {
        return Ok(None);
    };
    let Some(voucher) = voucher? else {
        return Ok(None);
    };
    let batch: VoucherBatch = crate::ops::get(read, voucher.batch)?;
    Ok(batch.is_liability.then_some((voucher, batch)))
}

pub(super) const LATER_SECONDS: i64 = 3_600;

pub(super) fn wait(tx: &mut Tx<'_>, before: &Payment, due_at: Timestamp) -> Result<(), OpError> {
    if before.state == PaymentState::Processing {
        let due_at = Some(due_at);
        tx.put(&Payment {
            due_at,
            ..before.clone()
        })?;
    }
    Ok(())
}
