//! Billing: what is due, the run and its guard, the books, invoices.

pub(in crate::ops) mod books;
pub mod debts;
pub(in crate::ops) mod due;
pub mod guard;
pub mod held_run;
pub mod invoices;
pub(in crate::ops) mod missing;
pub(in crate::ops) mod opening_debts;
pub(in crate::ops) mod owned;
pub mod preview;
pub mod revenue;
pub mod run;
mod watching;
