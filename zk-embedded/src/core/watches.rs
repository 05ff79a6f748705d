//! Who wants to be told about what, and in which order they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zk_wire::{Acl, AddWatchMode, EventType, SetWatches, WatcherKind, path};

use super::conn::ConnKey;
use super::tree::Tree;
use super::txn::{Change, ChangeKind};

/// The ways in which one connection watches one path, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modes(u8);

impl Modes {
    const STANDARD: Self = Self(1);
    const PERSISTENT: Self = Self(2);
    const RECURSIVE: Self = Self(4);
    const ANY: Self = Self(7);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One notification to one connection.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) conn: ConnKey,
    pub(super) event: EventType,
    pub(super) path: String,
    /// Sent only to those whom this ACL lets read. Replayed events are not filtered.
    pub(super) acl: Option<Arc<Vec<Acl>>>,
}

/// One of the two tables: watches on data and existence, or watches on children.
#[derive(Debug, Default)]
struct Table {
    paths: BTreeMap<String, BTreeMap<ConnKey, Modes>>,
    by_conn: BTreeMap<ConnKey, BTreeSet<String>>,
    /// Each mode replaces the one before.
    single: bool,
    /// Who looks for a watch of one connection finds those of all.
    confused: bool,
}

impl Table {
    fn add(&mut self, conn: ConnKey, path: &str, mode: Modes) {
        let modes = self
            .paths
            .entry(path.to_owned())
            .or_default()
            .entry(conn)
            .or_insert(Modes(0));
        *modes = if self.single { mode } else { modes.with(mode) };
        self.by_conn
            .entry(conn)
            .or_default()
            .insert(path.to_owned());
    }

    fn modes(&self, conn: ConnKey, path: &str) -> Modes {
        self.paths
            .get(path)
            .and_then(|watchers| watchers.get(&conn))
            .copied()
            .unwrap_or(Modes(0))
    }

    fn contains(&self, conn: ConnKey, path: &str, modes: Modes) -> bool {
        if self.confused && !modes.is_empty() {
            return self.paths.contains_key(path);
        }
        self.modes(conn, path).has(modes)
    }

    /// Whether there was one of these modes. A client has `asked`, or the watch has fired.
    fn remove(&mut self, conn: ConnKey, path: &str, mode: Modes, asked: bool) -> bool {
        let before = self.modes(conn, path);
        // Where there is one mode, nobody asks which.
        let mode = if self.single && asked && !mode.is_empty() {
            Modes::ANY
        } else {
            mode
        };
        if !before.has(mode) {
            return false;
        }
        let after = before.without(mode);
        if let Some(watchers) = self.paths.get_mut(path) {
            if after.is_empty() {
                watchers.remove(&conn);
            } else {
                watchers.insert(conn, after);
            }
            if watchers.is_empty() {
                self.paths.remove(path);
            }
        }
        if after.is_empty() {
            if let Some(paths) = self.by_conn.get_mut(&conn) {
                paths.remove(path);
                if paths.is_empty() {
                    self.by_conn.remove(&conn);
                }
            }
        }
        true
    }

    fn forget(&mut self, conn: ConnKey) {
        for path in self.by_conn.remove(&conn).unwrap_or_default() {
            if let Some(watchers) = self.paths.get_mut(&path) {
                watchers.remove(&conn);
                if watchers.is_empty() {
                    self.paths.remove(&path);
                }
            }
        }
    }

    /// Consumes the one-shot watches on `path` and returns everybody concerned, each once.
    fn fire(&mut self, path: &str, event: EventType) -> BTreeSet<ConnKey> {
        let mut concerned = BTreeSet::new();
        let of_children = event == EventType::ChildrenChanged;
        let exact: Vec<ConnKey> = self
            .paths
            .get(path)
            .into_iter()
            .flatten()
            .filter(|(_, modes)| !of_children || modes.has(Modes::STANDARD.with(Modes::PERSISTENT)))
            .map(|(&conn, _)| conn)
            .collect();
        for conn in exact {
            concerned.insert(conn);
            self.remove(conn, path, Modes::STANDARD, false);
        }
        if of_children {
            return concerned;
        }
        for ancestor in path::ancestors(path) {
            let watchers = self.paths.get(ancestor).into_iter().flatten();
            let recursive = watchers.filter(|(_, modes)| modes.has(Modes::RECURSIVE));
            concerned.extend(recursive.map(|(&conn, _)| conn));
        }
        concerned
    }

