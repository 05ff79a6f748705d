//! Locks: taken, tried, waited for with a limit, held, and given back or not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zk_checkers::{Conviction, Function, Outcome};
use zk_client::{Error, ErrorKind};
use zk_recipes::{Held, HoldError, LockGuard};
use zk_wire::SessionId;

use super::guard::Belief;
use super::{Application, Planned, is_end, lock_path};
use crate::actor::Called;
use crate::recorder::{OpenCall, code, failed, zxid};
use crate::schedule::{Action, Call, Phase};

impl Application {
    /// One use of a lock.
    pub(super) async fn use_lock(&mut self) {
        let lock = self.pick(self.plan.locks);
        match self.rng.below(10) {
            0..5 => self.acquire(lock, None).await,
            5..7 => {
                let limit = Duration::from_millis(self.rng.between(1, 1500));
                self.acquire(lock, Some(limit)).await;
            }
            7 => self.try_acquire(lock).await,
            _ => self.hold(lock).await,
        }
    }

    /// A lock is free for whoever asks now.
    pub(super) async fn take_once_more(&self, lock: usize) -> Result<(), String> {
        let mutex = self.mutex(lock)?;
        let call = self.begin_acquire(Function::Acquire, lock, None);
        let guard = match mutex.acquire().contender(self.name()).await {
            Ok(guard) => guard,
            Err(error) => {
                self.end_refused(call, 1, &error);
                return Err(format!("acquire: {error}"));
            }
        };
        let held = guard.held();
        self.end_granted(call, 1, &held);
        let call = self.begin_release(&held);
        match guard.release().await {
            Ok(_) => {
                call.end(1, Outcome::Ok, |_, _| {});
                Ok(())
            }
            Err(error) => {
                call.end(1, failed(&error), |op, _| op.error = code(&error));
                Err(format!("release: {error}"))
            }
        }
    }

    async fn acquire(&mut self, lock: usize, limit: Option<Duration>) {
        let Ok(mutex) = self.mutex(lock) else {
            return;
        };
        self.actor.enter(Phase::Acquiring);
        let call = self.begin_acquire(Function::Acquire, lock, limit);
        let mut acquire = mutex.acquire().contender(self.name());
        if let Some(limit) = limit {
            acquire = acquire.timeout(limit);
        }
        let called = self.actor.call(Call::Acquire, acquire).await;
        if let Some(guard) = self.acquired(call, called.map(|taken| taken.map(Some))) {
            self.work_with(lock, guard).await;
        }
    }

    async fn try_acquire(&mut self, lock: usize) {
        let Ok(mutex) = self.mutex(lock) else {
            return;
        };
        self.actor.enter(Phase::Acquiring);
        let call = self.begin_acquire(Function::TryAcquire, lock, None);
        let attempt = mutex.acquire().contender(self.name()).if_free();
        let called = self.actor.call(Call::TryAcquire, attempt).await;
        if let Some(guard) = self.acquired(call, called) {
            self.work_with(lock, guard).await;
        }
    }

    async fn hold(&mut self, lock: usize) {
        let Ok(mutex) = self.mutex(lock) else {
            return;
        };
        self.actor.enter(Phase::Acquiring);
        // The acquisition until the work begins, then the release once it is over.
        let open = Mutex::new(Some(self.begin_acquire(Function::Acquire, lock, None)));
        let take = || open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let released = std::sync::atomic::AtomicBool::new(false);
        let hold = mutex.acquire().contender(self.name());
        let actor = Arc::clone(&self.actor);
        let caller = Arc::clone(&self.actor);
        let this = &mut *self;
        let (put, mark) = (&open, &released);
        let take_in_work = &take;
        let work = async move |held: Held| {
            if let Some(call) = take_in_work() {
                this.end_granted(call, 1, &held);
            }
            let belief = Belief::new(&actor, &held, this.session_of(&held));
            actor.enter(Phase::Holding);
            this.work(lock, &held, &belief).await;
            belief.released();
            let release = this.begin_release(&held);
            if actor.take_guard_fate() == Some(Action::PanicHolding) {
                drop(release);
                std::panic::resume_unwind(Box::new(Planned));
            }
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(release);
            mark.store(true, std::sync::atomic::Ordering::Relaxed);
            actor.enter(Phase::Releasing);
        };
        let called = caller.call(Call::Hold, hold.hold(work)).await;
        let Some(call) = take() else {
            return;
        };
        let worked = released.load(std::sync::atomic::Ordering::Relaxed);
        match called {
            Called::Returned(Ok(()), polls) => call.end(polls, Outcome::Ok, |op, _| {
                // The end of the work is told also where the answer to the release did not come in time.
                if op.deadline <= op.returned {
                    op.outcome = Outcome::Unknown;
                }
            }),
            Called::Returned(Err(HoldError::Acquire(error)), polls) if !worked => {
                self.end_refused(call, polls, &error);
            }
            // Lost or in doubt: the work was dropped, and the lock is given back in the background.
            Called::Returned(Err(_), polls) => call.end(polls, Outcome::NotApplied, |_, _| {}),
            Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
        }
    }

    fn begin_acquire(&self, function: Function, lock: usize, limit: Option<Duration>) -> OpenCall {
        let path = lock_path(lock);
        self.begin(function, &path, |op, history| {
            op.recipe = history.text(&path);
            op.deadline = limit.map(|limit| op.invoked + limit);
        })
    }

