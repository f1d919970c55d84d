//! A customer as staff writes them down, and what they change of them later.

use crate::app::Ctx;
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::event::ActivityAction;
use crate::domain::staff::Permission;
use crate::domain::values::contact::{Email, kept_name};
use crate::domain::values::id::CustomerId;
use crate::ops::customers::{create_in, hashed, put_password_in, update_in};
use crate::ops::desk::customer::version;
use crate::ops::once::{self, Once};
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};

/// What staff says of a customer; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct CustomerInput {
    pub name: Option<String>,
    pub login: Option<Option<String>>,
    pub contract: Option<Option<String>>,
    pub email: Option<Option<Email>>,
    /// The number to call; others that the customer has stand behind it.
    pub phone: Option<Option<String>>,
    pub note: Option<String>,
    pub status: Option<CustomerStatus>,
    pub password: Option<String>,
}

/// What became of a change.
#[derive(Debug)]
pub enum Saved {
    Done(Box<Customer>),
    /// Somebody else changed the customer since the version that was seen: nothing was saved.
    Outdated,
}

impl CustomerInput {
    fn assign(&self, customer: &mut Customer) {
        if let Some(name) = &self.name {
            customer.name.set_full(name.trim());
        }
        let kept = |name: &Option<String>| name.as_deref().and_then(kept_name);
        if let Some(login) = &self.login {
            customer.login = kept(login);
        }
        if let Some(contract) = &self.contract {
            customer.account_number = kept(contract);
        }
        if let Some(email) = &self.email {
            customer.email.clone_from(email);
        }
        if let Some(phone) = &self.phone {
            let shown = customer.first_phone();
            customer.phones.retain(|held| Some(held) != shown.as_ref());
            let phone = phone.as_deref().and_then(kept_name);
            if let Some(phone) = phone {
                customer.phones.insert(0, phone);
            }
        }
        if let Some(note) = &self.note {
            customer.box_profile.comment.clone_from(note);
        }
    }
}

/// A new customer, active unless something else is said.
pub async fn create(
    ctx: &Ctx,
    mut input: CustomerInput,
    once: Option<Once>,
) -> Result<Customer, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    let password = match input.password.take() {
        Some(password) => Some(hashed(ctx, password).await?),
        None => None,
    };
    ctx.write_once(once, move |ctx, tx| {
        let provider = ctx.app.config.alphaott.service_provider.clone();
        let mut customer = Customer::new(tx.next_id()?, provider, ctx.now);
        input.assign(&mut customer);
        customer.reseller = ctx.actor.reseller();
        customer.set_status(input.status.unwrap_or(CustomerStatus::Active), ctx.now);
        if let Some(password) = password {
            customer.password = password;
        }
        create_in(ctx, tx, &customer)?;
        Ok(customer)
    })
    .await
}

/// Changes a customer, if they are still as whoever asks saw them.
pub async fn update(
    ctx: &Ctx,
    handle: Handle<CustomerId>,
    mut input: CustomerInput,
    seen: Option<String>,
    once: Option<Once>,
) -> Result<Saved, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    own_customer(ctx, &ctx.snapshot()?, &handle)?;
    let password = match input.password.take() {
        Some(password) => Some(hashed(ctx, password).await?),
        None => None,
    };
    ctx.write(move |ctx, tx| {
        if let Some(number) = once::made_before(tx, once.as_ref())? {
            let made = crate::ops::get(tx, CustomerId(number))?;
            return Ok(Saved::Done(Box::new(made)));
        }
        let before = own_customer(ctx, tx, &handle)?;
        if let Some(seen) = seen
            && version(&before)? != seen
        {
            return Ok(Saved::Outdated);
        }
        let mut after = before.clone();
        input.assign(&mut after);
        if let Some(status) = input.status {
            after.set_status(status, ctx.now);
        }
        if after != before {
            after.updated_at = ctx.now;
            update_in(ctx, tx, &before, &after)?;
        }
        if let Some(password) = password {
            let action = ("customer.password", ActivityAction::PasswordChanged);
            after = put_password_in(ctx, tx, &after, password, action)?;
        }
        once::note(ctx, tx, once, after.id.0)?;
        Ok(Saved::Done(Box::new(after)))
    })
    .await
}
