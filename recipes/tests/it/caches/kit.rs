//! Caches under test, and what they have to agree with.

use std::collections::BTreeMap;
use std::future::Future;

use tokio::task::JoinHandle;
use zk_recipes::{
    Cache, CacheChange, CacheChanges, CacheLoading, CacheSnapshot, CachedNode, Error, Zxid,
};

use crate::kit::{ROUND_TRIP, World};

/// The tree that all caches here are of.
pub(super) const TOP: &str = "/c";

/// Deeper than anything here.
pub(super) const ALL: usize = 99;

/// What tells one state of a node from all others.
pub(super) type State = (Zxid, Zxid, Option<Vec<u8>>);

pub(super) type Nodes = BTreeMap<String, State>;

pub(super) type Driver = JoinHandle<Result<(), Error>>;

/// A cache that is loaded, and its driver.
pub(super) async fn loaded(
    kept: (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static,
    ),
) -> (Cache, Driver) {
    let (loading, driver) = kept;
    let driver = tokio::spawn(driver);
    (loading.loaded().await.unwrap(), driver)
}

pub(super) fn state(node: &CachedNode) -> State {
    let stat = node.stat();
    (stat.czxid, stat.mzxid, node.value().map(<[u8]>::to_vec))
}

pub(super) fn nodes(snapshot: &CacheSnapshot) -> Nodes {
    let nodes = snapshot.nodes().into_iter();
    nodes.map(|(path, node)| (path, state(&node))).collect()
}

/// What the server has at the top and down to a depth below it.
pub(super) fn truth(world: &World, depth: usize) -> Nodes {
    let below = format!("{TOP}/");
    let paths = world.hooks.paths().into_iter();
    paths
        .filter(|path| path == TOP || path.starts_with(&below))
        .filter(|path| path.matches('/').count() <= 1 + depth)
        .map(|path| {
            let node = world.hooks.node(&path).unwrap();
            let data = node.data.map(|data| data.to_vec());
            (path, (node.stat.czxid, node.stat.mzxid, data))
        })
        .collect()
}

/// Waits, in virtual time, until the cache is fresh and as the server is.
pub(super) async fn until_true(world: &World, cache: &Cache, depth: usize) {
    let start = tokio::time::Instant::now();
    loop {
        let (shown, is) = (nodes(&cache.snapshot()), truth(world, depth));
        if shown == is && cache.is_fresh() {
            return;
        }
        assert!(
            start.elapsed().as_secs() < 120,
            "fresh: {}, shown: {shown:?}, is: {is:?}",
            cache.is_fresh()
        );
        tokio::time::sleep(ROUND_TRIP).await;
    }
}

/// A reader that folds what it is told, and finds fault with what cannot be.
pub(super) struct Folder {
    changes: CacheChanges,
    pub(super) nodes: Nodes,
    fresh: bool,
    /// What was told, in words.
    pub(super) told: Vec<String>,
}

impl Folder {
    pub(super) async fn of(cache: &Cache) -> Self {
        let mut folder = Self {
            changes: cache.changes(),
            nodes: Nodes::new(),
            fresh: false,
            told: Vec::new(),
        };
        let first = folder.changes.next().await.unwrap();
        assert!(matches!(first, CacheChange::Snapshot(_)));
        folder.fold(first);
        folder
    }

    /// Folds all that there is to be told now.
    pub(super) async fn catch_up(&mut self) -> &mut Self {
        while let Some(change) = crate::kit::polled(self.changes.next(), 1).await {
            let Some(change) = change else { break };
            self.fold(change);
        }
        self
    }

    /// The next change, folded; `None` if there will be none.
    pub(super) async fn next(&mut self) -> Option<CacheChange> {
        let change = self.changes.next().await?;
        self.fold(change.clone());
        Some(change)
    }

    fn fold(&mut self, change: CacheChange) {
        let path = change.path().unwrap_or_default().to_owned();
        let words = match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                self.nodes = nodes(&all);
                self.fresh = all.is_fresh();
                "all"
            }
            CacheChange::Created { node, .. } => {
                let old = self.nodes.insert(path.clone(), state(&node));
                assert_eq!(old, None, "{path} was made twice");
                "+"
            }
            CacheChange::Updated { node, old, .. } => {
                let (now, was) = (state(&node), state(&old));
                assert_eq!(now.0, was.0, "{path}: another node");
                assert!(now.1 > was.1, "{path} went back");
                assert_eq!(self.nodes.insert(path.clone(), now), Some(was));
                "="
            }
            CacheChange::Recreated { node, old, .. } => {
                let (now, was) = (state(&node), state(&old));
                assert!(now.0 > was.1, "{path}: the same node");
                assert_eq!(self.nodes.insert(path.clone(), now), Some(was));
                "!"
            }
            CacheChange::Deleted { old, .. } => {
                assert_eq!(self.nodes.remove(&path), Some(state(&old)));
                "-"
            }
            CacheChange::Stale => {
                assert!(std::mem::replace(&mut self.fresh, false), "stale twice");
                "stale"
            }
            CacheChange::Fresh { .. } => {
                assert!(!std::mem::replace(&mut self.fresh, true), "fresh twice");
                "fresh"
            }
            other => panic!("{other:?}"),
        };
        self.told.push(format!("{words}{path}"));
    }

    /// What was told since the last call.
    pub(super) fn words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}
