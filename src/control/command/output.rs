//! What a command says, or why it failed.

use crate::domain::staff::Role;
use crate::ops::OpError;
use serde::{Deserialize, Serialize};

/// What a command prints, and whether it found the data sound.
#[derive(Debug, Serialize, Deserialize)]
pub struct Output {
    pub lines: Vec<String>,
    pub ok: bool,
    /// Of an export: where the next page begins.
    #[serde(default)]
    pub next: Option<u64>,
}

/// Why a command was not carried out, in one line.
#[derive(Debug)]
pub enum CommandError {
    Refused(String),
}

impl From<OpError> for CommandError {
    fn from(error: OpError) -> Self {
        Self::Refused(words(&error))
    }
}

pub(in crate::control::command) fn done(lines: Vec<String>) -> Output {
    Output {
        lines,
        ok: true,
        next: None,
    }
}

pub(in crate::control::command) fn parse_role(name: &str) -> Result<Role, CommandError> {
    Role::parse(name).ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        CommandError::Refused(format!("no role {name}; there are {}", names.join(", ")))
    })
}

/// A refusal as one line for a person at the machine.
pub(in crate::control::command) fn words(error: &OpError) -> String {
    use crate::domain::refusal::Refusal;
    match error {
        OpError::Refused(Refusal::OperatorTaken { name }) => {
            format!("an operator {name} exists; use `operator passwd` for a new password")
        }
        OpError::Refused(Refusal::PartnerTaken { key }) => {
            format!("a partner {key} exists; use `partner rotate {key}` for a new API key")
        }
        OpError::Refused(Refusal::NoSuchReseller) => {
            "there is no such reseller; an apply document or the Stalker API makes one".to_owned()
        }
        OpError::Refused(Refusal::PasswordLength { min, max }) => {
            format!("the password must have {min} to {max} characters")
        }
        OpError::Refused(Refusal::PasswordGuessable { why }) => {
            format!("the password must not be {}", why.words())
        }
        OpError::Refused(Refusal::OperatorLooksAlike { other }) => {
            format!("the name looks like operator {other}; choose one that nobody takes for it")
        }
        OpError::TooManyAttempts { retry_after_s } => {
            format!("too many failed attempts; wait {retry_after_s} seconds")
        }
        OpError::Refused(Refusal::LastOwner) => {
            "nobody else may manage staff; make another owner first".to_owned()
        }
        OpError::Throttled { .. } => "the box is too busy; try again in a moment".to_owned(),
        other => other.to_string(),
    }
}
