//! The client on an embedded server, in virtual time.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod close;
mod errors;
mod fates;
mod kit;
mod order;
mod sessions;
mod watches;
