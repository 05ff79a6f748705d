//! Who stood in line at a lock, in the server's order.

use std::collections::BTreeMap;

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::known::tree::{Life, Removal, Tree};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;

/// A contender's node, and the call that made it.
pub(crate) struct Contender<'t> {
    pub(crate) life: &'t Life,
    /// The place of the acquire.
    pub(crate) op: Option<usize>,
    /// The last of the nodes ahead of this one to go; `None` if none was ever ahead.
    pub(crate) ahead: Option<Ahead>,
    /// The same among those whose acquires were not given up.
    pub(crate) waiting_ahead: Option<Ahead>,
    /// The same among the nodes whose acquires were granted.
    pub(crate) granted_ahead: Option<Ahead>,
    /// Whether its acquire was granted.
    pub(crate) granted: bool,
}

/// The node ahead that stays longest.
#[derive(Clone, Copy)]
pub(crate) struct Ahead {
    pub(crate) path: Text,
    pub(crate) op: Option<usize>,
    /// When it goes; never, if none.
    pub(crate) removal: Option<Removal>,
}

impl Ahead {
    /// Whether it is still there at that time.
    pub(crate) fn lives_at(&self, at: Moment) -> bool {
        self.removal.is_none_or(|removal| at < removal.at)
    }

    fn longer(one: Option<Self>, other: Self) -> Self {
        let end = |ahead: &Self| {
            ahead
                .removal
                .map_or((true, Zxid::NONE), |gone| (false, gone.zxid))
        };
        match one {
            Some(one) if end(&one) >= end(&other) => one,
            _ => other,
        }
    }
}

/// The contenders of every lock, by its directory, in the order of creation.
pub(crate) struct Contenders<'t> {
    pub(crate) by_lock: BTreeMap<Text, Vec<Contender<'t>>>,
}

/// Whether the function takes a lock.
pub(crate) fn acquires(function: Function) -> bool {
    matches!(function, Function::Acquire | Function::TryAcquire)
}

/// The lock that an operation is about, if it takes one.
pub(crate) fn lock_of(op: &Op) -> Option<Text> {
    acquires(op.function).then_some(op.path)
}

impl<'t> Contenders<'t> {
    pub(crate) fn of(history: &History, tree: &'t Tree<'_>) -> Self {
        let mut calls: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
        for (place, op) in history.ops.iter().enumerate() {
            if let Some(lock) = lock_of(op) {
                calls.entry(lock).or_default().push(place);
            }
        }
        let by_lock = calls
            .iter()
            .map(|(lock, calls)| (*lock, line_up(history, tree.children(*lock), calls)));
        Self {
            by_lock: by_lock.collect(),
        }
    }

    /// All contenders of all locks.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Text, &Contender<'t>)> {
        self.by_lock
            .iter()
            .flat_map(|(lock, line)| line.iter().map(|one| (*lock, one)))
    }
}

/// Lines up the ephemeral children of a lock, and finds the call that made each.
fn line_up<'t>(
    history: &History,
    children: impl Iterator<Item = &'t Life>,
    calls: &[usize],
) -> Vec<Contender<'t>> {
    let makers = Makers::among(history, calls);
    let mut line = Vec::new();
    let (mut ahead, mut waiting_ahead, mut granted_ahead) = (None, None, None);
    for life in children.filter(|life| !life.owner.is_none()) {
        let op = makers.find(life);
        let call = op.and_then(|op| history.ops.get(op));
        let granted = call.is_some_and(|call| call.outcome == Outcome::Ok);
        line.push(Contender {
            life,
            op,
            ahead,
            waiting_ahead,
            granted_ahead,
            granted,
        });
        let this = Ahead {
            path: life.path,
            op,
            removal: life.removal,
        };
        // Those who gave up may be passed while their nodes are on their way out.
        let gave_up = call
            .is_some_and(|call| matches!(call.outcome, Outcome::Cancelled | Outcome::NotApplied));
        ahead = Some(Ahead::longer(ahead, this));
        if !gave_up {
            waiting_ahead = Some(Ahead::longer(waiting_ahead, this));
        }
        if granted {
            granted_ahead = Some(Ahead::longer(granted_ahead, this));
        }
    }
    line
}

/// Finds the call that made a node: the one that answered it, else the last call of the session
/// that had begun before the node was made.
struct Makers {
    by_node: BTreeMap<(Text, Zxid), usize>,
    by_path: BTreeMap<Text, usize>,
    /// The calls that answered no node, by session, in the order of invocation.
    unanswered: BTreeMap<SessionId, Vec<(Moment, usize)>>,
}

impl Makers {
    fn among(history: &History, calls: &[usize]) -> Self {
        let mut makers = Self {
            by_node: BTreeMap::new(),
            by_path: BTreeMap::new(),
            unanswered: BTreeMap::new(),
        };
        for &place in calls {
            let Some(op) = history.ops.get(place) else {
                continue;
            };
            if op.reply.is_empty() {
                let calls = makers.unanswered.entry(op.session).or_default();
                calls.push((op.invoked, place));
            } else {
                makers.by_node.insert((op.reply, op.token), place);
                makers.by_path.insert(op.reply, place);
            }
        }
        for calls in makers.unanswered.values_mut() {
            calls.sort_unstable();
        }
        makers
    }

    fn find(&self, life: &Life) -> Option<usize> {
        let exact = self.by_node.get(&(life.path, life.czxid));
        if let Some(op) = exact.or_else(|| self.by_path.get(&life.path)) {
            return Some(*op);
        }
        let calls = self.unanswered.get(&life.creator)?;
        let begun = calls.partition_point(|(invoked, _)| *invoked <= life.created);
        let (_, op) = calls.get(begun.checked_sub(1)?)?;
        Some(*op)
    }
}
