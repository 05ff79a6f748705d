//! By when things must have happened.

use std::time::Duration;

use zk_wire::Moment;

use crate::history::History;
use crate::records::{Note, NoteKind, Op};

/// By when things must have happened, once nothing stands in their way.
pub(crate) struct Bounds {
    /// When the last fault had ended, the last pause included; `None` if one never did.
    pub(crate) healed: Option<Moment>,
    /// Session timeout, one tick, an election, and the round trips allowed; `None` if the limits
    /// name no session timeout: then nothing is late.
    recovery: Option<Duration>,
    /// When the run ended.
    pub(crate) ended: Moment,
    /// From when to when something was done to the run; for ever if it never ended.
    faults: Vec<(Moment, Option<Moment>)>,
    /// When processes went on after a pause.
    resumed: Vec<(u32, Moment)>,
}

impl Bounds {
    pub(crate) fn of(history: &History) -> Self {
        let limits = &history.limits;
        let travel = limits.round_trip.saturating_mul(limits.round_trips);
        let mut healed = Some(Moment::ZERO);
        for fault in &history.faults {
            healed = healed.zip(fault.ended).map(|(one, other)| one.max(other));
        }
        for note in &history.notes {
            if note.what == NoteKind::Resumed {
                healed = healed.map(|healed| healed.max(note.at));
            }
        }
        let notes = history.notes.iter();
        let resumed = notes.filter(|note| note.what == NoteKind::Resumed);
        let resumed = resumed.map(|note| (note.process, note.at));
        Self {
            healed,
            recovery: (!limits.session_timeout.is_zero())
                .then(|| limits.session_timeout + limits.tick + limits.election + travel),
            ended: limits.ended,
            faults: history.faults.iter().map(|it| (it.at, it.ended)).collect(),
            resumed: resumed.collect(),
        }
    }

    /// Whether nothing had been wrong for so long, besides the time that it takes to recover, with anything nor with that
    /// process.
    pub(crate) fn was_quiet(&self, process: u32, at: Moment, long: Duration) -> bool {
        let Some(needed) = self.recovery.map(|recovery| recovery + long) else {
            return false;
        };
        let over = |ended: Moment| later(ended, needed).is_some_and(|over| over < at);
        let passed =
            |(begun, ended): &(Moment, Option<Moment>)| *begun > at || ended.is_some_and(over);
        let mut pauses = self.resumed.iter().filter(|(who, _)| *who == process);
        self.faults.iter().all(passed) && pauses.all(|(_, resumed)| *resumed > at || over(*resumed))
    }

    /// From when to when something must have been wrong that shows at `at` and lasts for so long: it may be told of only later.
    pub(crate) fn span(&self, at: Moment, long: Duration) -> Option<(Moment, Moment)> {
        let recovery = self.recovery?;
        let before = at
            .as_nanos()
            .saturating_sub((recovery + long).as_nanos() as u64);
        Some((Moment::from_nanos(before), later(at, recovery)?))
    }

    /// When what began at `at` must be over; `None` if faults go on for ever.
    fn due(&self, at: Moment) -> Option<Moment> {
        later(at.max(self.healed?), self.recovery?)
    }

    /// Whether what began at `at` and ended at `end`, if it did, took too long. What is not due
    /// before the run's end is not judged.
    pub(crate) fn is_late(&self, at: Moment, end: Option<Moment>) -> bool {
        let Some(due) = self.due(at) else {
            return false;
        };
        match end {
            Some(end) => end > due,
            None => self.ended > due,
        }
    }
}

/// The notes in the order of time, which the text form need not keep.
pub(crate) fn notes(history: &History) -> Vec<Note> {
    let mut notes = history.notes.clone();
    notes.sort_by_key(|note| note.at);
    notes
}

/// Whether the call used up the time that it had.
pub(crate) fn timed_out(op: &Op) -> bool {
    op.deadline
        .is_some_and(|deadline| lasted_until(op, deadline))
}

/// Whether the call returned then or later. What falls on one moment is told apart by some nanoseconds.
pub(crate) fn lasted_until(op: &Op, due: Moment) -> bool {
    let by = op.returned.and_then(|returned| later(returned, ONE_MOMENT));
    by.is_some_and(|by| due <= by)
}

const ONE_MOMENT: Duration = Duration::from_micros(1);

/// The time so much later, if there is one.
pub(crate) fn later(at: Moment, by: Duration) -> Option<Moment> {
    at.checked_add(by)
}
