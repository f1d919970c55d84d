//! The running box as one value, and the circumstances of one request. Knows nothing of what uses
//! them.

pub mod clock;
mod company;
mod ctx;
pub mod entropy;
pub mod memory;
pub mod secrets;
pub mod signals;
mod state;
pub mod telemetry;

pub use company::{Company, is_booked};
pub use ctx::{AskedEffect, Ctx};
pub use state::{App, FILE_NAME, TOKEN_KEY, anybody_told};
