//! Promises: making, keeping and returning them.

use zk_wire::Moment;

use crate::event::Obligation;
use crate::ids::DutyId;
use crate::promises::duty::{Duty, Known, Work};
use crate::requests::purpose::Purpose;
use crate::requests::queue::Lane;
use crate::session::Session;

impl Session {
    /// Promises to clean up, to be called *before* the create that makes it necessary is submitted. The
    /// duty is armed: nothing happens until [`perform`](Self::perform).
    ///
    /// The id of the create's [`Submit`](crate::Submit) ties both together, so that the session learns the
    /// node's path from the reply. Never refused, whatever is queued: a promise that cannot be made leaves
    /// a node behind. In a terminal state the duty is moot and [`Event::Duty`](crate::Event::Duty) says
    /// nothing about it.
    pub fn oblige(&mut self, obligation: Obligation) -> DutyId {
        let id = DutyId::from_raw(self.duty_ids.next());
        if !self.state.is_terminal() {
            self.duties.insert(id, Duty::new(obligation));
        }
        id
    }

    /// The owner is about to submit a transaction that may make the node, to be called before that. Until the owner says
    /// [where it is](Self::locate), or that [there is none](Self::discharge), the session looks for it when the duty is
    /// performed: behind the transaction on the same connection, behind a barrier on a later one. Ignored once the duty has a
    /// create of its own.
    pub fn expect(&mut self, id: DutyId) {
        let Some(duty) = self.duties.get_mut(id) else {
            return;
        };
        if duty.known == Known::Nothing && !duty.due {
            duty.known = Known::Expected;
        }
    }

    /// The owner found the node of a create whose fate was unknown.
    pub fn locate(&mut self, _now: Moment, id: DutyId, path: impl Into<String>) {
        if let Some(duty) = self.duties.get_mut(id) {
            duty.known = Known::Located(path.into());
            self.work_off(id, Lane::Ordinary);
        }
    }

    /// Works the duty off, now and on later connections of this session until it is done;
    /// [`Event::Duty`](crate::Event::Duty) tells how. A hold on its node ends.
    ///
    /// A located node is deleted at once, in the same write as whatever is queued. A create that has not
    /// left yet never will. Of a create on the wire the reply is awaited first, and after an unknown one
    /// the session asks the servers what became of it.
    pub fn perform(&mut self, now: Moment, id: DutyId) {
        let Some(duty) = self.duties.get_mut(id).filter(|duty| !duty.due) else {
            return;
        };
        duty.due = true;
        self.release_hold(now, id);
        self.work_off(id, Lane::Ordinary);
    }

    /// Takes the promise back: the owner proved that there is no node, or takes care of it.
    pub fn discharge(&mut self, now: Moment, id: DutyId) {
        self.release_hold(now, id);
        let Some(duty) = self.duties.remove(id) else {
            return;
        };
        if duty.work != Work::Idle {
            self.queue.retain_internal(
                |purpose| !matches!(purpose, Purpose::Duty(other, _) if *other == id),
            );
        }
        if let Some(path) = duty.own_path() {
            self.work_off_at(path);
        }
        self.missed(now, duty);
        self.advance_close();
    }

    /// The duty's node is held from now on, until [`perform`](Self::perform) or
    /// [`discharge`](Self::discharge): the session confirms that it lives and that the node is there.
    /// Returns whether it is; without a located node there is nothing to hold.
    pub fn hold(&mut self, now: Moment, id: DutyId) -> bool {
        let Some(duty) = self.duties.get(id).filter(|duty| !duty.due) else {
            return false;
        };
        let Known::Located(path) = &duty.known else {
            return false;
        };
        self.holds.insert(now, id, path.clone());
        self.schedule_confirms(now);
        self.judge_doubt(now);
        true
    }

    /// Tells whether the owner has a watch on a held node. While it has none, the node is checked in every round,
    /// whatever else is committed meanwhile.
    pub fn set_watched(&mut self, now: Moment, id: DutyId, watched: bool) {
        self.holds.set_watched(id, watched);
        self.schedule_confirms(now);
    }

    /// The path of a duty's node, once it is known.
    #[must_use]
    pub fn located(&self, id: DutyId) -> Option<&str> {
        match &self.duties.get(id)?.known {
            Known::Located(path) => Some(path),
            _ => None,
        }
    }

    fn release_hold(&mut self, now: Moment, id: DutyId) {
        if self.holds.remove(id).is_some() {
            self.schedule_confirms(now);
            self.judge_doubt(now);
        }
    }
}
