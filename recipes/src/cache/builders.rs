//! The three caches.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, Error};

use super::engine::Watching;
use super::loading::CacheLoading;
use super::plan::Plan;

/// A cache of one node. What Curator calls a `NodeCache`, or a `CuratorCache` of a single node.
///
/// One one-shot watch, on servers of all versions; a change costs one read. See [`TreeCache`] for what it guarantees.
#[derive(Debug, Clone)]
pub struct NodeCache {
    plan: Plan,
}

/// A cache of a node and its children, with the data of each. What Curator calls a `PathChildrenCache`.
///
/// One persistent watch, which tells of changes further down as well; those are dropped here. A change costs one read. See
/// [`TreeCache`] for what it guarantees.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{ChildrenCache, Client};
/// # let zk = Client::dev().await?;
/// let (cache, driver) = ChildrenCache::new(&zk, "/services/billing")?.keep();
/// tokio::spawn(driver);
/// let cache = cache.loaded().await?;
/// let made = zk.create("/services/billing/7", "10.0.0.7:80").parents().await?;
/// cache.wait_for(made.stat.czxid).await?;
/// for (name, node) in cache.children("/services/billing") {
///     assert_eq!((&*name, node.data()), ("7", &b"10.0.0.7:80"[..]));
/// }
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct ChildrenCache {
    plan: Plan,
}

/// A cache of a node and all below it. What Curator calls a `CuratorCache`, formerly `TreeCache`.
///
/// **What it guarantees.** Whatever it shows was so at the transaction that its `mzxid` names, and it never goes back: per
/// path, what is shown later is of a later transaction. Once writing ends and there is a connection, it shows what the
/// connected server has. A node that was deleted and made again is told as that, also when nobody was connected meanwhile.
/// [`changes`](super::Cache::changes) fold to exactly what it shows. [`is_fresh`](super::Cache::is_fresh) and
/// [`staleness`](super::Cache::staleness) say what it does not know.
///
/// **What it cannot.** It skips states: writes that follow each other quickly are seen as one. It is no snapshot of the
/// ensemble: of two nodes one may be shown newer than the other. A server that is behind the others shows it the past, until
/// [`catch_up`](super::Cache::catch_up). Changes of an ACL alone are not told by any watch.
///
/// **Cost**: one persistent watch on servers from 3.6. All is read once, and again after each connection; a change costs one
/// read, a deletion none. Reads leave together, as multiRead. Older servers refuse that watch and hang up once; then there is
/// a one-shot watch for each node and each list ([`one_shot_watches`](Self::one_shot_watches) does so at once).
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{CacheChange, Client, TreeCache};
/// # let zk = Client::dev().await?;
/// let (cache, driver) = TreeCache::new(&zk, "/config")?.keep();
/// tokio::spawn(driver);
/// let cache = cache.loaded().await?;
/// let mut changes = cache.changes();
/// assert!(matches!(changes.next().await, Some(CacheChange::Snapshot(all)) if all.is_empty()));
/// zk.create("/config/limits/rate", "10").parents().await?;
/// for path in ["/config", "/config/limits", "/config/limits/rate"] {
///     assert_eq!(changes.next().await.unwrap().path(), Some(path));
/// }
/// assert_eq!(cache.get("/config/limits/rate").unwrap().data(), b"10");
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct TreeCache {
    plan: Plan,
}

