//! The way into a lock, over as many nodes as it takes.

use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_session::Event;
use zk_wire::Zxid;

use super::contender::{Contender, Progress};
use super::journal::{Hold, Scene};
use super::state::{Acquiring, Doing, Process};
use crate::paths::lock_path;
use crate::schedule::Phase;

impl Process {
    pub(super) fn acquire(
        &mut self,
        scene: &mut Scene<'_>,
        lock: usize,
        (waits, limit): (bool, Option<Duration>),
        last: bool,
    ) {
        self.enter(scene, Phase::Acquiring);
        let path = lock_path(lock);
        let limit = limit.map(|limit| scene.now + limit);
        let function = if waits {
            Function::Acquire
        } else {
            Function::TryAcquire
        };
        let place = scene.begin(
            self.number(),
            self.view(),
            function,
            &path,
            |op, history| {
                op.recipe = history.text(&path);
                op.deadline = limit;
            },
        );
        let acquiring = Acquiring {
            lock,
            place,
            waits,
            limit,
            cancel: self.cancel.take(),
            last,
        };
        self.attempt(scene, acquiring);
    }

    /// One more node for an acquisition.
    pub(super) fn attempt(&mut self, scene: &mut Scene<'_>, acquiring: Acquiring) {
        let mut chance = [0; 16];
        for half in chance.chunks_mut(8) {
            half.copy_from_slice(&self.rng.next().to_le_bytes());
        }
        let (now, lock) = (scene.now, lock_path(acquiring.lock));
        let entered = Contender::enter(
            &mut self.client,
            now,
            &lock,
            self.layout,
            chance,
            acquiring.waits,
        );
        self.doing = match entered {
            Some(contender) => Doing::Acquiring(Box::new(contender), acquiring),
            // Closing: what is next is told with the end of the session.
            None => Doing::Connecting(Some(acquiring)),
        };
    }

    pub(super) fn contender_heeds(
        &mut self,
        scene: &mut Scene<'_>,
        mut contender: Contender,
        mut acquiring: Acquiring,
        event: &Event,
    ) {
        let progress = contender.heed(&mut self.client, scene.now, event);
        if let Some(left) = acquiring.cancel {
            acquiring.cancel = left.checked_sub(1);
            if left <= 1 && progress != Progress::Granted {
                self.give_up(scene, contender, acquiring, Outcome::Cancelled);
                return;
            }
        }
        match progress {
            Progress::Goes => self.doing = Doing::Acquiring(Box::new(contender), acquiring),
            Progress::Granted => self.granted(scene, contender, acquiring),
            Progress::Behind => self.give_up(scene, contender, acquiring, Outcome::NotApplied),
            Progress::Again | Progress::Gone => {
                contender.leave(&mut self.client, scene.now);
                if self.client.session.state().is_terminal() {
                    self.doing = Doing::Acquiring(Box::new(contender), acquiring);
                } else {
                    self.attempt(scene, acquiring);
                }
            }
            Progress::Refused(code) => {
                let place = acquiring.place;
                self.give_up(scene, contender, acquiring, Outcome::NotApplied);
                if let Some(op) = scene.history.ops.get_mut(place) {
                    op.error = code;
                }
            }
        }
    }

    pub(super) fn give_up(
        &mut self,
        scene: &mut Scene<'_>,
        mut contender: Contender,
        acquiring: Acquiring,
        outcome: Outcome,
    ) {
        contender.leave(&mut self.client, scene.now);
        scene.end(acquiring.place, outcome, |_, _| {});
        if acquiring.last {
            self.wishes.push(acquiring.lock);
        }
        self.rest(scene);
    }

    fn granted(&mut self, scene: &mut Scene<'_>, contender: Contender, acquiring: Acquiring) {
        let (session, at) = self.view();
        scene.end(acquiring.place, Outcome::Ok, |op, history| {
            op.session = session;
            op.seen = Zxid::NONE;
            op.at = at;
            op.reply = history.text(&contender.node);
            op.token = contender.token;
            op.czxid = contender.token;
        });
        let hold = Hold {
            process: self.number(),
            lock: contender.lock.clone(),
            node: contender.node.clone(),
            token: contender.token,
            session,
            judged: !self.doomed.contains(&session),
        };
        self.holds(scene, contender, hold, (acquiring.lock, acquiring.last));
    }
}