    fn len(&self) -> usize {
        self.by_conn.values().map(BTreeSet::len).sum()
    }
}

/// The watches of all connections.
#[derive(Debug, Default)]
pub(super) struct Watches {
    data: Table,
    child: Table,
}

impl Watches {
    /// The watches of a server on which a connection has one mode for a path in each table, the newest.
    pub(super) fn with_single_modes(confused: bool) -> Self {
        let mut watches = Self::default();
        watches.data.single = true;
        watches.child.single = true;
        watches.data.confused = confused;
        watches.child.confused = confused;
        watches
    }

    /// From getData and exists.
    pub(super) fn watch_data(&mut self, conn: ConnKey, path: &str) {
        self.data.add(conn, path, Modes::STANDARD);
    }

    /// From getChildren.
    pub(super) fn watch_children(&mut self, conn: ConnKey, path: &str) {
        self.child.add(conn, path, Modes::STANDARD);
    }

    pub(super) fn add(&mut self, conn: ConnKey, path: &str, mode: AddWatchMode) {
        let is_recursive = matches!(mode, AddWatchMode::PersistentRecursive);
        let modes = if is_recursive {
            Modes::RECURSIVE
        } else {
            Modes::PERSISTENT
        };
        self.data.add(conn, path, modes);
        // A recursive watch gets no NodeChildrenChanged, but where each mode replaces the one before, it is among the
        // child watches all the same, and shows there when a data watch has replaced it.
        if !is_recursive || self.child.single {
            self.child.add(conn, path, modes);
        }
    }

    pub(super) fn contains(&self, conn: ConnKey, path: &str, kind: WatcherKind) -> bool {
        let (data, child) = modes_of(kind);
        // A persistent watch is looked for among the data watches alone.
        let child = if matches!(kind, WatcherKind::Persistent) {
            Modes(0)
        } else {
            child
        };
        self.data.contains(conn, path, data) || self.child.contains(conn, path, child)
    }

    /// Whether there was anything to remove.
    pub(super) fn remove(&mut self, conn: ConnKey, path: &str, kind: WatcherKind) -> bool {
        let (data, child) = modes_of(kind);
        let from_data = self.data.remove(conn, path, data, true);
        let from_child = self.child.remove(conn, path, child, true);
        from_data || from_child
    }

    /// A connection has ended, and its watches with it.
    pub(super) fn forget(&mut self, conn: ConnKey) {
        self.data.forget(conn);
        self.child.forget(conn);
    }

