//! Commands about what other programs call with: integration tokens and partners' keys.

use clap::Subcommand;

use super::on_data::run_on_data;
use super::place::Place;
use crate::control::command::Command;
use crate::ops;

#[derive(Debug, Subcommand)]
pub enum Partner {
    /// Add a partner and print its API key, and nothing else: it cannot be shown again
    Add {
        /// Short name, for logs and accounts
        key: String,
        #[arg(long)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print another API key for a partner; the one before stays good for a while
    Rotate {
        key: String,
        /// How long the key before stays good: 90s, 12h, 1d
        #[arg(long, default_value = "1d", value_parser = parse_ttl)]
        overlap: i64,
        #[command(flatten)]
        place: Place,
    },
    /// List partners: key, name, state, who made their key
    List {
        #[command(flatten)]
        place: Place,
    },
}

impl Partner {
    pub async fn run(self) -> anyhow::Result<bool> {
        let (place, command) = match self {
            Self::Add { key, name, place } => (place, Command::PartnerAdd { key, name }),
            Self::Rotate {
                key,
                overlap: overlap_seconds,
                place,
            } => {
                let rotate = Command::PartnerRotate {
                    key,
                    overlap_seconds,
                };
                (place, rotate)
            }
            Self::List { place } => (place, Command::PartnerList),
        };
        run_on_data(&place, command).await
    }
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Print a new token, and nothing else
    Create {
        /// Who will hold it
        #[arg(long)]
        name: String,
        /// owner, manager, support, cashier, content-editor, dealer or auditor
        #[arg(long, default_value = "manager")]
        role: String,
        /// How long it is good for: 90s, 12h, 1d, 2y
        #[arg(long, default_value = "2y", value_parser = parse_ttl)]
        ttl: i64,
        #[command(flatten)]
        place: Place,
    },
    /// List tokens: id, name, role, state, end, who made them
    List {
        #[command(flatten)]
        place: Place,
    },
    /// End a token by its id (`jti`), from the next request on
    Revoke {
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

impl Token {
    pub async fn run(self) -> anyhow::Result<bool> {
        let (place, command) = match self {
            Self::Create {
                name,
                role,
                ttl: ttl_seconds,
                place,
            } => {
                let create = Command::TokenCreate {
                    name,
                    role,
                    ttl_seconds,
                };
                (place, create)
            }
            Self::List { place } => (place, Command::TokenList),
            Self::Revoke { id, place } => (place, Command::TokenRevoke { jti: id }),
        };
        run_on_data(&place, command).await
    }
}

/// `90s`, `15m`, `12h`, `1d`, `2y` in seconds; a year has 365.25 days.
fn parse_ttl(text: &str) -> Result<i64, String> {
    let wrong = || "must be a number with s, m, h, d or y behind it, such as 90s or 2y".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'y' => 31_557_600,
        _ => return Err(wrong()),
    };
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|n| n.parse().ok())
        .ok_or_else(wrong)?;
    let max = ops::staff::tokens::TOKEN_SECONDS_MAX;
    let ttl = count
        .checked_mul(seconds)
        .filter(|ttl| (1..=max).contains(ttl));
    ttl.ok_or_else(|| "must be more than nothing and at most 30y".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_ttl;

    #[test]
    fn lives_of_tokens_have_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("12h", 43_200),
            ("1d", 86_400),
            ("2y", 63_115_200),
            ("20y", 631_152_000),
        ] {
            assert_eq!(parse_ttl(text), Ok(seconds));
        }
        for text in [
            "",
            "s",
            "0s",
            "-1d",
            "5",
            "1w",
            "31y",
            "99999999999999999999y",
            "1é",
        ] {
            assert!(parse_ttl(text).is_err(), "{text}");
        }
    }
}
