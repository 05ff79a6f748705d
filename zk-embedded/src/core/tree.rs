//! The data tree: nodes by path, and who owns the ephemeral ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use zk_wire::{Acl, SessionId, Zxid, path};

use super::node::{Child, Node, NodeKind};
use super::quota::{self, Leaf};

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

/// ZooKeeper keeps its root under two keys, and clients can observe it.
fn canonical(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}
