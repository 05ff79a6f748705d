//! Mutexes: taken, tried, waited for with a limit, held, and given back or not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_recipes::{Held, HoldError};

use super::{Application, Planned};
use crate::actor::Called;
use crate::paths::lock_path;
use crate::recorder::{code, failed};
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
        let call = self.begin_acquire(Function::Acquire, &lock_path(lock), None);
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
        let call = self.begin_acquire(Function::Acquire, &lock_path(lock), limit);
        let mut acquire = mutex.acquire().contender(self.name());
        if let Some(limit) = limit {
            acquire = acquire.timeout(limit);
        }
        let called = self.actor.call(Call::Acquire, acquire).await;
        if let Some(guard) = self.acquired(vec![call], called.map(|taken| taken.map(Some))) {
            self.work_with(guard).await;
        }
    }

    async fn try_acquire(&mut self, lock: usize) {
        let Ok(mutex) = self.mutex(lock) else {
            return;
        };
        self.actor.enter(Phase::Acquiring);
        let call = self.begin_acquire(Function::TryAcquire, &lock_path(lock), None);
        let attempt = mutex.acquire().contender(self.name()).if_free();
        let called = self.actor.call(Call::TryAcquire, attempt).await;
        if let Some(guard) = self.acquired(vec![call], called) {
            self.work_with(guard).await;
        }
    }

    async fn hold(&mut self, lock: usize) {
        let Ok(mutex) = self.mutex(lock) else {
            return;
        };
        self.actor.enter(Phase::Acquiring);
        // The acquisition until the work begins, then the release once it is over.
        let open = Mutex::new(Some(self.begin_acquire(
            Function::Acquire,
            &lock_path(lock),
            None,
        )));
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
            let beliefs = [this.believe(&held)];
            actor.enter(Phase::Holding);
            this.work(std::slice::from_ref(&held), &beliefs).await;
            beliefs[0].released();
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
}
