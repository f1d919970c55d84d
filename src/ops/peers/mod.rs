//! The other box, where one bills and the other has the viewers.

pub mod billing_system;
pub mod middleware;
