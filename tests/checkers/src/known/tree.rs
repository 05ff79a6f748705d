//! Every state of the tree, from the log.

use std::collections::BTreeMap;

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::records::{Change, ChangeKind};
use crate::text::{Text, Texts};

/// One node from its creation to its removal.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) path: Text,
    pub(crate) czxid: Zxid,
    pub(crate) created: Moment,
    pub(crate) creator: SessionId,
    pub(crate) owner: SessionId,
    pub(crate) removal: Option<Removal>,
    /// The data's states, by `mzxid`.
    states: Vec<State>,
}

/// The end of a life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removal {
    pub(crate) zxid: Zxid,
    pub(crate) at: Moment,
    pub(crate) session: SessionId,
    /// `Delete`, or `Close` or `Expire` where the node went with its session.
    pub(crate) cause: ChangeKind,
}

/// A state of a node's data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) mzxid: Zxid,
    pub(crate) version: i32,
    pub(crate) data: Text,
}

impl Life {
    /// Whether the node is there at that time, as the log has it.
    pub(crate) fn lives_at(&self, at: Moment) -> bool {
        self.created <= at && self.removal.is_none_or(|removal| at < removal.at)
    }

    /// The states of the data that hold somewhere in `from..=to`, oldest first.
    pub(crate) fn states_within(&self, from: Zxid, to: Zxid) -> &[State] {
        let first = self.states.partition_point(|state| state.mzxid <= from);
        let end = self.states.partition_point(|state| state.mzxid <= to);
        let start = first.saturating_sub(1);
        let gone = self.removal.is_some_and(|removal| removal.zxid <= from);
        if gone {
            &[]
        } else {
            self.states.get(start..end).unwrap_or_default()
        }
    }
}

/// Every state of the tree.
pub(crate) struct Tree<'h> {
    texts: &'h Texts,
    /// In the order of creation.
    pub(crate) lives: Vec<Life>,
    by_path: BTreeMap<Text, Vec<usize>>,
    by_parent: BTreeMap<&'h [u8], Vec<usize>>,
    /// The transactions, and which of them end a session.
    transactions: Vec<(Zxid, bool)>,
    /// Where the log breaks its own rules.
    pub(crate) problems: Vec<String>,
}

impl<'h> Tree<'h> {
    /// Replays the log.
    pub(crate) fn replay(history: &'h History) -> Self {
        let mut tree = Self {
            texts: &history.texts,
            lives: Vec::new(),
            by_path: BTreeMap::new(),
            by_parent: BTreeMap::new(),
            transactions: Vec::new(),
            problems: Vec::new(),
        };
        let mut ephemerals: BTreeMap<SessionId, usize> = BTreeMap::new();
        // The session that ends by the transaction being replayed.
        let mut ending: Option<Change> = None;
        let mut last: Option<Change> = None;
        for change in &history.truth.changes {
            if last.is_some_and(|last| change.zxid < last.zxid || change.at < last.at) {
                tree.complain(change, "comes after a later one");
            }
            last = Some(*change);
            let ends = matches!(change.kind, ChangeKind::Close | ChangeKind::Expire);
            match tree.transactions.last_mut() {
                Some(same) if same.0 == change.zxid => same.1 |= ends,
                _ => tree.transactions.push((change.zxid, ends)),
            }
            if let Some(end) = ending.take_if(|end| end.zxid != change.zxid) {
                tree.expect_no_ephemerals(&end, &ephemerals);
            }
            match change.kind {
                ChangeKind::Create => tree.create(change, &mut ephemerals),
                ChangeKind::Set => tree.set(change),
                ChangeKind::Delete => {
                    let cause = ending.map_or(ChangeKind::Delete, |end| end.kind);
                    tree.remove(change, cause, &mut ephemerals);
                }
                ChangeKind::SetAcl => {
                    if tree.live(change.path).is_none() {
                        tree.complain(change, "is on a node that is not there");
                    }
                }
                ChangeKind::Close | ChangeKind::Expire => ending = Some(*change),
                ChangeKind::Open | ChangeKind::Nothing => {}
            }
        }
        if let Some(end) = ending {
            tree.expect_no_ephemerals(&end, &ephemerals);
        }
        tree
    }

    fn complain(&mut self, change: &Change, why: &str) {
        let path = self.texts.shown(change.path);
        let what = change.kind.word();
        self.problems
            .push(format!("the log's {} {what} {path} {why}", change.zxid));
    }

    fn expect_no_ephemerals(&mut self, end: &Change, ephemerals: &BTreeMap<SessionId, usize>) {
        if ephemerals.get(&end.session).is_some_and(|left| *left > 0) {
            let session = end.session;
            self.complain(end, &format!("leaves ephemerals of session {session}"));
        }
    }

