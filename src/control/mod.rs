//! The control socket: how the command line asks a running box. A command is one JSON text, and so
//! is its answer. An import is a stream: a line that says what it is, then the file itself; the
//! answer comes in lines while it is worked. So the box need not be able to read the file.

mod client;
pub mod command;
mod server;
mod socket;

pub use client::{answers, ask, ask_import};
pub use server::listen;
