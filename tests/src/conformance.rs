//! What every server must do for our client and recipes, as bodies of tests.
//!
//! Each body is run on the embedded server (`tests/embedded`) and on real ZooKeeper (`tests/real`), so the
//! two cannot drift apart. A body that [`each_conformance_body`](crate::each_conformance_body) does not
//! list is dead code, which does not compile.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "the bodies of tests: their names are their claims, and they fail by panicking"
)]

mod acl;
mod admin;
mod barriers;
mod caches;
mod chroot;
mod codes;
mod create;
mod delete_all;
mod discovery;
mod election;
mod fence;
mod groups;
mod kept_nodes;
mod list;
mod multi;
mod mutex;
mod mutex_acl;
mod mutex_kazoo;
mod mutex_place;
mod mutex_queue;
mod nodes;
mod null;
mod order;
mod paths;
mod persistent_watch;
mod queue;
mod reads;
mod rw_lock;
mod seen;
mod semaphore;
mod server;
mod session;
mod stm;
mod transaction;
mod values;
mod watch;
mod watch_pairs;
mod watch_removal;

pub use server::{Host, Server, shown_watches};

macro_rules! export {
    ($($module:ident { $($body:ident,)* })*) => {
        $(pub use $module::{$($body,)*};)*
    };
}
crate::each_conformance_body!(export);
