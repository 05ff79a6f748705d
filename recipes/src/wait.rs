//! Waiting for a condition on one node, with a deadline and over sessions.

mod builder;
mod gate;
mod until;

pub use builder::Wait;
pub(crate) use builder::{Condition, late};
pub(crate) use gate::Gate;
#[cfg(feature = "__seeded-bugs")]
pub(crate) use until::sleep_through_gaps;
