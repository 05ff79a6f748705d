//! Sessions: order of replies, honest outcomes, and that an end is an end.

use std::collections::BTreeMap;

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::known::{Ends, Writes, begun, notes, timed_out};
use crate::records::{Change, ChangeKind, Function, NodeKind, NoteKind, Op, Outcome, SessionStep};
use crate::verdict::{Findings, Property, Verdict};

/// `G1`, `G2` (what may be called unknown) and `G4`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let ends = Ends::of(history);
    views(history, &mut findings);
    numbers(history, &mut findings);
    doubts(history, &ends, &mut findings);
    silence(history, &ends, &mut findings);
    handshakes(history, &mut findings);
    expiries(history, &mut findings);
    owners(history, &mut findings);
    findings.verdict()
}

/// What a session has seen never goes back, whatever server it reads from.
fn views(history: &History, findings: &mut Findings) {
    let ops = &history.ops;
    // Beginnings and ends in the order of time; an end before the beginnings at its time.
    let mut turns: Vec<(Moment, bool, usize)> = Vec::with_capacity(2 * ops.len());
    for (place, op) in ops.iter().enumerate() {
        turns.push((op.invoked, true, place));
        turns.extend(op.returned.map(|returned| (returned, false, place)));
    }
    turns.sort_unstable();
    let mut seen: BTreeMap<SessionId, (Zxid, usize)> = BTreeMap::new();
    let mut floors = vec![(Zxid::NONE, 0); ops.len()];
    for (_, begins, place) in turns {
        let (Some(op), Some(floor)) = (ops.get(place), floors.get_mut(place)) else {
            continue;
        };
        let highest = seen.entry(op.session).or_insert((Zxid::NONE, place));
        if begins {
            *floor = *highest;
            if op.seen != Zxid::NONE && op.seen < highest.0 {
                let text = format!(
                    "session {} had seen {} and then goes by {}",
                    op.session, highest.0, op.seen
                );
                findings.add(Property::G1, &[highest.1, place], text);
            }
            continue;
        }
        findings.stats.judged += 1;
        let known = floor.0.max(op.seen);
        if op.at != Zxid::NONE && op.at < known {
            let text = format!(
                "a reply of session {} is of {} where {known} had been seen",
                op.session, op.at
            );
            findings.add(Property::G1, &[floor.1, place], text);
        }
        *highest = (*highest).max((op.at, place));
    }
}

/// Replies come in the order of requests, and no number is used twice in a session.
fn numbers(history: &History, findings: &mut Findings) {
    let mut by_session: BTreeMap<SessionId, Vec<usize>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if op.xid > 0 {
            by_session.entry(op.session).or_default().push(place);
        }
    }
    for (session, mut places) in by_session {
        let op = |place: &usize| history.ops.get(*place).copied().unwrap_or_default();
        places.sort_by_key(|place| op(place).xid);
        // The numbers wrap only behind 2³¹ requests.
        let mut last: Option<(usize, Op)> = None;
        let mut highest: Option<(usize, Op)> = None;
        for place in places {
            let this = op(&place);
            if let Some((before, op)) = last.filter(|(_, op)| op.xid == this.xid) {
                if op.invoked != this.invoked {
                    let text = format!("session {session} used the number {} twice", this.xid);
                    findings.add(Property::G1, &[before, place], text);
                }
            }
            if let Some((before, op)) = highest.filter(|(_, op)| this.at < op.at) {
                if this.at != Zxid::NONE {
                    let text = format!(
                        "request {} of session {session} was answered at {}, and {} later at {}",
                        op.xid, op.at, this.xid, this.at
                    );
                    findings.add(Property::G1, &[before, place], text);
                }
            } else {
                highest = Some((place, this));
            }
            last = Some((place, this));
        }
    }
}

