//! A cache at one moment.

use zk_client::Zxid;

use super::node::CachedNode;
use super::scope::Scope;
use super::tree::Tree;

/// What a cache showed at one moment. Made without copying: it shares its nodes with the cache, which from then on copies the
/// lists of children that it changes.
///
/// It is no snapshot of the ensemble: one node may be shown as of a later transaction than another. Nothing in it is older
/// than [`as_of`](Self::as_of).
#[derive(Debug, Clone)]
pub struct CacheSnapshot {
    scope: Scope,
    tree: Tree,
    as_of: Zxid,
    fresh: bool,
}

impl CacheSnapshot {
    pub(super) fn new(scope: &Scope, tree: &Tree, as_of: Zxid, fresh: bool) -> Self {
        Self {
            scope: scope.clone(),
            tree: tree.clone(),
            as_of,
            fresh,
        }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.nodes()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all data and names.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tree.bytes()
    }

    /// The node at a path, which is a whole path, as the cache's own. `None` if there is none, and for a path that the cache
    /// is not about.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<CachedNode> {
        get(&self.scope, &self.tree, path)
    }

    /// The children of the node at a path, in the order of their names. Empty if there is no such node.
    #[must_use]
    pub fn children(&self, path: &str) -> Vec<(String, CachedNode)> {
        children(&self.scope, &self.tree, path)
    }

    /// All nodes with their paths, each before those below it.
    #[must_use]
    pub fn nodes(&self) -> Vec<(String, CachedNode)> {
        let mut nodes = self.tree.all();
        for (path, _) in &mut nodes {
            *path = self.scope.path(path);
        }
        nodes
    }

    /// All that was committed up to this transaction is in it.
    #[must_use]
    pub fn as_of(&self) -> Zxid {
        self.as_of
    }

    /// Whether changes arrived as they happened; if not, it may be behind.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }
}

pub(super) fn get(scope: &Scope, tree: &Tree, path: &str) -> Option<CachedNode> {
    let place = tree.get(scope.below(path)?)?;
    Some(place.node.clone())
}

pub(super) fn children(scope: &Scope, tree: &Tree, path: &str) -> Vec<(String, CachedNode)> {
    let place = scope.below(path).and_then(|below| tree.get(below));
    let Some(place) = place else {
        return Vec::new();
    };
    let children = place.children();
    children
        .map(|(name, node)| (name.to_owned(), node.clone()))
        .collect()
}
