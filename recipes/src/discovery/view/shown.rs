//! What a view shows, and whoever keeps it up to date.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::watch;
use zk_client::path;

use crate::cache::Reach;
use crate::discovery::codec::{BrokenNode, Codec};
use crate::discovery::found::Nodes;
use crate::discovery::instance::Instance;
use crate::{CacheChange, CacheChanges, CacheSnapshot, CachedNode};

/// The instances of a service at some moment, in the order of their ids.
pub type Instances = Arc<[Arc<Instance>]>;

/// Which instances a view has.
pub(super) type Filter = Arc<dyn Fn(&Instance) -> bool + Send + Sync>;

#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) instances: Instances,
    /// Those of them that want to be called.
    pub(super) enabled: Instances,
    pub(super) broken: Arc<[BrokenNode]>,
    /// All was read at least once.
    pub(super) loaded: bool,
    pub(super) fresh: bool,
    /// How far it reaches, of what the cache tells.
    pub(super) reach: Reach,
}

impl Shown {
    /// Whether it looks the same. How far it reaches is no change.
    fn looks_like(&self, other: &Self) -> bool {
        let all = |shown: &Self| (shown.loaded, shown.fresh);
        all(self) == all(other)
            && self.instances == other.instances
            && self.enabled == other.enabled
            && self.broken == other.broken
    }
}

/// Makes a view of what a cache tells.
pub(super) struct Follower {
    pub(super) codec: Arc<dyn Codec>,
    pub(super) filter: Option<Filter>,
    pub(super) nodes: Nodes,
    pub(super) fresh: bool,
    /// Somebody asks for all that the cache has told by now.
    pub(super) asked: watch::Receiver<u64>,
    /// Which of these was answered last.
    pub(super) synced: watch::Sender<u64>,
    pub(super) tell: watch::Sender<Shown>,
}

impl Follower {
    /// Follows until nothing is told any more.
    pub(super) async fn follow(mut self, service: &str, mut changes: CacheChanges) {
        loop {
            tokio::select! {
                biased;
                change = changes.next() => match change {
                    Some(change) => self.take(service, change),
                    None => break,
                },
                Ok(()) = self.asked.changed() => {}
            }
            // What is told together is shown together.
            while let Poll::Ready(Some(change)) = ready(&mut changes).await {
                self.take(service, change);
            }
            self.show(changes.reach());
        }
        self.fresh = false;
        self.show(None);
    }

    fn take(&mut self, service: &str, change: CacheChange) {
        match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => self.start_over(service, &all),
            CacheChange::Created { path, node }
            | CacheChange::Updated { path, node, .. }
            | CacheChange::Recreated { path, node, .. } => {
                if &*path != service {
                    self.put(path::name(&path), &node);
                }
            }
            CacheChange::Deleted { path, .. } if *path == *service => {}
            CacheChange::Deleted { path, .. } => self.nodes.remove(path::name(&path)),
            CacheChange::Stale => self.fresh = false,
            CacheChange::Fresh { .. } => self.fresh = true,
        }
    }

    fn start_over(&mut self, service: &str, all: &CacheSnapshot) {
        self.nodes = Nodes::default();
        self.fresh = all.is_fresh();
        for (name, node) in all.children(service) {
            self.put(&name, &node);
        }
    }

    fn put(&mut self, name: &str, node: &CachedNode) {
        let created = node.stat().czxid;
        self.nodes.put(&*self.codec, name, node.data(), created);
    }

    fn show(&self, reach: Option<Reach>) {
        let mut instances = self.nodes.instances();
        if let Some(filter) = &self.filter {
            instances.retain(|instance| filter(instance));
        }
        let enabled = instances.iter().filter(|one| one.enabled).map(Arc::clone);
        let shown = Shown {
            enabled: enabled.collect(),
            instances: instances.into(),
            broken: self.nodes.broken().into(),
            loaded: true,
            fresh: self.fresh,
            // If more was told meanwhile, it reaches as far as it did at least.
            reach: reach.unwrap_or_else(|| self.tell.borrow().reach),
        };
        self.tell.send_if_modified(|before| {
            let changed = !before.looks_like(&shown);
            *before = shown;
            changed
        });
        self.synced.send_replace(*self.asked.borrow());
    }
}

/// The next change, if there is one already.
async fn ready(changes: &mut CacheChanges) -> Poll<Option<CacheChange>> {
    let mut next = pin!(changes.next());
    poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
}