    /// An acquisition is over; the guard if it got one.
    fn acquired(
        &self,
        call: OpenCall,
        called: Called<Result<Option<LockGuard>, Error>>,
    ) -> Option<LockGuard> {
        match called {
            Called::Returned(Ok(Some(guard)), polls) => {
                let held = guard.held();
                self.end_granted(call, polls, &held);
                return Some(guard);
            }
            Called::Returned(Ok(None), polls) => call.end(polls, Outcome::NotApplied, |_, _| {}),
            Called::Returned(Err(error), polls) => self.end_refused(call, polls, &error),
            Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
        }
        None
    }

    fn end_refused(&self, call: OpenCall, polls: u32, error: &Error) {
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
    fn end_granted(&self, call: OpenCall, polls: u32, held: &Held) {
        let session = self.session_of(held);
        let seen = self.actor.wire.look(|world| world.seen(self.actor.index));
        call.end(polls, Outcome::Ok, |op, history| {
            op.session = session;
            op.at = seen.of(session);
            op.reply = history.text(held.node());
            op.token = zxid(held.token());
            op.czxid = zxid(held.token());
        });
    }

    /// The session that a hold is on: the current one, unless the hold was lost before its holder could look.
    fn session_of(&self, held: &Held) -> SessionId {
        let current = self.session();
        if held.is_held() {
            return current;
        }
        let chronicle = self.actor.wire.chronicle();
        let history = &chronicle.history;
        let node = history.texts.find(held.node().as_bytes());
        let mut changes = history.truth.changes.iter().rev();
        let made = changes.find(|change| Some(change.path) == node && !change.owner.is_none());
        let owner = made.map_or(current, |change| change.owner);
        let process = self.process();
        let known = |session| {
            let of = |note: &zk_checkers::Note| note.process == process && note.session == session;
            history.notes.iter().any(of)
        };
        if known(owner) { owner } else { current }
    }

    fn begin_release(&self, held: &Held) -> OpenCall {
        let session = self.session_of(held);
        self.begin(Function::Release, held.path(), |op, history| {
            op.recipe = history.text(held.path());
            op.reply = history.text(held.node());
            op.token = zxid(held.token());
            op.session = session;
        })
    }

    /// Works under a guard and ends it in one of the ways there are.
    async fn work_with(&mut self, lock: usize, guard: LockGuard) {
        let held = guard.held();
        let belief = Belief::new(&self.actor, &held, self.session_of(&held));
        self.actor.enter(Phase::Holding);
        self.work(lock, &held, &belief).await;
        let drawn = self.rng.percent(20).then_some(Action::DropGuard);
        match self.actor.take_guard_fate().or(drawn) {
            Some(Action::LeakGuard) => {
                std::mem::forget(guard);
                belief.leaked();
                self.leaked = true;
            }
            Some(Action::PanicHolding) => {
                belief.released();
                let _guard = guard;
                std::panic::resume_unwind(Box::new(Planned));
            }
            Some(_) => {
                belief.released();
                drop(guard);
            }
            None => {
                self.actor.enter(Phase::Releasing);
                belief.released();
                let call = self.begin_release(&held);
                match self.actor.call(Call::Release, guard.release()).await {
                    Called::Returned(Ok(released), polls) => {
                        // What had been lost before is not given back.
                        let outcome = if released.was_held {
                            Outcome::Ok
                        } else {
                            Outcome::NotApplied
                        };
                        call.end(polls, outcome, |_, _| {});
                    }
                    Called::Returned(Err(error), polls) => {
                        call.end(polls, failed(&error), |op, _| op.error = code(&error));
                    }
                    Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
                }
            }
        }
    }

    /// The work that a lock is held for.
    async fn work(&mut self, lock: usize, held: &Held, belief: &Belief) {
        for _ in 0..self.rng.between(1, 4) {
            let believes = belief.look();
            if believes == Conviction::Lost {
                return;
            }
            match self.rng.below(4) {
                // What everybody does: look, then act, with whatever happens in between.
                0 if believes != Conviction::Doubt => {
                    self.pause(Duration::from_millis(8)).await;
                    self.use_resource(lock, held, false);
                }
                1 => {
                    self.pause(Duration::from_millis(8)).await;
                    self.use_resource(lock, held, true);
                }
                2 => {
                    let goes_on = self.fenced_set(lock, held).await;
                    if !goes_on {
                        return;
                    }
                }
                _ => {}
            }
            let work = self.plan.work;
            self.pause(work).await;
        }
        belief.look();
    }

    fn use_resource(&self, lock: usize, held: &Held, checked: bool) {
        let accepted = self.resource.write(lock, held.token(), checked);
        let recorder = &self.actor.recorder;
        recorder.access(self.process(), held.path(), held.token(), checked, accepted);
    }

    /// Writes to ZooKeeper under the fence; false if the client has ended.
    async fn fenced_set(&mut self, lock: usize, held: &Held) -> bool {
        let path = super::guarded_path(lock);
        let value = self.fresh_value();
        let call = self.begin(Function::Set, &path, |op, history| {
            op.data = history.data(value.as_bytes());
            op.guard = history.text(held.node());
            op.token = zxid(held.token());
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