macro_rules! cache {
    ($Cache:ident) => {
        impl $Cache {
            /// Sets how many nodes it may hold. Default: as many as there are.
            ///
            /// Beyond that the driver ends with `Incomplete`, and what was read until then can still be read.
            #[must_use]
            pub fn max_nodes(mut self, nodes: usize) -> Self {
                self.plan.limits.nodes = nodes;
                self
            }

            /// Sets how many bytes of data and names it may hold. Default: as many as there are. Beyond that as
            /// [`max_nodes`](Self::max_nodes).
            #[must_use]
            pub fn max_bytes(mut self, bytes: usize) -> Self {
                self.plan.limits.bytes = bytes;
                self
            }

            /// Sets by how many changes a reader of [`changes`](super::Cache::changes) may be behind before it gets a
            /// snapshot instead. Default: 1024, and never more than 8 MiB of paths and data.
            #[must_use]
            pub fn backlog(mut self, changes: usize) -> Self {
                self.plan.backlog = changes;
                self
            }

            /// Proves anew this often how old it is at most, see [`staleness`](super::Cache::staleness). Default: only when
            /// asked to [catch up](super::Cache::catch_up). Each proof is one commit of an empty transaction by a quorum.
            #[must_use]
            pub fn confirm_every(mut self, time: Duration) -> Self {
                self.plan.confirm = Some(time.max(SHORTEST));
                self
            }
        }
    };
}

macro_rules! selecting {
    ($Cache:ident) => {
        impl $Cache {
            /// Leaves out the nodes whose paths this refuses, and all below them. Default: none. The node at the top stays.
            /// It is asked while readers wait, so it should answer at once, and always the same.
            #[must_use]
            pub fn select(mut self, select: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
                self.plan.scope.select = Some(Arc::new(select));
                self
            }

            /// Uses one-shot watches, one per node and one per list, instead of one persistent watch. For servers before 3.6,
            /// which hang up when they are asked for a persistent one.
            #[must_use]
            pub fn one_shot_watches(mut self) -> Self {
                self.plan.watching = Watching::OneShot;
                self
            }
        }
    };
}

cache!(NodeCache);
cache!(ChildrenCache);
cache!(TreeCache);
selecting!(ChildrenCache);
selecting!(TreeCache);

impl NodeCache {
    /// A cache of the node at `path`, which need not exist. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let plan = Plan::new(client, path, 0, Watching::OneShot)?;
        Ok(Self { plan })
    }

    /// As [`TreeCache::keep`].
    ///
    /// # Errors
    ///
    /// As [`TreeCache::keep`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no watch behind.
    ///
    /// # Ordering
    ///
    /// As [`TreeCache::keep`].
    ///
    /// # On session events
    ///
    /// As [`TreeCache::keep`].
    pub fn keep(
        &self,
    ) -> (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        self.plan.keep()
    }
}

impl ChildrenCache {
    /// A cache of the node at `path`, which need not exist, and its children. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let plan = Plan::new(client, path, 1, Watching::Recursive)?;
        Ok(Self { plan })
    }

    /// As [`TreeCache::keep`].
    ///
    /// # Errors
    ///
    /// As [`TreeCache::keep`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no watch behind.
    ///
    /// # Ordering
    ///
    /// As [`TreeCache::keep`].
    ///
    /// # On session events
    ///
    /// As [`TreeCache::keep`].
    pub fn keep(
        &self,
    ) -> (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        self.plan.keep()
    }
}

impl TreeCache {
    /// A cache of the node at `path`, which need not exist, and all below it. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let plan = Plan::new(client, path, usize::MAX, Watching::Recursive)?;
        Ok(Self { plan })
    }

    /// Sets how many levels below the top it has; deeper nodes are left out. Default: all, and an error beyond 1000.
    #[must_use]
    pub fn depth(mut self, levels: usize) -> Self {
        self.plan.scope.depth = levels;
        self
    }

    /// A handle, and the driver that reads and keeps the cache until it is closed or its last handle dropped, or until an error
    /// that no retry mends. The driver is yours to spawn.
    ///
    /// # Errors
    ///
    /// The driver ends with `NoAuth` if it may not read one of the nodes, `Incomplete` beyond a limit, `FrameTooLarge`
    /// if a list of children is larger than a reply may be, `SessionExpired` only with `OnExpiry::Stop`, `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no watch behind.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled. Watches are set before what they watch is read.
    ///
    /// # On session events
    ///
    /// After a reconnect and in the next session all is read again, and the difference told.
    pub fn keep(
        &self,
    ) -> (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        self.plan.keep()
    }
}

/// Between two proofs: less would be nothing but writing.
const SHORTEST: Duration = Duration::from_millis(10);
