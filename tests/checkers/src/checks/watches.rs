//! Watches: no lost wake-up, no second one, and none after the read that shows the change.

use std::collections::{BTreeMap, BTreeSet};

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::known::{Bounds, notes};
use crate::records::{
    Function, NoteKind, Op, Outcome, ServerWatch, WatchAction, WatchEvent, WatchKind, WatchMode,
};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

mod stream;
mod triggers;

use triggers::{Trigger, Triggers};

/// `G3`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let triggers = Triggers::of(history);
    let watches = Watches::of(history);
    for (place, op) in history.ops.iter().enumerate() {
        if !leaves_a_watch(op) {
            continue;
        }
        findings.stats.judged += 1;
        let watch = Watch {
            history,
            place,
            op,
            due: triggers.after(history, op),
            events: watches.events(place),
            gaps: &watches.gaps,
            bounds: &watches.bounds,
        };
        if op.watch == WatchMode::Once {
            watch.once(&watches, &mut findings);
        } else {
            watch.stream(&watches, &mut findings);
        }
    }
    order(history, &mut findings);
    servers(history, &mut findings);
    findings.verdict()
}

/// A watch is there if the server answered; `exists` leaves one also where nothing is.
fn leaves_a_watch(op: &Op) -> bool {
    op.watch != WatchMode::No && op.outcome == Outcome::Ok && op.at != Zxid::NONE
}

/// What was told of watches.
struct Watches {
    bounds: Bounds,
    /// By the operation that set the watch, in the order of time.
    by_op: BTreeMap<usize, Vec<WatchEvent>>,
    gaps: Gaps,
    /// The reads of each session, by node and by whether they are of children, as invoked.
    reads: BTreeMap<(SessionId, Text, bool), Vec<usize>>,
}

/// When sessions were told that events may have been missed, or that none will come.
#[derive(Default)]
struct Gaps {
    gaps: BTreeMap<SessionId, Vec<Moment>>,
    ends: BTreeMap<SessionId, Moment>,
}

impl Gaps {
    /// The first gap of the session since then, or its end, whichever is told first.
    fn since(&self, session: SessionId, since: Moment) -> Option<Moment> {
        let gaps = self
            .gaps
            .get(&session)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let next = gaps.partition_point(|at| *at < since);
        // An end is told for good, also where it was told before.
        let end = self.ends.get(&session).map(|end| (*end).max(since));
        gaps.get(next).copied().into_iter().chain(end).min()
    }
}

impl Watches {
    fn of(history: &History) -> Self {
        let mut watches = Self {
            bounds: Bounds::of(history),
            by_op: BTreeMap::new(),
            gaps: Gaps::default(),
            reads: BTreeMap::new(),
        };
        for event in &history.events {
            match event.op {
                Some(op) => watches.by_op.entry(op as usize).or_default().push(*event),
                None if event.what == WatchKind::Gap => {
                    watches
                        .gaps
                        .gaps
                        .entry(event.session)
                        .or_default()
                        .push(event.at);
                }
                None if event.what == WatchKind::Ended => {
                    watches.gaps.ends.entry(event.session).or_insert(event.at);
                }
                // Whose watch it was is not known: all that is judged is its order.
                None => {}
            }
        }
        let mut cut: BTreeMap<SessionId, Moment> = BTreeMap::new();
        for note in notes(history) {
            match note.what {
                NoteKind::Expired | NoteKind::Closed | NoteKind::Crashed => {
                    watches.gaps.ends.entry(note.session).or_insert(note.at);
                }
                NoteKind::Disconnected => {
                    cut.entry(note.session).or_insert(note.at);
                }
                NoteKind::Connected => {
                    cut.remove(&note.session);
                }
                NoteKind::Paused | NoteKind::Resumed => {}
            }
        }
        // Who is not connected at the end has been told so.
        for (session, at) in cut {
            watches.gaps.ends.entry(session).or_insert(at);
        }
        for events in watches.by_op.values_mut() {
            events.sort_by_key(|event| event.at);
        }
        for gaps in watches.gaps.gaps.values_mut() {
            gaps.sort_unstable();
        }
        watches.collect_reads(history);
        watches
    }

