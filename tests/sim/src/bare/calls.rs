//! What a process does, from one call to the next.

use std::time::Duration;

use zk_checkers::{Outcome, WatchKind};
use zk_session::Event;
use zk_wire::Moment;

use super::journal::Scene;
use super::state::{Doing, Process, Then};
use crate::schedule::Phase;

impl Process {
    /// Does what is due now; false if nothing is.
    pub(super) fn go_on(&mut self, scene: &mut Scene<'_>) -> bool {
        let session = &self.client.session;
        let connected = session.state().is_connected() && !session.is_closing();
        let due = self.doing.until().is_some_and(|until| until <= scene.now);
        match std::mem::replace(&mut self.doing, Doing::Over) {
            Doing::Connecting(acquiring) if connected => match acquiring {
                Some(acquiring) => self.attempt(scene, acquiring),
                None => self.rest(scene),
            },
            Doing::Connecting(Some(acquiring)) if due => {
                scene.end(acquiring.place, Outcome::NotApplied, |_, _| {});
                self.doing = Doing::Connecting(None);
            }
            Doing::Idle(_) if due => self.next_call(scene),
            Doing::Watching(watching) if due => {
                self.tell(scene, watching, WatchKind::Dropped, None);
                let now = self.client.local(scene.now);
                self.client.session.forget_watch(now, watching.watch);
                self.rest(scene);
            }
            Doing::Acquiring(contender, acquiring) if due => {
                self.give_up(scene, *contender, acquiring, Outcome::NotApplied);
            }
            Doing::Holding(holding) if due => self.work(scene, *holding),
            other => {
                self.doing = other;
                return false;
            }
        }
        true
    }

    /// Takes an event of the session.
    pub(super) fn take(&mut self, scene: &mut Scene<'_>, event: &Event) {
        match std::mem::replace(&mut self.doing, Doing::Over) {
            Doing::Reading(call, then) => self.read_answered(scene, call, then, event),
            Doing::Writing(call) => self.write_answered(scene, call, event),
            Doing::Watching(watching) => self.watch_heeds(scene, watching, event),
            Doing::Acquiring(contender, acquiring) => {
                self.contender_heeds(scene, *contender, acquiring, event);
            }
            Doing::Holding(holding) => self.holder_heeds(scene, *holding, event),
            Doing::Releasing(releasing) => self.releaser_heeds(scene, releasing, event),
            other => self.doing = other,
        }
    }

    /// The session is over, and every request of it has been told of.
    pub(super) fn call_over(&mut self, scene: &mut Scene<'_>, closed: bool) {
        match std::mem::replace(&mut self.doing, Doing::Connecting(None)) {
            Doing::Acquiring(_, acquiring) | Doing::Connecting(Some(acquiring)) if !closed => {
                self.doing = Doing::Connecting(Some(acquiring));
            }
            Doing::Acquiring(_, acquiring) | Doing::Connecting(Some(acquiring)) => {
                scene.end(acquiring.place, Outcome::NotApplied, |_, _| {});
            }
            Doing::Holding(holding) => self.hold_over(scene, *holding),
            Doing::Watching(watching) => self.tell(scene, watching, WatchKind::Ended, None),
            _ => {}
        }
    }

    /// Nothing for a while.
    pub(super) fn rest(&mut self, scene: &mut Scene<'_>) {
        self.enter(scene, Phase::Idle);
        self.doing = Doing::Idle(self.later(scene, scene.plan.think));
    }

    /// Up to that much later.
    pub(super) fn later(&mut self, scene: &Scene<'_>, longest: Duration) -> Moment {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(0).max(1);
        scene.now + Duration::from_millis(self.rng.between(1, longest))
    }

    /// A value that nobody else writes.
    pub(super) fn fresh_value(&mut self) -> String {
        self.values += 1;
        format!("{}.{}", self.number(), self.values)
    }

    fn next_call(&mut self, scene: &mut Scene<'_>) {
        if self.draining {
            match self.wishes.pop() {
                Some(lock) => self.acquire(scene, lock, (true, None), true),
                None => self.read(scene, 0, Then::Close),
            }
            return;
        }
        let Some(left) = self.calls.checked_sub(1) else {
            // Asks again whether the end has come.
            self.doing = Doing::Idle(scene.now + Duration::from_millis(50));
            return;
        };
        self.calls = left;
        if self.rng.percent(scene.plan.lock_percent) {
            let lock = self.pick(scene.plan.locks);
            match self.rng.below(10) {
                0..6 => self.acquire(scene, lock, (true, None), false),
                6..8 => {
                    let limit = Duration::from_millis(self.rng.between(1, 1500));
                    self.acquire(scene, lock, (true, Some(limit)), false);
                }
                _ => self.acquire(scene, lock, (false, None), false),
            }
            return;
        }
        let register = self.pick(scene.plan.registers);
        match self.rng.below(10) {
            0..4 => self.read(scene, register, Then::Nothing),
            4..6 => self.write(scene, register, None),
            6..8 => self.read(scene, register, Then::Set),
            _ => self.watch(scene, register),
        }
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.below(count as u64)).unwrap_or(0)
    }
}