    /// What a change tells whom, in the order in which ZooKeeper says it.
    pub(super) fn fire(&mut self, change: &Change) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut tell = |concerned: BTreeSet<ConnKey>, event, path: &str, acl: &Arc<Vec<Acl>>| {
            notices.extend(concerned.into_iter().map(|conn| Notice {
                conn,
                event,
                path: path.to_owned(),
                acl: Some(Arc::clone(acl)),
            }));
        };
        let path = change.path.as_str();
        let parent = path::parent(path).unwrap_or("/");
        match change.kind {
            ChangeKind::DataChanged => {
                tell(
                    self.data.fire(path, EventType::DataChanged),
                    EventType::DataChanged,
                    path,
                    &change.acl,
                );
            }
            ChangeKind::AclChanged => {}
            ChangeKind::Created => {
                let told = self.data.fire(path, EventType::Created);
                tell(told, EventType::Created, path, &change.acl);
                let parents = self.child.fire(parent, EventType::ChildrenChanged);
                tell(
                    parents,
                    EventType::ChildrenChanged,
                    parent,
                    &change.parent_acl,
                );
            }
            ChangeKind::Deleted => {
                let told = self.data.fire(path, EventType::Deleted);
                let mut others = self.child.fire(path, EventType::Deleted);
                others.retain(|conn| !told.contains(conn));
                tell(told, EventType::Deleted, path, &change.acl);
                tell(others, EventType::Deleted, path, &change.acl);
                let parents = self.child.fire(parent, EventType::ChildrenChanged);
                tell(
                    parents,
                    EventType::ChildrenChanged,
                    parent,
                    &change.parent_acl,
                );
            }
        }
        notices
    }

    /// Registers watches again after a reconnect. What a client missed comes back as events, and those
    /// watches are spent.
    pub(super) fn restore(
        &mut self,
        conn: ConnKey,
        tree: &Tree,
        wanted: &SetWatches,
    ) -> Vec<Notice> {
        // Signed, as the server compares.
        let seen = wanted.relative_zxid.as_raw();
        let mut notices = Vec::new();
        let mut tell = |event, path: &str| {
            notices.push(Notice {
                conn,
                event,
                path: path.to_owned(),
                acl: None,
            });
        };
        for path in &wanted.data {
            match tree.get(path) {
                None => tell(EventType::Deleted, path),
                Some(node) if node.mzxid.as_raw() > seen => tell(EventType::DataChanged, path),
                Some(_) => self.watch_data(conn, path),
            }
        }
        for path in &wanted.exist {
            match tree.get(path) {
                None => self.watch_data(conn, path),
                Some(_) => tell(EventType::Created, path),
            }
        }
        for path in &wanted.child {
            match tree.get(path) {
                None => tell(EventType::Deleted, path),
                Some(node) if node.pzxid.as_raw() > seen => tell(EventType::ChildrenChanged, path),
                Some(_) => self.watch_children(conn, path),
            }
        }
        for path in &wanted.persistent {
            self.add(conn, path, AddWatchMode::Persistent);
        }
        for path in &wanted.recursive {
            self.add(conn, path, AddWatchMode::PersistentRecursive);
        }
        notices
    }

    /// How many connections watch how many paths, for `wchs`.
    pub(super) fn summary(&self) -> String {
        let conns: BTreeSet<ConnKey> = self.pairs().map(|(conn, _)| conn).collect();
        let paths: BTreeSet<&str> = self.pairs().map(|(_, path)| path).collect();
        format!(
            "{} connections watching {} paths\nTotal watches:{}\n",
            conns.len(),
            paths.len(),
            self.len()
        )
    }

    /// Who watches what, for `wchc`.
    pub(super) fn by_connection(&self, name: impl Fn(ConnKey) -> String) -> String {
        let pairs = self
            .pairs()
            .map(|(conn, path)| (name(conn), path.to_owned()));
        grouped(pairs)
    }

    /// What is watched by whom, for `wchp`.
    pub(super) fn by_path(&self, name: impl Fn(ConnKey) -> String) -> String {
        let pairs = self
            .pairs()
            .map(|(conn, path)| (path.to_owned(), name(conn)));
        grouped(pairs)
    }

    fn pairs(&self) -> impl Iterator<Item = (ConnKey, &str)> {
        [&self.data, &self.child].into_iter().flat_map(|table| {
            let paths = table.by_conn.iter();
            paths.flat_map(|(&conn, paths)| paths.iter().map(move |path| (conn, path.as_str())))
        })
    }

    /// How many there are: one for each connection, path and table.
    pub(super) fn len(&self) -> usize {
        self.data.len() + self.child.len()
    }
}

/// One line for each first, and indented below it its seconds.
fn grouped(pairs: impl Iterator<Item = (String, String)>) -> String {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (first, second) in pairs {
        groups.entry(first).or_default().insert(second);
    }
    let mut text = String::new();
    for (first, seconds) in groups {
        text.push_str(&first);
        text.push('\n');
        for second in seconds {
            text.push('\t');
            text.push_str(&second);
            text.push('\n');
        }
    }
    text
}

/// Which modes a kind means, in the data table and in the child table.
const fn modes_of(kind: WatcherKind) -> (Modes, Modes) {
    match kind {
        WatcherKind::Data => (Modes::STANDARD, Modes(0)),
        WatcherKind::Children => (Modes(0), Modes::STANDARD),
        WatcherKind::Persistent => (Modes::PERSISTENT, Modes::PERSISTENT),
        WatcherKind::PersistentRecursive => (Modes::RECURSIVE, Modes(0)),
        _ => (Modes::ANY, Modes::ANY),
    }
}

#[cfg(test)]
#[path = "watches_tests.rs"]
mod tests;
