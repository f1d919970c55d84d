//! Randomness: the operating system's, or a seeded stream so that tests can be repeated.

use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// Where random bytes come from.
#[derive(Debug)]
pub enum Entropy {
    System,
    /// For tests: SHA-256 of a seed and a counter.
    Seeded(Mutex<(u64, u64)>),
}

impl Entropy {
    #[must_use]
    pub fn system() -> Self {
        Self::System
    }

    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Mutex::new((seed, 0)))
    }

    /// `N` random bytes. Fails only where the operating system cannot give any.
    pub fn bytes<const N: usize>(&self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0u8; N];
        match self {
            Self::System => getrandom::fill(&mut bytes).map_err(std::io::Error::other)?,
            Self::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(32) {
                    state.1 = state.1.wrapping_add(1);
                    let mut hash = Sha256::new();
                    hash.update(state.0.to_be_bytes());
                    hash.update(state.1.to_be_bytes());
                    for (byte, random) in chunk.iter_mut().zip(hash.finalize()) {
                        *byte = random;
                    }
                }
            }
        }
        Ok(bytes)
    }

    /// `N` random bytes as hexadecimal text.
    pub fn hex<const N: usize>(&self) -> std::io::Result<String> {
        Ok(data_encoding::HEXLOWER.encode(&self.bytes::<N>()?))
    }
}
