//! Work that is divided among the members of a group.

mod divide;
mod division;
mod owned;
mod partitioner;
mod share;
mod slot;

pub use division::{Division, ItemStanding};
pub use owned::Owned;
pub use partitioner::Partitioner;
