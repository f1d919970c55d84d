//! What a command comes to that keeps what it wrote also where it refuses: a wrong PIN counts, so
//! its refusal must not take the commit back, as an error would.

use crate::domain::refusal::Refusal;
use crate::ops::OpError;

#[derive(Debug)]
pub(super) enum Verdict<T> {
    Accepted(T),
    Refused(Refusal),
}

impl<T> Verdict<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Accepted(value) => Verdict::Accepted(change(value)),
            Self::Refused(refusal) => Verdict::Refused(refusal),
        }
    }

    /// As the caller hears it, once the commit is made.
    pub(super) fn into_result(self) -> Result<T, OpError> {
        match self {
            Self::Accepted(value) => Ok(value),
            Self::Refused(refusal) => Err(refusal.into()),
        }
    }
}
