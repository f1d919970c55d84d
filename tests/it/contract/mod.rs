//! What must not change unnoticed: stored bytes.

mod golden;
pub mod money;
