//! Commands about staff, their credentials and what they did.

use std::io::Write as _;

use clap::{Args, Subcommand};

use crate::control::command::Command as DataCommand;

use super::{Place, read_password};

#[derive(Debug, Subcommand)]
pub(super) enum Operator {
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
pub(super) enum Keys {
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
pub(super) struct Audit {
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

/// A command, and what is asked before it is carried out.
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) command: DataCommand,
    pub(super) first: Option<Question>,
}

/// What a command would do is shown, and has to be confirmed.
pub(super) struct Question {
    /// Says what would happen, a line each.
    pub(super) look: DataCommand,
    pub(super) words: String,
    /// What to say instead of an answer.
    pub(super) flag: &'static str,
}

fn plain(place: Place, command: DataCommand) -> Asked {
    Asked {
        place,
        command,
        first: None,
    }
}

impl Operator {
    pub(super) fn asked(self) -> anyhow::Result<Asked> {
        Ok(match self {
            Self::Add {
                name,
                role,
                email,
                reseller,
                password_stdin,
                place,
            } => {
                let password = read_password(password_stdin)?;
                let add = DataCommand::OperatorAdd {
                    name,
                    role,
                    email,
                    reseller,
                    password,
                };
                plain(place, add)
            }
            Self::Passwd {
                name,
                password_stdin,
                place,
            } => {
                let password = read_password(password_stdin)?;
                plain(place, DataCommand::OperatorPasswd { name, password })
            }
            Self::Role {
                name,
                role,
                end_credentials,
                place,
            } => Asked {
                place,
                first: (!end_credentials).then(|| Question {
                    look: DataCommand::OperatorLeaving {
                        name: name.clone(),
                        role: Some(role.clone()),
                    },
                    words: format!("Make {name} {role}?"),
                    flag: "--end-credentials",
                }),
                command: DataCommand::OperatorRole {
                    name,
                    role,
                    end_credentials: true,
                },
            },
            Self::Remove {
                name,
                end_credentials,
                place,
            } => Asked {
                place,
                first: (!end_credentials).then(|| Question {
                    look: DataCommand::OperatorLeaving {
                        name: name.clone(),
                        role: None,
                    },
                    words: format!("Remove {name}?"),
                    flag: "--end-credentials",
                }),
                command: DataCommand::OperatorRemove {
                    name,
                    end_credentials: true,
                },
            },
            Self::List { place } => plain(place, DataCommand::OperatorList),
        })
    }
}

impl Keys {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Rotate { yes, place } => Asked {
                place,
                first: (!yes).then(|| Question {
                    look: DataCommand::KeysRotating,
                    words: "End all tokens?".to_owned(),
                    flag: "--yes",
                }),
                command: DataCommand::KeysRotate,
            },
        }
    }
}

impl Audit {
    pub(super) fn asked(self) -> Asked {
        let read = DataCommand::Audit {
            since: self.since,
            until: self.until,
            who: self.who,
            of: self.of,
            jsonl: self.format == "jsonl",
            before: 0,
        };
        plain(self.place, read)
    }
}

/// Asks whoever typed the command. An answer that is no yes, and none at all, changes nothing.
pub(super) fn confirmed(question: &Question) -> anyhow::Result<()> {
    let mut out = std::io::stderr();
    write!(out, "{} [y/N] ", question.words)?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let answer = answer.trim();
    if answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    let flag = question.flag;
    anyhow::bail!("nothing was changed; {flag} does it without asking")
}
