//! Who made a credential, so that it can be ended with its maker's own rights.

use serde::{Deserialize, Serialize};

use super::staff::{Actor, TokenId};
use crate::domain::values::id::OperatorId;

/// Who made a token, a key, a webhook or an account. Stored by position: append only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Maker {
    /// It was made before this was noted.
    #[default]
    Unknown,
    /// Whoever has the machine: the command line, an apply document, the box itself.
    System,
    /// A member of staff, by the name that they had then.
    Operator { id: OperatorId, name: String },
    /// A script with an owner's token.
    Token { id: TokenId, name: String },
}

impl Maker {
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        match actor {
            Actor::System => Self::System,
            Actor::Operator { id, name, .. } => Self::Operator {
                id: *id,
                name: name.clone(),
            },
            Actor::Token { jti, name, .. } => Self::Token {
                id: *jti,
                name: name.clone(),
            },
            // They may make nothing.
            Actor::Nobody | Actor::Viewer | Actor::Script { .. } | Actor::Partner { .. } => {
                Self::Unknown
            }
        }
    }

    /// For lists.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Unknown => "unknown".to_owned(),
            Self::System => "the command line".to_owned(),
            Self::Operator { name, .. } => name.clone(),
            Self::Token { name, .. } => format!("token {name}"),
        }
    }
}
