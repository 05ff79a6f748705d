//! Writes down what processes call, see and believe.

use std::time::Duration;

use zk_checkers::{
    Access, Belief, Clock, Conviction, Fault, Function, History, Note, NoteKind, Op, Outcome,
};
use zk_client::{Error, Fate};
use zk_wire::{Moment, SessionId, Zxid};

use crate::process::Wire;

/// The history of a run while it grows.
#[derive(Clone, Debug)]
pub struct Recorder {
    wire: Wire,
}

/// A grant, as beliefs name it.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Who holds.
    pub process: u32,
    /// The lock's directory.
    pub lock: String,
    /// The lock node.
    pub node: String,
    /// The fencing token.
    pub token: u64,
    /// The owner.
    pub session: SessionId,
}

impl Recorder {
    /// An empty history in the time of `wire`.
    #[must_use]
    pub const fn new(wire: Wire) -> Self {
        Self { wire }
    }

    /// The history so far; the recorder starts anew.
    #[must_use]
    pub fn finish(&self) -> History {
        std::mem::take(&mut self.wire.chronicle().history)
    }

    /// Changes the history.
    pub fn with<R>(&self, change: impl FnOnce(&mut History, Moment) -> R) -> R {
        let now = self.wire.now();
        let history = &mut self.wire.chronicle().history;
        let at = history.stamp(now);
        change(history, at)
    }

    /// A call begins.
    pub fn begin(
        &self,
        process: u32,
        function: Function,
        path: &str,
        fill: impl FnOnce(&mut Op, &mut History),
    ) -> OpenCall {
        let place = self.with(|history, at| {
            let path_text = history.text(path);
            let mut op = Op {
                process,
                function,
                path: path_text,
                invoked: at,
                ..Op::default()
            };
            fill(&mut op, history);
            history.begin(op)
        });
        OpenCall {
            recorder: self.clone(),
            place,
            ended: false,
        }
    }

    /// Says more about a call that is under way.
    pub fn amend(&self, call: &OpenCall, fill: impl FnOnce(&mut Op, &mut History)) {
        self.with(|history, _| {
            let Some(mut op) = history.ops.get(call.place).copied() else {
                return;
            };
            fill(&mut op, history);
            if let Some(place) = history.ops.get_mut(call.place) {
                *place = op;
            }
        });
    }

    /// A call that has answered with several things, once more: for another of them.
    pub fn again(&self, place: usize) -> OpenCall {
        let place = self.with(|history, _| {
            let op = history.ops.get(place).copied().unwrap_or_default();
            history.begin(op)
        });
        OpenCall {
            recorder: self.clone(),
            place,
            ended: false,
        }
    }

    /// A process uses the outside resource.
    pub fn access(&self, process: u32, lock: &str, token: u64, checked: bool, accepted: bool) {
        self.with(|history, at| {
            let resource = if checked { "checked" } else { "unchecked" };
            let resource = format!("{lock}:{resource}");
            let access = Access {
                process,
                recipe: history.text(lock),
                resource: history.text(&resource),
                token: zxid(token),
                checked,
                accepted,
                at,
            };
            history.accesses.push(access);
        });
    }

    /// A process's belief turns.
    pub fn belief(&self, hold: &Hold, says: Conviction, safe_for: Option<Duration>) {
        self.with(|history, at| {
            let belief = Belief {
                process: hold.process,
                recipe: history.text(&hold.lock),
                lock: history.text(&hold.lock),
                token: zxid(hold.token),
                node: history.text(&hold.node),
                session: hold.session,
                says,
                at,
                safe_for,
            };
            history.beliefs.push(belief);
        });
    }

    /// Something became of a process.
    pub fn note(&self, process: u32, session: SessionId, what: NoteKind) {
        self.with(|history, at| {
            history.notes.push(Note {
                process,
                session,
                what,
                at,
                server: 0,
            });
        });
    }

    /// A fault begins: returns its place.
    pub fn fault(&self, what: &str, target: &str) -> usize {
        self.with(|history, at| {
            let fault = Fault {
                what: history.text(what),
                target: history.text(target),
                at,
                ended: None,
            };
            history.faults.push(fault);
            history.faults.len() - 1
        })
    }

    /// A fault is healed.
    pub fn healed(&self, place: usize) {
        self.with(|history, at| {
            if let Some(fault) = history.faults.get_mut(place) {
                fault.ended = Some(at);
            }
        });
    }

    /// A process's clock runs at a rate of its own.
    pub fn clock(&self, process: u32, fast_ppm: i32) {
        self.with(|history, _| history.clocks.push(Clock { process, fast_ppm }));
    }
}

/// A call that has begun. Dropped with whatever surrounds it, it counts as dropped by its caller.
#[derive(Debug)]
pub struct OpenCall {
    recorder: Recorder,
    place: usize,
    ended: bool,
}

impl OpenCall {
    /// Its place among the operations.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// The call is over.
    pub fn end(mut self, polls: u32, outcome: Outcome, fill: impl FnOnce(&mut Op, &mut History)) {
        self.ended = true;
        self.finish(polls, outcome, fill);
    }

    fn finish(&self, polls: u32, outcome: Outcome, fill: impl FnOnce(&mut Op, &mut History)) {
        self.recorder.with(|history, at| {
            let Some(mut op) = history.ops.get(self.place).copied() else {
                return;
            };
            op.returned = Some(at);
            op.polls = polls;
            op.outcome = outcome;
            fill(&mut op, history);
            if let Some(place) = history.ops.get_mut(self.place) {
                *place = op;
            }
        });
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if !self.ended {
            self.finish(1, Outcome::Cancelled, |_, _| {});
        }
    }
}

/// How a call that failed ended.
#[must_use]
pub fn failed(error: &Error) -> Outcome {
    match error.fate() {
        Fate::NotApplied => Outcome::NotApplied,
        _ => Outcome::Unknown,
    }
}

/// The error code of a server's refusal; 0 if it is none.
#[must_use]
pub fn code(error: &Error) -> i32 {
    let number = error.kind().number();
    if number < 0 { number } else { 0 }
}

/// A token as the zxid it is.
#[must_use]
pub const fn zxid(token: u64) -> Zxid {
    Zxid::from_raw(token as i64)
}
