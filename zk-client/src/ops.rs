//! The operations, one builder each. Await a builder, or `.submit()` it to queue it at once.

mod acl;
mod admin;
mod children;
mod count;
mod create;
mod delete;
mod delete_all;
mod descendants;
mod exists;
mod fence;
mod get;
mod linearizable;
mod multi;
mod multi_part;
mod multi_read;
mod parents;
mod plan;
mod set;
mod sync;
mod watch_node;

pub use acl::{GetAcl, SetAcl};
pub use admin::{
    Config, ConfigWatched, DeleteQuota, EnsembleConfig, GetQuota, ListQuotas, Member, Quota,
    QuotaLimits, QuotaUsage, Reconfig, Role, SetQuota, WhoAmI,
};
pub use children::{Children, ChildrenWatched, ListedChildren};
pub use count::AllChildrenCount;
pub use create::{Create, FencedCreate};
pub use delete::Delete;
pub use delete_all::DeleteAll;
pub use descendants::Descendants;
pub use exists::{Exists, ExistsWatched};
pub use get::{Get, GetWatched};
pub use linearizable::Linearizable;
pub use multi::Multi;
pub use multi_part::MultiPart;
pub use multi_read::{MultiRead, ReadValue};
pub use parents::CreateAll;
pub(crate) use parents::create_parents;
pub use set::Set;
pub use sync::{Barrier, Ephemerals, Sync};
pub use watch_node::WatchNode;
