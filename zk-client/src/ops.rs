//! The operations, one builder each. Await a builder, or `.submit()` it to queue it at once.

mod acl;
mod children;
mod create;
mod delete;
mod exists;
mod fence;
mod get;
mod multi;
mod parents;
mod plan;
mod set;
mod sync;
mod watch_node;

pub use acl::{GetAcl, SetAcl};
pub use children::{Children, ChildrenWatched, ListedChildren};
pub use create::{Create, FencedCreate};
pub use delete::Delete;
pub use exists::{Exists, ExistsWatched};
pub use get::{Get, GetWatched};
pub use multi::Multi;
pub use parents::CreateAll;
pub(crate) use parents::create_parents;
pub use set::Set;
pub use sync::{Barrier, Ephemerals, Sync};
pub use watch_node::WatchNode;
