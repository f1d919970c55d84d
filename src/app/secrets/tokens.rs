//! Signing and proving integration tokens: HS256 over our own key, nothing else.
//!
//! `jsonwebtoken` comes without cryptography of its own; the 40 lines below give it HMAC-SHA256 and
//! nothing more, so that no other algorithm can be talked into it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use signature::{Signer, Verifier};

use crate::app::secrets::authenticator::SECRET_BYTES;

/// What a token says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    #[serde(default)]
    pub client_ip: String,
    pub grant_type: String,
    /// Present in tokens of the client API only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_scope: Option<String>,
    pub iat: i64,
    pub exp: i64,
    pub aud: String,
    pub iss: String,
    pub sub: String,
    pub jti: String,
}

/// Why a text is no token of ours that is good now. What the text itself shows, and nothing else.
#[derive(Debug, Clone)]
pub enum Unproven {
    /// It has not the shape of a token.
    Malformed,
    /// It is not signed with our key.
    Foreign,
    /// We signed it, for another service provider.
    OtherProvider,
    /// We signed it, and its time is over.
    Expired(Arc<Claims>),
}

/// Tokens whose signature was proven, so that a script that calls a thousand times a second has its
/// signature computed once. Only genuine tokens come in, so nobody else can fill it.
type Proven = HashMap<String, Arc<Claims>>;

/// Most tokens remembered; one more makes a new beginning.
const PROVEN_MAX: usize = 1_024;

/// The box's signing key.
pub struct Keys {
    proven: ArcSwap<Proven>,
    pair: ArcSwap<Pair>,
    validation: Validation,
    /// Seals what is given out and comes back.
    sealing: [u8; 32],
    /// Makes short secrets of random numbers.
    drawing: [u8; 32],
}

/// One key, for both of its uses.
struct Pair {
    signing: EncodingKey,
    proving: DecodingKey,
}

impl Pair {
    fn of(secret: &[u8; 32]) -> Self {
        Self {
            signing: EncodingKey::from_secret(secret),
            proving: DecodingKey::from_secret(secret),
        }
    }
}

/// Letters and digits that nobody takes for others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Bytes of a seal.
pub const SEAL_BYTES: usize = 8;

impl Keys {
    /// `secret`: the file's own, for ever; `signs`: the key that signs tokens, which may be
    /// changed.
    #[must_use]
    pub fn new(secret: &[u8; 32], signs: &[u8; 32], audience: &str) -> Self {
        // The first box of the process installs it; a second finds the same one there.
        let _ = PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        // Our own clock decides, see `prove`.
        validation.validate_exp = false;
        Self {
            proven: ArcSwap::from_pointee(Proven::new()),
            pair: ArcSwap::from_pointee(Pair::of(signs)),
            validation,
            sealing: mac_of(secret, b"seals"),
            drawing: mac_of(secret, b"short secrets"),
        }
    }

    /// Signs with another key from now on; what was signed before proves nothing any more.
    pub fn sign_with(&self, secret: &[u8; 32]) {
        self.pair.store(Arc::new(Pair::of(secret)));
        self.proven.store(Arc::new(Proven::new()));
    }

    /// A short proof that these bytes are ours: for what is kept nowhere and good for a while only.
    #[must_use]
    pub fn seal(&self, bytes: &[u8]) -> [u8; SEAL_BYTES] {
        let mac = mac_of(&self.sealing, bytes);
        mac.first_chunk().copied().unwrap_or_default()
    }

    /// The decimal digits (at most 19) that belong to a random number: the same whenever they are
    /// asked for, so that they need be kept nowhere. Every row of digits is equally likely.
    #[must_use]
    pub fn digits(&self, nonce: &[u8; 16], digits: u8) -> String {
        let digits = digits.min(19);
        let choices = 10u64.pow(u32::from(digits));
        // What lies above the last whole multiple would make low numbers likelier.
        let fair = (u64::MAX / choices).saturating_mul(choices);
        let drawn = (0..=u32::MAX).find_map(|round| {
            let [a, b, c, d] = self.draw(b'd', nonce, round);
            [a, b, c, d].into_iter().find(|number| *number < fair)
        });
        let number = drawn.unwrap_or(0) % choices;
        format!("{number:0width$}", width = usize::from(digits))
    }

    /// The password that belongs to a random number:
    /// 70 bits, in letters that nobody takes for others.
    #[must_use]
    pub fn password(&self, nonce: &[u8; 16]) -> String {
        let [a, b, ..] = self.draw(b'p', nonce, 0);
        let half = |number: u64| {
            (0..7).filter_map(move |i| {
                let index = usize::try_from((number >> (i * 5)) & 31).ok()?;
                LETTERS.get(index).copied().map(char::from)
            })
        };
        half(a).chain(half(b)).collect()
    }

    /// The salt for the password that belongs to a random number: says whether a password is still
    /// that one, and not which it is.
    #[must_use]
    pub fn salt(&self, nonce: &[u8; 16]) -> [u8; 16] {
        let [a, b, ..] = self.draw(b's', nonce, 0);
        let mut salt = [0; 16];
        for (place, byte) in salt
            .iter_mut()
            .zip(a.to_be_bytes().into_iter().chain(b.to_be_bytes()))
        {
            *place = byte;
        }
        salt
    }

    /// The secret that an authenticator shares with the box, of a random number: kept nowhere here.
    #[must_use]
    pub fn authenticator(&self, seed: &[u8; 16]) -> [u8; SECRET_BYTES] {
        let drawn = self.draw(b'a', seed, 0);
        let mut secret = [0; SECRET_BYTES];
        for (place, byte) in secret
            .iter_mut()
            .zip(drawn.into_iter().flat_map(u64::to_be_bytes))
        {
            *place = byte;
        }
        secret
    }

