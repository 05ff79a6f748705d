//! A server as the model has it: a map, watches, and what it sends in its order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zk_client::{EventType, Stat, Zxid};

use super::super::asks::{Ask, Mark, What};
use super::super::engine::{Found, Watching};
use super::super::node::CachedNode;
use super::super::scope::Scope;

/// What tells one state of a node from all others: creation, write, data.
pub(super) type State = (i64, i64, String);

/// What the client has asked.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Read(Ask),
    /// Where the server is.
    Zxid,
    /// Nothing of the server.
    Mark(Mark),
}

/// What the server has sent.
#[derive(Debug, Clone)]
pub(super) enum Sent {
    Event(EventType, String, Zxid),
    Found(Ask, Found),
    Zxid(Zxid),
    Mark(Mark),
}

#[derive(Debug, Clone)]
struct Node {
    state: State,
    pzxid: i64,
}

/// One table of one-shot watches: path, and what the node's zxid was when it was set.
type Table = BTreeMap<String, i64>;

#[derive(Debug)]
pub(super) struct Server {
    nodes: BTreeMap<String, Node>,
    pub(super) zxid: i64,
    watching: Watching,
    data: Table,
    coming: BTreeSet<String>,
    children: Table,
    /// On its way to the client.
    pub(super) sent: VecDeque<Sent>,
    /// Every state of every path, with the transaction that made it so.
    pub(super) history: BTreeMap<String, Vec<(i64, Option<State>)>>,
    pub(super) scope: Scope,
}

impl Server {
    pub(super) fn new(scope: Scope, watching: Watching) -> Self {
        Self {
            nodes: BTreeMap::new(),
            zxid: 0,
            watching,
            data: Table::new(),
            coming: BTreeSet::new(),
            children: Table::new(),
            sent: VecDeque::new(),
            history: BTreeMap::new(),
            scope,
        }
    }

    /// What the cache is to hold.
    pub(super) fn wanted(&self) -> BTreeMap<String, State> {
        let wanted = self.nodes.iter();
        wanted
            .filter(|(path, _)| {
                let below = self.scope.below(path);
                below.is_some_and(|below| self.scope.wants(below))
            })
            .map(|(path, node)| (path.clone(), node.state.clone()))
            .collect()
    }

    /// Creates, writes or deletes, if that can be.
    pub(super) fn write(&mut self, path: &str, what: u8) {
        let parent = match path.rsplit_once('/') {
            Some(("", _)) | None => None,
            Some((parent, _)) => Some(parent.to_owned()),
        };
        let has_parent = match &parent {
            Some(parent) => self.nodes.contains_key(parent),
            None => true,
        };
        let is_leaf = self.count(path) == 0;
        let zxid = self.zxid + 1;
        match (self.nodes.get_mut(path), what) {
            (None, _) if has_parent => {
                let state = (zxid, zxid, format!("{what}"));
                self.set(path, Some(state.clone()));
                let pzxid = zxid;
                self.nodes.insert(path.to_owned(), Node { state, pzxid });
                self.fire(EventType::Created, path);
                self.list_changed(parent.as_deref());
            }
            (Some(node), 1..) => {
                node.state.1 = zxid;
                node.state.2 = format!("{what}");
                let state = node.state.clone();
                self.set(path, Some(state));
                self.fire(EventType::DataChanged, path);
            }
            (Some(_), 0) if is_leaf => {
                self.set(path, None);
                self.nodes.remove(path);
                self.fire(EventType::Deleted, path);
                self.list_changed(parent.as_deref());
            }
            _ => {}
        }
    }

    fn set(&mut self, path: &str, state: Option<State>) {
        self.zxid += 1;
        let history = self.history.entry(path.to_owned()).or_default();
        history.push((self.zxid, state));
    }

    fn list_changed(&mut self, parent: Option<&str>) {
        let Some(parent) = parent else { return };
        if let Some(node) = self.nodes.get_mut(parent) {
            node.pzxid = self.zxid;
        }
        if self.children.remove(parent).is_some() {
            self.tell(EventType::ChildrenChanged, parent);
        }
    }

    fn count(&self, path: &str) -> usize {
        self.names(path).len()
    }

