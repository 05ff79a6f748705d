//! Nodes that go some time after nobody keeps them any more, whatever becomes of sessions.

mod found;
mod node;
mod toucher;

pub use found::FoundTtl;
pub use node::TtlNode;
