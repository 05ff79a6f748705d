//! Nodes that are there as long as somebody keeps them.

mod keeper;
mod life;
mod making;
mod node;
mod place;
mod presence;

pub use node::PersistentNode;
pub use presence::{Presence, Standing};

pub(crate) use keeper::Keeper;
pub(crate) use life::Life;
pub(crate) use place::Place;
pub(crate) use presence::Told;
