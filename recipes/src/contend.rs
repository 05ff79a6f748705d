//! The engine under mutexes and elections: ordered ephemeral contenders, each waiting for the one ahead.

mod decide;
mod first;
mod heir;
mod kind;
mod layout;
mod listed;
mod names;
mod place;
mod refusal;
mod run;

#[cfg(feature = "__decisions")]
pub(crate) use decide::{Decision, decide, decide_by_creation};
pub(crate) use first::{First, first, oldest};
pub(crate) use kind::Kind;
pub use layout::Layout;
pub(crate) use listed::listed;
pub use names::Family;
pub(crate) use names::Name;
pub(crate) use place::validate;
pub(crate) use run::{Contention, Grant};
