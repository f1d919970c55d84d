//! Tests at the edge: real sockets, a real redb file or disks that lose power.

mod alphaott;
mod apply;
mod contract;
mod crash;
mod kit;
mod store;
mod support;
mod terms;
