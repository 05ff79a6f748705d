//! Permits, taken one or two at a time while their number changes; and the mutex that is a semaphore of one.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{AcquirePermit, Holding, LockGuard, Semaphore, SemaphoreMutex};

use super::Application;
use super::family::Family;
use super::rw_lock::How;
use crate::actor::Called;
use crate::paths::{lock_path, semaphore_directories};
use crate::recorder::{OpenCall, code, failed};
use crate::schedule::{Call, Phase};

/// The node that says how many permits there are.
fn limit_path(lock: usize) -> String {
    format!("/guarded/limit-{lock}")
}

/// The most permits there ever are.
const MOST: u64 = 4;

/// The workload of semaphores.
pub(super) struct Semaphores;

#[async_trait]
impl Family for Semaphores {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Some(semaphore) = semaphore(app, lock) else {
            return;
        };
        match app.rng.below(10) {
            0 => app.resize(&semaphore, lock).await,
            1..3 => app.take_two(&semaphore, lock).await,
            _ => {
                let functions = [Function::Permit, Function::TryPermit];
                let permit = semaphore.acquire();
                let permit = app.take_permit(functions, lock, permit).await;
                if let Some(permit) = permit {
                    app.work_with(permit).await;
                }
            }
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let semaphore = semaphore(app, lock).ok_or("no semaphore")?;
            let call = app.begin_permit(Function::Permit, lock, None);
            let permit = app
                .insist_on(call, semaphore.acquire().contender(app.name()))
                .await?;
            app.give_back_at_last(permit).await?;
        }
        Ok(())
    }
}

fn semaphore(app: &Application, lock: usize) -> Option<Semaphore> {
    let first = app.plan.seed.stream("capacity").between(1, MOST);
    let first = u32::try_from(first).unwrap_or(1);
    let semaphore = Semaphore::new(&app.client, &lock_path(lock), first).ok()?;
    semaphore.stored_at(&limit_path(lock)).ok()
}

/// The workload of mutexes that are semaphores.
pub(super) struct SemaphoreMutexes;

#[async_trait]
impl Family for SemaphoreMutexes {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Ok(mutex) = SemaphoreMutex::new(&app.client, &lock_path(lock)) else {
            return;
        };
        let functions = [Function::Acquire, Function::TryAcquire];
        let guard = app.take_permit(functions, lock, mutex.acquire()).await;
        if let Some(guard) = guard {
            app.work_with(guard).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let mutex = SemaphoreMutex::new(&app.client, &lock_path(lock));
            let mutex = mutex.map_err(|error| error.to_string())?;
            let call = app.begin_permit(Function::Acquire, lock, None);
            let guard = app
                .insist_on(call, mutex.acquire().contender(app.name()))
                .await?;
            app.give_back_at_last(guard).await?;
        }
        Ok(())
    }
}

impl Application {
    fn begin_permit(&self, function: Function, lock: usize, limit: Option<Duration>) -> OpenCall {
        let [entrance, leases] = semaphore_directories(lock);
        let call = self.begin_acquire(function, &leases, limit);
        self.actor.recorder.amend(&call, |op, history| {
            op.entrance = history.text(&entrance);
            if matches!(function, Function::Permit | Function::TryPermit) {
                op.capacity = history.text(&limit_path(lock));
            }
        });
        call
    }

    /// Takes a permit in one of the ways there are; the names of the calls are those of waiting and of trying.
    async fn take_permit<K: Holding>(
        &mut self,
        [waits, tries]: [Function; 2],
        lock: usize,
        permit: AcquirePermit<K>,
    ) -> Option<LockGuard<K>> {
        let how = How::draw(self);
        self.actor.enter(Phase::Acquiring);
        let permit = permit.contender(self.name());
        if matches!(how, How::Tries) {
            let call = self.begin_permit(tries, lock, None);
            let called = self.actor.call(Call::TryAcquire, permit.if_free()).await;
            return self.acquired(vec![call], called);
        }
        let call = self.begin_permit(waits, lock, how.limit());
        let permit = match how.limit() {
            Some(limit) => permit.timeout(limit),
            None => permit,
        };
        let called = self.actor.call(Call::Acquire, permit).await;
        self.acquired(vec![call], called.map(|taken| taken.map(Some)))
    }

    /// Takes two at once, or gives up: there may be one alone.
    async fn take_two(&mut self, semaphore: &Semaphore, lock: usize) {
        self.actor.enter(Phase::Acquiring);
        let both = semaphore.acquire_many(2).contender(self.name());
        let called = if self.rng.percent(30) {
            let call = self.begin_permit(Function::TryPermit, lock, None);
            let called = self.actor.call(Call::TryAcquire, both.if_free()).await;
            self.acquired(vec![call], called)
        } else {
            let limit = Duration::from_millis(self.rng.between(1, 2000));
            let call = self.begin_permit(Function::Permit, lock, Some(limit));
            let called = self.actor.call(Call::Acquire, both.timeout(limit)).await;
            self.acquired(vec![call], called.map(|taken| taken.map(Some)))
        };
        if let Some(permits) = called {
            self.work_with(permits).await;
        }
    }

    /// There are more or fewer of them from now on.
    async fn resize(&mut self, semaphore: &Semaphore, lock: usize) {
        self.actor.enter(Phase::Writing);
        let count = u32::try_from(self.rng.between(1, MOST)).unwrap_or(1);
        let call = self.begin(Function::Resize, &limit_path(lock), |_, _| {});
        let resize = semaphore.set_capacity(count);
        match self.actor.call(Call::Set, resize).await {
            Called::Returned(Ok(()), polls) => call.end(polls, Outcome::Ok, |_, _| {}),
            Called::Returned(Err(error), polls) => {
                call.end(polls, failed(&error), |op, _| op.error = code(&error));
            }
            Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
        }
    }
}
