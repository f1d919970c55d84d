//! The key that signs integration tokens: changed where somebody may know it. All tokens end.

use crate::app::{Ctx, TOKEN_KEY};
use crate::domain::staff::{Permission, Token};
use crate::ops::OpError;
use crate::store::Read as _;

fn good(ctx: &Ctx, tokens: Vec<Token>) -> impl Iterator<Item = Token> {
    let now = ctx.now;
    tokens
        .into_iter()
        .filter(move |token| token.revoked_at.is_none() && token.expires_at > now)
}

/// What would end, a line each.
pub fn ending(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    ctx.require(Permission::StaffManage)?;
    let tokens = good(ctx, ctx.snapshot()?.all()?);
    let lines = tokens.map(|token| format!("token {} ({}) ends", token.name, token.role.name()));
    Ok(lines.collect())
}

/// Signs with another key from now on; answers how many tokens that ended.
pub async fn rotate(ctx: &Ctx) -> Result<usize, OpError> {
    ctx.require(Permission::StaffManage)?;
    let fresh: [u8; 32] = ctx.app.entropy.bytes()?;
    ctx.write(move |ctx, tx| {
        let ended: Vec<Token> = good(ctx, tx.all()?).collect();
        for before in &ended {
            let after = Token {
                revoked_at: Some(ctx.now),
                ..before.clone()
            };
            crate::ops::change(ctx, tx, "token.revoke", before, &after)?;
        }
        tx.put_meta(TOKEN_KEY, &fresh)?;
        crate::ops::audit_about(ctx, tx, "keys.rotate", ("meta", 0), Vec::new())?;
        Ok(ended.len())
    })
    .await
    .inspect(|_| ctx.app.keys.sign_with(&fresh))
}
