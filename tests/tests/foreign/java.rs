//! Unmodified Java clients on the embedded server: each does a round of real work, across cut connections.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod curator;
mod kit;
mod zk_cli;