    /// A code for when the authenticator is lost, of random bytes: 80 bits, in letters that nobody
    /// takes for others.
    #[must_use]
    pub fn recovery_code(&self, random: [u8; 16]) -> String {
        let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied();
        let letters = random.iter().filter_map(letter).map(char::from);
        let letters: String = letters.collect();
        let groups = letters.as_bytes().chunks(4);
        let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
        groups.join("-")
    }

    /// What is kept of a recovery code, however it was typed: in hexadecimal digits. It has too
    /// many bits to be guessed of a quick hash.
    #[must_use]
    pub fn recovery_hash(&self, code: &str) -> String {
        let mut said = b"r".to_vec();
        let typed = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let typed: String = typed.flat_map(char::to_lowercase).collect();
        said.extend_from_slice(typed.as_bytes());
        HEXLOWER.encode(&mac_of(&self.drawing, &said))
    }

    fn draw(&self, what: u8, nonce: &[u8; 16], round: u32) -> [u64; 4] {
        let mut said = vec![what];
        said.extend_from_slice(nonce);
        said.extend_from_slice(&round.to_be_bytes());
        let mac = mac_of(&self.drawing, &said);
        let mut numbers = [0; 4];
        for (number, bytes) in numbers.iter_mut().zip(mac.as_chunks::<8>().0) {
            *number = u64::from_be_bytes(*bytes);
        }
        numbers
    }

    /// A signed token. `None` only if the claims cannot be written as JSON.
    #[must_use]
    pub fn sign<C: Serialize>(&self, claims: &C) -> Option<String> {
        jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            claims,
            &self.pair.load().signing,
        )
        .ok()
    }

    /// The claims of a token that we signed, for us, and that has not expired at `now_seconds`.
    pub fn prove(&self, token: &str, now_seconds: i64) -> Result<Arc<Claims>, Unproven> {
        let held = self.proven.load().get(token).map(Arc::clone);
        let claims = match held {
            Some(claims) => claims,
            None => self.remember(token)?,
        };
        // A signature is good for ever, its token is not.
        if claims.exp > now_seconds {
            Ok(claims)
        } else {
            Err(Unproven::Expired(claims))
        }
    }

    fn remember(&self, token: &str) -> Result<Arc<Claims>, Unproven> {
        let pair = self.pair.load_full();
        let proven = jsonwebtoken::decode::<Claims>(token, &pair.proving, &self.validation);
        let proven = proven.map_err(|error| unproven(error.kind()))?;
        let claims = Arc::new(proven.claims);
        self.proven.rcu(|held| {
            let mut held = if held.len() < PROVEN_MAX {
                Proven::clone(held)
            } else {
                Proven::new()
            };
            held.insert(token.to_owned(), Arc::clone(&claims));
            held
        });
        Ok(claims)
    }
}

/// The signature is judged before the claims: what is said of those is said of a token of ours
/// only.
fn unproven(error: &ErrorKind) -> Unproven {
    match error {
        ErrorKind::InvalidSignature
        | ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName => Unproven::Foreign,
        ErrorKind::InvalidAudience => Unproven::OtherProvider,
        _ => Unproven::Malformed,
    }
}

fn mac_of(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    // Filled up with zeros, as the standard has it.
    let mut block = [0; 64];
    if let Some(front) = block.first_chunk_mut() {
        *front = *key;
    }
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    mac.chain_update(bytes).finalize().into_bytes().into()
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256::new(key.as_bytes())?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256::new(key.try_get_as_bytes()?)?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(secret: &[u8]) -> Result<Self, jsonwebtoken::errors::Error> {
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        // Compares in constant time.
        mac.verify_slice(signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn short_secrets_belong_to_their_number_and_are_spread_evenly() {
        let keys = Keys::new(&[7; 32], &[7; 32], "x");
        let other = Keys::new(&[8; 32], &[8; 32], "x");
        let nonce = |n: u32| {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&n.to_be_bytes());
            nonce
        };
        let mut seen = [0u32; 10];
        for n in 0..20_000 {
            let digits = keys.digits(&nonce(n), 6);
            assert_eq!(digits.len(), 6);
            seen[usize::from(digits.as_bytes()[0] - b'0')] += 1;
        }
        // 2,000 each; five deviations are about 212.
        assert!(seen.iter().all(|n| n.abs_diff(2_000) < 212), "{seen:?}");
        let first = keys.digits(&nonce(0), 10);
        assert_eq!(first, keys.digits(&nonce(0), 10));
        assert_ne!(first, other.digits(&nonce(0), 10));
        let password = keys.password(&nonce(0));
        assert_eq!(password.len(), 14);
        let secret = keys.authenticator(&nonce(0));
        assert_eq!(secret, keys.authenticator(&nonce(0)));
        assert_ne!(secret, keys.authenticator(&nonce(1)));
        assert_ne!(secret, other.authenticator(&nonce(0)));
        assert!(secret.iter().any(|byte| *byte != 0));
        let code = keys.recovery_code(std::array::from_fn(|place| {
            u8::try_from(place).unwrap() * 2
        }));
        assert_eq!(code, "aceg-iknq-suwy-2468");
        let typed = keys.recovery_hash(" ACEGiknq suwy2468");
        assert_eq!(typed, keys.recovery_hash(&code));
        assert_ne!(typed, other.recovery_hash(&code));
        assert_ne!(password, keys.password(&nonce(1)));
    }
}
