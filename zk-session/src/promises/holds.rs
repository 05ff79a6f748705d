//! Nodes held, and the rounds of confirms for them.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::Moment;

use crate::ids::DutyId;
use crate::promises::safe_window::SafeWindow;

/// A held node.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) path: String,
    /// Whether we may check it; without READ permission a confirm goes out without it.
    pub(crate) checkable: bool,
    /// Whether its owner has a watch on it, which tells of its end sooner than any check.
    watched: bool,
}

/// A round of confirms that is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Round {
    parts: usize,
    sent_at: Option<Moment>,
    failed: bool,
}

/// Everything held, and when the next round of confirms is due.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    nodes: BTreeMap<DutyId, Held>,
    since: Option<Moment>,
    /// Whether the window was open at any time since something is held.
    was_fresh: bool,
    in_doubt: bool,
    round: Option<Round>,
    /// When the last two rounds on this connection were made, the last one first.
    last_rounds: [Option<Moment>; 2],
}

impl Holds {
    pub(crate) fn insert(&mut self, now: Moment, duty: DutyId, path: String) {
        if self.nodes.is_empty() {
            self.since = Some(now);
            self.was_fresh = false;
        }
        self.nodes.insert(
            duty,
            Held {
                path,
                checkable: true,
                watched: false,
            },
        );
    }

    pub(crate) fn remove(&mut self, duty: DutyId) -> Option<Held> {
        self.nodes.remove(&duty)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn path(&self, duty: DutyId) -> Option<&str> {
        self.nodes.get(&duty).map(|held| held.path.as_str())
    }

    pub(crate) fn not_checkable(&mut self, duty: DutyId) {
        if let Some(held) = self.nodes.get_mut(&duty) {
            held.checkable = false;
        }
    }

    /// The nodes to check.
    pub(crate) fn checkable(&self) -> impl Iterator<Item = (DutyId, &str)> {
        let checkable = self.nodes.iter().filter(|(_, held)| held.checkable);
        checkable.map(|(duty, held)| (*duty, held.path.as_str()))
    }

    /// When the next round is due; `None` while one is unanswered or nothing is held.
    ///
    /// The steady rhythm is one round per `interval`. While this connection has not opened the window, a
    /// pair of rounds goes out, the second as soon as the first is answered, at the moment from which
    /// on they prove something: when the oldest answer on this connection is old enough.
    pub(crate) fn next_round(
        &self,
        now: Moment,
        interval: Duration,
        window: &SafeWindow,
    ) -> Option<Moment> {
        if self.nodes.is_empty() || self.round.is_some() {
            return None;
        }
        let [Some(last), before] = self.last_rounds else {
            return Some(now);
        };
        let steady = last + interval;
        if window.is_kept_open(now + interval) {
            return Some(steady);
        }
        match window.chain_ready_at() {
            Some(ready) if last < ready => Some(steady.min(ready)),
            Some(ready) if before.is_none_or(|before| before < ready) => Some(now),
            _ => Some(steady),
        }
    }

    /// A round of so many requests was queued.
    pub(crate) fn round_started(&mut self, now: Moment, parts: usize) {
        self.last_rounds = [Some(now), self.last_rounds[0]];
        self.round = Some(Round {
            parts,
            sent_at: None,
            failed: false,
        });
    }

    /// Whether the owner of a held node watches it.
    pub(crate) fn set_watched(&mut self, duty: DutyId, watched: bool) {
        if let Some(held) = self.nodes.get_mut(&duty) {
            held.watched = watched;
        }
    }

    /// Another request was committed: as good as a round, and one less to make, unless a node is to be looked after
    /// that nobody watches.
    pub(crate) fn committed(&mut self, sent_at: Moment) {
        let covered = |held: &Held| held.watched || !held.checkable;
        if self.round.is_none() && self.nodes.values().all(covered) {
            self.last_rounds = [Some(sent_at), self.last_rounds[0]];
        }
    }

    /// One request of the round was answered. Returns when the round was sent, if that was its last one
    /// and none of them failed.
    pub(crate) fn part_answered(&mut self, sent_at: Moment, failed: bool) -> Option<Moment> {
        let round = self.round.as_mut()?;
        round.parts = round.parts.saturating_sub(1);
        round.sent_at = Some(round.sent_at.map_or(sent_at, |before| before.min(sent_at)));
        round.failed |= failed;
        if round.parts > 0 {
            return None;
        }
        let round = self.round.take()?;
        if round.failed { None } else { round.sent_at }
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&mut self) {
        self.round = None;
        self.last_rounds = [None; 2];
    }

    /// Looks at the window again: whether doubt changed, and when to look next.
    pub(crate) fn judge(
        &mut self,
        now: Moment,
        until: Option<Moment>,
        patience: Duration,
    ) -> (Option<bool>, Option<Moment>) {
        let Some(since) = self.since.filter(|_| !self.nodes.is_empty()) else {
            self.since = None;
            return (self.doubt_becomes(false), None);
        };
        if let Some(until) = until.filter(|until| *until > now) {
            self.was_fresh = true;
            return (self.doubt_becomes(false), Some(until));
        }
        let doubt_at = since + patience;
        if !self.was_fresh && now < doubt_at {
            return (None, Some(doubt_at));
        }
        (self.doubt_becomes(true), None)
    }

    pub(crate) const fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// The session is over.
    pub(crate) fn over(&mut self) {
        self.nodes.clear();
        self.since = None;
        self.in_doubt = false;
        self.disconnected();
    }

    fn doubt_becomes(&mut self, in_doubt: bool) -> Option<bool> {
        let changed = self.in_doubt != in_doubt;
        self.in_doubt = in_doubt;
        changed.then_some(in_doubt)
    }
}
