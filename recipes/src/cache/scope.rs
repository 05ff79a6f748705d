//! Which paths a cache is about.

use std::fmt;
use std::sync::Arc;

use zk_client::path;

/// Whether a node at a path is wanted.
pub(super) type Select = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The top of a cache, and what of the nodes below it is wanted. Paths are taken apart here and nowhere else: the rest of
/// the cache names a node by what follows the top (nothing for the top itself, else names with a slash between).
#[derive(Clone)]
pub(super) struct Scope {
    top: Arc<str>,
    pub(super) depth: usize,
    pub(super) select: Option<Select>,
}

impl Scope {
    pub(super) fn new(top: &str, depth: usize) -> Self {
        Self {
            top: top.into(),
            depth,
            select: None,
        }
    }

    pub(super) fn top(&self) -> &Arc<str> {
        &self.top
    }

    /// What follows the top in a path; `None` if it is not below it.
    pub(super) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.top.trim_end_matches('/'))?;
        match rest.strip_prefix('/') {
            Some(below) => Some(below),
            None => rest.is_empty().then_some(rest),
        }
    }

    /// The whole path of what follows the top.
    pub(super) fn path(&self, below: &str) -> String {
        match below {
            "" => (*self.top).to_owned(),
            _ => path::join(&self.top, below),
        }
    }

    /// Whether a node is wanted: not too deep, and it and all above it are selected.
    pub(super) fn wants(&self, below: &str) -> bool {
        if below.is_empty() {
            return true;
        }
        if levels(below) > self.depth {
            return false;
        }
        let Some(select) = &self.select else {
            return true;
        };
        let ends = below.match_indices('/').map(|(at, _)| at);
        let mut whole = ends.chain([below.len()]);
        whole.all(|end| {
            below
                .get(..end)
                .is_some_and(|part| select(&self.path(part)))
        })
    }

    /// Whether children of this node can be wanted.
    pub(super) fn wants_children(&self, below: &str) -> bool {
        levels(below) < self.depth
    }
}

/// How far below the top.
pub(super) fn levels(below: &str) -> usize {
    match below {
        "" => 0,
        _ => 1 + below.matches('/').count(),
    }
}

/// What follows the top, of a child.
pub(super) fn child(below: &str, name: &str) -> String {
    match below {
        "" => name.to_owned(),
        _ => format!("{below}/{name}"),
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("top", &self.top)
            .field("depth", &self.depth)
            .field("selects", &self.select.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_and_put_together_below_any_top() {
        for (top, path, below) in [
            ("/a", "/a", Some("")),
            ("/a", "/a/b/c", Some("b/c")),
            ("/a", "/ab", None),
            ("/a", "/", None),
            ("/", "/", Some("")),
            ("/", "/a/b", Some("a/b")),
        ] {
            let scope = Scope::new(top, 9);
            assert_eq!(scope.below(path), below, "{path} below {top}");
            if let Some(below) = below {
                assert_eq!(scope.path(below), path);
            }
        }
    }

    #[test]
    fn a_node_is_wanted_if_all_above_it_are_and_it_is_not_too_deep() {
        let mut scope = Scope::new("/a", 2);
        assert!(scope.wants("") && scope.wants("b/c") && !scope.wants("b/c/d"));
        assert!(scope.wants_children("b") && !scope.wants_children("b/c"));
        scope.select = Some(Arc::new(|path| !path.ends_with("/no")));
        assert!(scope.wants("b/c") && !scope.wants("b/no") && !scope.wants("no/c"));
    }
}
