//! Secrets that can be guessed: who may try one, and who is told of too many wrong ones.
//!
//! A password is judged only after [`begin`] let the attempt in. A secret of so many random bits
//! that nobody guesses it is looked up first and is always good; [`failed`] counts the wrong ones.

use crate::app::Ctx;
use crate::app::memory::failed_attempts::{Admitted, Attempt, Door, TooMany};
use crate::app::secrets::passwords::Turn;
use crate::domain::event::Change;

use super::OpError;

/// An attempt that was let in and has no outcome yet.
pub struct Begun<'n> {
    attempt: Attempt<'n>,
    admitted: Admitted,
}

/// Lets an attempt in, or answers how long to wait. `of`: the record that the name belongs to.
pub fn begin<'n>(
    ctx: &Ctx,
    door: Door,
    name: &'n str,
    of: Option<(&'static str, u64)>,
) -> Result<Begun<'n>, OpError> {
    let attempt = Attempt {
        door,
        name: Some(name),
        address: ctx.address,
    };
    match ctx.app.failed_attempts.begin(&attempt, ctx.now) {
        Ok(admitted) => Ok(Begun { attempt, admitted }),
        Err(too_many) => Err(refused(ctx, &attempt, of, too_many)),
    }
}

impl Begun<'_> {
    /// The place in the line in front of the slow hashes.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn {
            first: self.admitted.known_good,
            from: self.admitted.from,
        }
    }

    /// What became of it. An error is no judgement: it counts for nothing.
    pub fn ended<E>(&self, ctx: &Ctx, right: &Result<bool, E>) {
        let held = &ctx.app.failed_attempts;
        match right {
            Ok(true) => held.succeeded(&self.attempt, ctx.now),
            Ok(false) => {
                let (door, address) = (self.attempt.door.name(), ctx.address_text());
                // Not the name: people type a password there.
                tracing::info!(door, address, "attempt.failed");
            }
            Err(_) => held.withdrawn(&self.attempt),
        }
    }
}

/// Counts a wrong secret of those that stand by themselves; an error where there were too many.
pub fn failed(ctx: &Ctx, door: Door) -> Result<(), OpError> {
    let attempt = Attempt {
        door,
        name: None,
        address: ctx.address,
    };
    match ctx.app.failed_attempts.begin(&attempt, ctx.now) {
        Ok(_) => Ok(()),
        Err(too_many) => Err(refused(ctx, &attempt, None, too_many)),
    }
}

/// Longest name that the log and the audit log keep, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Words the refusal; the first of a burst is told to the log and to the audit log.
fn refused(
    ctx: &Ctx,
    attempt: &Attempt<'_>,
    of: Option<(&'static str, u64)>,
    too_many: TooMany,
) -> OpError {
    if too_many.is_news && ctx.app.failed_attempts.may_tell(ctx.now) {
        let door = attempt.door.name();
        let name: String = attempt
            .name
            .unwrap_or_default()
            .trim()
            .chars()
            .take(NAME_CHARS_MAX)
            .collect();
        let address = ctx.address_text();
        tracing::warn!(door, name = ?name, address, "attempts.too_many");
        tell(ctx, door, name, address, of);
    }
    OpError::TooManyAttempts {
        retry_after_s: too_many.retry_after_s,
    }
}

/// In the background: whoever guesses waits for no disk.
fn tell(
    ctx: &Ctx,
    door: &'static str,
    name: String,
    address: String,
    of: Option<(&'static str, u64)>,
) {
    let ctx = ctx.clone();
    let calls = ctx.app.calls.clone();
    calls.spawn(async move {
        let told = ctx.write(move |ctx, tx| {
            let change = |field: &str, after: String| Change {
                field: field.to_owned(),
                before: String::new(),
                after,
            };
            let changes = vec![
                change("door", door.to_owned()),
                change("name", name),
                change("address", address),
            ];
            super::audit_about(
                ctx,
                tx,
                "attempts.too_many",
                of.unwrap_or(("attempts", 0)),
                changes,
            )
        });
        if let Err(error) = told.await {
            tracing::error!(%error, "attempts.not_told");
        }
    });
}
