//! The embedded server next to real ZooKeeper: the same seeded script on both, the answers compared.
//!
//! A script asks for things as two sessions, one request at a time, below a node of its own. What each
//! session gets to see, answers and events in their order, is put in words with times and session ids
//! masked and zxids relative to the script's begin, and both servers have to have said the same.

mod acls;
mod broken;
mod campaign;
mod cells;
mod compare;
mod core_peer;
mod generate;
mod kinds;
mod peer;
mod play;
mod quotas;
mod reachable;
mod script;
mod show;
mod tcp_peer;

pub use campaign::{Campaign, Sum};
pub use compare::Mismatch;
