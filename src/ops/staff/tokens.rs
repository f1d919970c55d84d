//! Integration tokens: minted, listed, ended.

use crate::app::Ctx;
use crate::app::secrets::tokens::Claims;
use crate::domain::staff::Maker;
use crate::domain::staff::{Actor, Permission, Role, Token, TokenId};
use crate::domain::values::id::Id as _;
use crate::ops::OpError;
use crate::ops::staff::credentials;
use crate::ops::staff::wrong;
use crate::store::Read as _;

/// A token as it is asked for.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Who will hold it; for the lists.
    pub name: String,
    pub role: Role,
    pub ttl_seconds: i64,
}

/// Longest life of a token, in seconds: 30 years of 365.25 days.
pub const TOKEN_SECONDS_MAX: i64 = 946_728_000;
/// Longest life of a token that is minted over the console's API, in seconds: 5 such years.
pub const API_TOKEN_SECONDS_MAX: i64 = 157_788_000;
/// Life of a token where nothing else is said, in seconds: 2 such years.
pub const TOKEN_SECONDS: i64 = 63_115_200;
/// What a token's grant must say; a refresh token is no credential.
pub(in crate::ops) const ACCESS_GRANT: &str = "access_token";

/// Mints a token and answers its record and itself. The token is not kept.
pub async fn create_token(ctx: &Ctx, input: NewToken) -> Result<(Token, String), OpError> {
    ctx.require(Permission::StaffManage)?;
    let named = (1..=255).contains(&input.name.len()) && !input.name.chars().any(char::is_control);
    if !named {
        return Err(wrong(
            "name",
            "must have 1 to 255 bytes and no control characters",
        ));
    }
    if input.role == Role::Api {
        // Such accounts speak the Stalker API, with a password.
        let problem = "must not be api: scripts of the Stalker API sign in with a password";
        return Err(wrong("role", problem));
    }
    let max = match &ctx.actor {
        Actor::System => TOKEN_SECONDS_MAX,
        _ => API_TOKEN_SECONDS_MAX,
    };
    if !(1..=max).contains(&input.ttl_seconds) {
        let problem = format!("must be from 1 to {max} seconds");
        return Err(wrong("ttl_seconds", &problem));
    }
    let expires_at = ctx.now.saturating_add_seconds(input.ttl_seconds);
    if let Actor::Token { jti, .. } = &ctx.actor {
        let own = ctx.snapshot()?.get::<Token>(jti)?;
        if own.is_none_or(|own| expires_at > own.expires_at) {
            let problem = "must not outlive the token that it is asked for with";
            return Err(wrong("ttl_seconds", problem));
        }
    }
    let id = TokenId::from_random(ctx.app.entropy.bytes()?);
    let token = Token {
        id,
        name: input.name,
        role: input.role,
        made_by: Maker::of(&ctx.actor),
        created_at: ctx.now,
        expires_at,
        revoked_at: None,
    };
    let settings = &ctx.app.config.alphaott;
    let operator = match &ctx.actor {
        Actor::Operator { id, .. } => id.number(),
        Actor::Nobody
        | Actor::System
        | Actor::Script { .. }
        | Actor::Viewer
        | Actor::Partner { .. }
        | Actor::Token { .. } => 0,
    };
    let claims = Claims {
        client_ip: ctx.address_text(),
        grant_type: ACCESS_GRANT.to_owned(),
        grant_scope: None,
        iat: token.created_at.seconds(),
        exp: token.expires_at.seconds(),
        aud: settings.service_provider.clone(),
        iss: settings.issuer.clone(),
        sub: format!("{operator:024x}"),
        jti: id.to_string(),
    };
    let text = ctx.app.keys.sign(&claims);
    let text = text.ok_or_else(|| OpError::Failed("the token could not be signed".to_owned()))?;
    let stored = token.clone();
    ctx.write(move |ctx, tx| {
        credentials::maker(ctx, tx)?;
        crate::ops::create(ctx, tx, "token.create", &stored)
    })
    .await?;
    Ok((token, text))
}

/// All tokens, revoked and expired ones too.
pub fn tokens(ctx: &Ctx) -> Result<Vec<Token>, OpError> {
    ctx.require(Permission::StaffManage)?;
    let mut tokens: Vec<Token> = ctx.snapshot()?.all()?;
    tokens.sort_by_key(|token| (token.created_at, token.id));
    Ok(tokens)
}

/// Ends a token by its `jti`; from the next request on it is no credential.
pub async fn revoke_token(ctx: &Ctx, jti: String) -> Result<Token, OpError> {
    ctx.require(Permission::StaffManage)?;
    ctx.write(move |ctx, tx| {
        let before = match TokenId::parse(&jti) {
            Some(id) => tx.get::<Token>(&id)?,
            None => None,
        };
        let missing = || OpError::Missing {
            kind: "token",
            key: jti.chars().take(64).collect(),
        };
        let before = before.ok_or_else(missing)?;
        let revoked_at = before.revoked_at.or(Some(ctx.now));
        let after = Token {
            revoked_at,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "token.revoke", &before, &after)?;
        Ok(after)
    })
    .await
}
