//! Who sends an integration token, and what is said to and about those who are nobody.
//!
//! What is said shows no more than the token does: one that this box did not sign is that, whatever
//! it claims; of one that it did sign, whoever holds it may know what became of it.

use super::tokens::ACCESS_GRANT;
use crate::app::Ctx;
use crate::app::secrets::tokens::Unproven;
use crate::domain::staff::{Actor, Role, Token, TokenId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read as _;

/// Who sends a token.
#[derive(Debug)]
pub enum Bearer {
    Integration(Actor),
    /// A token of the client API: genuine, but not for here.
    Client,
    Nobody(Nobody),
}

/// Why a caller is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Neither a token nor a session was sent.
    NothingSent,
    /// There is no word before the token, or no token behind the word.
    NoScheme,
    /// The word before the token is another one.
    OtherScheme,
    Malformed,
    Foreign,
    OtherProvider,
    Refresh,
    Expired(Timestamp),
    Revoked(Timestamp),
    /// Ours, but there is no record of it.
    Forgotten,
    /// Older boxes minted such tokens: they could do more than the role is for.
    RoleApi,
    /// A token of the client API, where that is no credential.
    ClientApi,
    SessionOver,
}

impl Why {
    /// What the log calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NothingSent => "no credential",
            Self::NoScheme => "no word before the token",
            Self::OtherScheme => "not the word JWT before the token",
            Self::Malformed => "not a token",
            Self::Foreign => "a token that this box did not sign",
            Self::OtherProvider => "a token for another service provider",
            Self::Refresh => "a refresh token",
            Self::Expired(_) => "an expired token",
            Self::Revoked(_) => "a revoked token",
            Self::Forgotten => "a token that is not in the data file",
            Self::RoleApi => "a token with the role api",
            Self::ClientApi => "a token of the client API",
            Self::SessionOver => "a session that is over",
        }
    }

    /// What is wrong and what to do, for the caller.
    #[must_use]
    pub fn words(self) -> String {
        let words = match self {
            Self::Expired(at) => {
                let at = at.to_rfc3339_millis();
                return format!("this token expired at {at}; use another one");
            }
            Self::Revoked(at) => {
                let at = at.to_rfc3339_millis();
                return format!("this token was revoked at {at}; use another one");
            }
            Self::NothingSent => "send an integration token as `Authorization: JWT <token>`",
            Self::NoScheme => {
                "Authorization must be the word JWT, a blank and the token: \
                 `Authorization: JWT <token>`"
            }
            Self::OtherScheme => {
                "the word before the token must be JWT, not Bearer or another one: \
                 `Authorization: JWT <token>`"
            }
            Self::Malformed => {
                "what was sent is not a token; send it whole, as it was shown when it was made"
            }
            Self::Foreign => {
                "this token was not signed by this box, or its signing key was changed since; \
                 use a token of this box"
            }
            Self::OtherProvider => {
                "this token is for another service provider than the setting \
                 alphaott.service_provider names"
            }
            Self::Refresh => "a refresh token is no credential; use an access token",
            Self::Forgotten => {
                "this box signed this token, but its data file does not know it, as after a backup \
                 was restored; use another one"
            }
            Self::RoleApi => {
                "tokens with the role api are no longer taken; use one with another role"
            }
            Self::ClientApi => "tokens of the client API are not for this API",
            Self::SessionOver => "the session is over; sign in again",
        };
        words.to_owned()
    }

    /// Something that once worked, or should: somebody has to look at it.
    fn is_worth_a_warning(self) -> bool {
        !matches!(self, Self::NothingSent | Self::SessionOver)
    }
}

/// A caller who is nobody.
#[derive(Debug)]
pub struct Nobody {
    why: Why,
    /// The number of a token that this box signed, which is no secret.
    token: Option<TokenId>,
}

impl From<Why> for Nobody {
    fn from(why: Why) -> Self {
        Self { why, token: None }
    }
}

impl Nobody {
    /// A caller without a token: the session that was sent is over, or nothing was sent.
    #[must_use]
    pub fn without_token(sent_session: bool) -> Self {
        let why = if sent_session {
            Why::SessionOver
        } else {
            Why::NothingSent
        };
        Self::from(why)
    }

    /// Notes it in the log, for the answer.
    #[must_use]
    pub fn noted(self, ctx: &Ctx) -> Why {
        let Some(unsaid) = ctx.app.seldom.may_speak(ctx.address, self.why.name()) else {
            return self.why;
        };
        let (dialect, address) = (ctx.dialect, ctx.address_text());
        let (why, token) = (self.why.name(), self.token.map(|token| token.to_string()));
        if self.why.is_worth_a_warning() {
            tracing::warn!(dialect, address, why, token, unsaid, "caller.nobody");
        } else {
            tracing::info!(dialect, address, why, token, unsaid, "caller.nobody");
        }
        self.why
    }
}

/// Notes in the log that a caller with another kind of credential is nobody.
pub fn note_nobody(ctx: &Ctx, why: &'static str) {
    if let Some(unsaid) = ctx.app.seldom.may_speak(ctx.address, why) {
        let (dialect, address) = (ctx.dialect, ctx.address_text());
        tracing::warn!(dialect, address, why, unsaid, "caller.nobody");
    }
}

/// Whoever an `Authorization` header with an integration token names: one signature and one point
/// read. The word before the token is `JWT`, case ignored; `Bearer` is no alias (alphaott 1.1).
pub fn bearer(ctx: &Ctx, authorization: &str) -> Result<Bearer, OpError> {
    let Some((scheme, token)) = authorization.trim().split_once(char::is_whitespace) else {
        return Ok(Bearer::Nobody(Why::NoScheme.into()));
    };
    if !scheme.eq_ignore_ascii_case("JWT") {
        return Ok(Bearer::Nobody(Why::OtherScheme.into()));
    }
    let claims = match ctx.app.keys.prove(token.trim(), ctx.now.seconds()) {
        Ok(claims) => claims,
        Err(unproven) => return Ok(Bearer::Nobody(of_unproven(&unproven))),
    };
    if claims.grant_type != ACCESS_GRANT {
        return Ok(Bearer::Nobody(Why::Refresh.into()));
    }
    if claims.grant_scope.is_some() {
        return Ok(Bearer::Client);
    }
    let id = TokenId::parse(&claims.jti);
    let held = match &id {
        Some(id) => ctx.app.store.read()?.get::<Token>(id)?,
        None => None,
    };
    let Some(held) = held else {
        let why = Why::Forgotten;
        return Ok(Bearer::Nobody(Nobody { why, token: id }));
    };
    let why = if let Some(at) = held.revoked_at {
        Why::Revoked(at)
    } else if held.expires_at <= ctx.now {
        Why::Expired(held.expires_at)
    } else if held.role == Role::Api {
        Why::RoleApi
    } else {
        return Ok(Bearer::Integration(Actor::Token {
            jti: held.id,
            name: held.name,
            role: held.role,
        }));
    };
    Ok(Bearer::Nobody(Nobody { why, token: id }))
}

fn of_unproven(unproven: &Unproven) -> Nobody {
    match unproven {
        Unproven::Malformed => Why::Malformed.into(),
        Unproven::Foreign => Why::Foreign.into(),
        Unproven::OtherProvider => Why::OtherProvider.into(),
        Unproven::Expired(claims) => {
            let micros = claims.exp.saturating_mul(1_000_000);
            let at = Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN);
            Nobody {
                why: Why::Expired(at),
                token: TokenId::parse(&claims.jti),
            }
        }
    }
}
