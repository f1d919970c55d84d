//! Values that every rule uses: money, time, numbers of records, and what people type.

pub mod address;
pub mod calendar;
pub mod common_password;
pub mod contact;
pub mod csv;
pub mod delivery;
pub mod folding;
pub mod id;
pub mod lookalike;
pub mod mac;
pub mod minor;
pub mod money;
pub mod open_object;
pub mod reasons;
pub mod secret;
pub mod time;
pub mod used_key;
