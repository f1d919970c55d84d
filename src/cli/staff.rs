//! Commands about staff, their credentials and what they did.

use clap::{Args, Subcommand};

use super::on_data::{Question, ask_first, run_on_data};
use super::place::Place;
use super::terminal::read_password;
use crate::control::command::Command;

#[derive(Debug, Subcommand)]
pub enum Operator {
    /// Add a member of staff
    Add {
        name: String,
        /// owner, manager, support, cashier, content-editor, dealer, auditor or api
        #[arg(long)]
        role: String,
        /// Where they are written to
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Number of the reseller whose customers the account sees and touches; for the role api
        #[arg(long)]
        reseller: Option<u64>,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Give a member of staff a new password
    Passwd {
        name: String,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Take a member of staff's second factor away, who lost it; their sign-ins end
    ResetSecondFactor {
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give a member of staff another role; what they made ends unless they may go on making it
    Role {
        name: String,
        role: String,
        /// End what they made without asking
        #[arg(long)]
        end_credentials: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Remove a member of staff and end what they made: tokens, keys, webhooks, accounts, sign-ins
    Remove {
        name: String,
        /// End what they made without asking
        #[arg(long)]
        end_credentials: bool,
        #[command(flatten)]
        place: Place,
    },
    /// List staff: name, role, since when, who added them, address
    List {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Change the key that signs integration tokens: all of them end
    Rotate {
        /// Do it without asking
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub struct Audit {
    /// Only from this instant on, such as 2026-01-31T10:00:00Z
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// Only before this instant
    #[arg(long, value_name = "T")]
    until: Option<String>,
    /// Only what this member of staff or token did
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only about this record, such as customer:17
    #[arg(long, value_name = "KIND:ID")]
    of: Option<String>,
    /// How to write it
    #[arg(long, default_value = "text", value_parser = ["text", "jsonl"])]
    format: String,
    #[command(flatten)]
    place: Place,
}

impl Operator {
    pub async fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::Add {
                name,
                role,
                email,
                reseller,
                password_stdin,
                place,
            } => {
                let add = Command::OperatorAdd {
                    name,
                    role,
                    email,
                    reseller,
                    password: read_password(password_stdin)?,
                };
                run_on_data(&place, add).await
            }
            Self::Passwd {
                name,
                password_stdin,
                place,
            } => {
                let password = read_password(password_stdin)?;
                run_on_data(&place, Command::OperatorPasswd { name, password }).await
            }
            Self::ResetSecondFactor { name, place } => {
                run_on_data(&place, Command::OperatorTakeFactor { name }).await
            }
            Self::Role {
                name,
                role,
                end_credentials,
                place,
            } => {
                let question = (!end_credentials).then(|| Question {
                    look: Command::OperatorLeaving {
                        name: name.clone(),
                        role: Some(role.clone()),
                    },
                    words: format!("Make {name} {role}?"),
                    flag: "--end-credentials",
                });
                let change = Command::OperatorRole {
                    name,
                    role,
                    end_credentials: true,
                };
                ask_first(&place, question, change).await
            }
            Self::Remove {
                name,
                end_credentials,
                place,
            } => {
                let question = (!end_credentials).then(|| Question {
                    look: Command::OperatorLeaving {
                        name: name.clone(),
                        role: None,
                    },
                    words: format!("Remove {name}?"),
                    flag: "--end-credentials",
                });
                let remove = Command::OperatorRemove {
                    name,
                    end_credentials: true,
                };
                ask_first(&place, question, remove).await
            }
            Self::List { place } => run_on_data(&place, Command::OperatorList).await,
        }
    }
}

impl Keys {
    pub async fn run(self) -> anyhow::Result<bool> {
        let Self::Rotate { yes, place } = self;
        let question = (!yes).then(|| Question {
            look: Command::KeysRotating,
            words: "End all tokens?".to_owned(),
            flag: "--yes",
        });
        ask_first(&place, question, Command::KeysRotate).await
    }
}

impl Audit {
    pub async fn run(self) -> anyhow::Result<bool> {
        let read = Command::Audit {
            since: self.since,
            until: self.until,
            who: self.who,
            of: self.of,
            jsonl: self.format == "jsonl",
            before: 0,
        };
        run_on_data(&self.place, read).await
    }
}
