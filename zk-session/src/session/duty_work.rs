//! Working duties off.
//!
//! A located node is deleted; if its name is others' as well, our own nodes are listed first. After a create of unknown fate comes, on a connection of the same session:
//! a barrier, because a plain read can miss a create that is still being decided; then the list of our
//! own nodes; then deletes. So it is after a delete of unknown fate under a name that is others' as well: a plain read can
//! still show our node, and a second delete would hit whoever comes after us. The barrier is an empty multi, which has to be committed: `sync` is answered
//! by a deposed leader and, with some settings, ahead of our own pending create.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::{ErrorCode, Moment, OpCode, Reader, Request, Response, SessionId};

use crate::connection::timers::Timer;
use crate::event::{Event, Obligation, Settlement};
use crate::ids::DutyId;
use crate::promises::duty::{Duty, Known, MadeBy, Work, child_prefix};
use crate::promises::looks::Look;
use crate::requests::purpose::{DutyStep, Purpose};
use crate::requests::queue::{Lane, Queued};
use crate::session::Session;
use crate::session::lifecycle::Break;

/// How long to wait after a server refused for the time being.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Session {
    /// Goes on with every duty that is due and idle: what was on the wire before comes first again.
    pub(crate) fn resume_duties(&mut self) {
        for id in self.duties.waiting() {
            self.work_off(id, Lane::Urgent);
        }
    }

    /// Does the next thing for a duty, if it is due and nothing is under way.
    pub(crate) fn work_off(&mut self, id: DutyId, lane: Lane) {
        let can_write = self.link.can_write();
        let Some(duty) = self.duties.get_mut(id) else {
            return;
        };
        if !duty.due || duty.work != Work::Idle {
            return;
        }
        match duty.known.clone() {
            Known::Nothing => self.settle(id, Settlement::Undone),
            Known::Unsent(create) => {
                if let Some(queued) = self.queue.remove_user(create) {
                    self.unqueue(&queued);
                    self.withdrawn(create);
                }
                self.settle(id, Settlement::Undone);
            }
            Known::InFlight(_) => {}
            Known::Expected | Known::Located(_) if duty.may_look_at_once() => {
                duty.work = Work::Asking;
                self.look_for(id, lane);
            }
            Known::Located(path) if duty.own_path().is_none() => {
                duty.work = Work::deleting(1, false);
                self.queue.push_in(lane, delete(id, path));
            }
            Known::Expected | Known::Located(_) | Known::Unknown if can_write => {
                duty.work = Work::Asking;
                let barrier = Request::Multi(Vec::new());
                self.ask(id, DutyStep::Barrier, barrier);
            }
            Known::Expected | Known::Located(_) | Known::Unknown => {}
        }
    }

    /// The create of a duty was answered.
    pub(crate) fn create_answered(
        &mut self,
        now: Moment,
        id: DutyId,
        op: OpCode,
        error: Option<ErrorCode>,
        body: &Bytes,
    ) {
        let Some(duty) = self.duties.get_mut(id) else {
            return;
        };
        if error.is_some() {
            duty.known = Known::Nothing;
        } else {
            match Response::decode(op, &mut Reader::new(body.clone())) {
                Ok(Response::Path(path) | Response::Created { path, .. })
                    if duty.may_be_at(&path) =>
                {
                    duty.known = Known::Located(path);
                }
                _ => {
                    duty.create_unknown();
                    self.give_up(
                        now,
                        Break::protocol(
                            "the reply to a create has no path, or another one than was asked for",
                        ),
                    );
                    return;
                }
            }
        }
        let own_path = duty.own_path().map(str::to_owned);
        self.work_off(id, Lane::Ordinary);
        if let Some(path) = own_path {
            self.work_off_at(&path);
        }
    }

    /// Goes on with the duties that waited for what another one makes at their path.
    pub(crate) fn work_off_at(&mut self, path: &str) {
        for id in self.duties.waiting_at(path) {
            self.work_off(id, Lane::Ordinary);
        }
    }

    /// A request of a duty was answered.
    pub(crate) fn duty_answered(
        &mut self,
        now: Moment,
        id: DutyId,
        step: DutyStep,
        error: Option<ErrorCode>,
        body: &Bytes,
    ) {
        match (step, error) {
            (DutyStep::Delete, _) => self.delete_answered(now, id, error),
            (DutyStep::Barrier, None) => self.look_for(id, Lane::Urgent),
            (DutyStep::CheckOwner, Some(ErrorCode::NoNode)) => self.settle_gone(id),
            (DutyStep::CheckOwner, Some(code @ ErrorCode::NoAuth)) => {
                self.settle(id, Settlement::Refused(code));
            }
            (DutyStep::CheckOwner, None) => match decode(OpCode::Exists, body) {
                Some(Response::Stat(stat)) => self.owner_known(id, stat.ephemeral_owner),
                _ => self.no_list(now, id, "the reply to exists has no Stat"),
            },
            (DutyStep::ListOwn, None) => match decode(OpCode::GetEphemerals, body) {
                Some(Response::Ephemerals(paths)) => self.delete_found(id, paths),
                _ => self.no_list(now, id, "the reply to getEphemerals has no list"),
            },
            (DutyStep::ListAll, None) => match decode(OpCode::GetChildren, body) {
                Some(Response::Children(names)) => self.delete_named(id, &names),
                _ => self.no_list(now, id, "the reply to getChildren has no list"),
            },
            (DutyStep::ListOwn, Some(ErrorCode::Unimplemented)) => {
                // The server closes the connection after this answer. Should it not, the barrier still
                // holds and the longer list will do.
                self.duties.no_own_list = true;
                self.look_for(id, Lane::Urgent);
            }
            (DutyStep::ListAll, Some(ErrorCode::NoNode)) => self.settle(id, Settlement::Absent),
            (DutyStep::ListAll, Some(code @ ErrorCode::NoAuth)) => {
                self.settle(id, Settlement::Refused(code));
            }
            (_, Some(_)) => self.try_later(now, id),
        }
    }

    /// A duty is over.
    pub(crate) fn settle(&mut self, id: DutyId, settled: Settlement) {
        if let Some(duty) = self.duties.remove(id) {
            if duty.again.is_none() {
                self.events.push_back(Event::Duty { id, settled });
            }
            if settled == Settlement::Absent {
                // What is absent was looked for, and the answer is what was heard last.
                self.missed(self.last_heard.unwrap_or(self.dialled_at), duty);
            }
        }
        self.advance_close();
    }

    /// The node of a duty whose create is unknown was not found: it may come all the same.
    pub(crate) fn missed(&mut self, now: Moment, duty: Duty) {
        if duty.known != Known::Unknown {
            return;
        }
        let (obligation, ephemeral) = (duty.obligation, duty.ephemeral);
        match duty.again {
            None => self.looks.missed(now, obligation, ephemeral),
            Some(pause) => self.looks.missed_again(now, obligation, ephemeral, pause),
        }
        self.schedule_looks();
    }

    pub(crate) fn schedule_looks(&mut self) {
        if let Some(at) = self.looks.next().filter(|_| self.link.is_ready()) {
            self.timers.set(Timer::Look, at);
        }
    }

    /// To be worked off with what is due.
    pub(crate) fn look_again(&mut self, looks: Vec<Look>) {
        for look in looks {
            let id = DutyId::from_raw(self.duty_ids.next());
            self.duties.insert(id, Duty::again(look));
        }
    }

    /// What was asked for a duty was answered with nonsense: the next server is asked.
    fn no_list(&mut self, now: Moment, id: DutyId, text: &str) {
        if let Some(duty) = self.duties.get_mut(id) {
            duty.work = Work::Idle;
        }
        self.give_up(now, Break::protocol(text));
    }

    /// Asks for the node: among our own where the servers tell, so that it need not be readable.
    fn look_for(&mut self, id: DutyId, lane: Lane) {
        let no_own_list = self.duties.no_own_list;
        let Some(duty) = self.duties.get(id) else {
            return;
        };
        let tells_own = duty.ephemeral && !no_own_list;
        let watch = false;
        let (step, request) = match (&duty.obligation, tells_own) {
            (Obligation::DeleteMarked { parent, .. }, true) => {
                let prefix = child_prefix(parent);
                (DutyStep::ListOwn, Request::GetEphemerals { prefix })
            }
            (Obligation::DeleteMarked { parent, .. }, false) => {
                let path = parent.clone();
                (DutyStep::ListAll, Request::GetChildren { path, watch })
            }
            (Obligation::DeleteOwn { path }, true) => {
                let prefix = path.clone();
                (DutyStep::ListOwn, Request::GetEphemerals { prefix })
            }
            (Obligation::DeleteOwn { path }, false) => {
                let path = path.clone();
                (DutyStep::CheckOwner, Request::Exists { path, watch })
            }
            (Obligation::Delete { .. }, _) => return,
        };
        let request = Queued::internal(request, Purpose::Duty(id, step));
        self.queue.push_in(lane, request);
    }

    /// Somebody has the node of a duty that deletes its own alone.
    fn owner_known(&mut self, id: DutyId, owner: SessionId) {
        let is_ours = self.session_id() == Some(owner);
        match self.obligation(id) {
            Some(Obligation::DeleteOwn { path }) if is_ours => {
                let path = path.clone();
                self.delete_found(id, vec![path]);
            }
            _ => self.settle_gone(id),
        }
    }

    /// There is no node of the duty any more.
    fn settle_gone(&mut self, id: DutyId) {
        let gone = self.duties.get(id).map_or(Settlement::Absent, Duty::gone);
        self.settle(id, gone);
    }

    fn delete_found(&mut self, id: DutyId, paths: Vec<String>) {
        let Some(duty) = self.duties.get(id) else {
            return;
        };
        let mut found = paths;
        found.retain(|path| duty.may_be_at(path));
        if !found.is_empty() {
            match self.duties.made_by(id) {
                MadeBy::This => {}
                MadeBy::Another => found.clear(),
                // The answer to that create works this off again.
                MadeBy::Undecided => {
                    if let Some(duty) = self.duties.get_mut(id) {
                        duty.work = Work::Idle;
                    }
                    return;
                }
            }
        }
        self.delete_all(id, found);
    }

    fn delete_named(&mut self, id: DutyId, names: &[String]) {
        let Some(Obligation::DeleteMarked { parent, mark }) = self.obligation(id) else {
            return;
        };
        let prefix = child_prefix(parent);
        let ours = |name: &&String| !name.contains('/') && name.contains(mark.as_str());
        let ours = names.iter().filter(ours);
        let found = ours.map(|name| format!("{prefix}{name}")).collect();
        self.delete_all(id, found);
    }

    fn delete_all(&mut self, id: DutyId, mut paths: Vec<String>) {
        // A mark is in one name. A server that lists thousands of them gets its deletes piece by piece.
        let more = paths.len() > MAX_DELETES;
        paths.truncate(MAX_DELETES);
        if paths.is_empty() {
            return self.settle_gone(id);
        }
        if let Some(duty) = self.duties.get_mut(id) {
            duty.work = Work::deleting(paths.len(), more);
        }
        for path in paths {
            self.queue.push_urgent(delete(id, path));
        }
    }

    fn delete_answered(&mut self, now: Moment, id: DutyId, error: Option<ErrorCode>) {
        let Some(duty) = self.duties.get_mut(id) else {
            return;
        };
        let Work::Deleting {
            left,
            deleted,
            refused,
            again,
        } = &mut duty.work
        else {
            return;
        };
        *left = left.saturating_sub(1);
        match error {
            None => *deleted = true,
            Some(ErrorCode::NoNode) => {}
            Some(code @ (ErrorCode::NoAuth | ErrorCode::NotEmpty | ErrorCode::BadArguments)) => {
                *refused = Some(code);
            }
            Some(_) => *again = true,
        }
        if *left > 0 {
            return;
        }
        let (deleted, refused, again) = (*deleted, *refused, *again);
        let gone = duty.gone();
        match refused {
            _ if again => self.try_later(now, id),
            Some(code) => self.settle(id, Settlement::Refused(code)),
            None if deleted => self.settle(id, Settlement::Deleted),
            None => self.settle(id, gone),
        }
    }

    /// The server cannot do it now: throttled, read-only, or its answer makes no sense.
    fn try_later(&mut self, now: Moment, id: DutyId) {
        if let Some(duty) = self.duties.get_mut(id) {
            duty.work = Work::Idle;
            self.timers.set(Timer::DutyRetry, now + RETRY_AFTER);
        }
    }

    fn ask(&mut self, id: DutyId, step: DutyStep, request: Request) {
        self.queue
            .push_urgent(Queued::internal(request, Purpose::Duty(id, step)));
    }

    fn obligation(&self, id: DutyId) -> Option<&Obligation> {
        self.duties.get(id).map(|duty| &duty.obligation)
    }
}

/// How many nodes of one mark are deleted before the list is asked for again.
const MAX_DELETES: usize = 64;

fn delete(id: DutyId, path: String) -> Queued {
    let request = Request::Delete { path, version: -1 };
    Queued::internal(request, Purpose::Duty(id, DutyStep::Delete))
}

fn decode(op: OpCode, body: &Bytes) -> Option<Response> {
    Response::decode(op, &mut Reader::new(body.clone())).ok()
}
