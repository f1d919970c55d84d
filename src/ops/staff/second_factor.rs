//! The second factor of staff: set up, shown at sign-in, changed, taken away.

use data_encoding::HEXLOWER;

use crate::app::Ctx;
use crate::app::secrets::authenticator::{self, SECRET_BYTES};
use crate::domain::refusal::StaffRefusal;
use crate::domain::second_factor::{SecondFactor, open_steps};
use crate::domain::staff::{Operator, Permission, Secret};
use crate::ops::{Handle, OpError};
use crate::store::Tx;

use super::codes::{digits, end_sessions, hashes, is_forced, me, recovery_codes, secret_of};
use super::{confirming, is_password_of};

pub use super::codes::comes_first;

/// How the second factor of somebody stands.
#[derive(Debug)]
pub struct Standing {
    pub operator: Operator,
    /// The role needs one.
    pub is_forced: bool,
}

/// The caller's own.
pub fn mine(ctx: &Ctx) -> Result<Standing, OpError> {
    let operator = me(ctx, &ctx.snapshot()?)?;
    let is_forced = is_forced(ctx, operator.role);
    Ok(Standing {
        operator,
        is_forced,
    })
}

/// Begins a second factor, in the place of one that is there once its first code was shown. Answers
/// the secret that the authenticator needs; it is not shown again.
pub async fn begin(ctx: &Ctx) -> Result<[u8; SECRET_BYTES], OpError> {
    confirming::fresh(ctx, &ctx.snapshot()?)?;
    let seed: [u8; 16] = ctx.app.entropy.bytes()?;
    ctx.write(move |ctx, tx| {
        let before = me(ctx, tx)?;
        let after = Operator {
            begun_factor: Some(Secret(HEXLOWER.encode(&seed))),
            ..before
        };
        tx.put(&after)?;
        crate::ops::audit(ctx, tx, "operator.second_factor_begin", &after, Vec::new())
    })
    .await?;
    Ok(ctx.app.keys.authenticator(&seed))
}

/// Makes the second factor that was begun the one that counts, by its first code. Answers the
/// recovery codes, which are not shown again. Other sign-ins of the person end: they were without.
pub async fn finish(ctx: &Ctx, code: String) -> Result<Vec<String>, OpError> {
    let codes = recovery_codes(ctx)?;
    let hashes = hashes(ctx, &codes);
    ctx.write(move |ctx, tx| {
        let before = me(ctx, tx)?;
        let begun = before.begun_factor.clone();
        let begun = begun.ok_or(StaffRefusal::NoFactorBegun)?;
        let steps = open_steps(ctx.now, 0);
        let step = secret_of(ctx, &begun)
            .and_then(|secret| authenticator::step_of(&secret, &digits(&code), steps));
        let used_step = step.ok_or(StaffRefusal::WrongCode)?;
        let after = Operator {
            second_factor: Some(SecondFactor {
                seed: begun,
                since: ctx.now,
                used_step,
                recovery: hashes,
            }),
            begun_factor: None,
            updated_at: ctx.now,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "operator.second_factor_on", &before, &after)?;
        end_sessions(tx, after.id, ctx.session)
    })
    .await?;
    Ok(codes)
}

/// Other recovery codes in the place of those of before.
pub async fn renew_recovery(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    confirming::fresh(ctx, &ctx.snapshot()?)?;
    let codes = recovery_codes(ctx)?;
    let hashes = hashes(ctx, &codes);
    ctx.write(move |ctx, tx| {
        let before = me(ctx, tx)?;
        let factor = before.second_factor.clone();
        let factor = factor.ok_or(StaffRefusal::NoSecondFactor)?;
        let after = Operator {
            second_factor: Some(SecondFactor {
                recovery: hashes,
                ..factor
            }),
            updated_at: ctx.now,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "operator.recovery_codes", &before, &after)
    })
    .await?;
    Ok(codes)
}

/// Switches the caller's own off; wants the password, however lately it was given.
pub async fn turn_off(ctx: &Ctx, password: String) -> Result<(), OpError> {
    let Standing {
        operator,
        is_forced,
    } = mine(ctx)?;
    if operator.second_factor.is_none() {
        return Err(StaffRefusal::NoSecondFactor.into());
    }
    if is_forced {
        return Err(StaffRefusal::SecondFactorForced.into());
    }
    if !is_password_of(ctx, &operator.name, Some(&operator), password).await? {
        return Err(StaffRefusal::WrongPassword.into());
    }
    ctx.write(move |ctx, tx| {
        let before = me(ctx, tx)?;
        take_away_in(ctx, tx, &before)?;
        end_sessions(tx, before.id, ctx.session)
    })
    .await
}

/// Takes somebody's second factor away, who lost it: by an owner, or whoever has the machine. Their
/// sign-ins end.
pub async fn take_away(ctx: &Ctx, name: String) -> Result<Operator, OpError> {
    ctx.require(Permission::StaffManage)?;
    ctx.write(move |ctx, tx| {
        super::credentials::maker(ctx, tx)?;
        let handle = Handle {
            text: name,
            number: None,
        };
        let before: Operator = crate::ops::find(tx, &handle)?;
        if before.second_factor.is_none() {
            return Err(StaffRefusal::NoSecondFactor.into());
        }
        let after = take_away_in(ctx, tx, &before)?;
        end_sessions(tx, after.id, None)?;
        Ok(after)
    })
    .await
}

fn take_away_in(ctx: &Ctx, tx: &mut Tx<'_>, before: &Operator) -> Result<Operator, OpError> {
    let after = Operator {
        second_factor: None,
        begun_factor: None,
        updated_at: ctx.now,
        ..before.clone()
    };
    crate::ops::change(ctx, tx, "operator.second_factor_off", before, &after)?;
    Ok(after)
}
