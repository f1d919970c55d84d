//! Tests at the edge: real sockets, a real redb file or disks that lose power.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::large_futures,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "a test that cannot go on fails; its futures and texts are few"
)]

mod alphaott;
mod apply;
mod attempts;
mod billing;
mod catalogue_members;
mod command_line;
mod console;
mod contract;
mod crash;
mod edge;
mod health;
mod import;
mod jobs;
mod kit;
mod letters;
mod marketone;
mod portal;
mod rights;
mod stalker;
mod store;
mod support;
mod terms;
mod tidy;
mod webhooks;
