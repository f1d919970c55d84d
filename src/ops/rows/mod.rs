//! Customers as billing scripts of boxes see them: customer, box and plan as one row.

pub mod change;
pub mod find;
pub(in crate::ops) mod switching;
