//! What a command says, or why it failed.

use crate::domain::refusal::{Refusal, StaffRefusal};
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

/// An error as one line for a person at the machine.
pub(in crate::control::command) fn words(error: &OpError) -> String {
    match error {
        OpError::Refused(refusal) => refused(refusal),
        OpError::TooManyAttempts { retry_after_s } => {
            format!("too many failed attempts; wait {retry_after_s} seconds")
        }
        OpError::Throttled { .. } => "the box is too busy; try again in a moment".to_owned(),
        OpError::Missing { .. }
        | OpError::Denied(_)
        | OpError::Document { .. }
        | OpError::DiskFull
        | OpError::Store(_)
        | OpError::Elsewhere { .. }
        | OpError::Failed(_) => error.to_string(),
    }
}

/// The one place that words a refusal. No wildcard: a new one must be decided about here.
#[deny(clippy::wildcard_enum_match_arm)]
fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Staff(StaffRefusal::OperatorTaken { name }) => {
            format!("an operator {name} exists; use `operator passwd` for a new password")
        }
        Refusal::PartnerTaken { key } => {
            format!("a partner {key} exists; use `partner rotate {key}` for a new API key")
        }
        Refusal::NoSuchReseller => {
            "there is no such reseller; an apply document or the Stalker API makes one".to_owned()
        }
        Refusal::PasswordLength { min, max } => {
            format!("the password must have {min} to {max} characters")
        }
        Refusal::Staff(StaffRefusal::PasswordGuessable { why }) => {
            format!("the password must not be {}", why.words())
        }
        Refusal::Staff(StaffRefusal::OperatorLooksAlike { other }) => {
            format!("the name looks like operator {other}; choose one that nobody takes for it")
        }
        Refusal::Staff(StaffRefusal::LastOwner) => {
            "nobody else may manage staff; make another owner first".to_owned()
        }
        Refusal::Staff(StaffRefusal::NoSecondFactor) => {
            "they have no second factor: name and password are all that they sign in with"
                .to_owned()
        }
        // Hardly any command ends in one of these; if one does, the code says which.
        Refusal::EmailTaken
        | Refusal::LoginTaken
        | Refusal::MacTaken { .. }
        | Refusal::IdTaken { .. }
        | Refusal::BeyondCalendar
        | Refusal::TooMany { .. }
        | Refusal::KeyUsed
        | Refusal::NotDead
        | Refusal::ResellerTaken { .. }
        | Refusal::ResellerHasCustomers
        | Refusal::MonthClosed { .. }
        | Refusal::MonthNotOver { .. }
        | Refusal::TransactionEnded
        | Refusal::ClockBackward
        | Refusal::Order(_)
        | Refusal::Money(_)
        | Refusal::Staff(
            StaffRefusal::ApiOnly
            | StaffRefusal::BadCredentials
            | StaffRefusal::SetupDone
            | StaffRefusal::MadeCredentials { .. }
            | StaffRefusal::PasswordAgain
            | StaffRefusal::WrongPassword
            | StaffRefusal::CodeNeeded
            | StaffRefusal::BadCode
            | StaffRefusal::CodeAgain
            | StaffRefusal::WrongCode
            | StaffRefusal::SecondFactorFirst
            | StaffRefusal::SecondFactorForced
            | StaffRefusal::NoFactorBegun
            | StaffRefusal::AboveLimit { .. },
        )
        | Refusal::Partner(_) => format!("refused: {}", refusal.code()),
    }
}
