//! Test kit: bodies of tests that every server must pass, real servers in containers, Curator programs
//! as peers, and one kind of deadline.
//!
//! Unpublished. The features say what the machine has: without them nothing
//! here needs more than Rust.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    reason = "a test kit ends the test that it cannot serve"
)]

pub mod acl_matrix;
#[cfg(feature = "ensemble")]
pub mod chaos;
pub mod conformance;
mod deadline;
#[cfg(feature = "real")]
mod dice;
#[cfg(feature = "ensemble")]
mod ensemble;
mod exchanges;
#[cfg(feature = "real")]
pub mod fidelity;
#[cfg(feature = "real")]
mod four_letter;
pub mod ledger;
mod note;
#[cfg(any(feature = "java", feature = "kazoo", feature = "ensemble"))]
mod peer;
pub mod pki;
#[cfg(feature = "real")]
mod protected_server;
#[cfg(feature = "real")]
mod protection;
pub mod proxy;
#[cfg(feature = "real")]
mod real_server;
mod room;
pub mod sharing;
#[cfg(feature = "ensemble")]
mod txn_log;
pub mod value_rounds;

pub use deadline::{Deadline, deadline};
#[cfg(feature = "ensemble")]
pub use ensemble::{Ensemble, Member, Role};
pub use exchanges::Exchanges;
pub use note::note;
#[cfg(any(feature = "java", feature = "kazoo", feature = "ensemble"))]
pub use peer::{Channel, Partner, Peer, Talk, bytes, java, python, word};
#[cfg(feature = "real")]
pub use protected_server::ProtectedServer;
#[cfg(feature = "real")]
pub use protection::Protection;
#[cfg(feature = "real")]
pub use real_server::RealServer;
pub use room::{Inside, Room};
