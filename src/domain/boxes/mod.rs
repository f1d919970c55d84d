//! What boxes are told.

pub mod event;
