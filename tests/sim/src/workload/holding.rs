//! Acquiring, holding and giving back, whatever the recipe.

use std::time::Duration;

use zk_checkers::{Conviction, Function, Note, Outcome};
use zk_client::{Error, ErrorKind, path};
use zk_recipes::Held;
use zk_wire::{SessionId, Zxid};

use super::belief::Belief;
use super::guard::Guard;
use super::{Application, Planned, is_end, lock_number};
use crate::actor::Called;
use crate::recorder::{OpenCall, code, failed, zxid};
use crate::schedule::{Action, Call, Phase};

/// The directory of a hold's node: what its calls and beliefs are about.
pub(super) fn home(held: &Held) -> &str {
    path::parent(held.node()).unwrap_or("/")
}

impl Application {
    /// Something that has its contenders' nodes below `path` is asked for.
    pub(super) fn begin_acquire(
        &self,
        function: Function,
        path: &str,
        limit: Option<Duration>,
    ) -> OpenCall {
        self.begin(function, path, |op, history| {
            op.recipe = history.text(path);
            op.deadline = limit.map(|limit| op.invoked + limit);
        })
    }

    /// An acquisition is over; the guard if it got one. Its parts answer the calls in turn; what is left over answers the
    /// first.
    pub(super) fn acquired<G: Guard>(
        &self,
        calls: Vec<OpenCall>,
        called: Called<Result<Option<G>, Error>>,
    ) -> Option<G> {
        match called {
            Called::Returned(Ok(Some(guard)), polls) => {
                self.granted(calls, polls, &guard.helds());
                return Some(guard);
            }
            Called::Returned(Ok(None), polls) => {
                for call in calls {
                    call.end(polls, Outcome::NotApplied, |_, _| {});
                }
            }
            Called::Returned(Err(error), polls) => {
                for call in calls {
                    self.end_refused(call, polls, &error);
                }
            }
            Called::Dropped(polls) => {
                for call in calls {
                    call.end(polls, Outcome::Cancelled, |_, _| {});
                }
            }
        }
        None
    }

    fn granted(&self, calls: Vec<OpenCall>, polls: u32, helds: &[Held]) {
        let mut helds = helds.iter();
        let mut first = None;
        for (call, held) in calls.into_iter().zip(helds.by_ref()) {
            first.get_or_insert_with(|| call.place());
            self.end_granted(call, polls, held);
        }
        for (held, first) in helds.zip(first.into_iter().cycle()) {
            self.end_granted(self.actor.recorder.again(first), polls, held);
        }
    }

    pub(super) fn end_refused(&self, call: OpenCall, polls: u32, error: &Error) {
        let timed_out = matches!(
            error.kind(),
            ErrorKind::AcquireTimedOut | ErrorKind::TimedOut
        );
        let outcome = if timed_out {
            // Whatever was sent is taken back: that nothing stays is for the checkers to see.
            Outcome::NotApplied
        } else {
            failed(error)
        };
        call.end(polls, outcome, |op, _| op.error = code(error));
    }

    /// A grant has been returned.
    pub(super) fn end_granted(&self, call: OpenCall, polls: u32, held: &Held) {
        let session = self.session_of(held);
        let token = self.token_of(held);
        let seen = self.actor.wire.look(|world| world.seen(self.actor.index));
        call.end(polls, Outcome::Ok, |op, history| {
            op.session = session;
            op.at = seen.of(session);
            op.reply = history.text(held.node());
            op.token = zxid(token);
            op.czxid = zxid(token);
            if token != held.token() {
                op.mzxid = zxid(held.token());
            }
        });
    }

    /// What tells a hold from all others: its token, or where that is something else, the creation of its node.
    pub(super) fn token_of(&self, held: &Held) -> u64 {
        if !self.plan.recipe.counts_terms() {
            return held.token();
        }
        self.made(held)
            .map_or(0, |(zxid, _)| zxid.as_raw().unsigned_abs())
    }

