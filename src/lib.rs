//! Boxoffice: the back office of a small IPTV/OTT operator in one binary and one file.
//!
//! Read in this order: `domain` (the rules), `store` (the file), `ops` (the use cases), `wire`
//! (the interfaces), `jobs` (the scheduler), `serve` (the process). `ARCHITECTURE.md` has the map.

pub mod domain;

pub mod store;

pub mod app;
pub mod config;
pub mod outbound;

pub mod ops;

pub mod letters;
pub mod listener;
pub mod paper;

pub mod wire;

pub mod cli;
pub mod control;
pub mod jobs;
pub mod serve;
