//! The data tree: nodes by path, and who owns the ephemeral ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use zk_wire::{Acl, ErrorCode, SessionId, Zxid, path};

use super::node::{Child, Node, NodeKind};
use super::quota::{self, Amounts, LIMITS, Leaf, ROOT, STATS};

/// Nodes that no client may delete.
pub(super) const RESERVED: [&str; 4] = ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"];

#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    ephemerals: BTreeMap<SessionId, BTreeSet<String>>,
    /// How many containers and TTL nodes there are: without any the reaper need not run.
    mortals: usize,
    /// The paths with a quota. Without any nothing is counted.
    limited: BTreeSet<String>,
    seed: u64,
}

impl Tree {
    /// The tree of a server that was never written to.
    pub(super) fn new(seed: u64) -> Self {
        let (nodes, ephemerals) = (BTreeMap::new(), BTreeMap::new());
        let mut tree = Self {
            nodes,
            ephemerals,
            mortals: 0,
            limited: BTreeSet::new(),
            seed,
        };
        let open = Arc::new(vec![Acl::open()]);
        for path in RESERVED {
            let (data, acl) = (Some(Bytes::new()), Arc::clone(&open));
            let node = Node::new(NodeKind::Persistent, data, acl, Zxid::NONE, 0);
            tree.insert(path.to_owned(), node);
        }
        if let Some(config) = tree.get_mut("/zookeeper/config") {
            config.acl = Arc::new(vec![Acl::read_only()]);
            config.aversion = -1;
        }
        tree
    }

    /// The node at `path`; the empty path is the root, too.
    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(canonical(path))
    }

    pub(super) fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.nodes.get_mut(canonical(path))
    }

    /// Puts a node in its place and under its parent. Counters and zxids are the caller's business.
    pub(super) fn insert(&mut self, path: String, node: Node) {
        if let Some(parent) = path::parent(&path) {
            let child = Child::new(self.seed, path::name(&path));
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children.insert(child);
            }
        }
        match node.kind {
            NodeKind::Ephemeral(owner) => {
                self.ephemerals
                    .entry(owner)
                    .or_default()
                    .insert(path.clone());
            }
            NodeKind::Container | NodeKind::Ttl(_) => self.mortals += 1,
            NodeKind::Persistent => {}
        }
        let bytes = quota::size(node.data.as_ref());
        self.account(&path, 1, bytes);
        let limited = quota::owner_of(&path, Leaf::Limits).map(str::to_owned);
        let counted = quota::owner_of(&path, Leaf::Stats).map(str::to_owned);
        self.nodes.insert(path, node);
        self.limited.extend(limited);
        if let Some(owner) = counted {
            self.recount(&owner);
        }
    }

    /// Takes a node out.
    pub(super) fn remove(&mut self, path: &str) -> Option<Node> {
        let node = self.nodes.remove(path)?;
        self.account(path, -1, -quota::size(node.data.as_ref()));
        if let Some(owner) = quota::owner_of(path, Leaf::Limits) {
            self.limited.remove(owner);
        }
        if let Some(parent) = path::parent(path) {
            let child = Child::new(self.seed, path::name(path));
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children.remove(&child);
            }
        }
        match node.kind {
            NodeKind::Ephemeral(owner) => {
                if let Some(paths) = self.ephemerals.get_mut(&owner) {
                    paths.remove(path);
                    if paths.is_empty() {
                        self.ephemerals.remove(&owner);
                    }
                }
            }
            NodeKind::Container | NodeKind::Ttl(_) => {
                self.mortals = self.mortals.saturating_sub(1);
            }
            NodeKind::Persistent => {}
        }
        Some(node)
    }

    /// How many nodes lie below `path`.
    pub(super) fn descendants(&self, path: &str) -> usize {
        if canonical(path) == "/" {
            return self.nodes.len().saturating_sub(1);
        }
        let prefix = format!("{path}/");
        let below = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        self.nodes
            .range::<str, _>(below)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .count()
    }

    /// The ephemeral nodes of a session, in alphabetical order.
    pub(super) fn ephemerals(&self, owner: SessionId) -> impl DoubleEndedIterator<Item = &String> {
        self.ephemerals.get(&owner).into_iter().flatten()
    }

    pub(super) fn has_quotas(&self) -> bool {
        !self.limited.is_empty()
    }

    pub(super) fn is_limited(&self, path: &str) -> bool {
        self.limited.contains(path)
    }

    pub(super) const fn has_mortals(&self) -> bool {
        self.mortals > 0
    }

    pub(super) fn ephemeral_count(&self) -> usize {
        self.ephemerals.values().map(BTreeSet::len).sum()
    }

    /// Every node with its path, in alphabetical order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The containers and TTL nodes whose time has come.
    pub(super) fn reapable(&self, wall_ms: i64) -> Vec<String> {
        let is_due = |node: &Node| match node.kind {
            // A container that never had a child is still waiting for its first.
            NodeKind::Container => node.counter > 0,
            NodeKind::Ttl(ttl) => wall_ms.saturating_sub(node.mtime) > ttl,
            NodeKind::Persistent | NodeKind::Ephemeral(_) => false,
        };
        self.iter()
            .filter(|(_, node)| node.children.is_empty() && is_due(node))
            .map(|(path, _)| path.to_owned())
            .collect()
    }
}

