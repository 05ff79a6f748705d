//! Which watches are registered where.

use std::collections::{BTreeMap, BTreeSet};

use zk_wire::{EventType, SetWatches, Zxid};

use crate::ids::WatchId;
use crate::outcome::WatchKind;

/// What became of a watch when the request that sets it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It is in the table.
    Yes,
    /// Nobody wants it any more, and nobody else wants anything on this path: the server's side has
    /// to be removed.
    Orphan,
    /// Nobody wants it, but there are others on this path.
    Unwanted,
}

#[derive(Debug)]
struct Place {
    path: String,
    /// `None` while the request that sets it is unanswered.
    table: Option<WatchKind>,
}

/// The client's side of all watches.
///
/// An entry becomes a watch when the reply that set it arrives: events cannot come earlier, because a
/// server sends the event of a change before any reply that shows it. All paths are absolute server
/// paths.
///
/// Invariants: `tables` and the registered entries of `places` are each other's inverse; `per_path`
/// counts all entries of `places`.
#[derive(Debug, Default)]
pub(crate) struct WatchTable {
    tables: BTreeMap<WatchKind, BTreeMap<String, BTreeSet<WatchId>>>,
    places: BTreeMap<WatchId, Place>,
    per_path: BTreeMap<String, usize>,
}

impl WatchTable {
    /// A request that sets a watch was submitted.
    pub(crate) fn expect(&mut self, id: WatchId, path: &str) {
        self.places.insert(
            id,
            Place {
                path: path.to_owned(),
                table: None,
            },
        );
        match self.per_path.get_mut(path) {
            Some(count) => *count += 1,
            None => {
                self.per_path.insert(path.to_owned(), 1);
            }
        }
    }

    /// The request was answered, and the server has the watch in this table now.
    pub(crate) fn register(&mut self, id: WatchId, path: &str, table: WatchKind) -> Registered {
        if let Some(place) = self.places.get_mut(&id) {
            place.table = Some(table);
            let ids = self
                .tables
                .entry(table)
                .or_default()
                .entry(place.path.clone())
                .or_default();
            ids.insert(id);
            return Registered::Yes;
        }
        if self.per_path.contains_key(path) {
            Registered::Unwanted
        } else {
            Registered::Orphan
        }
    }

    /// The watch is not wanted any more, or was not set after all. Returns its path if the server's side
    /// has to be removed: it was registered, and nobody else wants anything there.
    pub(crate) fn forget(&mut self, id: WatchId) -> Option<String> {
        let place = self.remove_place(id)?;
        let table = place.table?;
        if let Some(paths) = self.tables.get_mut(&table) {
            if let Some(ids) = paths.get_mut(&place.path) {
                ids.remove(&id);
                if ids.is_empty() {
                    paths.remove(&place.path);
                }
            }
        }
        if self.per_path.contains_key(&place.path) {
            None
        } else {
            Some(place.path)
        }
    }

    /// Who has to hear of an event, in the order they registered. One-shot watches are over with it.
    ///
    /// The replay after a reconnect can send one deletion twice, for the data and for the child watch of
    /// a node; the first one consumes both, so that the second finds nobody.
    pub(crate) fn fire(&mut self, kind: EventType, path: &str) -> Vec<WatchId> {
        let once: &[WatchKind] = match kind {
            EventType::Created | EventType::DataChanged => &[WatchKind::Data, WatchKind::Exist],
            EventType::ChildrenChanged => &[WatchKind::Child],
            EventType::Deleted => &[WatchKind::Data, WatchKind::Exist, WatchKind::Child],
            _ => &[],
        };
        let mut fired = Vec::new();
        for table in once {
            let ids = self
                .tables
                .get_mut(table)
                .and_then(|paths| paths.remove(path));
            for id in ids.unwrap_or_default() {
                self.remove_place(id);
                fired.push(id);
            }
        }
        fired.extend(self.ids(WatchKind::Persistent, path));
        if kind != EventType::ChildrenChanged && self.has_any(WatchKind::Recursive) {
            fired.extend(self.ids(WatchKind::Recursive, path));
            for ancestor in ancestors(path) {
                fired.extend(self.ids(WatchKind::Recursive, ancestor));
            }
        }
        fired.sort_unstable();
        fired
    }

    /// Whether there is a registered watch of this kind on exactly this path.
    pub(crate) fn has(&self, kind: WatchKind, path: &str) -> bool {
        self.ids(kind, path).next().is_some()
    }

    /// The registered watches of this kind on exactly this path.
    pub(crate) fn at(&self, kind: WatchKind, path: &str) -> Vec<WatchId> {
        self.ids(kind, path).collect()
    }

    /// All watches on exactly this path, those not yet set included.
    pub(crate) fn all_at(&self, path: &str) -> Vec<WatchId> {
        if self.count_at(path) == 0 {
            return Vec::new();
        }
        let here = self.places.iter().filter(|(_, place)| place.path == path);
        here.map(|(id, _)| *id).collect()
    }

    /// The path of a registered recursive watch.
    pub(crate) fn recursive_path(&self, id: WatchId) -> Option<String> {
        let place = self.places.get(&id)?;
        (place.table == Some(WatchKind::Recursive)).then(|| place.path.clone())
    }

