//! What staff works with: a customer with everything that is theirs, lists, what needs somebody.
//! Reads what the other rooms keep, and has nothing of its own.

pub mod boxes;
pub mod customer;
pub mod customers;
pub mod invoices;
pub mod listing;
pub mod needs;
pub mod orders;
pub mod removing;
pub mod saving;
pub mod search;
pub mod selling;
pub mod timeline;