    /// Who made the node of a hold, as the servers know it.
    fn made(&self, held: &Held) -> Option<(Zxid, SessionId)> {
        let chronicle = self.actor.wire.chronicle();
        let history = &chronicle.history;
        let node = history.texts.find(held.node().as_bytes());
        let mut changes = history.truth.changes.iter().rev();
        let made = changes.find(|change| Some(change.path) == node && !change.owner.is_none());
        made.map(|change| (change.zxid, change.owner))
    }

    /// The session that a hold is on: the current one, unless the hold was lost before its holder could look.
    pub(super) fn session_of(&self, held: &Held) -> SessionId {
        let current = self.session();
        if held.is_held() {
            return current;
        }
        let owner = self.made(held).map_or(current, |(_, owner)| owner);
        let process = self.process();
        let of = |note: &Note| note.process == process && note.session == owner;
        let chronicle = self.actor.wire.chronicle();
        let is_known = chronicle.history.notes.iter().any(of);
        if is_known { owner } else { current }
    }

    pub(super) fn begin_release(&self, held: &Held) -> OpenCall {
        let session = self.session_of(held);
        let token = self.token_of(held);
        self.begin(Function::Release, home(held), |op, history| {
            op.recipe = history.text(home(held));
            op.reply = history.text(held.node());
            op.token = zxid(token);
            op.session = session;
        })
    }

    pub(super) fn believe(&self, held: &Held) -> Belief {
        Belief::new(
            &self.actor,
            held,
            self.token_of(held),
            self.session_of(held),
        )
    }

    /// Works under a guard and ends it in one of the ways there are.
    pub(super) async fn work_with<G: Guard>(&mut self, guard: G) {
        let helds = guard.helds();
        let beliefs: Vec<Belief> = helds.iter().map(|held| self.believe(held)).collect();
        self.actor.enter(Phase::Holding);
        self.work(&helds, &beliefs).await;
        self.end_with(guard, &helds, &beliefs).await;
    }

    /// Ends a guard in one of the ways there are.
    pub(super) async fn end_with<G: Guard>(
        &mut self,
        guard: G,
        helds: &[Held],
        beliefs: &[Belief],
    ) {
        let released = || beliefs.iter().for_each(Belief::released);
        let drawn = self.rng.percent(20).then_some(Action::DropGuard);
        match self.actor.take_guard_fate().or(drawn) {
            Some(Action::LeakGuard) => {
                std::mem::forget(guard);
                beliefs.iter().for_each(Belief::leaked);
                self.leaked = true;
            }
            Some(Action::PanicHolding) => {
                released();
                let _guard = guard;
                std::panic::resume_unwind(Box::new(Planned));
            }
            Some(_) => {
                released();
                drop(guard);
            }
            None => {
                self.actor.enter(Phase::Releasing);
                released();
                let calls: Vec<OpenCall> =
                    helds.iter().map(|held| self.begin_release(held)).collect();
                let called = self.actor.call(Call::Release, guard.give_back()).await;
                for call in calls {
                    match &called {
                        Called::Returned(Ok(released), polls) => {
                            // What had been lost before is not given back.
                            let outcome = if released.was_held {
                                Outcome::Ok
                            } else {
                                Outcome::NotApplied
                            };
                            call.end(*polls, outcome, |_, _| {});
                        }
                        Called::Returned(Err(error), polls) => {
                            call.end(*polls, failed(error), |op, _| op.error = code(error));
                        }
                        Called::Dropped(polls) => {
                            call.end(*polls, Outcome::Cancelled, |_, _| {});
                        }
                    }
                }
            }
        }
    }

