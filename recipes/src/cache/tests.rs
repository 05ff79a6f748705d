//! The pure part against a plain map, and what the tests of several modules use.

mod model;
mod server;

use zk_client::{Stat, Zxid};

use super::node::CachedNode;

/// A node as a read finds it.
pub(super) fn node(czxid: i64, mzxid: i64, data: &str) -> CachedNode {
    let stat = Stat {
        czxid: Zxid::from_raw(czxid),
        mzxid: Zxid::from_raw(mzxid),
        pzxid: Zxid::from_raw(czxid),
        ..Stat::default()
    };
    CachedNode::of(stat, Some(data.as_bytes()))
}