    /// The paths that have a registered watch of this kind.
    pub(crate) fn paths(&self, kind: WatchKind) -> impl Iterator<Item = &String> {
        self.tables.get(&kind).into_iter().flat_map(BTreeMap::keys)
    }

    /// Whether anybody wants to know, or is about to, when the list of children changes.
    pub(crate) fn wants_list(&self, path: &str) -> bool {
        let registered = [WatchKind::Data, WatchKind::Exist, WatchKind::Recursive];
        let others = registered.map(|kind| self.ids(kind, path).count());
        self.count_at(path) > others.into_iter().sum()
    }

    /// How many watches there are on exactly this path, those not yet set included.
    pub(crate) fn count_at(&self, path: &str) -> usize {
        self.per_path.get(path).copied().unwrap_or(0)
    }

    /// Whether the server has this watch.
    pub(crate) fn is_registered(&self, id: WatchId) -> bool {
        let place = self.places.get(&id);
        place.is_some_and(|place| place.table.is_some())
    }

    /// All persistent and recursive watches.
    pub(crate) fn lasting(&self) -> Vec<WatchId> {
        let tables = [WatchKind::Persistent, WatchKind::Recursive];
        let paths = tables.iter().filter_map(|table| self.tables.get(table));
        let mut ids: Vec<_> = paths
            .flat_map(BTreeMap::values)
            .flatten()
            .copied()
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Empties the table and returns every watch that was in it, those not yet set included.
    pub(crate) fn drain(&mut self) -> Vec<WatchId> {
        let ids = self.places.keys().copied().collect();
        *self = Self::default();
        ids
    }

    /// Everything registered, as setWatches requests of at most `limit` bytes each (or one path, where
    /// that alone is longer).
    pub(crate) fn chunks(&self, relative_zxid: Zxid, limit: usize) -> Vec<SetWatches> {
        const FIXED: usize = 8 + 8 + 5 * 4;
        let mut chunks = Vec::new();
        let mut chunk = empty_chunk(relative_zxid);
        let mut size = FIXED;
        for (table, paths) in &self.tables {
            for path in paths.keys() {
                let more = 4 + path.len();
                if size + more > limit && size > FIXED {
                    chunks.push(std::mem::replace(&mut chunk, empty_chunk(relative_zxid)));
                    size = FIXED;
                }
                size += more;
                let list = match table {
                    WatchKind::Data => &mut chunk.data,
                    WatchKind::Exist => &mut chunk.exist,
                    WatchKind::Child => &mut chunk.child,
                    WatchKind::Persistent => &mut chunk.persistent,
                    WatchKind::Recursive => &mut chunk.recursive,
                };
                list.push(path.clone());
            }
        }
        if size > FIXED {
            chunks.push(chunk);
        }
        chunks
    }

    /// How many watches there are, those not yet set included.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    fn remove_place(&mut self, id: WatchId) -> Option<Place> {
        let place = self.places.remove(&id)?;
        if let Some(count) = self.per_path.get_mut(&place.path) {
            *count -= 1;
            if *count == 0 {
                self.per_path.remove(&place.path);
            }
        }
        Some(place)
    }

    fn ids(&self, table: WatchKind, path: &str) -> impl Iterator<Item = WatchId> + '_ {
        self.tables
            .get(&table)
            .and_then(|paths| paths.get(path))
            .into_iter()
            .flatten()
            .copied()
    }

    fn has_any(&self, table: WatchKind) -> bool {
        self.tables
            .get(&table)
            .is_some_and(|paths| !paths.is_empty())
    }

    pub(crate) fn check_invariants(&self) {
        let registered: usize = self
            .tables
            .values()
            .flat_map(BTreeMap::values)
            .map(BTreeSet::len)
            .sum();
        let placed = self
            .places
            .values()
            .filter(|place| place.table.is_some())
            .count();
        debug_assert_eq!(registered, placed, "tables and places differ");
        debug_assert_eq!(
            self.per_path.values().sum::<usize>(),
            self.places.len(),
            "paths miscounted"
        );
        for (table, paths) in &self.tables {
            for (path, ids) in paths {
                debug_assert!(!ids.is_empty(), "{path} is left over");
                debug_assert!(
                    ids.iter()
                        .all(|id| self.places.get(id).is_some_and(|place| {
                            place.path == *path && place.table == Some(*table)
                        })),
                    "{path} has strangers"
                );
            }
        }
    }
}

const fn empty_chunk(relative_zxid: Zxid) -> SetWatches {
    SetWatches {
        relative_zxid,
        data: Vec::new(),
        exist: Vec::new(),
        child: Vec::new(),
        persistent: Vec::new(),
        recursive: Vec::new(),
    }
}

/// The paths above `path`, nearest first, down to the root.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path).filter(|path| path.len() > 1);
    std::iter::from_fn(move || {
        let (above, _) = rest?.rsplit_once('/')?;
        rest = Some(above).filter(|above| !above.is_empty());
        Some(if above.is_empty() { "/" } else { above })
    })
}

#[cfg(test)]
#[path = "watches_tests.rs"]
mod tests;
