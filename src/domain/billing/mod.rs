//! Orders, cycles, invoices and the journal: what is owed, when, and what becomes of it.

pub mod cycle;
pub mod debt;
pub mod eligible;
pub mod giving;
pub mod guard;
pub mod history;
pub mod invoice;
pub mod journal;
pub mod order;
pub mod order_change;
pub mod payment;
pub mod recurring;
pub mod run;
pub mod standing;
