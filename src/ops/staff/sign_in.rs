//! Signing in to the console, in one step or two, and out.

use crate::app::Ctx;
use crate::domain::refusal::StaffRefusal;
use crate::domain::second_factor::Proof;
use crate::domain::staff::{AGENT_CHARS_MAX, Operator, Role, SESSION_SECONDS, Session};
use crate::ops::OpError;
use crate::store::{Read as _, Table};

use super::{actor_of, codes, hashed, is_password_of};

/// What somebody shows who signs in.
#[derive(Default)]
pub struct SignIn {
    pub name: String,
    pub password: String,
    /// Of the authenticator, or one of the recovery codes; for those who have a second factor.
    pub code: Option<String>,
    /// What the browser calls itself.
    pub agent: String,
}

/// Signs a member of staff in. Answers who it is and the secret of the session. Whoever has a
/// second factor is asked for its code once the password fits, and for both together again.
pub async fn sign_in(ctx: &Ctx, shown: SignIn) -> Result<(Operator, String), OpError> {
    let SignIn {
        name,
        password,
        code,
        agent,
    } = shown;
    let operator = ctx
        .snapshot()?
        .get_by::<Operator>(Table::OperatorsByName, name.as_bytes())?;
    if !is_password_of(ctx, &name, operator.as_ref(), password).await? {
        return Err(StaffRefusal::BadCredentials.into());
    }
    let Some(operator) = operator else {
        return Err(StaffRefusal::BadCredentials.into());
    };
    if operator.role == Role::Api {
        return Err(StaffRefusal::ApiOnly.into());
    }
    let proof = second_step(ctx, &operator, code)?;
    let secret = ctx.app.entropy.hex::<32>()?;
    let session = Session {
        secret_hash: hashed(&secret),
        operator: operator.id,
        created_at: ctx.now,
        expires_at: ctx.now.saturating_add_seconds(SESSION_SECONDS),
        confirmed_at: ctx.now,
        last_used_at: ctx.now,
        address: ctx.address_text(),
        agent: told(&agent),
    };
    let ctx = Ctx {
        actor: actor_of(&operator),
        ..ctx.clone()
    };
    let stored = session;
    let verified = operator.password.clone();
    ctx.write(move |ctx, tx| {
        // The password may have been changed while this one was being compared.
        let present = tx.get::<Operator>(&stored.operator)?;
        let present = present.filter(|present| present.password == verified);
        let present = present.ok_or(StaffRefusal::BadCredentials)?;
        match &proof {
            // One that was set up meanwhile was not asked for.
            None if present.second_factor.is_some() => return Err(StaffRefusal::CodeNeeded.into()),
            None => {}
            Some(proof) if codes::spend(ctx, tx, present, proof)? => {}
            Some(_) => return Err(StaffRefusal::BadCode.into()),
        }
        let now = ctx.now;
        for old in tx
            .all::<Session>()?
            .iter()
            .filter(|old| old.expires_at <= now)
        {
            tx.remove::<Session>(&old.secret_hash)?;
        }
        crate::ops::create(ctx, tx, "session.begin", &stored)
    })
    .await?;
    Ok((operator, secret))
}

/// What the code shows of somebody whose password fits; nothing of those who need none.
fn second_step(
    ctx: &Ctx,
    operator: &Operator,
    code: Option<String>,
) -> Result<Option<Proof>, OpError> {
    let Some(factor) = &operator.second_factor else {
        return Ok(None);
    };
    let code = code.filter(|code| !code.trim().is_empty());
    let code = code.ok_or(StaffRefusal::CodeNeeded)?;
    let proof = codes::proof_of(ctx, operator, factor, &code)?;
    Ok(Some(proof.ok_or(StaffRefusal::BadCode)?))
}

/// What a browser calls itself, cut to what is kept, without what no text may hold.
fn told(agent: &str) -> String {
    let plain = agent.chars().filter(|c| !c.is_control());
    plain.take(AGENT_CHARS_MAX).collect()
}

/// Ends a session.
pub async fn sign_out(ctx: &Ctx, secret: &str) -> Result<(), OpError> {
    let key = hashed(secret);
    ctx.write(move |_, tx| {
        tx.remove::<Session>(&key)?;
        Ok(())
    })
    .await
}
