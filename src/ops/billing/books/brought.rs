//! What customers owed before we billed them: paid before open invoices, because it is older, and
//! asked for by a ladder of its own.

use crate::domain::billing::debt::{DebtDue, OpeningDebt};
use crate::domain::messages::{Message, MessageContent};
use crate::domain::values::id::CustomerId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read;

use super::ledger::Books;
use super::write::Post;

impl<R: Read> Books<'_, R> {
    /// What is open of a customer's opening balance.
    pub(super) fn debt_of(&self, customer: CustomerId) -> Result<Option<OpeningDebt>, OpError> {
        let debt = match self.changes.debts.get(&customer) {
            Some(changed) => Some(changed.clone()),
            None => self.read.get::<OpeningDebt>(&customer)?,
        };
        Ok(debt.filter(|debt| debt.open_minor > 0))
    }

    /// The same in one currency.
    pub(super) fn debt_in(
        &self,
        customer: CustomerId,
        currency: Currency,
    ) -> Result<Amount, OpError> {
        let debt = self.debt_of(customer)?;
        let debt = debt.filter(|debt| debt.currency == currency);
        let minor = debt.map_or(Minor::ZERO, |debt| debt.open_minor);
        Ok(Amount { minor, currency })
    }

    /// Lets money pay it. Answers what is left of that.
    pub(super) fn pay_debt(
        &mut self,
        customer: CustomerId,
        amount: Amount,
    ) -> Result<Amount, OpError> {
        let debt = self.debt_of(customer)?;
        let Some(mut debt) = debt.filter(|debt| debt.currency == amount.currency) else {
            return Ok(amount);
        };
        let paid = debt.open_minor.min(amount.minor.above_zero());
        debt.open_minor -= paid;
        self.changes.debts.insert(customer, debt);
        Ok(amount.with(amount.minor - paid))
    }

    /// An opening balance was `before` and is `after`: what is owed of it, less what was paid of
    /// it. Never more than what the customer owes beside invoices.
    pub(in crate::ops) fn bring_debt(
        &mut self,
        customer: CustomerId,
        before: Option<Amount>,
        after: Option<Amount>,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let held = self.debt_of(customer)?;
        let owed = |of: Option<Amount>, currency: Currency| {
            let of = of.filter(|amount| amount.currency == currency);
            of.map_or(Minor::ZERO, |amount| amount.minor.below_zero())
        };
        let Some(currency) = after.or(before).map(|amount| amount.currency) else {
            return Ok(());
        };
        let open_before = self.debt_in(customer, currency)?.minor;
        let paid = owed(before, currency) - open_before;
        let open = self.open_of(customer)?.into_iter();
        let open = open.filter(|open| open.currency == currency);
        let invoiced: Minor = open.map(|open| open.open_minor).sum();
        let beside = self.balance(customer, currency)?.minor.below_zero() - invoiced;
        let minor = owed(after, currency) - paid;
        let minor = minor.min(beside).above_zero();
        let mut debt = match held.filter(|debt| debt.currency == currency) {
            Some(debt) => debt,
            None if minor == 0 => return Ok(()),
            None => OpeningDebt::new(customer, Amount { minor, currency }, &self.company.zone, at),
        };
        debt.open_minor = minor;
        self.changes.debts.insert(customer, debt);
        Ok(())
    }

    /// Money that had paid it was taken back: it is owed again, and asked for from now on.
    pub(super) fn bring_again(
        &mut self,
        customer: CustomerId,
        missing: Amount,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let brought = self.customer(customer)?.opening_balance;
        let brought = brought.filter(|amount| amount.currency == missing.currency);
        let whole = brought.map_or(Minor::ZERO, |amount| amount.minor.below_zero());
        let held = self.debt_of(customer)?;
        let open = self.debt_in(customer, missing.currency)?.minor;
        let again = (whole - open).min(missing.minor);
        if again <= 0
            || held
                .as_ref()
                .is_some_and(|of| of.currency != missing.currency)
        {
            return Ok(());
        }
        let again = missing.with(again);
        let mut debt =
            held.unwrap_or_else(|| OpeningDebt::new(customer, again, &self.company.zone, at));
        debt.open_minor = open + again.minor;
        self.changes.debts.insert(customer, debt);
        Ok(())
    }

    /// Takes the next step about it that is due at `at`.
    pub(in crate::ops) fn dun_debt(
        &mut self,
        customer: CustomerId,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let Some(debt) = self.read.get::<OpeningDebt>(&customer)? else {
            return Ok(());
        };
        let Some((_, due)) = debt.due().filter(|(due_at, _)| *due_at <= at) else {
            return Ok(());
        };
        let after = debt.done(due, &self.company.zone);
        self.changes.debts.insert(customer, after);
        let person = self.customer(customer)?;
        if person.is_deleted() {
            return Ok(());
        }
        match due {
            DebtDue::Suspension => self.suspend(customer, at)?,
            DebtDue::Reminder => {
                let by_mail = self.mails && person.email.is_some();
                if by_mail || (self.texts && person.phone().is_some()) {
                    let message = Message::new(customer, MessageContent::Debt, at);
                    self.changes.posts.push(Post::Message(message));
                }
                let counts = &mut self.changes.counts;
                counts.reminded = counts.reminded.saturating_add(1);
            }
        }
        Ok(())
    }
}
