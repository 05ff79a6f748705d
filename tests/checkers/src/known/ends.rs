//! When processes and sessions ended, and when their connections broke.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::{Moment, SessionId};

use crate::history::History;
use crate::known::bounds::{later, notes};
use crate::records::{ChangeKind, Function, NoteKind};

/// When processes and sessions ended, and when their connections broke.
#[derive(Default)]
pub(crate) struct Ends {
    /// When a client was closed, as the process was told.
    closed: BTreeMap<u32, Vec<Moment>>,
    /// When a close was called, or was told.
    closing: BTreeMap<u32, Vec<Moment>>,
    /// The same by session, the first time.
    session_closing: BTreeMap<SessionId, Moment>,
    /// From when to when a client of the process was being closed; for ever if that never returned.
    closes: BTreeMap<u32, Vec<(Moment, Option<Moment>)>>,
    paused: BTreeMap<u32, Vec<Moment>>,
    resumed: BTreeMap<u32, Vec<Moment>>,
    crashed: BTreeMap<u32, Moment>,
    /// When the connection, the session or the client ended: what leaves requests unanswered.
    cuts: BTreeMap<SessionId, Vec<Moment>>,
    /// The same by process, for requests of which it is not known on which session they were sent.
    cuts_of: BTreeMap<u32, Vec<Moment>>,
    /// When the process was told that the session had expired.
    reported: BTreeMap<SessionId, Moment>,
    /// When the servers ended the session.
    gone: BTreeMap<SessionId, Moment>,
    owners: BTreeMap<SessionId, u32>,
}

impl Ends {
    pub(crate) fn of(history: &History) -> Self {
        let mut ends = Self::default();
        for note in notes(history) {
            match note.what {
                NoteKind::Closed => {
                    ends.closed.entry(note.process).or_default().push(note.at);
                    ends.closing.entry(note.process).or_default().push(note.at);
                }
                NoteKind::Paused => {
                    ends.paused.entry(note.process).or_default().push(note.at);
                }
                NoteKind::Resumed => {
                    ends.resumed.entry(note.process).or_default().push(note.at);
                }
                NoteKind::Crashed => {
                    ends.crashed.insert(note.process, note.at);
                }
                NoteKind::Expired => {
                    ends.reported.entry(note.session).or_insert(note.at);
                }
                NoteKind::Connected => {
                    ends.owners.insert(note.session, note.process);
                }
                NoteKind::Disconnected => {}
            }
            let cut = matches!(
                note.what,
                NoteKind::Disconnected | NoteKind::Expired | NoteKind::Closed | NoteKind::Crashed
            );
            if cut {
                ends.cuts.entry(note.session).or_default().push(note.at);
                ends.cuts_of.entry(note.process).or_default().push(note.at);
            }
        }
        for op in &history.ops {
            if op.function == Function::Close {
                ends.closing.entry(op.process).or_default().push(op.invoked);
                let closes = ends.closes.entry(op.process).or_default();
                closes.push((op.invoked, op.returned));
                let first = ends.session_closing.entry(op.session).or_insert(op.invoked);
                *first = op.invoked.min(*first);
            }
            // What the servers do of their own accord they do in no session's name.
            if !op.session.is_none() {
                ends.owners.entry(op.session).or_insert(op.process);
            }
        }
        for change in &history.truth.changes {
            if matches!(change.kind, ChangeKind::Close | ChangeKind::Expire) {
                ends.gone.entry(change.session).or_insert(change.at);
            }
        }
        ends
    }

    /// The process that uses a session, if one of the history's does.
    pub(crate) fn user(&self, session: SessionId) -> Option<u32> {
        self.owners.get(&session).copied()
    }

    /// When the process's client was last closed.
    pub(crate) fn closed(&self, process: u32) -> Option<Moment> {
        self.closed.get(&process)?.last().copied()
    }

    /// Whether a client of the process was being closed in that time.
    pub(crate) fn closed_within(&self, process: u32, from: Moment, to: Moment) -> bool {
        let closing = self.closing.get(&process);
        let closing = closing.map(Vec::as_slice).unwrap_or_default();
        closing.iter().any(|at| (from..=to).contains(at))
    }

    /// Whether the session's client was being closed by then.
    pub(crate) fn closing_by(&self, session: SessionId, at: Moment) -> bool {
        let since = self.session_closing.get(&session);
        since.is_some_and(|since| *since <= at)
    }

    /// Whether a client of the process was being closed at some time between these.
    pub(crate) fn closing_within(&self, process: u32, from: Moment, to: Moment) -> bool {
        let closes = self.closes.get(&process).map(Vec::as_slice);
        let mut closes = closes.unwrap_or_default().iter();
        closes.any(|(begun, ended)| *begun <= to && ended.is_none_or(|ended| ended >= from))
    }

    /// When the process last went on after a pause, in that time.
    pub(crate) fn resumed_within(&self, process: u32, from: Moment, to: Moment) -> Option<Moment> {
        let resumed = self.resumed.get(&process)?;
        let end = resumed.partition_point(|at| *at <= to);
        let last = resumed.get(end.checked_sub(1)?)?;
        (*last >= from).then_some(*last)
    }

    /// Since when the process stands still at that time, if it does.
    pub(crate) fn still_since(&self, process: u32, at: Moment) -> Option<Moment> {
        let paused = self.paused.get(&process)?;
        let begun = paused.partition_point(|it| *it <= at);
        let last = *paused.get(begun.checked_sub(1)?)?;
        (self.resumed_within(process, last, at).is_none()).then_some(last)
    }

    pub(crate) fn crashed(&self, process: u32) -> Option<Moment> {
        self.crashed.get(&process).copied()
    }

    /// Whether the session lost a connection, or ended, in that time.
    pub(crate) fn cut_within(&self, session: SessionId, from: Moment, to: Moment) -> bool {
        strikes_within(self.cuts.get(&session), from, to)
    }

    /// Whether any session of the process lost a connection, or ended, in that time.
    pub(crate) fn process_cut_within(&self, process: u32, from: Moment, to: Moment) -> bool {
        strikes_within(self.cuts_of.get(&process), from, to)
    }

    /// When the process was told that the session had expired.
    pub(crate) fn reported(&self, session: SessionId) -> Option<Moment> {
        self.reported.get(&session).copied()
    }

    /// When the servers ended the session.
    pub(crate) fn gone(&self, session: SessionId) -> Option<Moment> {
        self.gone.get(&session).copied()
    }
}

/// Whoever is told of a cut may be so at the moment at which the calls return, and write it down just behind them.
const SAME_MOMENT: Duration = Duration::from_nanos(999);

fn strikes_within(cuts: Option<&Vec<Moment>>, from: Moment, to: Moment) -> bool {
    let to = later(to, SAME_MOMENT).unwrap_or(to);
    let cuts = cuts.map(Vec::as_slice).unwrap_or_default();
    let next = cuts.partition_point(|cut| *cut < from);
    cuts.get(next).is_some_and(|cut| *cut <= to)
}
