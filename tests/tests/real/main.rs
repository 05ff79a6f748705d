//! Tests against real ZooKeeper in a container.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod conformance;
mod fidelity;
mod kit;
mod protected;
mod proxy;
mod stopped;
