//! Sign-ins of staff: who holds one, which there are, how they end.

use crate::app::Ctx;
use crate::domain::staff::{Actor, Operator, Permission, Session};
use crate::domain::values::id::Id as _;
use crate::ops::{Handle, OpError, audit_about};
use crate::store::{Read as _, Tx};

use super::codes::{comes_first, end_sessions, me};
use super::{actor_of, hashed};

/// A sign-in that is good now, and who holds it.
#[derive(Debug)]
pub struct Holder {
    pub actor: Actor,
    /// By what its record is found.
    pub session: [u8; 32],
    /// A second factor has to be set up before anything else is done.
    pub must_set_up: bool,
}

/// Who holds this session, if it is one.
pub fn holder(ctx: &Ctx, secret: &str) -> Result<Option<Holder>, OpError> {
    let snapshot = ctx.snapshot()?;
    let session = snapshot.get::<Session>(&hashed(secret))?;
    let Some(session) = session.filter(|session| session.expires_at > ctx.now) else {
        return Ok(None);
    };
    let Some(operator) = snapshot.get::<Operator>(&session.operator)? else {
        return Ok(None);
    };
    note_use(ctx, &session);
    Ok(Some(Holder {
        actor: actor_of(&operator),
        session: session.secret_hash,
        must_set_up: comes_first(ctx, &operator),
    }))
}

/// After how many seconds it is written down anew that a session is used.
const USED_SECONDS: i64 = 60;

/// Writes down that a session is used, once in a while and in the background: nobody waits for it.
fn note_use(ctx: &Ctx, session: &Session) {
    let due = session.last_used_at.saturating_add_seconds(USED_SECONDS) <= ctx.now;
    let key = session.secret_hash;
    if !due || !ctx.app.session_uses.is_news(key, ctx.now, USED_SECONDS) {
        return;
    }
    let ctx = ctx.clone();
    let calls = ctx.app.calls.clone();
    calls.spawn(async move {
        let noted = ctx.write(move |ctx, tx| {
            if let Some(held) = tx.get::<Session>(&key)? {
                let last_used_at = held.last_used_at.max(ctx.now);
                tx.put(&Session {
                    last_used_at,
                    ..held
                })?;
            }
            Ok(())
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "session.use_not_noted");
        }
    });
}

/// A sign-in, as it is listed.
#[derive(Debug)]
pub struct Listed {
    pub session: Session,
    pub name: String,
    pub is_current: bool,
}

/// Sign-ins that are good now, last used first: the caller's own, or everybody's.
pub fn list(ctx: &Ctx, everybody: bool) -> Result<Vec<Listed>, OpError> {
    let snapshot = ctx.snapshot()?;
    let own = if everybody {
        ctx.require(Permission::StaffManage)?;
        None
    } else {
        Some(me(ctx, &snapshot)?.id)
    };
    let mut listed = Vec::new();
    for session in snapshot.all::<Session>()? {
        let is_meant = own.is_none_or(|own| own == session.operator);
        if !is_meant || session.expires_at <= ctx.now {
            continue;
        }
        if let Some(operator) = snapshot.get::<Operator>(&session.operator)? {
            listed.push(Listed {
                name: operator.name,
                is_current: ctx.session == Some(session.secret_hash),
                session,
            });
        }
    }
    listed.sort_by_key(|listed| std::cmp::Reverse(listed.session.last_used_at));
    Ok(listed)
}

/// Ends a sign-in by its name in the list: one's own, or anybody's by who may manage staff.
pub async fn end(ctx: &Ctx, name: String) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let mut held = tx.all::<Session>()?.into_iter();
        let found = held.find(|session| session.name() == name);
        let is_own = |session: &Session| match &ctx.actor {
            Actor::Operator { id, .. } => *id == session.operator,
            _ => false,
        };
        let may = |session: &Session| is_own(session) || ctx.actor.may(Permission::StaffManage);
        let Some(session) = found.filter(may) else {
            let key = name.chars().take(64).collect();
            return Err(OpError::Missing {
                kind: "session",
                key,
            });
        };
        tx.remove::<Session>(&session.secret_hash)?;
        let of = ("operators", session.operator.number());
        audit_about(ctx, tx, "session.end", of, Vec::new())
    })
    .await
}

/// Ends the caller's sign-ins but the one that they are at; or all of somebody else.
pub async fn end_others(ctx: &Ctx, of: Option<String>) -> Result<(), OpError> {
    if of.is_some() {
        ctx.require(Permission::StaffManage)?;
    }
    ctx.write(move |ctx, tx| {
        let person = person(ctx, tx, of)?;
        end_sessions(tx, person.id, ctx.session)?;
        let of = ("operators", person.id.number());
        audit_about(ctx, tx, "session.end_all", of, Vec::new())
    })
    .await
}

fn person(ctx: &Ctx, tx: &Tx<'_>, name: Option<String>) -> Result<Operator, OpError> {
    match name {
        None => me(ctx, tx),
        Some(text) => crate::ops::find(tx, &Handle { text, number: None }),
    }
}
