//! The nodes that a cache holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::CachedNode;
use super::scope::child;

/// A tree of nodes, by the names of the levels. A copy shares all with the tree it was made from, until either changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    top: Option<Place>,
    nodes: usize,
    bytes: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) node: CachedNode,
    below: Option<Arc<Below>>,
}

type Below = BTreeMap<Box<str>, Place>;

/// What became of a node that was put into a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// There is no node above it, so it was not.
    Orphan,
    New,
    /// It took the place of this one; what is below stays.
    Replaced(CachedNode),
}

impl Tree {
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Of data and names.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, below: &str) -> Option<&Place> {
        let mut place = self.top.as_ref()?;
        for name in names(below) {
            place = place.below.as_ref()?.get(name)?;
        }
        Some(place)
    }

    pub(super) fn put(&mut self, below: &str, node: CachedNode) -> Put {
        let weight = node.data().len();
        let new = |node| Place { node, below: None };
        let replaced = match split(below) {
            None => match &mut self.top {
                Some(top) => Some(std::mem::replace(&mut top.node, node)),
                empty => {
                    *empty = Some(new(node));
                    None
                }
            },
            Some((above, name)) => {
                let Some(above) = self.get_mut(above) else {
                    return Put::Orphan;
                };
                let children = Arc::make_mut(above.below.get_or_insert_default());
                match children.get_mut(name) {
                    Some(place) => Some(std::mem::replace(&mut place.node, node)),
                    None => {
                        children.insert(name.into(), new(node));
                        self.bytes += name.len();
                        None
                    }
                }
            }
        };
        self.bytes += weight;
        match replaced {
            Some(old) => {
                self.bytes -= old.data().len();
                Put::Replaced(old)
            }
            None => {
                self.nodes += 1;
                Put::New
            }
        }
    }

    /// Takes a node and all below it out; each after those below it.
    pub(super) fn remove(&mut self, below: &str) -> Vec<(String, CachedNode)> {
        let place = match split(below) {
            None => self.top.take(),
            Some((above, name)) => self.take_child(above, name),
        };
        let mut removed = Vec::new();
        if let Some(place) = &place {
            bottom_up(place, below, &mut removed);
        }
        self.nodes -= removed.len();
        for (path, node) in &removed {
            let name = split(path).map_or("", |(_, name)| name);
            self.bytes -= name.len() + node.data().len();
        }
        removed
    }

    /// Takes out what is below a node and was made before it, so was below another node of its path.
    pub(super) fn remove_older(&mut self, below: &str) -> Vec<(String, CachedNode)> {
        let Some(place) = self.get(below) else {
            return Vec::new();
        };
        let made = place.node.stat().czxid;
        let children = place.children();
        let older = children.filter(|(_, node)| node.stat().czxid < made);
        let older: Vec<_> = older.map(|(name, _)| child(below, name)).collect();
        older.iter().flat_map(|below| self.remove(below)).collect()
    }

    fn take_child(&mut self, above: &str, name: &str) -> Option<Place> {
        // Looked at first: what is shared with a snapshot is not copied for nothing.
        self.get(above)?.below.as_ref()?.get(name)?;
        let above = self.get_mut(above)?;
        let children = Arc::make_mut(above.below.as_mut()?);
        let place = children.remove(name);
        if children.is_empty() {
            above.below = None;
        }
        place
    }

    fn get_mut(&mut self, below: &str) -> Option<&mut Place> {
        let mut place = self.top.as_mut()?;
        for name in names(below) {
            place = Arc::make_mut(place.below.as_mut()?).get_mut(name)?;
        }
        Some(place)
    }

    /// All nodes, each before those below it, in the order of their names.
    pub(super) fn all(&self) -> Vec<(String, CachedNode)> {
        let mut found = Vec::with_capacity(self.nodes);
        if let Some(top) = &self.top {
            top_down(top, "", &mut found);
        }
        found
    }
}

impl Place {
    /// Those directly below, in the order of their names.
    pub(super) fn children(&self) -> impl Iterator<Item = (&str, &CachedNode)> {
        let children = self.below.iter().flat_map(|below| below.iter());
        children.map(|(name, place)| (&**name, &place.node))
    }
}

fn names(below: &str) -> impl Iterator<Item = &str> {
    below.split('/').filter(|name| !name.is_empty())
}

/// The node above, and the name; `None` for the top.
fn split(below: &str) -> Option<(&str, &str)> {
    match below {
        "" => None,
        _ => Some(below.rsplit_once('/').unwrap_or(("", below))),
    }
}

fn bottom_up(place: &Place, below: &str, found: &mut Vec<(String, CachedNode)>) {
    for (name, place) in place.below.iter().flat_map(|below| below.iter()) {
        bottom_up(place, &child(below, name), found);
    }
    found.push((below.to_owned(), place.node.clone()));
}

fn top_down(place: &Place, below: &str, found: &mut Vec<(String, CachedNode)>) {
    found.push((below.to_owned(), place.node.clone()));
    for (name, place) in place.below.iter().flat_map(|below| below.iter()) {
        top_down(place, &child(below, name), found);
    }
}
