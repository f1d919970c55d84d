//! What members of staff made that opens a door: found, listed, and ended with their own rights.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::partners::Partner;
use crate::domain::staff::Maker;
use crate::domain::staff::{Actor, Operator, Permission, Role, Session, Token, TokenId};
use crate::domain::values::id::OperatorId;
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::ops::OpError;
use crate::store::{Read, Tx};

/// What one person made and what is good.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub tokens: Vec<Token>,
    /// Partners with a key of theirs.
    pub partners: Vec<Partner>,
    pub webhooks: Vec<Webhook>,
    /// Accounts for scripts.
    pub accounts: Vec<Operator>,
    /// Members of staff whom they added: people of their own, who stay.
    pub staff: Vec<Operator>,
    /// Their own sign-ins.
    pub sessions: Vec<Session>,
    /// Tokens that are good and of which nobody knows who made them.
    pub unknown_tokens: usize,
}

impl Made {
    /// Whether anything ends with its maker, sign-ins aside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
            && self.partners.is_empty()
            && self.webhooks.is_empty()
            && self.accounts.is_empty()
    }

    /// What would end, and what would not, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for token in &self.tokens {
            let (name, role) = (&token.name, token.role.name());
            let until = token.expires_at.to_rfc3339_millis();
            lines.push(format!("token {name} ({role}, until {until}) ends"));
        }
        for partner in &self.partners {
            lines.push(format!("the API key of partner {} ends", partner.key));
        }
        for webhook in &self.webhooks {
            lines.push(format!(
                "webhook {} to {} is switched off",
                webhook.id.0, webhook.url
            ));
        }
        for account in &self.accounts {
            lines.push(format!("account {} (api) is removed", account.name));
        }
        if !self.sessions.is_empty() {
            lines.push(format!("sign-ins that end: {}", self.sessions.len()));
        }
        for person in &self.staff {
            let (name, role) = (&person.name, person.role.name());
            lines.push(format!("{name} ({role}) was added by them and stays"));
        }
        if self.unknown_tokens > 0 {
            lines.push(format!(
                "tokens that stay, and of which nobody knows who made them: {}; see `token list`",
                self.unknown_tokens
            ));
        }
        lines
    }
}

/// Refuses an actor that lost its right since the request was let in, and says who it is: what is
/// made must not come after the end of its maker.
pub(in crate::ops) fn maker(ctx: &Ctx, read: &impl Read) -> Result<Maker, OpError> {
    let may = |role: Role| role.may(Permission::StaffManage);
    let still = match &ctx.actor {
        Actor::Operator { id, .. } => read
            .get::<Operator>(id)?
            .is_some_and(|present| may(present.role)),
        Actor::Token { jti, .. } => read.get::<Token>(jti)?.is_some_and(|present| {
            present.revoked_at.is_none() && present.expires_at > ctx.now && may(present.role)
        }),
        other => other.may(Permission::StaffManage),
    };
    if still {
        Ok(Maker::of(&ctx.actor))
    } else {
        Err(OpError::Denied(Permission::StaffManage))
    }
}

/// What this person made, by themselves or by scripts with tokens of theirs.
pub(in crate::ops) fn made_by(
    read: &impl Read,
    person: OperatorId,
    now: Timestamp,
) -> Result<Made, OpError> {
    let tokens: Vec<Token> = read.all()?;
    let theirs = token_ids(&tokens, person);
    let by_them = |maker: &Maker| match maker {
        Maker::Operator { id, .. } => *id == person,
        Maker::Token { id, .. } => theirs.contains(id),
        Maker::Unknown | Maker::System => false,
    };
    let good = |token: &Token| token.revoked_at.is_none() && token.expires_at > now;
    let unknown = |token: &&Token| good(token) && token.made_by == Maker::Unknown;
    let mut made = Made {
        unknown_tokens: tokens.iter().filter(unknown).count(),
        ..Made::default()
    };
    made.tokens = tokens;
    made.tokens
        .retain(|token| good(token) && theirs.contains(&token.id));
    made.partners = read.all()?;
    made.partners.retain(|partner| {
        let old = partner.old_api_key.as_ref();
        (partner.api_key_hash.is_some() && by_them(&partner.key_made_by))
            || (old.is_some_and(|(_, until)| *until > now) && by_them(&partner.old_key_made_by))
    });
    made.webhooks = read.all()?;
    made.webhooks
        .retain(|webhook| webhook.on && by_them(&webhook.made_by));
    let added: Vec<Operator> = read.all()?;
    let added = added
        .into_iter()
        .filter(|held| held.id != person && by_them(&held.made_by));
    (made.accounts, made.staff) = added.partition(|held| held.role == Role::Api);
    made.sessions = read.all()?;
    made.sessions.retain(|session| session.operator == person);
    Ok(made)
}

/// The tokens of one person, and those that were minted with them.
fn token_ids(tokens: &[Token], person: OperatorId) -> BTreeSet<TokenId> {
    let mut theirs = BTreeSet::new();
    loop {
        let before = theirs.len();
        for token in tokens {
            let is_theirs = match &token.made_by {
                Maker::Operator { id, .. } => *id == person,
                Maker::Token { id, .. } => theirs.contains(id),
                Maker::Unknown | Maker::System => false,
            };
            if is_theirs {
                theirs.insert(token.id);
            }
        }
        if theirs.len() == before {
            return theirs;
        }
    }
}

/// Ends what a person made.
pub(in crate::ops) fn end(ctx: &Ctx, tx: &mut Tx<'_>, made: &Made) -> Result<(), OpError> {
    for before in &made.tokens {
        let after = Token {
            revoked_at: Some(ctx.now),
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "token.revoke", before, &after)?;
    }
    for before in &made.partners {
        // Whoever knows one of the two keys may know the other.
        let after = Partner {
            api_key_hash: None,
            old_api_key: None,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "partner.end_key", before, &after)?;
    }
    for before in &made.webhooks {
        let after = Webhook {
            on: false,
            ..before.clone()
        };
        crate::ops::change(ctx, tx, "webhook.update", before, &after)?;
    }
    for account in &made.accounts {
        tx.remove::<Operator>(&account.id)?;
        crate::ops::audit(ctx, tx, "operator.remove", account, Vec::new())?;
    }
    for session in &made.sessions {
        tx.remove::<Session>(&session.secret_hash)?;
    }
    Ok(())
}
