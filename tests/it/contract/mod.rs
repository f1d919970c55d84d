//! What must not change unnoticed: stored bytes.

mod golden;
