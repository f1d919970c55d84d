//! A member of staff gives themselves another password.

use crate::app::Ctx;
use crate::domain::refusal::StaffRefusal;
use crate::domain::staff::Operator;
use crate::ops::OpError;

use super::codes::{end_sessions, me};
use super::{check_password, is_password_of};

/// Changes the caller's password, by the one of before. Their other sign-ins end.
pub async fn change(ctx: &Ctx, present: String, new: String) -> Result<(), OpError> {
    let person = me(ctx, &ctx.snapshot()?)?;
    if !is_password_of(ctx, &person.name, Some(&person), present).await? {
        return Err(StaffRefusal::WrongPassword.into());
    }
    check_password(&person.name, &new)?;
    let salt = ctx.app.entropy.bytes()?;
    let password = ctx.app.passwords.hash(new, salt).await?;
    ctx.write(move |ctx, tx| {
        let before = me(ctx, tx)?;
        // It may have been changed while this one was being compared.
        if before.password != person.password {
            return Err(StaffRefusal::WrongPassword.into());
        }
        let after = Operator {
            password,
            updated_at: ctx.now,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "operator.passwd", &before, &after)?;
        end_sessions(tx, after.id, ctx.session)
    })
    .await
}
