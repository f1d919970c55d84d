//! Staff: who may do what, and the credentials of people and scripts.

use serde::{Deserialize, Serialize};

use crate::domain::second_factor::SecondFactor;
use crate::domain::values::contact::Email;
use crate::domain::values::id::{OperatorId, PartnerId, ResellerId};
pub use crate::domain::values::secret::Secret;
use crate::domain::values::time::Timestamp;

/// What a member of staff or a script may do. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Everything, staff included.
    Owner,
    /// Everything but staff. What billing scripts get.
    Manager,
    /// Customers, devices and services.
    Support,
    /// Reads customers, takes orders and money.
    Cashier,
    /// The catalogue.
    ContentEditor,
    /// Sells: customers, devices and orders.
    Dealer,
    /// Reads everything, changes nothing.
    Auditor,
    /// Billing scripts that speak the Stalker API: customers, boxes, plans. Not for the console.
    Api,
}

/// A thing one may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    CustomersRead,
    CustomersWrite,
    ServicesWrite,
    CatalogueRead,
    CatalogueWrite,
    OrdersRead,
    OrdersWrite,
    MoneyRead,
    MoneyWrite,
    /// Messages and commands to boxes.
    BoxesCommand,
    ResellersWrite,
    /// Letting a run go on that the guard stopped.
    RunsRelease,
    ActivityRead,
    ClockMove,
    StaffManage,
    Apply,
    /// Dates of an order beyond what is paid, and days that nobody pays for.
    TimeGive,
    /// Services beyond the paid end of an order.
    ServicesGive,
    /// Prices of orders that run already.
    RunningPricesWrite,
    VouchersMake,
    /// Writing off and voiding what is owed, and crediting the whole of it.
    DebtsWriteOff,
    AuditRead,
}

impl Permission {
    pub const ALL: [Permission; 22] = [
        Permission::CustomersRead,
        Permission::CustomersWrite,
        Permission::ServicesWrite,
        Permission::CatalogueRead,
        Permission::CatalogueWrite,
        Permission::OrdersRead,
        Permission::OrdersWrite,
        Permission::MoneyRead,
        Permission::MoneyWrite,
        Permission::BoxesCommand,
        Permission::ResellersWrite,
        Permission::RunsRelease,
        Permission::ActivityRead,
        Permission::ClockMove,
        Permission::StaffManage,
        Permission::Apply,
        Permission::TimeGive,
        Permission::ServicesGive,
        Permission::RunningPricesWrite,
        Permission::VouchersMake,
        Permission::DebtsWriteOff,
        Permission::AuditRead,
    ];

    /// Whether it lets its holder give away what others pay for.
    #[must_use]
    pub fn gives_value(self) -> bool {
        matches!(
            self,
            Self::TimeGive
                | Self::ServicesGive
                | Self::RunningPricesWrite
                | Self::VouchersMake
                | Self::DebtsWriteOff
        )
    }

    /// Its name, for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomersRead => "customers_read",
            Self::CustomersWrite => "customers_write",
            Self::ServicesWrite => "services_write",
            Self::CatalogueRead => "catalogue_read",
            Self::CatalogueWrite => "catalogue_write",
            Self::OrdersRead => "orders_read",
            Self::OrdersWrite => "orders_write",
            Self::MoneyRead => "money_read",
            Self::MoneyWrite => "money_write",
            Self::BoxesCommand => "boxes_command",
            Self::ResellersWrite => "resellers_write",
            Self::RunsRelease => "runs_release",
            Self::ActivityRead => "activity_read",
            Self::ClockMove => "clock_move",
            Self::StaffManage => "staff_manage",
            Self::Apply => "apply",
            Self::TimeGive => "time_give",
            Self::ServicesGive => "services_give",
            Self::RunningPricesWrite => "running_prices_write",
            Self::VouchersMake => "vouchers_make",
            Self::DebtsWriteOff => "debts_write_off",
            Self::AuditRead => "audit_read",
        }
    }

    /// The permission in words, for a refusal.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::CustomersRead => "read customers",
            Self::CustomersWrite => "change customers and devices",
            Self::ServicesWrite => "change services",
            Self::CatalogueRead => "read the catalogue",
            Self::CatalogueWrite => "change the catalogue",
            Self::OrdersRead => "read orders",
            Self::OrdersWrite => "change orders",
            Self::MoneyRead => "read money",
            Self::MoneyWrite => "book payments",
            Self::BoxesCommand => "send messages and commands to boxes",
            Self::ResellersWrite => "change resellers",
            Self::RunsRelease => "let a stopped run go on",
            Self::ActivityRead => "read activity",
            Self::ClockMove => "move the test clock",
            Self::StaffManage => "manage staff and tokens",
            Self::Apply => "apply documents",
            Self::TimeGive => "give time that is not paid for",
            Self::ServicesGive => "give services beyond the paid end of an order",
            Self::RunningPricesWrite => "change prices of running orders",
            Self::VouchersMake => "make vouchers",
            Self::DebtsWriteOff => "write off debts",
            Self::AuditRead => "read the audit log",
        }
    }
}

