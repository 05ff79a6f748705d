//! One node of a cache.

use std::fmt;
use std::sync::Arc;

use zk_client::{Node, Stat};

/// A node as a cache holds it: its data and its metadata, as one read found them. Cheap to copy.
///
/// In `stat`, what tells of the node itself is of its newest read: it changes when the data do, or when all is read again
/// after an outage. What it tells of the children (`num_children`, `cversion`, `pzxid`) may be older than the children that
/// the cache has.
#[derive(Clone, PartialEq, Eq)]
pub struct CachedNode(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    stat: Stat,
    data: Option<Box<[u8]>>,
}

impl CachedNode {
    /// Copies the data out of whatever buffer they are in, so that a cache keeps no more than they are.
    pub(super) fn new(node: Node) -> Self {
        let data = node.value().is_some().then_some(node.data);
        let data = data.map(|data| Vec::from(data).into_boxed_slice());
        let stat = node.stat;
        Self(Arc::new(Inner { stat, data }))
    }

    #[cfg(test)]
    pub(super) fn of(stat: Stat, data: Option<&[u8]>) -> Self {
        let data = data.map(Into::into);
        Self(Arc::new(Inner { stat, data }))
    }

    /// Its data; empty also for a node without data. [`value`](Self::value) tells the two apart.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.value().unwrap_or_default()
    }

    /// Its data; `None` for a node without data (`null`), which is not the same as empty data for other clients.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.0.data.as_deref()
    }

    /// Its metadata. `czxid` names the incarnation, `mzxid` the write that its data are of.
    #[must_use]
    pub fn stat(&self) -> &Stat {
        &self.0.stat
    }
}

impl fmt::Debug for CachedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedNode")
            .field("bytes", &self.data().len())
            .field("stat", self.stat())
            .finish()
    }
}
