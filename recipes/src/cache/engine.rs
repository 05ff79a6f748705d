//! What follows from an event or an answer. No I/O.
//!
//! Events tell that something is to be read, and answers, applied in the order of the wire, what there is. Whoever drives
//! this hands in each event before the answers that the server sent after it (they may come earlier than that: an event that
//! overtakes an answer makes its node be read once more). So every node that is not as the server has it has a read due or
//! under way.

use std::collections::BTreeSet;
use std::sync::Arc;

use zk_client::{EventType, Stat, Zxid};

use super::asks::{Ask, Asks, Job, Mark, What, Why};
use super::change::CacheChange;
use super::limits::{Exceeded, Limits};
use super::node::CachedNode;
use super::scope::{Scope, child, levels};
use super::tree::{Put, Tree};

/// How changes come to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watching {
    /// One persistent watch on the top and all below.
    Recursive,
    /// A watch with each read of a node or of its children; each tells once.
    OneShot,
}

/// What a read found.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Node(CachedNode),
    Children(Vec<String>),
    /// It came to be while it was to be waited for, or it did not.
    Coming(bool),
    Nothing,
}

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) scope: Scope,
    pub(super) limits: Limits,
    pub(super) watching: Watching,
    asks: Asks,
    /// The newest transaction that an event or an answer told of.
    seen: Zxid,
    /// What is reached as soon as nothing is under way that others may follow from.
    held: Mark,
}

impl Engine {
    pub(super) fn new(scope: Scope, limits: Limits, watching: Watching) -> Self {
        Self {
            scope,
            limits,
            watching,
            asks: Asks::default(),
            seen: Zxid::NONE,
            held: Mark::default(),
        }
    }

    /// Forgets what was asked: no answer will come.
    pub(super) fn restart(&mut self) {
        self.asks = Asks::default();
        self.held = Mark::default();
    }

    /// What was told so far is of another ensemble.
    pub(super) fn unsee(&mut self) {
        self.seen = Zxid::NONE;
    }

    /// Reads all that there is, once more.
    pub(super) fn walk(&mut self) {
        self.asks.push(What::Node, "", Why::Walk);
    }