impl Role {
    pub const ALL: [Role; 8] = [
        Role::Owner,
        Role::Manager,
        Role::Support,
        Role::Cashier,
        Role::ContentEditor,
        Role::Dealer,
        Role::Auditor,
        Role::Api,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Support => "support",
            Self::Cashier => "cashier",
            Self::ContentEditor => "content-editor",
            Self::Dealer => "dealer",
            Self::Auditor => "auditor",
            Self::Api => "api",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether what it moves at once is limited: it handles money and does not answer for it.
    #[must_use]
    pub fn is_limited(self) -> bool {
        matches!(self, Self::Cashier | Self::Dealer)
    }

    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Manager => permission != P::StaffManage,
            Self::Support => matches!(
                permission,
                P::CustomersRead
                    | P::CustomersWrite
                    | P::ServicesWrite
                    | P::CatalogueRead
                    | P::OrdersRead
                    | P::ActivityRead
                    | P::BoxesCommand
            ),
            Self::Cashier => matches!(
                permission,
                P::CustomersRead
                    | P::CatalogueRead
                    | P::OrdersRead
                    | P::OrdersWrite
                    | P::MoneyRead
                    | P::MoneyWrite
            ),
            Self::ContentEditor => matches!(permission, P::CatalogueRead | P::CatalogueWrite),
            Self::Dealer => matches!(
                permission,
                P::CustomersRead
                    | P::CustomersWrite
                    | P::CatalogueRead
                    | P::OrdersRead
                    | P::OrdersWrite
            ),
            Self::Auditor => matches!(
                permission,
                P::CustomersRead
                    | P::CatalogueRead
                    | P::OrdersRead
                    | P::MoneyRead
                    | P::ActivityRead
                    | P::AuditRead
            ),
            // The script is the billing: it says until when somebody has paid.
            Self::Api => matches!(
                permission,
                P::CustomersRead
                    | P::CustomersWrite
                    | P::ServicesWrite
                    | P::CatalogueRead
                    | P::OrdersRead
                    | P::OrdersWrite
                    | P::BoxesCommand
                    | P::ResellersWrite
                    | P::TimeGive
                    | P::ServicesGive
            ),
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A caller who has not shown any credential, where none is needed.
    Nobody,
    /// The box itself, or its owner on the machine through the command line.
    System,
    /// A member of staff who signed in.
    Operator {
        id: OperatorId,
        name: String,
        role: Role,
        /// Sees and touches this reseller's customers only.
        reseller: Option<ResellerId>,
    },
    /// A script that the settings let in, by their login or, where they name none, without.
    Script { name: String },
    /// A box, or the viewer in front of it: may do nothing but what is theirs.
    Viewer,
    /// A partner that bills through us: may do nothing but what its dialect does for it.
    Partner { id: PartnerId, key: String },
    /// A script with an integration token.
    Token {
        jti: TokenId,
        name: String,
        role: Role,
    },
}

impl Actor {
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Nobody | Self::Viewer | Self::Partner { .. } => false,
            Self::System => true,
            // Other resellers are not a reseller's business.
            Self::Operator {
                role,
                reseller: Some(_),
                ..
            } => role.may(permission) && permission != Permission::ResellersWrite,
            Self::Operator { role, .. } | Self::Token { role, .. } => role.may(permission),
            Self::Script { .. } => Role::Api.may(permission),
        }
    }

    /// The role of whoever has one.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Operator { role, .. } | Self::Token { role, .. } => Some(*role),
            Self::Script { .. } => Some(Role::Api),
            Self::Nobody | Self::System | Self::Viewer | Self::Partner { .. } => None,
        }
    }

    /// Whose customers the actor sees and touches; `None`: everybody's.
    #[must_use]
    pub fn reseller(&self) -> Option<ResellerId> {
        match self {
            Self::Operator { reseller, .. } => *reseller,
            Self::Nobody
            | Self::System
            | Self::Script { .. }
            | Self::Viewer
            | Self::Partner { .. }
            | Self::Token { .. } => None,
        }
    }

    /// The member of staff or the script, for lists; empty for everybody else.
    #[must_use]
    pub fn staff_words(&self) -> String {
        match self {
            Self::Operator { name, .. } => name.clone(),
            Self::Token { name, .. } => format!("token {name}"),
            Self::Script { name } => format!("script {name}"),
            Self::Nobody | Self::System | Self::Viewer | Self::Partner { .. } => String::new(),
        }
    }

    /// `operator` or the like, and a name: what the audit log keeps.
    #[must_use]
    pub fn label(&self) -> (&'static str, &str) {
        match self {
            Self::Nobody => ("nobody", ""),
            Self::System => ("system", ""),
            Self::Operator { name, .. } => ("operator", name),
            Self::Script { name } => ("script", name),
            Self::Viewer => ("viewer", ""),
            Self::Partner { key, .. } => ("partner", key),
            Self::Token { name, .. } => ("token", name),
        }
    }
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub id: OperatorId,
    /// Unique.
    pub name: String,
    pub role: Role,
    /// Sees and touches this reseller's customers only.
    pub reseller: Option<ResellerId>,
    /// Where they are written to.
    pub email: Option<Email>,
    /// An argon2id hash in PHC form.
    pub password: Secret,
    pub made_by: Maker,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// What is asked for besides the password.
    pub second_factor: Option<SecondFactor>,
    /// The seed of a second factor that was begun: it counts once its first code was shown.
    pub begun_factor: Option<Secret>,
}

