//! Readers and writers, and writers that become readers.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{Acquire, Holding, ReadGuard, RwLock, WriteGuard};

use super::Application;
use super::belief::home;
use super::family::Family;
use super::guard::Guard as _;
use crate::actor::Called;
use crate::paths::lock_path;
use crate::recorder::code;
use crate::schedule::{Call, Phase};

/// The workload of read–write locks.
pub(super) struct RwLocks;

#[async_trait]
impl Family for RwLocks {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Ok(rw) = RwLock::new(&app.client, &lock_path(lock)) else {
            return;
        };
        let how = How::draw(app);
        if app.rng.percent(55) {
            let read = [Function::ReadLock, Function::TryReadLock];
            let taken = app.take(read, &lock_path(lock), rw.read(), how).await;
            if let Some(guard) = taken {
                app.work_with::<ReadGuard>(guard).await;
            }
            return;
        }
        let write = [Function::WriteLock, Function::TryWriteLock];
        let Some(guard) = app.take(write, &lock_path(lock), rw.write(), how).await else {
            return;
        };
        if app.rng.percent(50) {
            app.work_with(guard).await;
        } else if let Some(guard) = app.downgrade(guard).await {
            app.work_with(guard).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let path = lock_path(lock);
            let rw = RwLock::new(&app.client, &path).map_err(|error| error.to_string())?;
            let write = app
                .insist(Function::WriteLock, &path, rw.write().contender(app.name()))
                .await?;
            app.give_back_at_last(write).await?;
            let read = app
                .insist(Function::ReadLock, &path, rw.read().contender(app.name()))
                .await?;
            app.give_back_at_last(read).await?;
        }
        Ok(())
    }
}

/// How long somebody waits.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// As long as it takes.
    Waits,
    /// For so long at most.
    Within(Duration),
    /// Not at all.
    Tries,
}

impl How {
    pub(super) fn draw(app: &mut Application) -> Self {
        match app.rng.below(10) {
            0..6 => Self::Waits,
            6..8 => Self::Within(Duration::from_millis(app.rng.between(1, 1500))),
            _ => Self::Tries,
        }
    }

    pub(super) fn limit(self) -> Option<Duration> {
        match self {
            Self::Within(limit) => Some(limit),
            Self::Waits | Self::Tries => None,
        }
    }
}

impl Application {
    /// Takes something in one of the ways there are; the names of the calls are those of waiting and of trying.
    async fn take<K: Holding>(
        &mut self,
        [waits, tries]: [Function; 2],
        path: &str,
        acquire: Acquire<K>,
        how: How,
    ) -> Option<zk_recipes::LockGuard<K>> {
        self.actor.enter(Phase::Acquiring);
        let acquire = acquire.contender(self.name());
        if matches!(how, How::Tries) {
            let call = self.begin_acquire(tries, path, None);
            let called = self.actor.call(Call::TryAcquire, acquire.if_free()).await;
            return self.acquired(vec![call], called);
        }
        let call = self.begin_acquire(waits, path, how.limit());
        let acquire = match how.limit() {
            Some(limit) => acquire.timeout(limit),
            None => acquire,
        };
        let called = self.actor.call(Call::Acquire, acquire).await;
        self.acquired(vec![call], called.map(|taken| taken.map(Some)))
    }

    /// A writer works, and reads on.
    async fn downgrade(&mut self, guard: WriteGuard) -> Option<ReadGuard> {
        let helds = guard.helds();
        let held = guard.held();
        let beliefs = [self.believe(&held)];
        self.actor.enter(Phase::Holding);
        self.work(&helds, &beliefs).await;
        let [belief] = beliefs;
        belief.released();
        let call = self.begin_acquire(Function::Downgrade, home(&held), None);
        self.actor.recorder.amend(&call, |op, history| {
            op.from = history.text(held.node());
        });
        match self.actor.call(Call::Downgrade, guard.downgrade()).await {
            Called::Returned(Ok(guard), polls) => {
                self.end_granted(call, polls, &guard.held());
                Some(guard)
            }
            Called::Returned(Err(error), polls) => {
                // After an error nothing is held any more.
                call.end(polls, Outcome::NotApplied, |op, _| op.error = code(&error));
                None
            }
            Called::Dropped(polls) => {
                call.end(polls, Outcome::Cancelled, |_, _| {});
                None
            }
        }
    }
}
