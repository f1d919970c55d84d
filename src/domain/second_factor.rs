//! The second factor of staff: what is kept of an authenticator, and which of its codes are open
//! (RFC 6238).

use serde::{Deserialize, Serialize};

use crate::domain::values::secret::Secret;
use crate::domain::values::time::Timestamp;

/// For how long an authenticator shows one code, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const CODE_DIGITS: usize = 6;
/// How many steps the clocks of box and authenticator may differ, each way.
const DRIFT_STEPS: u64 = 1;
/// Codes for when the authenticator is lost, made at once.
pub const RECOVERY_CODES: usize = 10;

/// An authenticator that somebody signs in with, besides the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Of which the box makes the secret that the authenticator holds: in hexadecimal digits.
    pub seed: Secret,
    pub since: Timestamp,
    /// The last step whose code was taken: it and those before it are used up.
    pub used_step: u64,
    /// Keyed hashes of the recovery codes that are left, in hexadecimal digits.
    pub recovery: Vec<Secret>,
}

/// What showed that somebody holds the authenticator or one of its recovery codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The code of this step.
    Code(u64),
    /// The recovery code with this hash.
    Recovery(String),
}

/// The step that an authenticator whose clock is right shows the code of.
#[must_use]
pub fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.seconds()).unwrap_or(0) / STEP_SECONDS.unsigned_abs()
}

/// The steps whose codes are taken at `now`, where those up to `used` are used up.
pub fn open_steps(now: Timestamp, used: u64) -> impl Iterator<Item = u64> {
    let step = step_at(now);
    let near = step.saturating_sub(DRIFT_STEPS)..=step.saturating_add(DRIFT_STEPS);
    near.filter(move |step| *step > used)
}

impl SecondFactor {
    /// Uses up what was shown; `false`: it was used before.
    #[must_use]
    pub fn spend(&mut self, proof: &Proof) -> bool {
        match proof {
            Proof::Code(step) => {
                let is_new = *step > self.used_step;
                self.used_step = self.used_step.max(*step);
                is_new
            }
            Proof::Recovery(hash) => {
                let before = self.recovery.len();
                self.recovery.retain(|held| held.0 != *hash);
                self.recovery.len() < before
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Proof, SecondFactor, open_steps};
    use crate::domain::values::secret::Secret;
    use crate::domain::values::time::Timestamp;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn clocks_may_differ_by_a_step_and_no_step_comes_again() {
        let now = at("1970-01-01T00:10:29Z");
        assert_eq!(open_steps(now, 0).collect::<Vec<_>>(), [19, 20, 21]);
        assert_eq!(open_steps(now, 19).collect::<Vec<_>>(), [20, 21]);
        assert_eq!(open_steps(now, 21).count(), 0);
        let first = at("1970-01-01T00:00:00Z");
        assert_eq!(open_steps(first, 0).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn each_code_is_good_once() {
        let mut factor = SecondFactor {
            seed: Secret(String::new()),
            since: at("2026-01-01T00:00:00Z"),
            used_step: 7,
            recovery: vec![Secret("a".to_owned()), Secret("b".to_owned())],
        };
        for (proof, good) in [
            (Proof::Code(7), false),
            (Proof::Code(9), true),
            (Proof::Code(8), false),
            (Proof::Code(9), false),
            (Proof::Recovery("a".to_owned()), true),
            (Proof::Recovery("a".to_owned()), false),
            (Proof::Recovery("c".to_owned()), false),
            (Proof::Recovery("b".to_owned()), true),
        ] {
            assert_eq!(factor.spend(&proof), good, "{proof:?}");
        }
        assert!(factor.recovery.is_empty());
    }
}
