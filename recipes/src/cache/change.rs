//! What is told of a cache, one after the other.

use std::sync::Arc;

use zk_client::Zxid;

use super::node::CachedNode;
use super::snapshot::CacheSnapshot;

/// What [`CacheChanges`](super::CacheChanges) yields. Each change, applied to the snapshot before it, yields the cache as it
/// was then: per path, creations and deletions alternate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CacheChange {
    /// All nodes, where the stream begins.
    Snapshot(CacheSnapshot),
    /// All nodes again, because this reader fell so far behind that changes were dropped. It replaces whatever the reader
    /// knew.
    Lagged(CacheSnapshot),
    /// A node that was not there is there.
    Created {
        /// Its path.
        path: Arc<str>,
        /// What it is.
        node: CachedNode,
    },
    /// A node has other data. Writes that followed each other quickly are told as one.
    Updated {
        /// Its path.
        path: Arc<str>,
        /// What it is now.
        node: CachedNode,
        /// What it was.
        old: CachedNode,
    },
    /// A node was deleted and made again. What was below the old one and is gone was told before this; what else is below it
    /// belongs to the new one, and stays.
    Recreated {
        /// Its path.
        path: Arc<str>,
        /// What it is now: of another `czxid`.
        node: CachedNode,
        /// What the node before it was.
        old: CachedNode,
    },
    /// A node is not there any more. Those below it were told before it.
    Deleted {
        /// Its path.
        path: Arc<str>,
        /// What it was.
        old: CachedNode,
    },
    /// The connection is down, or events were missed: from here on the cache may be behind.
    Stale,
    /// All was read again, and the difference told before this.
    Fresh {
        /// The cache shows all that was committed up to here.
        as_of: Zxid,
    },
}

impl CacheChange {
    /// The path of the node that it is about.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Created { path, .. }
            | Self::Updated { path, .. }
            | Self::Recreated { path, .. }
            | Self::Deleted { path, .. } => Some(path),
            Self::Snapshot(_) | Self::Lagged(_) | Self::Stale | Self::Fresh { .. } => None,
        }
    }

    /// The bytes that it keeps from being freed.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Created { path, node } => path.len() + node.data().len(),
            Self::Updated { path, node, old } | Self::Recreated { path, node, old } => {
                path.len() + node.data().len() + old.data().len()
            }
            Self::Deleted { path, old } => path.len() + old.data().len(),
            Self::Snapshot(_) | Self::Lagged(_) | Self::Stale | Self::Fresh { .. } => 0,
        }
    }
}