    fn collect_reads(&mut self, history: &History) {
        for (place, op) in history.ops.iter().enumerate() {
            let children = op.function == Function::Children;
            let read = children || matches!(op.function, Function::Get | Function::Exists);
            if read && op.returned.is_some() && op.at != Zxid::NONE {
                let key = (op.session, op.path, children);
                self.reads.entry(key).or_default().push(place);
            }
        }
        for reads in self.reads.values_mut() {
            reads.sort_by_key(|place| history.ops.get(*place).map(|op| op.invoked));
        }
    }

    fn events(&self, place: usize) -> &[WatchEvent] {
        self.by_op
            .get(&place)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The first read that was called after `since` and shows a change.
    fn reading(
        &self,
        history: &History,
        (session, children): (SessionId, bool),
        since: Moment,
        change: &Trigger,
    ) -> Option<(usize, Moment)> {
        let reads = self.reads.get(&(session, change.watched, children))?;
        let op = |place: &usize| history.ops.get(*place).copied().unwrap_or_default();
        let later = reads.partition_point(|place| op(place).invoked <= since);
        let later = reads.get(later..)?;
        // Replies never go back, so the reads that can show the change are the last ones.
        let first = later.partition_point(|place| op(place).at < change.zxid);
        let shows = |place: &&usize| {
            let op = op(place);
            let stat = op.mzxid.max(op.czxid);
            stat == Zxid::NONE || stat >= change.zxid
        };
        let place = later.get(first..)?.iter().find(shows)?;
        Some((*place, op(place).returned?))
    }
}

/// One watch and all that is known of it.
struct Watch<'h> {
    history: &'h History,
    place: usize,
    op: &'h Op,
    /// The changes that it has to tell of, or the first of them.
    due: Vec<Trigger>,
    events: &'h [WatchEvent],
    gaps: &'h Gaps,
    bounds: &'h Bounds,
}

impl Watch<'_> {
    fn what(&self) -> String {
        let path = self.history.texts.shown(self.op.path);
        format!(
            "the watch of session {} on {path} since {}",
            self.op.session, self.op.at
        )
    }

    fn add(&self, findings: &mut Findings, other: Option<usize>, text: String) {
        let ops: Vec<usize> = [self.place].into_iter().chain(other).collect();
        findings.add(Property::G3, &ops, text);
    }

    fn set_at(&self) -> Moment {
        self.op.returned.unwrap_or(self.op.invoked)
    }

    /// A watch that fires once: at most once, for a reason, and before a read shows the reason.
    fn once(&self, watches: &Watches, findings: &mut Findings) {
        let what = self.what();
        let mut fired = self.events.iter().filter(|event| tells_a_change(event));
        let first = fired.next();
        if let Some(second) = fired.next() {
            let kind = second.what.word();
            self.add(
                findings,
                None,
                format!("{what} fires a second time, with {kind}"),
            );
        }
        if let Some(event) = first.filter(|event| !self.explains(event)) {
            let (kind, path) = (event.what.word(), self.history.texts.shown(event.path));
            self.add(
                findings,
                None,
                format!("{what} tells {kind} of {path}, which nothing did"),
            );
        }
        let Some(change) = self.due.first() else {
            return;
        };
        // What the watch itself was told ends it; a gap of the session covers what was before it.
        let own = self.events.first().map(|event| event.at);
        let gap = self
            .gaps
            .since(self.op.session, self.set_at().max(change.at));
        let told = own.into_iter().chain(gap).min();
        let missed = format!("{what} misses {}", change.describe(self.history));
        if self.bounds.is_late(change.at, told) {
            self.add(findings, None, missed.clone());
        }
        let children = self.op.function == Function::Children;
        let of = (self.op.session, children);
        let read = watches.reading(self.history, of, self.set_at(), change);
        if let Some((place, _)) = read.filter(|(_, at)| told.is_none_or(|told| told > *at)) {
            self.add(
                findings,
                Some(place),
                format!("{missed} before a read shows it"),
            );
        }
    }

    /// Whether anything was committed that the event may tell of. A watch that is set again after
    /// a reconnect tells what differs, which need not be what happened last.
    fn explains(&self, event: &WatchEvent) -> bool {
        let fits = |trigger: &Trigger| {
            let kind = trigger.what == event.what
                || (trigger.what == WatchKind::Created && event.what == WatchKind::Changed);
            kind && trigger.path == event.path && trigger.at <= event.at
        };
        self.due.iter().any(fits)
    }
}

