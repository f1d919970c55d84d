//! Codes of authenticators (RFC 4226 and 6238): HMAC-SHA1, six digits, half a minute each.
//!
//! What every authenticator can do; some know no other hash and no other length.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::domain::second_factor::CODE_DIGITS;

/// Bytes of the secret that box and authenticator share: as long as the hash, as RFC 4226 wants it.
pub const SECRET_BYTES: usize = 20;

/// The code that an authenticator with this secret shows in a step.
#[must_use]
pub fn code(secret: &[u8; SECRET_BYTES], step: u64) -> String {
    // Filled up with zeros, as the standard has it.
    let mut block = [0; 64];
    if let Some(front) = block.first_chunk_mut() {
        *front = *secret;
    }
    let mac = Hmac::<Sha1>::new(&block.into())
        .chain_update(step.to_be_bytes())
        .finalize()
        .into_bytes();
    // The last four bits say where the number stands.
    let at = mac.last().map_or(0, |last| usize::from(last & 0x0f));
    let number = mac.get(at..).and_then(<[u8]>::first_chunk::<4>);
    let number = number.map_or(0, |bytes| u32::from_be_bytes(*bytes) & 0x7fff_ffff);
    format!("{:0width$}", number % 1_000_000, width = CODE_DIGITS)
}

/// Which of the steps shows this code. How long it takes says nothing of how much of it was right.
pub fn step_of(
    secret: &[u8; SECRET_BYTES],
    shown: &str,
    steps: impl Iterator<Item = u64>,
) -> Option<u64> {
    let mut found = None;
    for step in steps {
        if bool::from(code(secret, step).as_bytes().ct_eq(shown.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{code, step_of};

    const SECRET: [u8; 20] = *b"12345678901234567890";

    /// Appendix D of RFC 4226, and the SHA-1 column of appendix B of RFC 6238 but for the two
    /// digits in front.
    #[test]
    fn codes_are_those_of_the_standards() {
        let counted = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, expected) in (0..).zip(counted) {
            assert_eq!(code(&SECRET, step), expected);
        }
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(&SECRET, seconds / 30), expected);
        }
    }

    #[test]
    fn a_code_belongs_to_its_step() {
        assert_eq!(step_of(&SECRET, "359152", 1..=3), Some(2));
        assert_eq!(step_of(&SECRET, "359152", 3..=5), None);
        assert_eq!(step_of(&SECRET, "", 0..=9), None);
        assert_eq!(step_of(&SECRET, "3591520", 0..=9), None);
    }
}
