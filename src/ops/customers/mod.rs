//! Customers: found, paged, created, changed, removed; their own passwords.

pub mod devices;
pub mod hardening;
pub(in crate::ops) mod paid_until;
pub mod resellers;

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::customers::{Customer, CustomerPassword, CustomerStatus};
use crate::domain::event::ActivityAction;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Message, MessageContent};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{PASSWORD_BYTES_MAX, Permission};
use crate::domain::values::contact::{Email, fold, fold_email, kept_name};
use crate::domain::values::id::CustomerId;
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::ops::staff::confirming;
use crate::ops::templates::ways::reaches;
use crate::ops::{Handle, Named, OpError, activity};
use crate::store::key::under_text;
use crate::store::{Read, Table, Tx};

impl Named for Customer {
    const KIND: &'static str = "customer";
    const FOREIGN: Option<Table> = None;

    fn is_gone(&self) -> bool {
        self.is_deleted()
    }
}

/// Which customers a list shows.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Any of these; the caller leaves `Deleted` out where nobody asked for it.
    pub statuses: Vec<CustomerStatus>,
    /// Only those who have all of these names.
    pub named: Vec<CustomerName>,
}

/// A name by which customers are found.
#[derive(Debug, Clone)]
pub enum CustomerName {
    /// Upper and lower case being one.
    Email(String),
    Login(String),
    /// The contract number, which several may share.
    Account(String),
    /// In E.164.
    Phone(String),
}

impl CustomerName {
    /// All who have it, oldest first; deleted ones by their e-mail address only.
    fn holders(&self, read: &impl Read) -> Result<Vec<Customer>, OpError> {
        let mut found: Vec<Customer> = match self {
            Self::Email(email) => {
                let key = fold_email(email);
                let mut found = read.listed(Table::DeletedByEmail, &under_text(&key))?;
                found.extend(read.get_by::<Customer>(Table::CustomersByEmail, key.as_bytes())?);
                found
            }
            Self::Login(login) => by_login(read, login)?.into_iter().collect(),
            Self::Account(number) => {
                read.listed(Table::CustomersByAccount, &under_text(&fold(number)))?
            }
            Self::Phone(phone) => read.listed(Table::CustomersByPhone, &under_text(phone))?,
        };
        found.sort_by_key(|customer| customer.id);
        Ok(found)
    }
}

/// What a caller says of a customer; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct CustomerChange {
    pub login: Option<Option<String>>,
    pub account_number: Option<Option<String>>,
    pub title: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub middle_name: Option<String>,
    pub prefix: Option<String>,
    pub suffix: Option<String>,
    pub email: Option<Option<Email>>,
    pub phones: Option<Vec<String>>,
    pub status: Option<CustomerStatus>,
    pub service_provider: Option<String>,
    pub location: Option<Option<OpenObject>>,
    pub address: Option<Option<OpenObject>>,
    pub billing_address: Option<Option<OpenObject>>,
    pub external_refs: Option<Vec<OpenObject>>,
    pub activated_at: Option<Option<Timestamp>>,
    /// Heeded for new customers only, so that others can be brought in with their history.
    pub created_at: Option<Timestamp>,
}

/// A page of customers, oldest first.
pub fn page(
    ctx: &Ctx,
    filter: &Filter,
    offset: u64,
    limit: usize,
) -> Result<Vec<Customer>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    if let Some((name, others)) = filter.named.split_first() {
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut found = name.holders(&snapshot)?;
        for other in others {
            let too: Vec<CustomerId> = other.holders(&snapshot)?.iter().map(|one| one.id).collect();
            found.retain(|one| too.contains(&one.id));
        }
        return Ok(found
            .into_iter()
            .filter(|customer| filter.statuses.contains(&customer.status))
            .skip(skip)
            .take(limit)
            .collect());
    }
    let fronts: Vec<Vec<u8>> = filter
        .statuses
        .iter()
        .map(|status| vec![*status as u8])
        .collect();
    let mut page = Vec::with_capacity(limit);
    for number in snapshot.page(Table::CustomersByStatus, &fronts, offset, limit)? {
        page.push(super::get::<Customer>(&snapshot, CustomerId(number))?);
    }
    Ok(page)
}

pub fn get(ctx: &Ctx, handle: &Handle<CustomerId>) -> Result<Customer, OpError> {
    ctx.require(Permission::CustomersRead)?;
    super::find(&ctx.snapshot()?, handle)
}

/// Refuses a customer that is not there: for dialects that judge the path before the body.
pub fn exists(ctx: &Ctx, handle: &Handle<CustomerId>) -> Result<(), OpError> {
    super::find::<Customer>(&ctx.snapshot()?, handle).map(|_| ())
}

