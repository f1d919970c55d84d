//! Use cases: read, decide (domain), write, answer. The only folder that opens a transaction.
//!
//! Must not know HTTP, JSON field names, status codes or any dialect's spelling of ids.

pub mod activity;
pub mod apply;
mod attempts;
pub mod audits;
pub mod billing;
pub mod boxes;
mod bulk;
pub mod catalogue;
mod command;
pub mod customers;
pub mod demo;
pub mod desk;
mod effect;
pub mod exports;
mod followers;
pub mod imports;
pub mod once;
pub mod orders;
pub mod outbox;
mod own;
mod owners;
pub mod partners;
pub mod payments;
pub mod peers;
pub mod rows;
pub mod schedule;
pub mod services;
pub mod staff;
pub mod templates;
mod titles;
pub mod upkeep;
pub mod viewing;
mod watched;
pub mod webhooks;
mod written;

use serde::Serialize;

use crate::app::Ctx;
use crate::app::secrets::passwords::PasswordError;
use crate::domain::event::{Audit, Change};
use crate::domain::refusal::{MoneyRefusal, OrderRefusal, PartnerRefusal, Refusal, StaffRefusal};
use crate::domain::staff::{Permission, Role};
use crate::domain::values::id::{AuditId, Id};
use crate::domain::values::money::{Amount, MixedSum};
use crate::store::key::{Key as _, trailing_number};
use crate::store::{Read, Record, StoreError, Table, Tx, append_audit};

/// Why a use case did not do what was asked. Small on purpose: what a dialect must tell apart.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// There is no such record.
    #[error("{kind} {key} not found")]
    Missing { kind: &'static str, key: String },
    #[error("not allowed to {}", .0.words())]
    Denied(Permission),
    /// A part of a document that cannot be taken; `path` is where it stands.
    #[error("{path}: {problem}")]
    Document { path: String, problem: String },
    /// Too much of it at once; try again after this many seconds.
    #[error("too busy")]
    Throttled { retry_after_s: u32 },
    /// Nothing can be written until there is room on the disk; reading goes on.
    #[error("the disk of the box is full; nothing can be written until there is room on it")]
    DiskFull,
    /// Too many wrong secrets were sent; the next one is judged after this many seconds.
    #[error("too many failed attempts; wait {retry_after_s} seconds")]
    TooManyAttempts { retry_after_s: u32 },
    /// A technical failure: never shown, logged once at the edge.
    #[error(transparent)]
    Store(StoreError),
    /// Another system that was needed did not do its part; `problem` says what to do.
    #[error("{problem}")]
    Elsewhere { problem: String },
    #[error("{0}")]
    Failed(String),
}

/// After how many seconds a caller may try again who was told [`OpError::DiskFull`].
pub const DISK_FULL_RETRY_S: u32 = 30;

