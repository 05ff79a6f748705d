//! What dropped calls leave behind.

use std::collections::BTreeMap;

use zk_wire::{Moment, Zxid};

use crate::history::History;
use crate::known::{Bounds, Contenders, Ends, Tree, Writes, acquires, number, tries};
use crate::records::{Belief, Conviction, Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

/// `G6`: the effect of a dropped call is none, complete, or undone within a bound.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let tree = Tree::replay(history);
    let judge = Judge {
        history,
        bounds: Bounds::of(history),
        ends: Ends::of(history),
    };
    let dropped = history
        .ops
        .iter()
        .filter(|op| op.outcome == Outcome::Cancelled);
    findings.stats.judged += dropped.count();
    judge.writes(&mut findings);
    judge.claims(&Contenders::of(history, &tree), &mut findings);
    judge.beliefs(&mut findings);
    judge.releases(&tree, &mut findings);
    judge.closes(&tree, &mut findings);
    judge.fresh_calls(&tree, &mut findings);
    findings.verdict()
}

/// From here on names are no order any more.
const SEQUENCE_END: i64 = (1 << 31) - (1 << 20);

struct Judge<'h> {
    history: &'h History,
    bounds: Bounds,
    ends: Ends,
}

impl Judge<'_> {
    fn what(&self, op: &Op) -> String {
        let path = self.history.texts.shown(op.path);
        let (function, polls) = (op.function.word(), op.polls);
        format!(
            "{function} {path} by process {}, dropped after {polls} polls,",
            op.process
        )
    }

    /// A writer cannot read on in its place once somebody has deleted its node, nor near the end of the server's counter,
    /// where its number is no place.
    fn has_no_place_to_hand_on(&self, op: &Op, tree: &Tree<'_>, returned: Moment) -> bool {
        let writer = self.history.texts.bytes(op.from);
        let is_no_place = number(writer).is_some_and(|it| !(0..SEQUENCE_END).contains(&it));
        let mut lives = tree.within(op.from, Zxid::from_raw(0), Zxid::from_raw(i64::MAX));
        let is_gone = lives.any(|life| life.removal.is_some_and(|removal| removal.at <= returned));
        op.function == Function::Downgrade && (is_no_place || is_gone)
    }

    fn op(&self, place: usize) -> Op {
        self.history.ops.get(place).copied().unwrap_or_default()
    }

    /// A dropped write is applied at most once, soon or never, and not at all if it was never
    /// polled.
    fn writes(&self, findings: &mut Findings) {
        for group in Writes::of(self.history).iter() {
            // One call alone: otherwise it is not known whose the change is.
            let &[place] = group.ops.as_slice() else {
                continue;
            };
            let op = self.op(place);
            let Some(dropped) = op.returned.filter(|_| op.outcome == Outcome::Cancelled) else {
                continue;
            };
            let what = self.what(&op);
            if let [first, second, ..] = group.changes.as_slice() {
                let text = format!("{what} is in the log at {} and {}", first.zxid, second.zxid);
                findings.add(Property::G6, &[place], text);
            }
            for change in &group.changes {
                if op.polls == 0 {
                    let text = format!("{what} is in the log at {}", change.zxid);
                    findings.add(Property::G6, &[place], text);
                } else if self.bounds.is_late(dropped, Some(change.at)) {
                    let text = format!("{what} is applied long after, at {}", change.zxid);
                    findings.add(Property::G6, &[place], text);
                }
            }
        }
    }

    /// The node of a dropped acquire goes.
    fn claims(&self, contenders: &Contenders<'_>, findings: &mut Findings) {
        for (_, contender) in contenders.iter() {
            let Some(place) = contender.op else { continue };
            let op = self.op(place);
            let Some(dropped) = op.returned.filter(|_| op.outcome == Outcome::Cancelled) else {
                continue;
            };
            let node = self.history.texts.shown(contender.life.path);
            let what = self.what(&op);
            let since = dropped.max(contender.life.created);
            if op.polls == 0 {
                findings.add(Property::G6, &[place], format!("{what} made {node}"));
            } else if self.bounds.is_late(dropped, Some(contender.life.created)) {
                findings.add(
                    Property::G6,
                    &[place],
                    format!("{what} made {node} long after"),
                );
            } else if self
                .bounds
                .is_late(since, contender.life.removal.map(|gone| gone.at))
            {
                findings.add(Property::G6, &[place], format!("{what} leaves {node}"));
            }
        }
    }

    /// Nobody believes to hold what its acquire was dropped for.
    fn beliefs(&self, findings: &mut Findings) {
        let mut granted: BTreeMap<(u32, Text), Vec<Moment>> = BTreeMap::new();
        for op in self
            .history
            .ops
            .iter()
            .filter(|op| op.outcome == Outcome::Ok)
        {
            if let Some(returned) = op.returned.filter(|_| acquires(op.function)) {
                granted
                    .entry((op.process, op.recipe))
                    .or_default()
                    .push(returned);
            }
        }
        for moments in granted.values_mut() {
            moments.sort_unstable();
        }
        let mut begins: BTreeMap<(u32, Text), Vec<Belief>> = BTreeMap::new();
        for belief in self
            .history
            .beliefs
            .iter()
            .filter(|one| one.says == Conviction::Held)
        {
            begins
                .entry((belief.process, belief.recipe))
                .or_default()
                .push(*belief);
        }
        for (place, op) in self.history.ops.iter().enumerate() {
            let Some(dropped) = op
                .returned
                .filter(|_| op.outcome == Outcome::Cancelled && acquires(op.function))
            else {
                continue;
            };
            let key = (op.process, op.recipe);
            let begins = begins.get(&key).map(Vec::as_slice).unwrap_or_default();
            let next = begins.partition_point(|belief| belief.at < op.invoked);
            let Some(belief) = begins.get(next) else {
                continue;
            };
            // A later acquire may have been granted in the meantime.
            let granted = granted.get(&key).map(Vec::as_slice).unwrap_or_default();
            let later = granted.partition_point(|returned| *returned < dropped);
            let explained = granted
                .get(later)
                .is_some_and(|returned| *returned <= belief.at);
            let token = op.token != Zxid::NONE && op.token == belief.token;
            if token || !explained {
                let text = format!("{} is believed to hold {}", self.what(op), belief.token);
                findings.add(Property::G6, &[place], text);
            }
        }
    }

    /// A dropped release goes on.
    fn releases(&self, tree: &Tree<'_>, findings: &mut Findings) {
        for (place, op) in self.history.ops.iter().enumerate() {
            let dropped = op.outcome == Outcome::Cancelled && op.function == Function::Release;
            let Some(at) = op.returned.filter(|_| dropped && op.polls > 0) else {
                continue;
            };
            let node = tree.made(op.reply, op.token);
            let Some(life) = node else { continue };
            if self.bounds.is_late(at, life.removal.map(|gone| gone.at)) {
                let text = format!("{} leaves {}", self.what(op), life.czxid);
                findings.add(Property::G6, &[place], text);
            }
        }
    }

    /// A dropped close goes on.
    fn closes(&self, tree: &Tree<'_>, findings: &mut Findings) {
        for (place, op) in self.history.ops.iter().enumerate() {
            let dropped = op.outcome == Outcome::Cancelled && op.function == Function::Close;
            let Some(at) = op.returned.filter(|_| dropped && op.polls > 0) else {
                continue;
            };
            let kept = tree.lives.iter().find(|life| {
                let of_this = !life.owner.is_none() && life.owner == op.session;
                of_this && self.bounds.is_late(at, life.removal.map(|gone| gone.at))
            });
            if let Some(life) = kept {
                let node = self.history.texts.shown(life.path);
                let text = format!("{} leaves {node}", self.what(op));
                findings.add(Property::G6, &[place], text);
            }
        }
    }

    /// The next call of the same instance succeeds, unless something else stands in its way.
    fn fresh_calls(&self, tree: &Tree<'_>, findings: &mut Findings) {
        let mut dropped: BTreeMap<(u32, Text, Function, Text), usize> = BTreeMap::new();
        let mut places: Vec<usize> = (0..self.history.ops.len()).collect();
        places.sort_by_key(|place| self.op(*place).invoked);
        for place in places {
            let op = self.op(place);
            let key = (op.process, op.recipe, op.function, op.path);
            let before = dropped.remove(&key);
            if op.outcome == Outcome::Cancelled {
                dropped.insert(key, place);
            }
            let Some(before) = before else { continue };
            let returned = op.returned.unwrap_or(self.bounds.ended);
            let excused = op.error != 0
                || op.deadline.is_some()
                || tries(op.function)
                || self.has_no_place_to_hand_on(&op, tree, returned)
                // Others may close the client, and the call fails before that is told.
                || self.ends.closing_by(op.session, returned)
                || self.ends.closing_within(op.process, op.invoked, returned)
                || self.ends.cut_within(op.session, op.invoked, returned)
                || self
                    .ends
                    .gone(op.session)
                    .is_some_and(|gone| gone <= returned);
            if op.outcome == Outcome::NotApplied && !excused {
                let what = self.what(&self.op(before));
                let text = format!("{what} makes the next call fail");
                findings.add(Property::G6, &[before, place], text);
            }
        }
    }
}
