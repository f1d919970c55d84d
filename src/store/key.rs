//! Keys: order-preserving bytes, so that the order of keys is the order of values.

use crate::domain::id::Id;
use crate::domain::staff::TokenId;

/// A record's own key.
pub trait Key: Clone + std::fmt::Debug + Send + 'static {
    /// The sequence its numbers come from; `None` for keys that are no numbers.
    const SEQUENCE: Option<&'static str> = None;

    fn to_bytes(&self) -> Vec<u8>;
    /// `None` where `bytes` is no key of this kind.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl<I: Id> Key for I {
    const SEQUENCE: Option<&'static str> = Some(I::SEQUENCE);

    fn to_bytes(&self) -> Vec<u8> {
        self.number().to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .map(|number| I::new(u64::from_be_bytes(number)))
    }
}

impl Key for TokenId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Key for [u8; 32] {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// The key of the only record of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only;

impl Key for Only {
    fn to_bytes(&self) -> Vec<u8> {
        vec![0]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes == [0]).then_some(Self)
    }
}

/// First key after all that begin with `prefix`; `None` where there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// The number in the last eight bytes of an index key.
#[must_use]
pub fn trailing_number(key: &[u8]) -> Option<u64> {
    let tail = key.get(key.len().checked_sub(8)?..)?;
    tail.try_into().ok().map(u64::from_be_bytes)
}
