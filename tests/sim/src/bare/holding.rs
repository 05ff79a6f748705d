//! What is done under a lock, and how it ends.

use std::time::Duration;

use zk_checkers::{Conviction, Function, Outcome};
use zk_session::{Event, Settlement};
use zk_wire::{MultiOp, MultiResult, OpCode, Request, Response};

use super::contender::{Contender, Progress, answer};
use super::journal::{Hold, Scene, with_stat};
use super::state::{Call, Doing, Holding, Process, Releasing};
use crate::paths::guarded_path;
use crate::schedule::{Action, Phase};

impl Process {
    /// A lock is held from now on. At the very end nothing is done with it.
    pub(super) fn holds(
        &mut self,
        scene: &mut Scene<'_>,
        contender: Contender,
        hold: Hold,
        (lock, last): (usize, bool),
    ) {
        self.enter(scene, Phase::Holding);
        let left = if last { 0 } else { self.rng.between(1, 4) };
        let holding = Holding {
            contender,
            hold,
            call: None,
            lock,
            until: scene.now,
            left,
            use_next: None,
            lost: false,
        };
        self.look(scene, &holding);
        self.doing = Doing::Holding(Box::new(holding));
    }

    /// What the holder believes now.
    fn look(&self, scene: &mut Scene<'_>, holding: &Holding) -> Conviction {
        let now = self.client.local(scene.now);
        let safe_until = self.client.session.safe_until();
        let safe_for = safe_until
            .filter(|until| *until > now)
            .map(|until| until - now);
        let says = if holding.lost || self.client.session.state().is_terminal() {
            Conviction::Lost
        } else if safe_for.is_some() {
            Conviction::Safe
        } else {
            Conviction::Doubt
        };
        scene.belief(
            &holding.hold,
            says,
            safe_for.filter(|_| says == Conviction::Safe),
        );
        says
    }

    /// The next thing under the lock, or its end.
    pub(super) fn work(&mut self, scene: &mut Scene<'_>, mut holding: Holding) {
        if let Some(checked) = holding.use_next.take() {
            scene.access(&holding.hold, holding.lock, checked);
            holding.until = self.later(scene, scene.plan.work);
            self.doing = Doing::Holding(Box::new(holding));
            return;
        }
        let believes = self.look(scene, &holding);
        if believes == Conviction::Lost {
            self.hold_over(scene, holding);
            self.rest(scene);
            return;
        }
        let Some(left) = holding.left.checked_sub(1) else {
            self.give_back(scene, holding);
            return;
        };
        holding.left = left;
        match self.rng.below(4) {
            // What everybody does: look, then act, with whatever happens in between.
            0 if believes != Conviction::Doubt => {
                holding.use_next = Some(false);
                holding.until = self.later(scene, Duration::from_millis(8));
            }
            1 => {
                holding.use_next = Some(true);
                holding.until = self.later(scene, Duration::from_millis(8));
            }
            2 => self.fenced_set(scene, &mut holding),
            _ => holding.until = self.later(scene, scene.plan.work),
        }
        self.doing = Doing::Holding(Box::new(holding));
    }

    fn fenced_set(&mut self, scene: &mut Scene<'_>, holding: &mut Holding) {
        let path = guarded_path(holding.lock);
        let value = self.fresh_value();
        let (node, token) = (holding.hold.node.clone(), holding.hold.token);
        let place = scene.begin(
            self.number(),
            self.view(),
            Function::Set,
            &path,
            |op, history| {
                op.data = history.data(value.as_bytes());
                op.guard = history.text(&node);
                op.token = token;
            },
        );
        let ops = vec![
            MultiOp::Check {
                path: node,
                version: -1,
            },
            MultiOp::SetData {
                path,
                data: Some(value.into()),
                version: -1,
            },
        ];
        let submit = self.limited(scene);
        match self.client.submit(scene.now, Request::Multi(ops), submit) {
            Some(id) => holding.call = Some(Call { id, place }),
            None => scene.end(place, Outcome::NotApplied, |_, _| {}),
        }
        holding.until = self.later(scene, scene.plan.work);
    }

    pub(super) fn holder_heeds(
        &mut self,
        scene: &mut Scene<'_>,
        mut holding: Holding,
        event: &Event,
    ) {
        if let (Event::Done { id, outcome }, Some(call)) = (event, holding.call) {
            if *id == call.id {
                holding.call = None;
                holding.until = self.later(scene, scene.plan.work);
                self.fenced_answered(scene, call, outcome);
            }
        }
        let progress = holding.contender.heed(&mut self.client, scene.now, event);
        let ours = matches!(event, Event::Duty { id, .. } if *id == holding.contender.duty);
        if progress == Progress::Gone || ours {
            holding.lost = true;
            holding.until = holding.until.min(scene.now);
        }
        self.doing = Doing::Holding(Box::new(holding));
    }

    fn fenced_answered(&self, scene: &mut Scene<'_>, call: Call, outcome: &zk_session::Outcome) {
        let Some(Response::Multi(results)) = answer(OpCode::Multi, outcome) else {
            return scene.end_failed(call.place, outcome, self.view().1);
        };
        match results.as_slice() {
            [_, MultiResult::Set(stat)] => {
                let session = self.session;
                scene.end(call.place, Outcome::Ok, |op, _| {
                    op.session = session;
                    with_stat(op, stat);
                });
            }
            _ => scene.end(call.place, Outcome::NotApplied, |_, _| {}),
        }
    }

    /// The hold has come to an end by itself.
    pub(super) fn hold_over(&mut self, scene: &mut Scene<'_>, mut holding: Holding) {
        if let Some(call) = holding.call {
            scene.end(call.place, Outcome::Unknown, |_, _| {});
        }
        scene.belief(&holding.hold, Conviction::Lost, None);
        holding.contender.leave(&mut self.client, scene.now);
    }

    fn give_back(&mut self, scene: &mut Scene<'_>, mut holding: Holding) {
        let drawn = self.rng.percent(20).then_some(Action::DropGuard);
        let fate = self.guard_fate.take().or(drawn).filter(|_| !self.draining);
        self.enter(scene, Phase::Releasing);
        scene.belief(&holding.hold, Conviction::Released, None);
        let hold = holding.hold;
        let place = fate.is_none().then(|| {
            let view = (hold.session, self.view().1);
            scene.begin(
                self.number(),
                view,
                Function::Release,
                &hold.lock,
                |op, history| {
                    op.recipe = history.text(&hold.lock);
                    op.reply = history.text(&hold.node);
                    op.token = hold.token;
                },
            )
        });
        holding.contender.leave(&mut self.client, scene.now);
        if place.is_some() {
            let duty = holding.contender.duty;
            self.doing = Doing::Releasing(Releasing { duty, place });
        } else {
            self.rest(scene);
        }
    }

    pub(super) fn releaser_heeds(
        &mut self,
        scene: &mut Scene<'_>,
        releasing: Releasing,
        event: &Event,
    ) {
        match event {
            Event::Duty { id, settled } if *id == releasing.duty => {
                let outcome = match settled {
                    Settlement::Deleted => Outcome::Ok,
                    // What had been lost before is not given back.
                    _ => Outcome::NotApplied,
                };
                if let Some(place) = releasing.place {
                    scene.end(place, outcome, |_, _| {});
                }
                self.rest(scene);
            }
            _ => self.doing = Doing::Releasing(releasing),
        }
    }
}
