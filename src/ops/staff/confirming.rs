//! A member of staff gives their password once more before they make a credential: a session that
//! somebody else got hold of must not outlive itself.

use crate::app::Ctx;
use crate::domain::refusal::StaffRefusal;
use crate::domain::staff::{Actor, Operator, Permission, Session};
use crate::domain::values::id::OperatorId;
use crate::ops::OpError;
use crate::ops::staff::{hashed, is_password_of};
use crate::store::Read as _;

/// How long a password that was given is good for this, in seconds: five minutes.
pub const CONFIRMED_SECONDS: i64 = 300;

/// The session of a request and the person it is of, as they are now; each may be gone.
struct Present {
    session: Option<Session>,
    operator: Option<Operator>,
}

fn present(ctx: &Ctx, id: OperatorId, sessions: &[String]) -> Result<Present, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut session = None;
    for secret in sessions {
        let held = snapshot.get::<Session>(&hashed(secret))?;
        session = session.or(held.filter(|held| held.operator == id));
    }
    let operator = snapshot.get(&id)?;
    Ok(Present { session, operator })
}

/// Lets a caller who may manage staff go on: a script with an owner's token, or an owner who gives
/// the password with the request or gave it a moment ago.
pub async fn confirm(
    ctx: &Ctx,
    sessions: &[String],
    password: Option<String>,
) -> Result<(), OpError> {
    ctx.require(Permission::StaffManage)?;
    let Actor::Operator { id, name, .. } = &ctx.actor else {
        return Ok(());
    };
    let Present { session, operator } = present(ctx, *id, sessions)?;
    let fresh = session
        .as_ref()
        .is_some_and(|held| ctx.now < held.password_at.saturating_add_seconds(CONFIRMED_SECONDS));
    let Some(password) = password else {
        return if fresh {
            Ok(())
        } else {
            Err(StaffRefusal::PasswordAgain.into())
        };
    };
    if !is_password_of(ctx, name, operator.as_ref(), password).await? {
        return Err(StaffRefusal::WrongPassword.into());
    }
    ctx.write(move |ctx, tx| {
        // The session may have ended meanwhile.
        let key = session.map(|held| held.secret_hash).unwrap_or_default();
        if let Some(held) = tx.get::<Session>(&key)? {
            tx.put(&Session {
                password_at: ctx.now,
                ..held
            })?;
        }
        Ok(())
    })
    .await
}
