//! Unmodified clients of others on the embedded server: each does a round of real work, across cut connections.
#![cfg(any(feature = "java", feature = "c-client", feature = "kazoo"))]
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

#[cfg(feature = "c-client")]
mod c_client;
#[cfg(feature = "java")]
mod curator;
#[cfg(feature = "kazoo")]
mod kazoo;
mod kit;
#[cfg(feature = "java")]
mod zk_cli;
