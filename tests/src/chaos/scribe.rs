//! Calls and what pictures told, written down for the checkers of histories, which judge the simulation, too.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use zk_checkers::{Function, History, Note, NoteKind, Op, Outcome};
use zk_recipes::{Client, Error, Fate, SessionId, Zxid};
use zk_wire::Moment;

use super::diary::now;

/// The history of a run while it grows. Its times are the wall clock's, in whole milliseconds, as those of the logs are.
pub(super) struct Scribe {
    began: i64,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    history: History,
    /// The session of each client, as far as was seen.
    sessions: BTreeMap<u32, SessionId>,
}

/// The place of a call that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call(usize);

impl Scribe {
    pub(super) fn new() -> Self {
        Self::since(now())
    }

    pub(super) fn since(began: i64) -> Self {
        Self {
            began,
            book: Mutex::default(),
        }
    }

    /// The moment of a time in milliseconds since 1970.
    pub(super) fn moment(&self, ms: i64) -> Moment {
        let since = u64::try_from(ms - self.began).unwrap_or(0);
        Moment::ZERO + Duration::from_millis(since)
    }

    /// Nothing that happens from here on is earlier.
    pub(super) fn here(&self) -> Moment {
        self.moment(now())
    }

    /// Nothing that happened by now is later.
    pub(super) fn by_now(&self) -> Moment {
        self.moment(now() + 1)
    }

    fn with<R>(&self, change: impl FnOnce(&mut Book) -> R) -> R {
        change(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the history.
    pub(super) fn write<R>(&self, change: impl FnOnce(&mut History, Moment) -> R) -> R {
        self.with(|book| change(&mut book.history, self.by_now()))
    }

    /// The history so far; the scribe goes on with none.
    pub(super) fn finish(&self) -> History {
        self.with(|book| std::mem::take(&mut book.history))
    }

    /// Looks at the session of a client. To be asked often: one that comes and goes in between is nobody's.
    pub(super) fn meet(&self, process: u32, zk: &Client) -> SessionId {
        let session = zk.session_id().unwrap_or_default();
        let at = self.by_now();
        self.with(|book| {
            let before = book.sessions.insert(process, session).unwrap_or_default();
            if before == session {
                return;
            }
            let mut note = |session: SessionId, what| {
                if !session.is_none() {
                    book.history.notes.push(Note {
                        process,
                        session,
                        what,
                        at,
                        server: 0,
                    });
                }
            };
            note(before, NoteKind::Expired);
            note(session, NoteKind::Connected);
        });
        session
    }

    /// A call begins.
    pub(super) fn begin(
        &self,
        (process, zk): (u32, &Client),
        function: Function,
        path: &str,
        fill: impl FnOnce(&mut Op, &mut History),
    ) -> Call {
        let session = self.meet(process, zk);
        let invoked = self.here();
        self.write(|history, _| {
            let mut op = Op {
                process,
                function,
                path: history.text(path),
                session,
                invoked,
                ..Op::default()
            };
            fill(&mut op, history);
            Call(history.begin(op))
        })
    }

    /// It is over.
    pub(super) fn end(
        &self,
        (process, zk): (u32, &Client),
        call: Call,
        outcome: Outcome,
        fill: impl FnOnce(&mut Op, &mut History),
    ) {
        self.meet(process, zk);
        self.write(|history, at| {
            let Some(mut op) = history.ops.get(call.0).copied() else {
                return;
            };
            op.returned = Some(at);
            op.polls = 1;
            op.outcome = outcome;
            fill(&mut op, history);
            history.ops[call.0] = op;
        });
    }

    /// A call that answered with several things, once more: for another of them.
    pub(super) fn again(&self, call: Call) -> Call {
        self.write(|history, _| {
            let op = history.ops[call.0];
            Call(history.begin(op))
        })
    }
}

/// How a call that failed ended.
pub(super) fn failed(error: &Error) -> Outcome {
    match error.fate() {
        Fate::NotApplied => Outcome::NotApplied,
        _ => Outcome::Unknown,
    }
}

/// The error code of a server's refusal; 0 if it is none.
pub(super) fn code(error: &Error) -> i32 {
    error.kind().number().min(0)
}

/// A token as the zxid it is.
pub(super) const fn zxid(token: u64) -> Zxid {
    Zxid::from_raw(token as i64)
}

impl fmt::Debug for Scribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scribe").finish_non_exhaustive()
    }
}
