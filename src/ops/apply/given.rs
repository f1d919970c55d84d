//! A member of an element that may be left out: what is left out stays as it is, `null` empties it.

use serde::{Deserialize, Deserializer};

/// What a document says of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Given<T> {
    /// Nothing: it stays as it is, or as it is by default in a new element.
    #[default]
    LeftOut,
    /// `null`.
    Emptied,
    Value(T),
}

impl<T> Given<T> {
    /// What comes of it over what is held; `empty` is what the member is without a value.
    pub fn over(self, held: T, empty: T) -> T {
        match self {
            Self::LeftOut => held,
            Self::Emptied => empty,
            Self::Value(value) => value,
        }
    }

    /// As [`Given::over`], of a member that may have no value.
    pub fn over_optional(self, held: Option<T>) -> Option<T> {
        match self {
            Self::LeftOut => held,
            Self::Emptied => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value with `change` made of it.
    pub fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Given<U>, E> {
        Ok(match self {
            Self::LeftOut => Given::LeftOut,
            Self::Emptied => Given::Emptied,
            Self::Value(value) => Given::Value(change(value)?),
        })
    }
}

impl<T> From<Option<T>> for Given<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Emptied, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(Self::from)
    }
}
