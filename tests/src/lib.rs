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
pub mod conformance;
#[cfg(any(feature = "java", feature = "ensemble"))]
mod curator_peer;
mod deadline;
#[cfg(feature = "ensemble")]
mod ensemble;
#[cfg(feature = "real")]
pub mod fidelity;
#[cfg(feature = "real")]
mod four_letter;
pub mod ledger;
mod note;
pub mod pki;
#[cfg(feature = "real")]
mod protected_server;
pub mod proxy;
#[cfg(feature = "real")]
mod real_server;
mod room;
pub mod sharing;

#[cfg(any(feature = "java", feature = "ensemble"))]
pub use curator_peer::{CuratorPeer, java};
pub use deadline::{Deadline, deadline};
#[cfg(feature = "ensemble")]
pub use ensemble::{Ensemble, Member, Role};
pub use note::note;
#[cfg(feature = "real")]
pub use protected_server::ProtectedServer;
#[cfg(feature = "real")]
pub use real_server::RealServer;
pub use room::{Inside, Room};