/// Unknown is an outcome only where a connection broke, or the caller's time was up: what was sent by then may still
/// be carried out.
fn doubts(history: &History, ends: &Ends, findings: &mut Findings) {
    for (place, op) in history.ops.iter().enumerate() {
        if op.outcome != Outcome::Unknown {
            continue;
        }
        findings.stats.judged += 1;
        let Some(returned) = op.returned else {
            findings.add(
                Property::G2,
                &[place],
                "it is unknown and has not returned".to_owned(),
            );
            continue;
        };
        // A call made between two sessions is queued until the next one is there, and sent on that.
        let cut = if op.function == Function::Take {
            ends.process_cut_within(op.process, begun(history, place, op), returned)
        } else if op.session.is_none() {
            ends.process_cut_within(op.process, op.invoked, returned)
        } else {
            ends.cut_within(op.session, op.invoked, returned)
        };
        if !timed_out(op) && !cut {
            let text = format!(
                "{} {} is unknown, and session {} lost no connection",
                op.function.word(),
                history.texts.shown(op.path),
                op.session
            );
            findings.add(Property::G2, &[place], text);
        }
    }
}

/// After the expiry was reported nothing commits, nothing is answered and nothing is unknown.
///
/// But for what was sent before: a leader that gives a session up puts its end behind whatever it had taken in, and
/// tells the client at once. What it had taken in is committed when it has a quorum again, or when it shares its log
/// with the next leader; no client can know of that. It stands before the session's end in the log.
fn silence(history: &History, ends: &Ends, findings: &mut Findings) {
    let taken = Taken::of(history);
    for change in &history.truth.changes {
        // What is refused takes a place in the log, too, and changes nothing.
        let own = !matches!(
            change.kind,
            ChangeKind::Expire | ChangeKind::Close | ChangeKind::Nothing
        );
        let reported = ends.reported(change.session);
        if let Some(reported) = reported.filter(|reported| own && change.at > *reported) {
            // An ephemeral goes with its session, reported or not.
            let gone = ends
                .gone(change.session)
                .is_some_and(|gone| gone <= change.at);
            if (change.kind == ChangeKind::Delete && gone)
                || taken.before(history, change, reported)
            {
                continue;
            }
            let text = format!(
                "session {} was reported expired at {} and commits {} {} at {}",
                change.session,
                millis(reported),
                change.kind.word(),
                history.texts.shown(change.path),
                change.zxid
            );
            findings.add(Property::G4, &[], text);
        }
    }
    for (place, op) in history.ops.iter().enumerate() {
        let reported = ends
            .reported(op.session)
            .filter(|reported| op.invoked > *reported);
        let answered = matches!(op.outcome, Outcome::Ok | Outcome::Unknown);
        let local = matches!(op.function, Function::Release | Function::Close);
        if let Some(reported) = reported.filter(|_| answered && !local) {
            let text = format!(
                "{} {} is {} on session {}, reported expired at {}",
                op.function.word(),
                history.texts.shown(op.path),
                op.outcome.word(),
                op.session,
                millis(reported)
            );
            findings.add(Property::G4, &[place], text);
        }
    }
}

/// What leaders had taken in of sessions before they gave them up.
struct Taken<'h> {
    /// When a leader first gave the session up, as far as it is on record.
    given_up: BTreeMap<SessionId, Moment>,
    /// Where the session's end stands in the log.
    ends: BTreeMap<SessionId, Zxid>,
    writes: Writes<'h>,
}

impl<'h> Taken<'h> {
    fn of(history: &'h History) -> Self {
        let mut given_up: BTreeMap<SessionId, Moment> = BTreeMap::new();
        let rows = history.truth.sessions.iter();
        for row in rows.filter(|row| row.what == SessionStep::Expired) {
            let first = given_up.entry(row.session).or_insert(row.at);
            *first = row.at.min(*first);
        }
        let changes = history.truth.changes.iter();
        let over = changes
            .filter(|change| matches!(change.kind, ChangeKind::Expire | ChangeKind::Close))
            .map(|change| (change.session, change.zxid));
        Self {
            given_up,
            ends: over.collect(),
            writes: Writes::of(history),
        }
    }

