//! Nodes that go some time after nobody keeps them any more: there while anybody does, and gone in time when nobody does.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::{Moment, Zxid};

use super::keeper::{Keeper, Site};
use crate::known::{Life, later};
use crate::records::{ChangeKind, Function, NodeKind, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// The time to live of a node that is kept, where it has one.
pub(super) fn ttl(site: &Site<'_>, op: &Op) -> Option<Duration> {
    let shown = site.history.texts.shown(op.from);
    let millis = shown.parse().ok().filter(|_| op.kind == NodeKind::Ttl);
    millis.map(Duration::from_millis)
}

/// What is asked of whoever keeps such a node. All of that name are its own: who finds one adopts it.
pub(super) fn outlives(keeper: &Keeper<'_, '_>, path: Text, ttl: Duration, out: &mut Findings) {
    let touches: Vec<&Life> = keeper.site.tree.children(path).collect();
    let lives = || keeper.own.iter().chain(&touches).copied();
    for life in lives() {
        let removal = life.removal.filter(|gone| gone.cause == ChangeKind::Delete);
        let Some(gone) = removal else { continue };
        let shown = keeper.site.history.texts.shown(life.path);
        if keeper.site.ends.user(gone.session) == Some(keeper.process) {
            let process = keeper.process;
            let text = format!("process {process} deletes {shown}, which is left to its time");
            out.add(Property::E7, &[], text);
        }
        if gone.session.is_none()
            && let Some(place) = keeper.keeps_at(gone.at, ttl, life.path == path)
        {
            let at = millis(gone.at);
            let text = format!("{shown} is taken at {at} ms as if nobody kept it");
            out.add(Property::E7, &[place], text);
        }
    }
    let paths: Vec<Text> = lives().map(|life| life.path).collect();
    keeper.lets_go(&paths, out);
}

/// A node whose time is over is taken, and its touch before it.
pub(super) fn goes(site: &Site<'_>, path: Text, ttl: Duration, out: &mut Findings) {
    let interval = site.history.limits.reaping;
    if interval.is_zero() {
        return;
    }
    let changes = site.history.truth.changes.iter();
    let times: BTreeMap<Zxid, Moment> = changes.map(|change| (change.zxid, change.at)).collect();
    let all = Zxid::from_raw(i64::MAX);
    // When it was written last.
    let written = |life: &Life| {
        let last = life.states_within(life.czxid, all).last();
        let at = last.and_then(|state| times.get(&state.mzxid)).copied();
        at.unwrap_or(life.created)
    };
    let due = |life: &Life| later(written(life), ttl + interval);
    let nodes = site.tree.within(path, Zxid::from_raw(0), all);
    let nodes: Vec<&Life> = nodes.filter(|life| life.owner.is_none()).collect();
    let touches: Vec<&Life> = site.tree.children(path).collect();
    for life in nodes.iter().chain(&touches) {
        let mut since = due(life);
        if life.path == path {
            let ends = touches.iter().filter_map(|touch| touch.removal);
            let own = ends.filter(|gone| gone.zxid > life.czxid);
            let own = own.filter(|gone| life.removal.is_none_or(|end| gone.zxid <= end.zxid));
            let cleared = own.map(|gone| gone.at).max();
            since = since.max(cleared.and_then(|at| later(at, interval)));
            let is_busy = touches.iter().any(|touch| touch.removal.is_none());
            if is_busy && life.removal.is_none() {
                continue;
            }
        }
        let removed = life.removal.map(|gone| gone.at);
        let Some(since) = since.filter(|since| site.bounds.is_late(*since, removed)) else {
            continue;
        };
        let (shown, since) = (site.history.texts.shown(life.path), millis(since));
        let text = format!("{shown} of {} is left after {since} ms", life.czxid);
        out.add(Property::G5, &[], text);
    }
}

impl Keeper<'_, '_> {
    /// The call by which it keeps the node at that time, if nothing has been wrong for as long as it takes to lose it.
    fn keeps_at(&self, at: Moment, ttl: Duration, is_node: bool) -> Option<usize> {
        let (bounds, limits) = (&self.site.bounds, &self.site.history.limits);
        if !bounds.was_quiet(self.process, at, ttl) {
            return None;
        }
        // The leader's term can end without a fault, for its counter did; and with it all connections.
        let (from, to) = bounds.span(at, ttl)?;
        if self.site.ends.process_cut_within(self.process, from, to) {
            return None;
        }
        // Whoever is told that it is there has written it just now; the touch comes after.
        let travel = limits.round_trip.saturating_mul(limits.round_trips);
        let begun = if is_node { Duration::ZERO } else { travel };
        for (turn, (place, op)) in self.calls.iter().enumerate() {
            let provides = matches!(op.function, Function::Keep | Function::Provide);
            let Some(from) = op
                .returned
                .filter(|_| provides && op.outcome == Outcome::Ok)
            else {
                continue;
            };
            let mut next = self.calls.get(turn..).unwrap_or_default().iter();
            let ended = next.find(|(_, call)| call.function == Function::Unkeep);
            let ended = ended.map_or(bounds.ended, |(_, call)| call.invoked);
            if later(from, begun).is_some_and(|from| from <= at)
                && at < self.kept_until(from, ended)
            {
                return Some(*place);
            }
        }
        None
    }

    /// Whoever has let go of it writes it no more, but for what was under way.
    fn lets_go(&self, paths: &[Text], out: &mut Findings) {
        for (turn, (place, op)) in self.calls.iter().enumerate() {
            if op.function != Function::Unkeep {
                continue;
            }
            let since = op.returned.unwrap_or(op.invoked);
            let mut next = self.calls.get(turn..).unwrap_or_default().iter();
            let next = next.find(|(_, call)| call.function == Function::Keep);
            let next = next.map_or(self.site.bounds.ended, |(_, call)| call.invoked);
            let changes = self.site.history.truth.changes.iter();
            let mut late = changes.filter(|change| {
                let writes = matches!(change.kind, ChangeKind::Create | ChangeKind::Set);
                let by_it = self.site.ends.user(change.session) == Some(self.process);
                let is_late = self.site.bounds.is_late(since, Some(change.at));
                writes && by_it && is_late && change.at < next && paths.contains(&change.path)
            });
            if let Some(change) = late.next() {
                let shown = self.site.history.texts.shown(change.path);
                let text = format!(
                    "{}, and it writes {shown} at {}",
                    self.what(op),
                    change.zxid
                );
                out.add(Property::S3, &[*place], text);
            }
        }
    }
}

fn millis(at: Moment) -> u64 {
    at.as_nanos() / 1_000_000
}