    /// The work that something is held for.
    pub(super) async fn work(&mut self, helds: &[Held], beliefs: &[Belief]) {
        let look = || {
            let says: Vec<Conviction> = beliefs.iter().map(Belief::look).collect();
            let any = |one: Conviction| says.contains(&one);
            (any(Conviction::Lost), any(Conviction::Doubt))
        };
        for _ in 0..self.rng.between(1, 4) {
            let (lost, doubts) = look();
            if lost {
                return;
            }
            match self.rng.below(4) {
                // What everybody does: look, then act, with whatever happens in between.
                0 if !doubts => {
                    self.pause(Duration::from_millis(8)).await;
                    self.use_resources(helds, false);
                }
                1 => {
                    self.pause(Duration::from_millis(8)).await;
                    self.use_resources(helds, true);
                }
                2 => {
                    for held in helds {
                        let goes_on = self.fenced_set(held).await;
                        if !goes_on {
                            return;
                        }
                    }
                }
                _ => {}
            }
            let work = self.plan.work;
            self.pause(work).await;
        }
        look();
    }

    /// Uses what the holds protect, but for those whose tokens are no fences.
    fn use_resources(&self, helds: &[Held], checked: bool) {
        for held in helds.iter().filter(|held| !held.is_shared()) {
            let lock = lock_number(held.path());
            let accepted = self.resource.write(lock, held.token(), checked);
            let recorder = &self.actor.recorder;
            recorder.access(self.process(), held.path(), held.token(), checked, accepted);
        }
    }

    /// Writes to ZooKeeper under the fence; false if the client has ended.
    async fn fenced_set(&mut self, held: &Held) -> bool {
        let path = super::guarded_path(lock_number(held.path()));
        let value = self.fresh_value();
        let token = self.token_of(held);
        let call = self.begin(Function::Set, &path, |op, history| {
            op.data = history.data(value.as_bytes());
            op.guard = history.text(held.node());
            op.token = zxid(token);
        });
        let set = self.client.set(&path, value).fenced_by(held);
        let called = self.actor.call(Call::FencedSet, set).await;
        let ended = matches!(&called, Called::Returned(Err(error), _) if is_end(error.kind()));
        self.end(call, called, |op, history, stat| {
            super::registers::written(op, history, stat);
        });
        !ended
    }
}

/// What a process asks for once everything was healed.
impl Application {
    /// Gets what is free for whoever asks now.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) async fn insist<G, A>(
        &self,
        function: Function,
        path: &str,
        acquire: A,
    ) -> Result<G, String>
    where
        G: Guard,
        A: IntoFuture<Output = Result<G, Error>>,
    {
        let call = self.begin_acquire(function, path, None);
        self.insist_on_all(vec![call], acquire).await
    }

    /// The same, with a record of its own.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) async fn insist_on<G, A>(&self, call: OpenCall, acquire: A) -> Result<G, String>
    where
        G: Guard,
        A: IntoFuture<Output = Result<G, Error>>,
    {
        self.insist_on_all(vec![call], acquire).await
    }

    /// The same, of something that has several parts.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) async fn insist_on_all<G, A>(
        &self,
        calls: Vec<OpenCall>,
        acquire: A,
    ) -> Result<G, String>
    where
        G: Guard,
        A: IntoFuture<Output = Result<G, Error>>,
    {
        match acquire.await {
            Ok(guard) => {
                self.granted(calls, 1, &guard.helds());
                Ok(guard)
            }
            Err(error) => {
                for call in calls {
                    self.end_refused(call, 1, &error);
                }
                Err(format!("it is not to be had: {error}"))
            }
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub(super) async fn give_back_at_last<G: Guard>(&self, guard: G) -> Result<(), String> {
        let helds = guard.helds();
        let calls: Vec<OpenCall> = helds.iter().map(|held| self.begin_release(held)).collect();
        let released = guard.give_back().await;
        for call in calls {
            match &released {
                Ok(_) => call.end(1, Outcome::Ok, |_, _| {}),
                Err(error) => call.end(1, failed(error), |op, _| op.error = code(error)),
            }
        }
        released
            .map(drop)
            .map_err(|error| format!("release: {error}"))
    }
}
