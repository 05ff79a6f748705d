//! Nodes that are there as long as somebody keeps them.

mod keeper;
mod node;
mod presence;

pub use node::PersistentNode;
pub use presence::{Presence, Standing};
