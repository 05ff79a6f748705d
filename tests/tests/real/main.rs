//! Tests against real ZooKeeper in a container.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod conformance;
#[cfg(feature = "real-3-8")]
mod conformance_3_8;
mod fidelity;
mod host;
mod kit;
mod local_sessions;
#[cfg(feature = "real-3-4")]
mod oldest;
mod protected;
#[cfg(feature = "real-3-8")]
mod protected_3_8;
mod proxy;
mod sharing;
mod stopped;
mod zkctl;