    fn names(&self, path: &str) -> Vec<String> {
        let below = format!("{path}/");
        let below = self
            .nodes
            .keys()
            .filter_map(|node| node.strip_prefix(&below));
        let names = below.filter(|name| !name.contains('/'));
        names.map(str::to_owned).collect()
    }

    fn fire(&mut self, kind: EventType, path: &str) {
        if self.watching == Watching::Recursive {
            if self.scope.below(path).is_some() {
                self.tell(kind, path);
            }
            return;
        }
        let data = kind != EventType::Created && self.data.remove(path).is_some();
        let coming = self.coming.remove(path);
        let children = kind == EventType::Deleted && self.children.remove(path).is_some();
        if data || coming || children {
            self.tell(kind, path);
        }
    }

    fn tell(&mut self, kind: EventType, path: &str) {
        let zxid = Zxid::from_raw(self.zxid);
        self.sent
            .push_back(Sent::Event(kind, path.to_owned(), zxid));
    }

    /// Answers one request.
    pub(super) fn answer(&mut self, asked: &Asked) {
        let sent = match asked {
            Asked::Mark(mark) => Sent::Mark(*mark),
            Asked::Zxid => Sent::Zxid(Zxid::from_raw(self.zxid)),
            Asked::Read(ask) => Sent::Found(ask.clone(), self.read(ask)),
        };
        self.sent.push_back(sent);
    }

    fn read(&mut self, ask: &Ask) -> Found {
        let path = self.scope.path(&ask.below);
        let found = self.nodes.get(&path).cloned();
        let one_shot = self.watching == Watching::OneShot;
        match (ask.what, found) {
            (What::Coming, found) => {
                self.coming.insert(path);
                Found::Coming(found.is_some())
            }
            (_, None) => Found::Nothing,
            (What::Node, Some(node)) => {
                if one_shot {
                    self.data.insert(path.clone(), node.state.1);
                }
                Found::Node(self.shown(&path, &node))
            }
            (What::Children, Some(node)) => {
                if one_shot {
                    self.children.insert(path.clone(), node.pzxid);
                }
                Found::Children(self.names(&path))
            }
        }
    }

    fn shown(&self, path: &str, node: &Node) -> CachedNode {
        let (czxid, mzxid, data) = &node.state;
        let stat = Stat {
            czxid: Zxid::from_raw(*czxid),
            mzxid: Zxid::from_raw(*mzxid),
            pzxid: Zxid::from_raw(node.pzxid),
            num_children: i32::try_from(self.count(path)).unwrap(),
            ..Stat::default()
        };
        CachedNode::of(stat, Some(data.as_bytes()))
    }

    /// The connection breaks: what was on its way is lost, and one-shot watches that would have told of what the client does
    /// not know do so on the next.
    pub(super) fn reconnect(&mut self) {
        let lost: Vec<Sent> = self.sent.drain(..).collect();
        if self.watching == Watching::Recursive {
            return;
        }
        // The client knows of no answer that was lost, so it has these watches no more; and has those whose events were lost.
        for sent in lost {
            if let Sent::Event(kind, path, _) = sent {
                match kind {
                    EventType::ChildrenChanged => self.children.entry(path).or_insert(-1),
                    EventType::Created => {
                        self.coming.insert(path);
                        continue;
                    }
                    _ => {
                        self.children.entry(path.clone()).or_insert(-1);
                        self.data.entry(path).or_insert(-1)
                    }
                };
            }
        }
        for (path, zxid) in std::mem::take(&mut self.data) {
            match self.nodes.get(&path).map(|node| node.state.1) {
                None => self.tell(EventType::Deleted, &path),
                Some(now) if now != zxid => self.tell(EventType::DataChanged, &path),
                Some(_) => drop(self.data.insert(path, zxid)),
            }
        }
        for (path, zxid) in std::mem::take(&mut self.children) {
            match self.nodes.get(&path).map(|node| node.pzxid) {
                None => self.tell(EventType::Deleted, &path),
                Some(now) if now != zxid => self.tell(EventType::ChildrenChanged, &path),
                Some(_) => drop(self.children.insert(path, zxid)),
            }
        }
        for path in std::mem::take(&mut self.coming) {
            match self.nodes.contains_key(&path) {
                true => self.tell(EventType::Created, &path),
                false => drop(self.coming.insert(path)),
            }
        }
    }
}
