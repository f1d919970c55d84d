//! A member of staff proves once more who they are before they make a credential, give much money
//! back or remove a customer: a session that somebody else got hold of must not outlive itself, nor
//! do much harm while it lasts.

use crate::app::Ctx;
use crate::domain::refusal::StaffRefusal;
use crate::domain::second_factor::Proof;
use crate::domain::staff::{Actor, Operator, Session};
use crate::domain::values::id::OperatorId;
use crate::domain::values::money::Amount;
use crate::ops::OpError;
use crate::store::Read;

use super::codes::{proof_of, spend};
use super::is_password_of;

/// How long what was given is good for this, in seconds: five minutes.
pub const CONFIRMED_SECONDS: i64 = 300;

/// What came with a request, to prove who sends it.
#[derive(Default)]
pub struct Given {
    pub password: Option<String>,
    /// Of the authenticator: of somebody with a second factor in the place of the password.
    pub code: Option<String>,
}

/// Lets a caller go on who proved lately who they are, and whoever has no session: a script with a
/// token, the machine itself. A look moves nothing, so nothing is asked for it.
pub(in crate::ops) fn fresh(ctx: &Ctx, read: &impl Read) -> Result<(), OpError> {
    let (Some(key), Actor::Operator { id, .. }) = (ctx.session, &ctx.actor) else {
        return Ok(());
    };
    let session = read.get::<Session>(&key)?;
    let is_fresh = session.is_some_and(|held| {
        held.operator == *id
            && ctx.now < held.confirmed_at.saturating_add_seconds(CONFIRMED_SECONDS)
    });
    if is_fresh || ctx.is_rehearsal() {
        return Ok(());
    }
    let operator = read.get::<Operator>(id)?;
    let has_factor = operator.is_some_and(|held| held.second_factor.is_some());
    Err(if has_factor {
        StaffRefusal::CodeAgain.into()
    } else {
        StaffRefusal::PasswordAgain.into()
    })
}

/// As [`fresh`], for an amount of more than so many whole units of its currency.
pub(in crate::ops) fn fresh_above(
    ctx: &Ctx,
    read: &impl Read,
    amount: Amount,
    units: u32,
) -> Result<(), OpError> {
    if amount.minor <= Amount::of_units(units, amount.currency).minor {
        return Ok(());
    }
    fresh(ctx, read)
}

/// As in a command, for whoever has to ask before there is one.
pub fn require_fresh(ctx: &Ctx) -> Result<(), OpError> {
    fresh(ctx, &ctx.snapshot()?)
}

/// Takes what came with a request; then the session is good for five minutes. Of somebody with a
/// second factor the password is no proof. What does not fit is refused, also where nothing would
/// have been asked for.
pub async fn confirm(ctx: &Ctx, given: Given) -> Result<(), OpError> {
    let (Some(key), Actor::Operator { id, name, .. }) = (ctx.session, &ctx.actor) else {
        return Ok(());
    };
    let operator: Option<Operator> = ctx.snapshot()?.get(id)?;
    let factor = operator
        .as_ref()
        .and_then(|held| held.second_factor.clone());
    let proof = match (&operator, factor) {
        (Some(operator), Some(factor)) => {
            let Some(code) = given.code else {
                return Ok(());
            };
            let proof = proof_of(ctx, operator, &factor, &code)?;
            Some(proof.ok_or(StaffRefusal::WrongCode)?)
        }
        _ => {
            let Some(password) = given.password else {
                return Ok(());
            };
            if !is_password_of(ctx, name, operator.as_ref(), password).await? {
                return Err(StaffRefusal::WrongPassword.into());
            }
            None
        }
    };
    note(ctx, *id, key, proof).await
}

async fn note(
    ctx: &Ctx,
    id: OperatorId,
    key: [u8; 32],
    proof: Option<Proof>,
) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        if let Some(proof) = proof {
            let person = crate::ops::get::<Operator>(tx, id)?;
            if !spend(ctx, tx, person, &proof)? {
                return Err(StaffRefusal::WrongCode.into());
            }
        }
        // The session may have ended meanwhile.
        if let Some(held) = tx.get::<Session>(&key)?.filter(|held| held.operator == id) {
            tx.put(&Session {
                confirmed_at: ctx.now,
                ..held
            })?;
        }
        Ok(())
    })
    .await
}
