//! What must not change unnoticed: stored bytes.

mod golden;
mod money;
