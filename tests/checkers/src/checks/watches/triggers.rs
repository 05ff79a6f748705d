//! Which changes a watch has to tell of.

use std::collections::BTreeMap;

use zk_wire::{Moment, Zxid};

use crate::history::History;
use crate::known::parent;
use crate::records::{Change, ChangeKind, Function, Op, WatchKind, WatchMode};
use crate::text::Text;

/// A change that a watch has to tell of, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    pub(super) zxid: Zxid,
    pub(super) at: Moment,
    /// What the event says.
    pub(super) what: WatchKind,
    /// Of which node.
    pub(super) path: Text,
    /// The node on which the watch is.
    pub(super) watched: Text,
}

impl Trigger {
    pub(super) fn describe(&self, history: &History) -> String {
        let path = history.texts.shown(self.path);
        format!("{} of {path} at {}", self.what.word(), self.zxid)
    }
}

/// The changes of the log by the watches that they fire.
pub(super) struct Triggers {
    /// Changes of a node itself.
    on_node: BTreeMap<(Text, WatchKind), Vec<Trigger>>,
    /// Children made and deleted, and the node itself deleted.
    on_children: BTreeMap<(Text, WatchKind), Vec<Trigger>>,
    all: Vec<Trigger>,
}

impl Triggers {
    pub(super) fn of(history: &History) -> Self {
        let mut triggers = Self {
            on_node: BTreeMap::new(),
            on_children: BTreeMap::new(),
            all: Vec::new(),
        };
        for change in &history.truth.changes {
            let Some(what) = tells(change) else { continue };
            let trigger = Trigger {
                zxid: change.zxid,
                at: change.at,
                what,
                path: change.path,
                watched: change.path,
            };
            triggers.all.push(trigger);
            triggers
                .on_node
                .entry((change.path, what))
                .or_default()
                .push(trigger);
            if what == WatchKind::Changed {
                continue;
            }
            if what == WatchKind::Deleted {
                triggers
                    .on_children
                    .entry((change.path, what))
                    .or_default()
                    .push(trigger);
            }
            let parent = history.texts.find(parent(history.texts.bytes(change.path)));
            if let Some(parent) = parent {
                triggers
                    .on_children
                    .entry((parent, WatchKind::Children))
                    .or_default()
                    .push(Trigger {
                        what: WatchKind::Children,
                        path: parent,
                        watched: parent,
                        ..trigger
                    });
            }
        }
        triggers
    }

    /// The changes that the operation's watch has to tell of. For a watch that fires once a few are
    /// enough: those that may have been its reason.
    pub(super) fn after(&self, history: &History, op: &Op) -> Vec<Trigger> {
        let path = op.path;
        match (op.watch, op.function) {
            (WatchMode::Recursive, _) => {
                let prefix = history.texts.bytes(path);
                let covered =
                    |trigger: &&Trigger| is_within(history.texts.bytes(trigger.path), prefix);
                let later = later(&self.all, op.at).iter().filter(covered);
                later
                    .map(|trigger| Trigger {
                        watched: path,
                        ..*trigger
                    })
                    .collect()
            }
            (WatchMode::Persistent, _) => {
                let node = ON_NODE.map(|what| (&self.on_node, what));
                let lists = node
                    .into_iter()
                    .chain([(&self.on_children, WatchKind::Children)]);
                let later = lists.flat_map(|(of, what)| later(list(of, path, what), op.at));
                in_order(later.copied().collect())
            }
            (_, Function::Children) => {
                let kinds = [WatchKind::Children, WatchKind::Deleted];
                let lists = kinds.map(|what| list(&self.on_children, path, what));
                firsts(&lists, op.at)
            }
            _ => firsts(&ON_NODE.map(|what| list(&self.on_node, path, what)), op.at),
        }
    }
}

/// What happens to a node itself.
const ON_NODE: [WatchKind; 3] = [WatchKind::Created, WatchKind::Changed, WatchKind::Deleted];

/// The first of each kind after that zxid, in the log's order.
fn firsts(lists: &[&[Trigger]], after: Zxid) -> Vec<Trigger> {
    let firsts = lists.iter().filter_map(|list| later(list, after).first());
    in_order(firsts.copied().collect())
}

fn in_order(mut triggers: Vec<Trigger>) -> Vec<Trigger> {
    triggers.sort_by_key(|trigger| trigger.zxid);
    triggers
}

fn list(of: &BTreeMap<(Text, WatchKind), Vec<Trigger>>, path: Text, what: WatchKind) -> &[Trigger] {
    of.get(&(path, what)).map(Vec::as_slice).unwrap_or_default()
}

fn later(triggers: &[Trigger], than: Zxid) -> &[Trigger] {
    let first = triggers.partition_point(|trigger| trigger.zxid <= than);
    triggers.get(first..).unwrap_or_default()
}

fn tells(change: &Change) -> Option<WatchKind> {
    match change.kind {
        ChangeKind::Create => Some(WatchKind::Created),
        ChangeKind::Delete => Some(WatchKind::Deleted),
        ChangeKind::Set => Some(WatchKind::Changed),
        _ => None,
    }
}

/// Whether the path is the node or below it.
fn is_within(path: &[u8], node: &[u8]) -> bool {
    node == b"/"
        || path
            .strip_prefix(node)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