/// Shortest and longest password of a member of staff, in characters and bytes.
pub const OPERATOR_PASSWORD_CHARS_MIN: usize = 8;
pub const PASSWORD_BYTES_MAX: usize = 256;

/// The random number that names a token (`jti`): sixteen bytes shown as a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub [u8; 16]);

impl TokenId {
    /// Sixteen random bytes, marked as a version 4 UUID.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// The usual form with four hyphens, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 36 {
            return None;
        }
        let mut bytes = [0u8; 16];
        let mut digits = 0usize;
        for (position, byte) in text.bytes().enumerate() {
            if matches!(position, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
            let value = char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())?;
            let slot = bytes.get_mut(digits.checked_div(2)?)?;
            *slot = slot.checked_shl(4)? | value;
            digits = digits.saturating_add(1);
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for TokenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// An integration token. The token itself is not kept:
/// its signature proves it, this record allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub made_by: Maker,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A sign-in of a member of staff, found by the hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of the secret the browser holds.
    pub secret_hash: [u8; 32],
    pub operator: OperatorId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the password, or a code in its place, was given last: what makes credentials wants it
    /// once more.
    pub confirmed_at: Timestamp,
    /// When it was used last, to a minute or so.
    pub last_used_at: Timestamp,
    /// Where it began; empty if that is not known.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

impl Session {
    /// What it is called in lists: says nothing of its secret.
    #[must_use]
    pub fn name(&self) -> String {
        let (front, _) = self.secret_hash.split_at(8);
        data_encoding::HEXLOWER.encode(front)
    }
}

/// Longest name of a browser that is kept, in characters.
pub const AGENT_CHARS_MAX: usize = 200;

/// How long a sign-in lasts, in seconds: twelve hours.
pub const SESSION_SECONDS: i64 = 43_200;

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

#[cfg(test)]
mod tests {
    use super::{Permission, Role, TokenId};
    use proptest::prelude::*;

    #[test]
    fn roles_are_read_by_their_names() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        assert!(!Role::Auditor.may(Permission::CustomersWrite));
        assert!(!Role::Manager.may(Permission::StaffManage));
    }

    #[test]
    fn who_gives_value_away_is_said_role_by_role() {
        use Permission as P;
        for role in Role::ALL {
            let given: Vec<P> = P::ALL
                .into_iter()
                .filter(|permission| permission.gives_value() && role.may(*permission))
                .collect();
            let expected = match role {
                Role::Owner | Role::Manager => vec![
                    P::TimeGive,
                    P::ServicesGive,
                    P::RunningPricesWrite,
                    P::VouchersMake,
                    P::DebtsWriteOff,
                ],
                Role::Api => vec![P::TimeGive, P::ServicesGive],
                Role::Support
                | Role::Cashier
                | Role::ContentEditor
                | Role::Dealer
                | Role::Auditor => Vec::new(),
            };
            assert_eq!(given, expected, "{}", role.name());
        }
    }

    #[test]
    fn permissions_are_listed_once_and_have_words_of_their_own() {
        let mut words: Vec<&str> = Permission::ALL.map(Permission::words).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Permission::ALL.len());
    }

    proptest! {
        #[test]
        fn token_ids_parse_back(bytes in any::<[u8; 16]>()) {
            let id = TokenId::from_random(bytes);
            prop_assert_eq!(TokenId::parse(&id.to_string()), Some(id));
        }

        #[test]
        fn fuzz_token_id_never_panics(text in "\\PC{0,40}") {
            let _ = TokenId::parse(&text);
        }
    }
}
