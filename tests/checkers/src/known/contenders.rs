//! Who stood in line at a lock, in the server's order.

use std::collections::BTreeMap;

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::known::shares::{Share, lock_of, share};
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
    /// How it holds, or would.
    pub(crate) share: Share,
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
    let children: Vec<&Life> = children.filter(|life| !life.owner.is_none()).collect();
    let made: BTreeMap<Text, Zxid> = children
        .iter()
        .map(|life| (life.path, life.czxid))
        .collect();
    // One that goes on in the place of another stands there, however late its node was made.
    let mut places: Vec<(Zxid, &Life, Option<usize>)> = children
        .into_iter()
        .map(|life| {
            let op = makers.find(life);
            let heir = op
                .and_then(|op| history.ops.get(op))
                .filter(|op| op.function == Function::Downgrade);
            let place = heir.and_then(|heir| made.get(&heir.from).copied());
            (place.unwrap_or(life.czxid), life, op)
        })
        .collect();
    places.sort_by_key(|(place, life, _)| (*place, life.czxid));
    // Whose call is not known may be one of those that share.
    let mut shares = calls
        .iter()
        .filter_map(|place| share(history.ops.get(*place)?.function));
    let unknown = shares.find(|share| matches!(share, Share::Reader | Share::Permit | Share::Term));
    let unknown = unknown.unwrap_or(Share::Alone);
    let mut front = Front::default();
    let mut line = Vec::new();
    for together in places.chunk_by(|one, other| one.0 == other.0) {
        let shares: Vec<Share> = together
            .iter()
            .map(|(_, life, op)| {
                let call = op.and_then(|op| history.ops.get(op));
                // A call that was over by then made something else.
                let call = call.filter(|it| it.returned.is_none_or(|over| over >= life.created));
                call.and_then(|call| share(call.function))
                    .unwrap_or(unknown)
            })
            .collect();
        // Nobody waits for the one whose place it goes on in.
        for ((_, life, op), own) in together.iter().zip(&shares) {
            let call = op.and_then(|op| history.ops.get(op));
            line.push(Contender {
                life,
                op: *op,
                ahead: front.longest(*own, |_| true),
                waiting_ahead: front.longest(*own, |it| !it.gave_up),
                granted_ahead: front.longest(*own, |it| it.granted),
                granted: call.is_some_and(|call| call.outcome == Outcome::Ok),
                share: *own,
            });
        }
        for ((_, life, op), own) in together.iter().zip(&shares) {
            let call = op.and_then(|op| history.ops.get(op));
            front.add(*own, life, *op, call);
        }
    }
    line
}

/// Those who have come so far: of each kind the one whose node stays longest.
#[derive(Default)]
struct Front {
    longest: Vec<Stayer>,
}

/// Whose node stays longest among those that are alike.
struct Stayer {
    share: Share,
    granted: bool,
    /// Those who gave up may be passed while their nodes are on their way out.
    gave_up: bool,
    ahead: Ahead,
}

impl Front {
    fn add(&mut self, share: Share, life: &Life, op: Option<usize>, call: Option<&Op>) {
        let ahead = Ahead {
            path: life.path,
            op,
            removal: life.removal,
        };
        let granted = call.is_some_and(|call| call.outcome == Outcome::Ok);
        let gave_up = call
            .is_some_and(|call| matches!(call.outcome, Outcome::Cancelled | Outcome::NotApplied));
        let mut alike = self.longest.iter_mut();
        let alike =
            alike.find(|it| it.share == share && it.granted == granted && it.gave_up == gave_up);
        match alike {
            Some(it) => it.ahead = Ahead::longer(Some(it.ahead), ahead),
            None => self.longest.push(Stayer {
                share,
                granted,
                gave_up,
                ahead,
            }),
        }
    }

    /// The one that stays longest among those for whom such a contender waits.
    fn longest(&self, own: Share, wanted: impl Fn(&Stayer) -> bool) -> Option<Ahead> {
        let ahead = self
            .longest
            .iter()
            .filter(|it| own.yields_to(it.share) && wanted(it));
        ahead.fold(None, |longest, it| Some(Ahead::longer(longest, it.ahead)))
    }
}

/// Finds the call that made a node: the one that answered it, else the last call of the session
/// that had begun before the node was made.
struct Makers {
    by_node: BTreeMap<(Text, Zxid), usize>,
    by_path: BTreeMap<Text, usize>,
    /// The calls that answered no node, by session, in the order of invocation.
    unanswered: BTreeMap<SessionId, Vec<(Moment, usize)>>,
    /// The candidacies that answered a node, by session: from when to when.
    elected: BTreeMap<SessionId, Vec<(Moment, Moment)>>,
}

impl Makers {
    fn among(history: &History, calls: &[usize]) -> Self {
        let mut makers = Self {
            by_node: BTreeMap::new(),
            by_path: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            elected: BTreeMap::new(),
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
                if let (Function::Stand, Some(over)) = (op.function, op.returned) {
                    let candidacies = makers.elected.entry(op.session).or_default();
                    candidacies.push((op.invoked, over));
                }
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
        let (invoked, op) = calls.get(begun.checked_sub(1)?)?;
        (!self.stood_elsewhere(life, *invoked)).then_some(*op)
    }

    /// Whether the node is the first one of a later candidacy, which gave it up for the place of a successor.
    fn stood_elsewhere(&self, life: &Life, after: Moment) -> bool {
        let candidacies = self.elected.get(&life.creator).into_iter().flatten();
        let mut those = candidacies.filter(|(invoked, _)| after < *invoked);
        those.any(|(invoked, over)| {
            let is_within = |at: Moment| *invoked <= at && at <= *over;
            is_within(life.created) && life.removal.is_some_and(|gone| is_within(gone.at))
        })
    }
}
