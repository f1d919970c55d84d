//! Passwords: argon2id, away from the async threads, a bounded number at once.
//!
//! One hash takes tens of milliseconds of a core and megabytes of memory, so a storm of sign-ins
//! must wait in a short line and be turned away at its end instead of eating the box.

mod line;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::app::secrets::passwords::line::Line;
pub use crate::app::secrets::passwords::line::Turn;
use crate::config::PasswordSettings;
use crate::domain::customers::CustomerPassword;
use crate::domain::staff::Secret;
use crate::domain::values::time::Timestamp;

/// Why no hash was made or compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The line is full; try again in a second.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// The line in front of argon2.
pub struct Passwords {
    params: Params,
    line: Arc<Line>,
    /// Hashes that were made or compared since the start.
    worked: AtomicU64,
    /// Compared against where there is no such operator, so that a wrong name takes as long.
    decoy: String,
    /// Proofs of what was verified, and until when they hold.
    remembered: ArcSwap<HashMap<[u8; 32], Timestamp>>,
    /// Makes the proofs: worthless outside of this process.
    key: [u8; 32],
    /// Makes quick hashes; the same for as long as the file lives.
    quick_key: [u8; 32],
}

/// Most proofs that are remembered; one more makes a new beginning.
const REMEMBERED_MAX: usize = 1_024;
/// Length of the salt in front of a customer's hash.
const SALT_DIGITS: usize = 32;
/// How long a proof holds, in seconds.
const REMEMBERED_SECONDS: i64 = 300;

impl Passwords {
    /// `key`: any, for this process; `secret`: the file's own.
    pub fn new(
        settings: &PasswordSettings,
        key: [u8; 32],
        secret: &[u8; 32],
    ) -> anyhow::Result<Self> {
        let quick_key = Hmac::<Sha256>::new_from_slice(secret)?
            .chain_update(b"quick hashes of customers' passwords")
            .finalize();
        let params = Params::new(settings.memory_kib, settings.passes, settings.lanes, None)
            .map_err(|error| anyhow::anyhow!("passwords: {error}"))?;
        // No hash of anything: only its cost counts, and making a real one would cost as much.
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        let zeros = "A".repeat(43);
        let salt = "A".repeat(22);
        let decoy = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${zeros}");
        Ok(Self {
            params,
            line: Line::new(settings.at_once, settings.waiting_max),
            worked: AtomicU64::new(0),
            decoy,
            remembered: ArcSwap::default(),
            key,
            quick_key: quick_key.into_bytes().into(),
        })
    }

    /// The hash to store for `password`.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<Secret, PasswordError> {
        let params = self.params.clone();
        self.in_line(Turn::OWN, move || hash(&params, password.as_bytes(), &salt))
            .await?
    }

    /// Whether `password` is the one `stored` was made of. Without a stored one the answer is no,
    /// after the same time.
    pub async fn verify(
        &self,
        password: String,
        stored: Option<Secret>,
        turn: Turn,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.map_or_else(|| self.decoy.clone(), |secret| secret.0);
        let matches = self.in_line(turn, move || {
            Argon2::default()
                .verify_password(password.as_bytes(), stored.as_str())
                .is_ok()
        });
        Ok(matches.await? && known)
    }

    /// Whether this very password was verified some minutes ago, for a script that sends it with
    /// every request. What is remembered is a keyed hash of password and stored hash, so that a new
    /// password is no longer vouched for by the old one.
    #[must_use]
    pub fn is_remembered(&self, password: &str, stored: &Secret, now: Timestamp) -> bool {
        let proof = self.proof(password, stored);
        let held = self.remembered.load();
        proof.is_some_and(|proof| held.get(&proof).is_some_and(|until| *until > now))
    }

    /// See [`Passwords::is_remembered`].
    pub fn remember(&self, password: &str, stored: &Secret, now: Timestamp) {
        let Some(proof) = self.proof(password, stored) else {
            return;
        };
        let until = now.saturating_add_seconds(REMEMBERED_SECONDS);
        self.remembered.rcu(|held| {
            let mut held = HashMap::clone(held);
            held.retain(|_, until| *until > now);
            if held.len() >= REMEMBERED_MAX {
                held.clear();
            }
            held.insert(proof, until);
            held
        });
    }

    /// How many hashes were made or compared since the start.
    #[must_use]
    pub fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    /// What is stored of a customer's password until there is time for [`Passwords::harden`].
    #[must_use]
    pub fn quick(&self, password: &str, salt: [u8; 16]) -> CustomerPassword {
        CustomerPassword::Quick(self.pin(password, salt))
    }

    fn quick_hash(&self, password: &str, salt: &str) -> String {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.quick_key) else {
            // A key of 32 bytes is never refused.
            return String::new();
        };
        let mac = mac.chain_update(salt).chain_update(password);
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    /// What is stored of a PIN that a viewer chose: a key of the box is worth more to it than a
    /// slow hash, which a few digits would not withstand.
    #[must_use]
    pub fn pin(&self, pin: &str, salt: [u8; 16]) -> Secret {
        let salt = HEXLOWER.encode(&salt);
        let hash = self.quick_hash(pin, &salt);
        Secret(salt + &hash)
    }

    /// Whether this is the PIN that `stored` was made of.
    #[must_use]
    pub fn is_pin(&self, pin: &str, stored: &Secret) -> bool {
        let (salt, hash) = stored.0.split_at_checked(SALT_DIGITS).unwrap_or_default();
        let quick = self.quick_hash(pin, salt);
        bool::from(quick.as_bytes().ct_eq(hash.as_bytes()))
    }

    /// What takes the place of a quick hash; `None` where there is none.
    pub async fn harden(
        &self,
        stored: &CustomerPassword,
        fresh_salt: [u8; 16],
    ) -> Result<Option<CustomerPassword>, PasswordError> {
        let CustomerPassword::Quick(Secret(held)) = stored else {
            return Ok(None);
        };
        let Some((salt, hash)) = held.split_at_checked(SALT_DIGITS) else {
            return Ok(None);
        };
        let slow = self.hash(hash.to_owned(), fresh_salt).await?;
        let hardened = Secret(salt.to_owned() + &slow.0);
        Ok(Some(CustomerPassword::Hardened(hardened)))
    }

    /// Whether `password` is the customer's, for who may know that there is one: as fast as it can
    /// be.
    pub async fn is_kept(
        &self,
        password: String,
        stored: &CustomerPassword,
        turn: Turn,
    ) -> Result<bool, PasswordError> {
        match stored {
            CustomerPassword::Hash(hash) => self.verify(password, Some(hash.clone()), turn).await,
            CustomerPassword::Hardened(Secret(held)) => {
                let (salt, slow) = held.split_at_checked(SALT_DIGITS).unwrap_or_default();
                let quick = self.quick_hash(&password, salt);
                let slow = Secret(slow.to_owned());
                self.verify(quick, Some(slow), turn).await
            }
            CustomerPassword::Quick(held) => Ok(self.is_pin(&password, held)),
            CustomerPassword::Unset | CustomerPassword::Reset(_) => {
                self.verify(password, None, turn).await
            }
        }
    }

    /// As [`Passwords::is_kept`], for anybody: however it is kept, and whether there is any, the
    /// answer costs one slow hash, so that its time does not say who is a customer.
    pub async fn is_customers(
        &self,
        password: String,
        stored: &CustomerPassword,
        turn: Turn,
    ) -> Result<bool, PasswordError> {
        if matches!(stored, CustomerPassword::Quick(_)) {
            self.verify(password.clone(), None, turn).await?;
        }
        self.is_kept(password, stored, turn).await
    }

    fn proof(&self, password: &str, stored: &Secret) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(stored.0.as_bytes());
        mac.update(&[0]);
        mac.update(password.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }

    async fn in_line<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.line.enter(turn).await.ok_or(PasswordError::Busy)?;
        self.worked.fetch_add(1, Ordering::Relaxed);
        let task = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller who goes away does not make room too early.
            let _place = place;
            work()
        });
        task.await
            .map_err(|error| PasswordError::Failed(error.to_string()))
    }
}

