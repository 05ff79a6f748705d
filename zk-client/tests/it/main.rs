//! The client on an embedded server, in virtual time.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod close;
mod connect_errors;
mod errors;
mod expiry;
mod fates;
mod kit;
mod known_defects;
mod order;
mod sessions;
mod watches;
