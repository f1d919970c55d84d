//! What holds for members of staff: limits of those who handle money but do not answer for it, and
//! what is asked before much is moved.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::staff::Role;

/// Amounts are in whole units of whichever currency it is, and of what is moved at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StaffSettings {
    /// One payment that a cashier or dealer books.
    pub payment_max: u32,
    /// One refund that a cashier or dealer makes.
    pub refund_max: u32,
    /// Above it whoever is signed in proves once more who they are before they give it back.
    pub refund_confirm_above: u32,
    /// The first bill of one order that a cashier or dealer opens.
    pub sale_max: u32,
    /// All vouchers of one batch together; owners have no such limit.
    pub vouchers_max: u32,
    /// Who signs in with a second factor, and sets one up before anything else.
    pub second_factor_roles: Roles,
}

/// Roles, as their names are written in the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.to_vec())
    }

    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|role| role.name()))
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Scripts do not sign in, so they have no second factor.
        let known: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|role| *role != Role::Api)
            .collect();
        let role = |name: String| {
            let found = known.iter().find(|role| role.name() == name);
            found.copied().ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|role| role.name()).collect();
                D::Error::custom(format!("{name} must be one of {}", names.join(", ")))
            })
        };
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .into_iter()
            .map(role)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Default for StaffSettings {
    fn default() -> Self {
        Self {
            payment_max: 10_000,
            refund_max: 1_000,
            refund_confirm_above: 100,
            sale_max: 10_000,
            vouchers_max: 100_000,
            second_factor_roles: Roles::default(),
        }
    }
}