pub async fn create(ctx: &Ctx, input: CustomerChange) -> Result<Customer, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let provider = ctx.app.config.alphaott.service_provider.clone();
        let mut customer = Customer::new(tx.next_id()?, provider, ctx.now);
        customer.created_at = input.created_at.unwrap_or(ctx.now);
        let status = input.status.unwrap_or(CustomerStatus::Active);
        let brought = input.activated_at;
        assign(&mut customer, input);
        customer.set_status(status, ctx.now);
        if let Some(Some(activated)) = brought {
            customer.activated_at = Some(activated);
        }
        create_in(ctx, tx, &customer)?;
        Ok(customer)
    })
    .await
}

/// Stores a new customer, and greets them.
pub(in crate::ops) fn create_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
) -> Result<(), OpError> {
    check_unique(tx, customer)?;
    super::create(ctx, tx, "customer.create", customer)?;
    welcome(ctx, tx, customer)
}

/// Who owes money is served again when it is there, or when somebody gives credit: every command
/// that takes a status from outside asks here.
pub(in crate::ops) fn check_lifted(
    ctx: &Ctx,
    before: &Customer,
    after: &Customer,
) -> Result<(), OpError> {
    if giving::lifts_suspension(before.status, after.status) {
        ctx.require(Permission::ServicesGive)?;
    }
    Ok(())
}

/// Stores a customer of whom something is another one now, with what follows of it.
pub(in crate::ops) fn update_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Customer,
    after: &Customer,
) -> Result<(), OpError> {
    check_lifted(ctx, before, after)?;
    if after.is_deleted() {
        confirming::fresh(ctx, tx)?;
    }
    check_unique(tx, after)?;
    super::change(ctx, tx, "customer.update", before, after)?;
    if after.is_deleted() {
        devices::release_all(ctx, tx, after.id)?;
    }
    record_status(ctx, tx, before, after)
}

pub async fn update(
    ctx: &Ctx,
    handle: Handle<CustomerId>,
    input: CustomerChange,
) -> Result<Customer, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let before = super::find::<Customer>(tx, &handle)?;
        let mut after = before.clone();
        let (status, brought) = (input.status, input.activated_at);
        assign(&mut after, input);
        if let Some(status) = status {
            after.set_status(status, ctx.now);
        }
        after.activated_at = Timestamp::after_input(after.activated_at, brought);
        after.updated_at = ctx.now;
        update_in(ctx, tx, &before, &after)?;
        Ok(after)
    })
    .await
}

/// Leaves a tombstone; login, e-mail and MACs are free again.
pub async fn remove(ctx: &Ctx, handle: Handle<CustomerId>) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let before = super::find::<Customer>(tx, &handle)?;
        remove_in(ctx, tx, &before)
    })
    .await
}

pub(in crate::ops) fn remove_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Customer,
) -> Result<(), OpError> {
    confirming::fresh(ctx, tx)?;
    let mut after = before.clone();
    after.set_status(CustomerStatus::Deleted, ctx.now);
    after.updated_at = ctx.now;
    super::change(ctx, tx, "customer.remove", before, &after)?;
    devices::release_all(ctx, tx, after.id)?;
    record_status(ctx, tx, before, &after)
}

/// Sets the customer's own password.
pub async fn change_password(
    ctx: &Ctx,
    handle: Handle<CustomerId>,
    password: String,
) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    exists(ctx, &handle)?;
    let password = hashed(ctx, password).await?;
    let action = ("customer.password", ActivityAction::PasswordChanged);
    put_password(ctx, handle, password, action).await
}

/// A customer's own password as it is kept.
pub(in crate::ops) async fn hashed(
    ctx: &Ctx,
    password: String,
) -> Result<CustomerPassword, OpError> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::PasswordLength {
            min: 1,
            max: PASSWORD_BYTES_MAX,
        }
        .into());
    }
    let salt = ctx.app.entropy.bytes()?;
    let hash = ctx.app.passwords.hash(password, salt).await?;
    Ok(CustomerPassword::Hash(hash))
}

/// A greeting to a new customer, where such letters are switched on.
fn welcome(ctx: &Ctx, tx: &mut Tx<'_>, customer: &Customer) -> Result<(), OpError> {
    if !reaches(ctx, tx, TemplateKind::Welcome, customer)? {
        return Ok(());
    }
    let message = Message {
        id: tx.next_id()?,
        ..Message::new(customer.id, MessageContent::Welcome, ctx.now)
    };
    Ok(tx.put(&message)?)
}

