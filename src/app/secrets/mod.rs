//! Secrets that are made and proven: passwords, tokens,
//! and what is derived from the key of the box.

pub mod authenticator;
pub mod passwords;
pub mod tokens;
