//! A setting that is never printed.

use std::fmt::{self, Debug, Display, Formatter};

use serde::{Deserialize, Serialize, Serializer};

/// What stands for a value that nobody is to see.
pub(super) const HIDDEN: &str = "(hidden)";

/// A password, key or address with one in it. Whatever shows it shows only whether it is set; so
/// what is written of it cannot be read back.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretSetting(String);

impl SecretSetting {
    /// The value itself, for where it is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { HIDDEN }
    }
}

impl Debug for SecretSetting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.shown(), f)
    }
}

impl Display for SecretSetting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for SecretSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl From<&str> for SecretSetting {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<&String> for SecretSetting {
    fn from(value: &String) -> Self {
        Self(value.clone())
    }
}

impl From<String> for SecretSetting {
    fn from(value: String) -> Self {
        Self(value)
    }
}