    /// Whether the change was taken in before its client was told of the session's end, as far as anybody can tell:
    /// not if all calls that may have made it came later.
    fn before(&self, history: &History, change: &Change, reported: Moment) -> bool {
        let session = &change.session;
        let given_up = self.given_up.get(session).is_some_and(|at| *at <= reported);
        let in_order = self.ends.get(session).is_some_and(|end| change.zxid < *end);
        let calls = || {
            let by = self.writes.iter();
            let by = by.filter(|group| group.changes.iter().any(|one| std::ptr::eq(*one, change)));
            by.flat_map(|group| &group.ops)
        };
        let early = |place: &usize| {
            let op = history.ops.get(*place);
            op.is_some_and(|op| op.invoked <= reported)
        };
        given_up && in_order && (calls().next().is_none() || calls().any(early))
    }
}

/// Another session id is another session: the one before has expired or was closed, and said so.
fn handshakes(history: &History, findings: &mut Findings) {
    let mut current: BTreeMap<u32, SessionId> = BTreeMap::new();
    let mut ended: BTreeMap<SessionId, NoteKind> = BTreeMap::new();
    for note in notes(history) {
        match note.what {
            NoteKind::Connected => {
                findings.stats.judged += 1;
                if let Some(end) = ended.get(&note.session) {
                    let text = format!(
                        "process {} is connected on session {} again, which is {}",
                        note.process,
                        note.session,
                        end.word()
                    );
                    findings.add(Property::G4, &[], text);
                }
                let before = current.insert(note.process, note.session);
                let other = before.filter(|before| *before != note.session);
                if let Some(before) = other.filter(|before| !ended.contains_key(before)) {
                    let text = format!(
                        "process {} went from session {before} to {} and was not told",
                        note.process, note.session
                    );
                    findings.add(Property::G4, &[], text);
                }
            }
            NoteKind::Expired | NoteKind::Closed | NoteKind::Crashed => {
                ended.insert(note.session, note.what);
            }
            NoteKind::Disconnected | NoteKind::Paused | NoteKind::Resumed => {}
        }
    }
}

/// An expiry is reported only of a session that the servers have ended.
fn expiries(history: &History, findings: &mut Findings) {
    let table = &history.truth.sessions;
    let known: BTreeMap<SessionId, Moment> = table
        .iter()
        .filter(|row| matches!(row.what, SessionStep::Expired | SessionStep::Closed))
        .map(|row| (row.session, row.at))
        .collect();
    for note in history
        .notes
        .iter()
        .filter(|note| note.what == NoteKind::Expired)
    {
        // Where the recorder keeps no session table there is nothing to compare with.
        let over = known.get(&note.session).is_some_and(|at| *at <= note.at);
        if !table.is_empty() && !over {
            let text = format!(
                "process {} was told at {} that session {} has expired, and it lives",
                note.process,
                millis(note.at),
                note.session
            );
            findings.add(Property::G4, &[], text);
        }
    }
}

/// An ephemeral node that a call says it made belongs to the session it was sent on.
fn owners(history: &History, findings: &mut Findings) {
    let tree = crate::known::Tree::replay(history);
    for (place, op) in history.ops.iter().enumerate() {
        let made = op.function == Function::Create && op.kind == NodeKind::Ephemeral;
        if !made || op.outcome != Outcome::Ok {
            continue;
        }
        findings.stats.judged += 1;
        let path = if op.reply.is_empty() {
            op.path
        } else {
            op.reply
        };
        let at = if op.czxid == Zxid::NONE {
            op.at
        } else {
            op.czxid
        };
        let owner = tree.at(path, at).map(|life| life.owner);
        if let Some(owner) = owner.filter(|owner| *owner != op.session) {
            let text = format!(
                "{} is taken for the node of session {}, and {owner} owns it",
                history.texts.shown(path),
                op.session
            );
            findings.add(Property::G4, &[place], text);
        }
    }
}

fn millis(at: Moment) -> String {
    format!("{} ms", at.as_nanos() / 1_000_000)
}
