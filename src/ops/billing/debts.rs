//! Debts that are given up: invoices that nobody paid, voided; amounts, written off. Each with a
//! reason, by those who may.

use crate::app::Ctx;
use crate::domain::billing::invoice::Invoice;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::customers::Customer;
use crate::domain::event::Change;
use crate::domain::refusal::MoneyRefusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, InvoiceId, JournalEntryId};
use crate::domain::values::money::Amount;

use super::books::{AuditDetail, Books};
use crate::ops::once::Once;
use crate::ops::{Handle, OpError};

/// What was said, for the audit log.
fn said(field: &str, text: String) -> Change {
    Change {
        field: field.to_owned(),
        before: String::new(),
        after: text,
    }
}

/// Takes an invoice back of which nothing is paid or credited: answers the credit note over all of
/// it. Its order goes on.
pub async fn void(
    ctx: &Ctx,
    number: InvoiceId,
    reason: String,
    once: Option<Once>,
) -> Result<Invoice, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.require(Permission::DebtsWriteOff)?;
    ctx.write_once(once, move |ctx, tx| {
        let invoice: Invoice = crate::ops::get(tx, number)?;
        let customer = invoice.customer;
        let said = vec![said("reason", reason.clone())];
        crate::ops::audit(ctx, tx, "invoice.void", &invoice, said)?;
        let mut books = Books::new(ctx, tx);
        books.void(invoice, &reason, ctx.now)?;
        let numbers = books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        // What waited for it may go on.
        let mut books = Books::new(ctx, tx);
        books.reopen(customer, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        let note = numbers
            .first()
            .ok_or(MoneyRefusal::NotVoidable { invoice: number })?;
        crate::ops::get(tx, *note)
    })
    .await
}

/// Gives up a part of what a customer owes, at most all of it. It pays open invoices, oldest first,
/// and is no payment: orders that are frozen for want of it end.
pub async fn write_off(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    amount: Amount,
    reason: String,
    once: Option<Once>,
) -> Result<Customer, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.require(Permission::DebtsWriteOff)?;
    ctx.write_once(once, move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let said = vec![
            said("amount", amount.to_fixed()),
            said("currency", amount.currency.as_str().to_owned()),
            said("reason", reason.clone()),
        ];
        crate::ops::audit(ctx, tx, "customer.write_off", &customer, said)?;
        let mut books = Books::new(ctx, tx);
        let owed = books.balance(customer.id, amount.currency)?.below_zero();
        if amount.minor > owed.minor {
            return Err(MoneyRefusal::NotOwed { owed }.into());
        }
        books.post(JournalEntry {
            id: JournalEntryId(0),
            at: ctx.now,
            cause: EntryCause::Adjustment,
            order: None,
            memo: reason,
            postings: transfer(Account::WriteOff, Account::Customer(customer.id), amount),
        })?;
        books.give_up(customer.id, amount, ctx.now)?;
        books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        crate::ops::get(tx, customer.id)
    })
    .await
}