    /// Once all that is known of now has been read, the picture shows what the mark says.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.asks.mark(mark);
    }

    /// The next read to send; the marks before it are reached when the reads before them are answered.
    pub(super) fn pop(&mut self) -> Option<Job> {
        self.asks.pop()
    }

    pub(super) fn is_walking(&self) -> bool {
        self.asks.is_walking()
    }

    /// All reads before this mark were answered.
    pub(super) fn passed(&mut self, mark: Mark) {
        self.held = self.held.and(mark);
    }

    /// What the picture shows now for certain, as far as that is new: nothing as long as something is read that others may
    /// follow from.
    pub(super) fn reached(&mut self) -> Mark {
        if self.asks.is_following() {
            return Mark::default();
        }
        let reached = std::mem::take(&mut self.held);
        if !self.asks.is_idle() {
            return reached;
        }
        // Nothing is left to be read: all that was ever told is in the picture.
        reached.and(Mark {
            as_of: Some(self.seen),
            sure: None,
        })
    }

    /// A watch told of something.
    pub(super) fn told(
        &mut self,
        tree: &mut Tree,
        changes: &mut Vec<CacheChange>,
        kind: EventType,
        path: &str,
        zxid: Option<Zxid>,
    ) {
        self.seen = self.seen.max(zxid.unwrap_or(Zxid::NONE));
        let Some(below) = self
            .scope
            .below(path)
            .filter(|below| self.scope.wants(below))
        else {
            return;
        };
        if self.asks.len() >= FLOOD {
            // Whoever tells of more than can be read is not followed one by one, and keeps no memory.
            self.walk();
            return;
        }
        match kind {
            EventType::Deleted if self.is_plainly_gone(below) => self.remove(tree, changes, below),
            EventType::ChildrenChanged => {
                if self.scope.wants_children(below) {
                    self.asks.push(What::Children, below, Why::New);
                }
            }
            _ => self.asks.push(What::Node, below, Why::Told),
        }
    }

    /// Whether a deletion can be believed without a read: not if an answer that is under way may be older than it, nor if
    /// somebody has to be asked to tell when the node comes back.
    fn is_plainly_gone(&self, below: &str) -> bool {
        let told_when_back = self.watching == Watching::Recursive || !below.is_empty();
        told_when_back && !self.asks.is_open(What::Node, below)
    }

    /// A read was answered.
    pub(super) fn found(
        &mut self,
        tree: &mut Tree,
        changes: &mut Vec<CacheChange>,
        ask: &Ask,
        found: Found,
    ) -> Result<(), Exceeded> {
        let applied = match found {
            Found::Node(node) => self.found_node(tree, changes, ask, node),
            Found::Children(names) => {
                self.found_children(tree, changes, ask, names);
                Ok(())
            }
            Found::Coming(true) => {
                self.asks.push(What::Node, &ask.below, ask.why);
                Ok(())
            }
            Found::Coming(false) => Ok(()),
            Found::Nothing => {
                self.remove(tree, changes, &ask.below);
                if ask.what == What::Node && !self.is_told_when_back(&ask.below) {
                    self.asks
                        .push(What::Coming, &ask.below, self.follows(ask.why));
                }
                Ok(())
            }
        };
        self.asks.done(ask);
        applied
    }

    fn is_told_when_back(&self, below: &str) -> bool {
        self.watching == Watching::Recursive || !below.is_empty()
    }

    fn found_node(
        &mut self,
        tree: &mut Tree,
        changes: &mut Vec<CacheChange>,
        ask: &Ask,
        node: CachedNode,
    ) -> Result<(), Exceeded> {
        let below = &*ask.below;
        self.see(node.stat());
        let known = tree.get(below).map(|place| place.node.stat().czxid);
        // Also if it was deleted and made again: by its creation, since versions begin anew.
        let is_new = known != Some(node.stat().czxid);
        self.has_room(tree, below, &node)?;
        let stat = *node.stat();
        let path = || Arc::from(self.scope.path(below));
        match tree.put(below, node.clone()) {
            Put::Orphan => {
                // What is above it is gone, or about to be known: then this is read behind it.
                if self.asks.is_open_above(below) {
                    self.asks.push(What::Node, below, ask.why.max(Why::New));
                }
                return Ok(());
            }
            Put::New => changes.push(CacheChange::Created { path: path(), node }),
            #[cfg(feature = "__seeded-bugs")]
            Put::Replaced(old)
                if zk_client::seeded::is_on("new-by-its-version")
                    && old.stat().version == stat.version => {}
            #[cfg(feature = "__seeded-bugs")]
            Put::Replaced(old)
                if is_new && zk_client::seeded::is_on("made-again-told-as-changed") =>
            {
                changes.push(CacheChange::Updated {
                    path: path(),
                    node,
                    old,
                });
            }
            Put::Replaced(old) if is_new => {
                for (below, old) in tree.remove_older(below) {
                    let path = self.scope.path(&below).into();
                    changes.push(CacheChange::Deleted { path, old });
                }
                changes.push(CacheChange::Recreated {
                    path: path(),
                    node,
                    old,
                });
            }
            Put::Replaced(old) if old.stat().mzxid != stat.mzxid => {
                changes.push(CacheChange::Updated {
                    path: path(),
                    node,
                    old,
                });
            }
            Put::Replaced(_) => {}
        }
        if !self.scope.wants_children(below) || !(is_new || ask.why == Why::Walk) {
            return Ok(());
        }
        match self.watching {
            // A child that comes later is told of by the watch that was there before this read.
            Watching::Recursive if stat.num_children == 0 => {
                self.keep_only(tree, changes, below, &BTreeSet::new());
            }
            _ => {
                let why = self.follows(ask.why);
                self.asks.push(What::Children, below, why);
            }
        }
        Ok(())
    }

    /// Why something is read that follows from what was read for this reason. With one watch over all, an event is about each
    /// node that is new.
    fn follows(&self, why: Why) -> Why {
        match self.watching {
            Watching::Recursive => why,
            Watching::OneShot => why.max(Why::New),
        }
    }

    fn has_room(&self, tree: &Tree, below: &str, node: &CachedNode) -> Result<(), Exceeded> {
        let old = tree.get(below).map(|place| place.node.data().len());
        let name = below.len() - below.rfind('/').map_or(0, |at| at + 1);
        let more = match old {
            Some(old) => node.data().len().saturating_sub(old),
            None => node.data().len() + name,
        };
        if old.is_none() && tree.nodes() >= self.limits.nodes {
            return Err(Exceeded::Nodes);
        }
        if tree.bytes().saturating_add(more) > self.limits.bytes && more > 0 {
            return Err(Exceeded::Bytes);
        }
        if levels(below) > self.limits.levels {
            return Err(Exceeded::Levels);
        }
        Ok(())
    }

    fn found_children(
        &mut self,
        tree: &mut Tree,
        changes: &mut Vec<CacheChange>,
        ask: &Ask,
        mut names: Vec<String>,
    ) {
        let below = &*ask.below;
        if tree.get(below).is_none() {
            return;
        }
        names.sort_unstable();
        let listed: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        self.keep_only(tree, changes, below, &listed);
        let known: BTreeSet<&str> = match tree.get(below) {
            Some(place) if ask.why < Why::Walk => place.children().map(|(name, _)| name).collect(),
            _ => BTreeSet::new(),
        };
        for name in listed.difference(&known) {
            let below = child(below, name);
            if self.scope.wants(&below) {
                self.asks.push(What::Node, &below, ask.why);
            }
        }
    }

    /// Removes the children that are not listed.
    fn keep_only(
        &self,
        tree: &mut Tree,
        changes: &mut Vec<CacheChange>,
        below: &str,
        listed: &BTreeSet<&str>,
    ) {
        let Some(place) = tree.get(below) else {
            return;
        };
        let children = place.children().map(|(name, _)| name);
        let gone: Vec<_> = children.filter(|name| !listed.contains(name)).collect();
        let gone: Vec<_> = gone.into_iter().map(|name| child(below, name)).collect();
        for below in gone {
            self.remove(tree, changes, &below);
        }
    }

    fn remove(&self, tree: &mut Tree, changes: &mut Vec<CacheChange>, below: &str) {
        for (below, old) in tree.remove(below) {
            let path = self.scope.path(&below).into();
            changes.push(CacheChange::Deleted { path, old });
        }
    }

    fn see(&mut self, stat: &Stat) {
        let newest = stat.czxid.max(stat.mzxid).max(stat.pzxid);
        self.seen = self.seen.max(newest);
    }
}

/// Nodes that may have a read due before an event makes all be read instead.
const FLOOD: usize = 65_536;
