//! What the files of staff share: who calls, codes of authenticators judged and used up, sign-ins
//! ended.

use data_encoding::HEXLOWER;

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::app::secrets::authenticator::{self, SECRET_BYTES};
use crate::domain::refusal::StaffRefusal;
use crate::domain::second_factor::{CODE_DIGITS, Proof, RECOVERY_CODES, SecondFactor, open_steps};
use crate::domain::staff::{Actor, Operator, Role, Secret, Session};
use crate::domain::values::id::{Id as _, OperatorId};
use crate::ops::{OpError, attempts};
use crate::store::{Read, Tx};

/// Longest code that is looked at, in bytes: a recovery code with blanks in it.
const CODE_BYTES_MAX: usize = 64;

/// Whether everybody with this role signs in with a second factor.
#[must_use]
pub fn is_forced(ctx: &Ctx, role: Role) -> bool {
    ctx.app.config.staff.second_factor_roles.has(role)
}

/// Whether somebody has to set one up before anything else.
#[must_use]
pub fn comes_first(ctx: &Ctx, operator: &Operator) -> bool {
    operator.second_factor.is_none() && is_forced(ctx, operator.role)
}

/// The member of staff who calls: scripts and the machine have nothing of their own here.
pub(super) fn me(ctx: &Ctx, read: &impl Read) -> Result<Operator, OpError> {
    match &ctx.actor {
        Actor::Operator { id, .. } => crate::ops::get(read, *id),
        _ => Err(StaffRefusal::NoSecondFactor.into()),
    }
}

/// Ends the sign-ins of a person but one.
pub(super) fn end_sessions(
    tx: &mut Tx<'_>,
    person: OperatorId,
    but: Option<[u8; 32]>,
) -> Result<(), OpError> {
    for session in tx.all::<Session>()? {
        if session.operator == person && Some(session.secret_hash) != but {
            tx.remove::<Session>(&session.secret_hash)?;
        }
    }
    Ok(())
}

/// What a code shows of somebody with a second factor; nothing if it is no code of theirs that is
/// open. Guesses are counted, as those at passwords are.
pub(super) fn proof_of(
    ctx: &Ctx,
    operator: &Operator,
    factor: &SecondFactor,
    code: &str,
) -> Result<Option<Proof>, OpError> {
    let of = Some(("operators", operator.id.number()));
    let begun = attempts::begin(ctx, Door::StaffCode, &operator.name, of)?;
    let proof = judged(ctx, factor, code);
    begun.ended::<()>(ctx, &Ok(proof.is_some()));
    Ok(proof)
}

fn judged(ctx: &Ctx, factor: &SecondFactor, code: &str) -> Option<Proof> {
    if code.len() > CODE_BYTES_MAX {
        return None;
    }
    let shown = digits(code);
    if shown.len() == CODE_DIGITS && shown.bytes().all(|byte| byte.is_ascii_digit()) {
        let secret = secret_of(ctx, &factor.seed)?;
        let steps = open_steps(ctx.now, factor.used_step);
        return authenticator::step_of(&secret, &shown, steps).map(Proof::Code);
    }
    let hash = ctx.app.keys.recovery_hash(code);
    let mut held = factor.recovery.iter();
    held.any(|held| held.0 == hash)
        .then_some(Proof::Recovery(hash))
}

/// Uses up what was shown, as the person is in the commit; of many who show one code at once the
/// first is let in. The line of the sign-in tells of it.
pub(super) fn spend(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut person: Operator,
    proof: &Proof,
) -> Result<bool, OpError> {
    let Some(factor) = &mut person.second_factor else {
        return Ok(false);
    };
    if !factor.spend(proof) {
        return Ok(false);
    }
    tx.put(&person)?;
    if matches!(proof, Proof::Recovery(_)) {
        crate::ops::audit(ctx, tx, "operator.recovery_code", &person, Vec::new())?;
    }
    Ok(true)
}

/// A code as its digits, however it was typed.
pub(super) fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

pub(super) fn secret_of(ctx: &Ctx, seed: &Secret) -> Option<[u8; SECRET_BYTES]> {
    let seed = HEXLOWER.decode(seed.0.as_bytes()).ok()?;
    let seed: [u8; 16] = seed.try_into().ok()?;
    Some(ctx.app.keys.authenticator(&seed))
}

pub(super) fn recovery_codes(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    let made = (0..RECOVERY_CODES).map(|_| {
        let random = ctx.app.entropy.bytes()?;
        Ok(ctx.app.keys.recovery_code(random))
    });
    made.collect()
}

pub(super) fn hashes(ctx: &Ctx, codes: &[String]) -> Vec<Secret> {
    let hash = |code: &String| Secret(ctx.app.keys.recovery_hash(code));
    codes.iter().map(hash).collect()
}