/// Whether the event tells of a change, and not of the watch itself.
fn tells_a_change(event: &WatchEvent) -> bool {
    !matches!(
        event.what,
        WatchKind::Gap | WatchKind::Ended | WatchKind::Dropped
    )
}

/// A session's events come in the order of the transactions.
fn order(history: &History, findings: &mut Findings) {
    let mut events: Vec<&WatchEvent> = history.events.iter().collect();
    events.sort_by_key(|event| event.at);
    let mut last: BTreeMap<SessionId, &WatchEvent> = BTreeMap::new();
    for event in events.into_iter().filter(|event| event.zxid != Zxid::NONE) {
        findings.stats.judged += 1;
        let before = last.insert(event.session, event);
        if let Some(before) = before.filter(|before| before.zxid > event.zxid) {
            let text = format!(
                "session {} is told of {} before {}",
                event.session, before.zxid, event.zxid
            );
            let ops: Vec<usize> = event.op.into_iter().map(|op| op as usize).collect();
            findings.add(Property::G3, &ops, text);
        }
    }
}

/// On the servers a one-shot watch fires at most as often as it was set.
fn servers(history: &History, findings: &mut Findings) {
    let mut armed: BTreeMap<(SessionId, Text, bool, u32), bool> = BTreeMap::new();
    let watches = history.truth.watches.iter();
    let mut watches: Vec<&ServerWatch> =
        watches.filter(|one| one.mode == WatchMode::Once).collect();
    watches.sort_by_key(|watch| watch.at);
    // One that stays fires as often as there is something to tell.
    let stay = history.truth.watches.iter().filter(|one| {
        let stays = matches!(one.mode, WatchMode::Persistent | WatchMode::Recursive);
        stays && one.did == WatchAction::Set
    });
    let mut stays: BTreeMap<SessionId, BTreeSet<(Text, WatchMode)>> = BTreeMap::new();
    for one in stay {
        (stays.entry(one.session).or_default()).insert((one.path, one.mode));
    }
    let texts = &history.texts;
    for watch in watches {
        findings.stats.judged += 1;
        let key = (watch.session, watch.path, watch.children, watch.server);
        let was_armed = armed
            .insert(key, watch.did == WatchAction::Set)
            .unwrap_or(false);
        // A node that is gone ends both kinds of watches with one event.
        let deleted = watch.did == WatchAction::Fired && watch.what == WatchKind::Deleted;
        let other = (watch.session, watch.path, !watch.children, watch.server);
        let other_was = deleted && armed.insert(other, false).unwrap_or(false);
        let of_session = stays.get(&watch.session).into_iter().flatten();
        let mut covering = of_session.filter(|(path, mode)| {
            let (path, fired) = (texts.bytes(*path), texts.bytes(watch.path));
            let rest = fired.strip_prefix(path);
            rest.is_some_and(|rest| {
                rest.is_empty() || (*mode == WatchMode::Recursive && rest.starts_with(b"/"))
            })
        });
        if watch.did == WatchAction::Fired && !was_armed && !other_was && covering.next().is_none()
        {
            let text = format!(
                "a server fires a watch of session {} on {} at {}, which is not set",
                watch.session,
                history.texts.shown(watch.path),
                watch.zxid
            );
            findings.add(Property::G3, &[], text);
        }
    }
}
