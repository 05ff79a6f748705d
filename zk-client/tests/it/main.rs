//! The client on an embedded server, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness reports by panicking"
)]

mod close;
mod connect_errors;
mod errors;
mod expiry;
mod fates;
mod kit;
mod order;
mod sessions;
mod watches;
