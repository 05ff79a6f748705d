//! Pictures of a part of the tree that are kept up to date: one engine under a node, its children, and a whole subtree.
//!
//! `tree` is what is known, `asks` what is still to be asked, `engine` decides what follows from an event or an answer; none
//! of them does any I/O. The `keeper` drives them with a client, `picture` is what it shares with the readers.

mod asks;
mod builders;
mod change;
mod changes;
mod engine;
mod handle;
mod keeper;
mod limits;
mod loading;
mod log;
mod node;
mod picture;
mod plan;
mod scope;
mod snapshot;
#[cfg(test)]
mod tests;
mod tree;
mod typed;
mod view;
mod wire;

pub use builders::{ChildrenCache, NodeCache, TreeCache};
pub use change::CacheChange;
pub use changes::CacheChanges;
pub use loading::CacheLoading;
pub use node::CachedNode;
#[cfg(feature = "discovery")]
pub(crate) use picture::Reach;
pub use snapshot::CacheSnapshot;
pub use typed::TypedCache;
pub use view::Cache;
