//! What a process of the bare harness writes into the history.

use std::time::Duration;

use zk_checkers::{
    Access, Belief, Conviction, Function, History, NodeKind, Note, NoteKind, Op, Outcome,
};
use zk_session::{Fate, Outcome as Answered};
use zk_wire::{Moment, SessionId, Stat, Zxid};

use crate::plan::Plan;
use crate::resource::Resource;
use crate::schedule::Phase;
use crate::world::World;

/// What surrounds a process at one moment.
pub(super) struct Scene<'a> {
    pub(super) now: Moment,
    pub(super) plan: &'a Plan,
    pub(super) world: &'a mut World,
    pub(super) history: &'a mut History,
    pub(super) resource: &'a Resource,
    /// Processes that entered a phase, for the nth time.
    pub(super) entered: &'a mut Vec<(usize, Phase, u64)>,
}

/// A hold that beliefs are about.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) process: u32,
    pub(super) lock: String,
    pub(super) node: String,
    pub(super) token: Zxid,
    pub(super) session: SessionId,
    /// False where the session was ended before its time: bounds in time were not made for that.
    pub(super) judged: bool,
}

impl Scene<'_> {
    /// A call begins; returns its place.
    pub(super) fn begin(
        &mut self,
        process: u32,
        (session, seen): (SessionId, Zxid),
        function: Function,
        path: &str,
        fill: impl FnOnce(&mut Op, &mut History),
    ) -> usize {
        let invoked = self.history.stamp(self.now);
        let path = self.history.text(path);
        let mut op = Op {
            process,
            function,
            path,
            invoked,
            session,
            seen,
            kind: NodeKind::Persistent,
            deadline: Some(invoked + self.plan.session * 2 - Duration::from_millis(1)),
            ..Op::default()
        };
        fill(&mut op, self.history);
        self.history.begin(op)
    }

    /// A call is over.
    pub(super) fn end(
        &mut self,
        place: usize,
        outcome: Outcome,
        fill: impl FnOnce(&mut Op, &mut History),
    ) {
        let returned = self.history.stamp(self.now);
        let Some(mut op) = self.history.ops.get(place).copied() else {
            return;
        };
        op.returned = Some(returned);
        op.polls = 1;
        op.outcome = outcome;
        fill(&mut op, self.history);
        if let Some(place) = self.history.ops.get_mut(place) {
            *place = op;
        }
    }

    /// A call has no result; `seen` is what its session had seen by then.
    pub(super) fn end_failed(&mut self, place: usize, answered: &Answered, seen: Zxid) {
        let (outcome, error) = failed(answered);
        self.end(place, outcome, |op, _| {
            op.error = error;
            op.at = seen;
        });
    }

    /// What a process believes of its hold.
    pub(super) fn belief(&mut self, hold: &Hold, says: Conviction, safe_for: Option<Duration>) {
        let over = matches!(says, Conviction::Lost | Conviction::Released);
        if !hold.judged && !over {
            return;
        }
        let at = self.history.stamp(self.now);
        let belief = Belief {
            process: hold.process,
            recipe: self.history.text(&hold.lock),
            lock: self.history.text(&hold.lock),
            token: hold.token,
            node: self.history.text(&hold.node),
            session: hold.session,
            says,
            at,
            safe_for,
        };
        self.history.beliefs.push(belief);
    }

    /// A process uses the outside resource of a lock.
    pub(super) fn access(&mut self, hold: &Hold, lock: usize, checked: bool) {
        let token = u64::try_from(hold.token.as_raw()).unwrap_or(0);
        let accepted = self.resource.write(lock, token, checked);
        let resource = if checked { "checked" } else { "unchecked" };
        let resource = format!("{}:{resource}", hold.lock);
        let at = self.history.stamp(self.now);
        let access = Access {
            process: hold.process,
            recipe: self.history.text(&hold.lock),
            resource: self.history.text(&resource),
            token: hold.token,
            checked,
            accepted,
            at,
        };
        self.history.accesses.push(access);
    }

    /// Something became of a process or its session.
    pub(super) fn note(&mut self, process: u32, session: SessionId, what: NoteKind) {
        let at = self.history.stamp(self.now);
        self.history.notes.push(Note {
            process,
            session,
            what,
            at,
            server: 0,
        });
    }
}

/// How a call without a result ended: its outcome, and the server's code if it said no.
pub(super) fn failed(answered: &Answered) -> (Outcome, i32) {
    match answered {
        Answered::Reply {
            result: Err(code), ..
        } => (Outcome::NotApplied, code.raw()),
        Answered::Reply { result: Ok(_), .. } => (Outcome::Ok, 0),
        Answered::Failed { fate, .. } => match fate {
            Fate::NotApplied => (Outcome::NotApplied, 0),
            Fate::Unknown => (Outcome::Unknown, 0),
        },
    }
}

/// Fills in what a Stat tells.
pub(super) fn with_stat(op: &mut Op, stat: &Stat) {
    op.version = Some(stat.version);
    op.czxid = stat.czxid;
    op.mzxid = stat.mzxid;
    op.owner = stat.ephemeral_owner;
    if op.function == Function::Set {
        // A write is answered at its own place.
        op.at = stat.mzxid;
    }
}
