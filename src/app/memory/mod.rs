//! What the box keeps in memory only: lost at a restart, and nobody is the poorer for it.

pub mod closed_until;
pub mod failed_attempts;
pub mod job_log;
pub mod keyed_locks;
pub mod presence;
pub mod recent_accounts;
pub mod request_rates;
pub mod seldom;
pub mod session_uses;
pub mod unknown_macs;
pub mod wrong_pins;
