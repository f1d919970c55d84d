//! Members of staff who leave, or get another role: what they made ends with their rights.

use crate::app::Ctx;
use crate::domain::refusal::StaffRefusal;
use crate::domain::staff::{Operator, Permission, Role};
use crate::store::{Read, Tx};

use super::credentials::{self, Made};
use crate::ops::{Handle, OpError, watched};

/// A member of staff by name.
fn named(read: &impl Read, name: &str) -> Result<Operator, OpError> {
    let handle = Handle {
        text: name.to_owned(),
        number: None,
    };
    crate::ops::find(read, &handle)
}

/// What a person made that would end if they left, or had this role.
pub fn leaving(ctx: &Ctx, name: &str, role: Option<Role>) -> Result<(Operator, Made), OpError> {
    ctx.require(Permission::StaffManage)?;
    let snapshot = ctx.snapshot()?;
    let person = named(&snapshot, name)?;
    check_owner_stays(&snapshot, &person, role)?;
    let made = ending(&snapshot, &person, role, ctx)?;
    Ok((person, made))
}

/// Removes a member of staff and ends what they made. With `end_credentials` false only somebody
/// who made nothing is removed.
pub async fn remove(
    ctx: &Ctx,
    name: String,
    end_credentials: bool,
) -> Result<(Operator, Made), OpError> {
    ctx.require(Permission::StaffManage)?;
    let done = ctx
        .write(move |ctx, tx| {
            credentials::maker(ctx, tx)?;
            let person = named(tx, &name)?;
            check_owner_stays(tx, &person, None)?;
            let made = ending(tx, &person, None, ctx)?;
            end(ctx, tx, &person, &made, end_credentials)?;
            tx.remove::<Operator>(&person.id)?;
            crate::ops::audit(ctx, tx, "operator.remove", &person, Vec::new())?;
            Ok((person, made))
        })
        .await?;
    watched::look_again(ctx).await;
    Ok(done)
}

/// Gives a member of staff another role; where that one may not manage staff, what they made ends.
pub async fn change_role(
    ctx: &Ctx,
    name: String,
    role: Role,
    end_credentials: bool,
) -> Result<(Operator, Made), OpError> {
    ctx.require(Permission::StaffManage)?;
    let done = ctx
        .write(move |ctx, tx| {
            credentials::maker(ctx, tx)?;
            let before = named(tx, &name)?;
            check_owner_stays(tx, &before, Some(role))?;
            if before.reseller.is_some() && role != Role::Api {
                let path = "role".to_owned();
                let problem = "must be api: the account is a reseller's".to_owned();
                return Err(OpError::Document { path, problem });
            }
            let made = ending(tx, &before, Some(role), ctx)?;
            end(ctx, tx, &before, &made, end_credentials)?;
            let after = Operator {
                role,
                updated_at: ctx.now,
                ..before.clone()
            };
            crate::ops::change(ctx, tx, "operator.role", &before, &after)?;
            Ok((after, made))
        })
        .await?;
    watched::look_again(ctx).await;
    Ok(done)
}

/// What ends with the change: everything that the person made, unless they may go on making it.
fn ending(
    read: &impl Read,
    person: &Operator,
    role: Option<Role>,
    ctx: &Ctx,
) -> Result<Made, OpError> {
    let mut made = credentials::made_by(read, person.id, ctx.now)?;
    if role.is_some_and(|role| role.may(Permission::StaffManage)) {
        // They sign in anew, and keep what they made.
        made = Made {
            sessions: made.sessions,
            ..Made::default()
        };
    }
    Ok(made)
}

fn end(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    person: &Operator,
    made: &Made,
    end_credentials: bool,
) -> Result<(), OpError> {
    if !made.is_empty() && !end_credentials {
        return Err(StaffRefusal::MadeCredentials {
            name: person.name.clone(),
            lines: made.lines(),
        }
        .into());
    }
    credentials::end(ctx, tx, made)
}

/// Refuses what would leave nobody who may manage staff.
fn check_owner_stays(
    read: &impl Read,
    person: &Operator,
    role: Option<Role>,
) -> Result<(), OpError> {
    let manages = |role: Role| role.may(Permission::StaffManage);
    if !manages(person.role) || role.is_some_and(manages) {
        return Ok(());
    }
    let others: Vec<Operator> = read.all()?;
    let other = |held: &Operator| held.id != person.id && manages(held.role);
    if others.iter().any(other) {
        Ok(())
    } else {
        Err(StaffRefusal::LastOwner.into())
    }
}