fn hash(params: &Params, password: &[u8], salt: &[u8]) -> Result<Secret, PasswordError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2
        .hash_password_with_salt(password, salt)
        .map(|hash| Secret(hash.to_string()))
        .map_err(|error| PasswordError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Passwords, Turn};
    use crate::config::PasswordSettings;
    use crate::domain::customers::CustomerPassword;

    #[test]
    fn a_hardened_password_is_the_same_password() {
        let settings = PasswordSettings {
            memory_kib: 8,
            passes: 1,
            ..PasswordSettings::default()
        };
        let passwords = Passwords::new(&settings, [1; 32], &[2; 32]).unwrap();
        let quick = passwords.quick("1234", [3; 16]);
        let other = passwords.quick("1234", [4; 16]);
        assert_ne!(quick, other, "salts make equal passwords differ");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let hardened = passwords.harden(&quick, [5; 16]).await.unwrap().unwrap();
            assert!(matches!(hardened, CustomerPassword::Hardened(_)));
            for stored in [&quick, &hardened] {
                assert!(
                    passwords
                        .is_customers("1234".into(), stored, Turn::OWN)
                        .await
                        .unwrap()
                );
                assert!(
                    !passwords
                        .is_customers("1235".into(), stored, Turn::OWN)
                        .await
                        .unwrap()
                );
                assert!(
                    !passwords
                        .is_customers(String::new(), stored, Turn::OWN)
                        .await
                        .unwrap()
                );
            }
            assert!(
                passwords
                    .harden(&hardened, [6; 16])
                    .await
                    .unwrap()
                    .is_none()
            );
        });
    }

    #[test]
    fn an_answer_costs_one_slow_hash_however_a_password_is_kept() {
        let settings = PasswordSettings {
            memory_kib: 8,
            passes: 1,
            ..PasswordSettings::default()
        };
        let passwords = Passwords::new(&settings, [1; 32], &[2; 32]).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let quick = passwords.quick("1234", [3; 16]);
            let hardened = passwords.harden(&quick, [5; 16]).await.unwrap().unwrap();
            let hash = passwords.hash("1234".into(), [6; 16]).await.unwrap();
            let kept = [
                quick,
                hardened,
                CustomerPassword::Hash(hash),
                CustomerPassword::Unset,
            ];
            for stored in kept {
                for told in ["1234", "1235", ""] {
                    let before = passwords.worked();
                    let asked = passwords.is_customers(told.into(), &stored, Turn::OWN);
                    let fits = asked.await.unwrap();
                    assert_eq!(passwords.worked() - before, 1, "{told}");
                    assert_eq!(fits, told == "1234" && stored != CustomerPassword::Unset);
                }
            }
        });
    }
}