impl From<OrderRefusal> for OpError {
    fn from(refusal: OrderRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<MoneyRefusal> for OpError {
    fn from(refusal: MoneyRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<StaffRefusal> for OpError {
    fn from(refusal: StaffRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<PartnerRefusal> for OpError {
    fn from(refusal: PartnerRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Throttled { retry_after_s: 1 },
            StoreError::DiskFull => Self::DiskFull,
            // The disk: it may take a person to mend it.
            StoreError::Unavailable | StoreError::Closed => Self::Throttled { retry_after_s: 5 },
            other => Self::Store(other),
        }
    }
}

impl From<MixedSum> for OpError {
    fn from(mixed: MixedSum) -> Self {
        Self::Failed(mixed.to_string())
    }
}

impl From<PasswordError> for OpError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Throttled { retry_after_s: 1 },
            PasswordError::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl From<std::io::Error> for OpError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(StoreError::Io(error))
    }
}

impl Ctx {
    /// Refuses an actor that lacks the permission.
    pub fn require(&self, permission: Permission) -> Result<(), OpError> {
        if self.actor.may(permission) {
            Ok(())
        } else {
            Err(OpError::Denied(permission))
        }
    }

    /// Refuses an amount above what somebody of a limited role may move at once, in whole units.
    pub fn within_limit(
        &self,
        what: &'static str,
        amount: Amount,
        units_max: u32,
    ) -> Result<(), OpError> {
        if self.actor.role().is_some_and(Role::is_limited) {
            at_most(what, amount, units_max)
        } else {
            Ok(())
        }
    }
}

/// Refuses an amount of more than so many whole units of its currency.
fn at_most(what: &'static str, amount: Amount, units_max: u32) -> Result<(), OpError> {
    let max = Amount::of_units(units_max, amount.currency);
    if amount.minor > max.minor {
        return Err(StaffRefusal::AboveLimit { what, max }.into());
    }
    Ok(())
}

/// How a caller names a record: by a text that a client may have brought, or that the dialect read
/// as our own number.
#[derive(Debug, Clone)]
pub struct Handle<I> {
    pub text: String,
    pub number: Option<I>,
}

/// Kinds of which clients may bring the id.
pub trait Named: Record<Key: Id> {
    /// What the kind is called in refusals.
    const KIND: &'static str;
    /// Unique index of the ids that clients brought; `None` where they bring none.
    const FOREIGN: Option<Table>;
    /// Whether it was removed, so that it is not found.
    fn is_gone(&self) -> bool {
        false
    }
}

/// The record that a client means, removed ones left out.
pub fn find<R: Named>(read: &impl Read, handle: &Handle<R::Key>) -> Result<R, OpError> {
    let record = match R::FOREIGN {
        Some(index) => read.get_by::<R>(index, handle.text.as_bytes())?,
        None => None,
    };
    let record = match (record, &handle.number) {
        (Some(record), _) => Some(record),
        (None, Some(number)) => read.get::<R>(number)?,
        (None, None) => None,
    };
    record
        .filter(|record| !record.is_gone())
        .ok_or_else(|| missing::<R>(&handle.text))
}

/// The record with this number, which must be there.
pub fn get<R: Named>(read: &impl Read, id: R::Key) -> Result<R, OpError> {
    read.get::<R>(&id)?
        .ok_or_else(|| missing::<R>(&id.number().to_string()))
}

fn missing<R: Named>(key: &str) -> OpError {
    // Long keys are not worth repeating.
    let key = key.chars().take(64).collect();
    OpError::Missing { kind: R::KIND, key }
}

/// Refuses an id that a client brings for a new record if it names one already, also by our own
/// number: two records must never answer to one name.
pub fn free_id<R: Named>(
    read: &impl Read,
    handle: Option<&Handle<R::Key>>,
) -> Result<Option<String>, OpError> {
    let Some(handle) = handle else {
        return Ok(None);
    };
    let foreign = match R::FOREIGN {
        Some(index) => read
            .find::<R::Key>(index, handle.text.as_bytes())?
            .is_some(),
        None => false,
    };
    let ours = match &handle.number {
        Some(number) => read.get::<R>(number)?.is_some(),
        None => false,
    };
    if foreign || ours {
        return Err(Refusal::IdTaken {
            id: handle.text.clone(),
        }
        .into());
    }
    Ok(Some(handle.text.clone()))
}

/// Stores a new record, and in the same commit who made it. The log does not repeat its fields:
/// the record has them, and every later change says what was there before.
pub fn create<R: Record>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    record: &R,
) -> Result<(), OpError> {
    tx.put(record)?;
    audit(ctx, tx, action, record, Vec::new())
}

/// Stores a changed record, and in the same commit who changed what.
pub fn change<R: Record>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    before: &R,
    after: &R,
) -> Result<(), OpError> {
    tx.put(after)?;
    audit(ctx, tx, action, after, changes(before, after)?)
}

/// Adds a line to the audit log about `record`.
pub fn audit<R: Record>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    record: &R,
    changes: Vec<Change>,
) -> Result<(), OpError> {
    let number = trailing_number(&record.key().to_bytes()).unwrap_or(0);
    audit_about(ctx, tx, action, (R::TABLE.name(), number), changes)
}

/// Adds a line to the audit log about what this kind and number name.
fn audit_about(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    (kind, number): (&str, u64),
    changes: Vec<Change>,
) -> Result<(), OpError> {
    let (actor_kind, actor_name) = ctx.actor.label();
    let line = Audit {
        // The log gives number and place in the chain.
        id: AuditId(0),
        chain: [0; 32],
        at: ctx.now,
        actor_kind: actor_kind.to_owned(),
        actor_name: actor_name.to_owned(),
        dialect: ctx.dialect.to_owned(),
        request_id: ctx.request_id.to_string(),
        action: action.to_owned(),
        subject: (kind.to_owned(), number),
        changes,
    };
    append_audit(tx, line)?;
    Ok(())
}

/// What differs between two records, field by field; secrets show as `hidden`.
fn changes<R: Serialize>(before: &R, after: &R) -> Result<Vec<Change>, OpError> {
    let (before, after) = (fields(before)?, fields(after)?);
    let text =
        |fields: &serde_json::Map<String, serde_json::Value>, name: &str| match fields.get(name) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Array(list)) if list.is_empty() => String::new(),
            Some(other) => other.to_string(),
        };
    let mut changes = Vec::new();
    for name in after
        .keys()
        .chain(before.keys().filter(|name| !after.contains_key(*name)))
    {
        let (before, after) = (text(&before, name), text(&after, name));
        if before != after {
            changes.push(Change {
                field: name.clone(),
                before,
                after,
            });
        }
    }
    Ok(changes)
}

fn fields<R: Serialize>(record: &R) -> Result<serde_json::Map<String, serde_json::Value>, OpError> {
    match serde_json::to_value(record) {
        Ok(serde_json::Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(serde_json::Map::new()),
        Err(error) => Err(OpError::Failed(error.to_string())),
    }
}