/// Makes the present password useless. Whoever can be written to is sent a new one; others must be
/// given one by hand.
pub async fn reset_password(ctx: &Ctx, handle: Handle<CustomerId>) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    let nonce = ctx.app.entropy.bytes()?;
    ctx.write(move |ctx, tx| {
        let before = super::find::<Customer>(tx, &handle)?;
        let sends = reaches(ctx, tx, TemplateKind::PasswordReset, &before)?;
        let password = if sends {
            // It stands nowhere: the letter makes it again of the same number.
            let password = ctx.app.keys.password(&nonce);
            let salt = ctx.app.keys.salt(&nonce);
            ctx.app.passwords.quick(&password, salt)
        } else {
            CustomerPassword::Reset(ctx.now)
        };
        let action = ("customer.password_reset", ActivityAction::PasswordReset);
        let after = put_password_in(ctx, tx, &before, password, action)?;
        if sends {
            let message = Message {
                id: tx.next_id()?,
                nonce: Some(nonce),
                ..Message::new(after.id, MessageContent::PasswordReset, ctx.now)
            };
            super::create(ctx, tx, "message.create", &message)?;
        }
        Ok(())
    })
    .await
}

async fn put_password(
    ctx: &Ctx,
    handle: Handle<CustomerId>,
    password: CustomerPassword,
    action: (&'static str, ActivityAction),
) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let before = super::find::<Customer>(tx, &handle)?;
        put_password_in(ctx, tx, &before, password, action)?;
        Ok(())
    })
    .await
}

pub(in crate::ops) fn put_password_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Customer,
    password: CustomerPassword,
    (action, activity): (&'static str, ActivityAction),
) -> Result<Customer, OpError> {
    let after = Customer {
        password,
        updated_at: ctx.now,
        ..before.clone()
    };
    super::change(ctx, tx, action, before, &after)?;
    activity::record(ctx, tx, after.id, None, activity, Vec::new())?;
    Ok(after)
}

fn assign(customer: &mut Customer, input: CustomerChange) {
    fn set<T>(field: &mut T, input: Option<T>) {
        if let Some(value) = input {
            *field = value;
        }
    }
    let name = &mut customer.name;
    if input.first_name.is_some() || input.last_name.is_some() {
        // A name given in parts outdates the one given whole.
        name.full = None;
    }
    set(&mut name.title, input.title);
    set(&mut name.first, input.first_name);
    set(&mut name.last, input.last_name);
    set(&mut name.middle, input.middle_name);
    set(&mut name.prefix, input.prefix);
    set(&mut name.suffix, input.suffix);
    let name =
        |given: Option<Option<String>>| given.map(|given| given.as_deref().and_then(kept_name));
    set(&mut customer.login, name(input.login));
    set(&mut customer.account_number, name(input.account_number));
    set(&mut customer.email, input.email);
    set(&mut customer.phones, input.phones);
    set(&mut customer.service_provider, input.service_provider);
    set(&mut customer.location, input.location);
    set(&mut customer.address, input.address);
    set(&mut customer.billing_address, input.billing_address);
    set(&mut customer.external_refs, input.external_refs);
}

/// Refuses a login or e-mail that another customer has.
pub(super) fn check_unique(read: &impl Read, customer: &Customer) -> Result<(), OpError> {
    if customer.is_deleted() {
        return Ok(());
    }
    let others = |holder: Option<CustomerId>| holder.is_some_and(|holder| holder != customer.id);
    if let Some(email) = &customer.email
        && others(read.find(Table::CustomersByEmail, email.folded().as_bytes())?)
    {
        return Err(Refusal::EmailTaken.into());
    }
    if let Some(login) = &customer.login
        && others(by_login(read, login)?.map(|holder| holder.id))
    {
        return Err(Refusal::LoginTaken.into());
    }
    Ok(())
}

/// The customer with this login, blanks around it aside. Files of before may have logins with
/// blanks: the one that is written exactly so is meant first.
pub(super) fn by_login(read: &impl Read, login: &str) -> Result<Option<Customer>, OpError> {
    let trimmed = login.trim();
    for exact in [login, trimmed] {
        let held = read.get_by::<Customer>(Table::CustomersByLogin, exact.as_bytes())?;
        if held.is_some() {
            return Ok(held);
        }
    }
    if trimmed.is_empty() {
        return Ok(None);
    }
    let alike =
        read.listed::<Customer>(Table::CustomersByFoldedLogin, &under_text(&fold(login)))?;
    let is_it = |held: &Customer| held.login.as_deref().map(str::trim) == Some(trimmed);
    Ok(alike.into_iter().find(is_it))
}

/// A change of status is something that happened to the customer.
pub(super) fn record_status(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Customer,
    after: &Customer,
) -> Result<(), OpError> {
    if before.status == after.status {
        return Ok(());
    }
    let details = vec![
        ("from".to_owned(), format!("{:?}", before.status)),
        ("to".to_owned(), format!("{:?}", after.status)),
    ];
    let action = ActivityAction::StatusChanged;
    activity::record(ctx, tx, after.id, None, action, details)
}
