//! The books of one command: every step of billing, worked on what was read and kept beside it
//! until the command writes it. A preview takes the same steps and writes nothing.
//!
//! Rules are the domain's (`cycle`, `invoice`, `order`); here they meet the records. Must not know
//! who asks.

mod ahead;
mod brought;
mod credit;
mod first;
mod holding;
mod ledger;
mod owed;
mod priced;
mod reopen;
mod set_aside;
mod write;

pub(in crate::ops) use self::ahead::Ahead;
pub(in crate::ops) use self::holding::{Judged, LetGo};
pub(in crate::ops) use self::ledger::{Agreed, Books};
pub use self::ledger::{INVOICE, OWED_BEFORE};
pub(in crate::ops) use self::write::AuditDetail;