impl Tree {
    /// A node has come, gone, or changed its size: what is in use follows.
    pub(super) fn account(&mut self, path: &str, count: i64, bytes: i64) {
        if self.has_quotas() {
            if let Some(stats) = self
                .quota_above(path)
                .map(|at| format!("{ROOT}{at}{STATS}"))
            {
                if let Some(node) = self.get_mut(&stats) {
                    let used = Amounts::parse(node.data.as_deref().unwrap_or_default());
                    node.data = Some(quota::write(used.count + count, used.bytes + bytes));
                }
            }
        }
    }

    /// Counts anew what is in use below a path, when the node that tells it is created.
    pub(super) fn recount(&mut self, owner: &str) {
        let below = format!("{owner}/");
        let is_inside = |path: &str| path == owner || path.starts_with(&below);
        let (mut count, mut bytes) = (0, 0);
        for (path, node) in self.iter() {
            if is_inside(path) {
                count += 1;
                bytes += quota::size(node.data.as_ref());
            }
        }
        if let Some(node) = self.get_mut(&format!("{ROOT}{owner}{STATS}")) {
            node.data = Some(quota::write(count, bytes));
        }
    }

    /// Whether that much more would be too much for the hard limits of a path; less may be, too, if what is left is
    /// too much. The numbers of a transaction under way do not count: `pending` is what it has added itself.
    pub(super) fn check_quota(
        &self,
        owner: &str,
        (count, bytes): (i64, i64),
        pending: (i64, i64),
    ) -> Result<(), ErrorCode> {
        let read = |leaf: &str| {
            let node = self.get(&format!("{ROOT}{owner}{leaf}"))?;
            Some(Amounts::parse(node.data.as_deref().unwrap_or_default()))
        };
        let (Some(limits), Some(used)) = (read(LIMITS), read(STATS)) else {
            return Ok(());
        };
        let exceeds =
            |limit: i64, used: i64, more: i64| limit > -1 && more != 0 && used + more > limit;
        if exceeds(limits.hard_count, used.count - pending.0, count)
            || exceeds(limits.hard_bytes, used.bytes - pending.1, bytes)
        {
            return Err(ErrorCode::QuotaExceeded);
        }
        Ok(())
    }

    /// The deepest path with a quota that `path` is, or is below.
    pub(super) fn quota_above<'p>(&self, path: &'p str) -> Option<&'p str> {
        let above = path::ancestors(path).filter(|above| self.is_limited(above));
        // Whatever order they come in.
        let deepest = above.max_by_key(|above| above.len());
        if self.is_limited(path) {
            Some(path)
        } else {
            deepest
        }
    }
}

/// ZooKeeper keeps its root under two keys, and clients can observe it.
fn canonical(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}