    fn live(&self, path: Text) -> Option<usize> {
        let place = *self.by_path.get(&path)?.last()?;
        self.lives.get(place)?.removal.is_none().then_some(place)
    }

    fn create(&mut self, change: &Change, ephemerals: &mut BTreeMap<SessionId, usize>) {
        if self.live(change.path).is_some() {
            self.complain(change, "is on a node that is there");
            return;
        }
        if !change.owner.is_none() {
            *ephemerals.entry(change.owner).or_default() += 1;
        }
        let place = self.lives.len();
        self.by_path.entry(change.path).or_default().push(place);
        let parent = parent(self.texts.bytes(change.path));
        self.by_parent.entry(parent).or_default().push(place);
        self.lives.push(Life {
            path: change.path,
            czxid: change.zxid,
            created: change.at,
            creator: change.session,
            owner: change.owner,
            removal: None,
            states: vec![state(change)],
        });
    }

    fn set(&mut self, change: &Change) {
        let Some(place) = self.live(change.path) else {
            return self.complain(change, "is on a node that is not there");
        };
        let Some(life) = self.lives.get_mut(place) else {
            return;
        };
        let before = life.states.last().map_or(-1, |state| state.version);
        life.states.push(state(change));
        if change.version != before.wrapping_add(1) {
            self.complain(
                change,
                &format!("goes from version {before} to {}", change.version),
            );
        }
    }

    fn remove(
        &mut self,
        change: &Change,
        cause: ChangeKind,
        ephemerals: &mut BTreeMap<SessionId, usize>,
    ) {
        let place = self.live(change.path);
        let Some(life) = place.and_then(|place| self.lives.get_mut(place)) else {
            return self.complain(change, "is on a node that is not there");
        };
        life.removal = Some(Removal {
            zxid: change.zxid,
            at: change.at,
            session: change.session,
            cause,
        });
        if let Some(left) = ephemerals.get_mut(&life.owner) {
            *left = left.saturating_sub(1);
        }
    }

    /// The lives of that path of which some part lies in `from..=to`, oldest first.
    pub(crate) fn within(&self, path: Text, from: Zxid, to: Zxid) -> impl Iterator<Item = &Life> {
        let places = self
            .by_path
            .get(&path)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let gone = |place: &usize| {
            let removal = self.lives.get(*place).and_then(|life| life.removal);
            removal.is_some_and(|removal| removal.zxid <= from)
        };
        let first = places.partition_point(gone);
        let some = places.get(first..).unwrap_or_default();
        let lives = some.iter().filter_map(|place| self.lives.get(*place));
        lives.take_while(move |life| life.czxid <= to)
    }

    /// The last transaction of which a reply at `at` may show something. A server takes a dead
    /// session's nodes away one by one, and counts the transaction only then: reads in between show
    /// some of them gone, with the zxid before.
    pub(crate) fn visible(&self, at: Zxid) -> Zxid {
        let next = self.transactions.partition_point(|(zxid, _)| *zxid <= at);
        match self.transactions.get(next) {
            Some((zxid, true)) => *zxid,
            _ => at,
        }
    }

    /// The node of that path that is there once `zxid` is applied.
    pub(crate) fn at(&self, path: Text, zxid: Zxid) -> Option<&Life> {
        self.within(path, zxid, zxid).last()
    }

    /// Whether there is a zxid in `from..=to` at which no such node is there.
    pub(crate) fn is_absent_within(&self, path: Text, from: Zxid, to: Zxid) -> bool {
        if self.texts.bytes(path) == b"/" {
            return false;
        }
        let mut covered = from;
        for life in self.within(path, from, to) {
            if life.czxid > covered {
                return true;
            }
            match life.removal {
                Some(removal) => covered = removal.zxid,
                None => return false,
            }
        }
        covered <= to
    }

    /// The children that ever were of the node at `parent`, in the order of creation.
    pub(crate) fn children(&self, parent: Text) -> impl Iterator<Item = &Life> {
        let places = self.by_parent.get(self.texts.bytes(parent));
        let places = places.map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.lives.get(*place))
    }

    /// The node that was made by that transaction at that path.
    pub(crate) fn made(&self, path: Text, czxid: Zxid) -> Option<&Life> {
        self.at(path, czxid).filter(|life| life.czxid == czxid)
    }
}

fn state(change: &Change) -> State {
    State {
        mzxid: change.zxid,
        version: change.version,
        data: change.data,
    }
}

/// The path of the parent; empty for the root.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) if path.len() > 1 => b"/",
        Some(cut) => path.get(..cut).unwrap_or_default(),
        None => &[],
    }
}

/// The last part of a path.
pub(crate) fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
