//! Mutexes that their owner enters again.

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{ErrorKind, Mutex, ReentrantGuard, ReentrantMutex};

use super::Application;
use super::family::Family;
use super::rw_lock::How;
use crate::actor::Called;
use crate::paths::lock_path;
use crate::recorder::{code, failed, zxid};
use crate::schedule::{Call, Phase};

/// The workload of mutexes that are entered again.
#[derive(Default)]
pub(super) struct Reentrants {
    /// One for each lock, once it is used: it remembers its owners.
    mutexes: Vec<ReentrantMutex>,
}

#[async_trait]
impl Family for Reentrants {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Some(mutex) = self.mutex(app, lock) else {
            return;
        };
        let limit = How::draw(app).limit();
        app.actor.enter(Phase::Acquiring);
        let call = app.begin_acquire(Function::Acquire, &lock_path(lock), limit);
        let owner = app.name();
        let entering = async {
            match limit {
                Some(limit) => mutex.acquire_within(&owner, limit).await,
                None => mutex.acquire(&owner).await,
            }
        };
        let called = app.actor.call(Call::Acquire, entering).await;
        if let Some(outer) = app.acquired(vec![call], called.map(|taken| taken.map(Some))) {
            nested(app, &mutex, outer).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let mutex = self.mutex(app, lock).ok_or("no mutex")?;
            let owner = app.name();
            let call = app.begin_acquire(Function::Acquire, &lock_path(lock), None);
            let guard = app.insist_on(call, Box::pin(mutex.acquire(&owner))).await?;
            app.give_back_at_last(guard).await?;
        }
        Ok(())
    }
}

impl Reentrants {
    fn mutex(&mut self, app: &Application, lock: usize) -> Option<ReentrantMutex> {
        while self.mutexes.len() <= lock {
            let mutex = Mutex::new(&app.client, &lock_path(self.mutexes.len())).ok()?;
            self.mutexes.push(ReentrantMutex::new(mutex));
        }
        self.mutexes.get(lock).cloned()
    }
}

/// Works, enters again, lets go of one of both, works on, and ends the last one.
async fn nested(app: &mut Application, mutex: &ReentrantMutex, outer: ReentrantGuard) {
    let held = outer.held();
    let helds = [held.clone()];
    let beliefs = [app.believe(&held)];
    app.actor.enter(Phase::Holding);
    app.work(&helds, &beliefs).await;
    let inner = enter_again(app, mutex, &outer).await;
    let last = match inner {
        Some(inner) if app.rng.percent(50) => {
            // Not the last one: nothing is released.
            let _ = outer.release().await;
            inner
        }
        Some(inner) => {
            drop(inner);
            outer
        }
        None => outer,
    };
    for belief in &beliefs {
        belief.look();
    }
    app.work(&helds, &beliefs).await;
    app.end_with(last, &helds, &beliefs).await;
}

async fn enter_again(
    app: &mut Application,
    mutex: &ReentrantMutex,
    outer: &ReentrantGuard,
) -> Option<ReentrantGuard> {
    let held = outer.held();
    let session = app.session_of(&held);
    let owner = app.name();
    let path = held.path().to_owned();
    let call = app.begin(Function::Reenter, &path, |op, history| {
        op.recipe = history.text(&path);
        op.session = session;
    });
    match app.actor.call(Call::Reenter, mutex.acquire(&owner)).await {
        Called::Returned(Ok(inner), polls) => {
            let held = inner.held();
            call.end(polls, Outcome::Ok, |op, history| {
                op.reply = history.text(held.node());
                op.token = zxid(held.token());
            });
            Some(inner)
        }
        Called::Returned(Err(error), polls) => {
            let lost = error.kind() == ErrorKind::LockLost;
            let outcome = if lost {
                Outcome::NotApplied
            } else {
                failed(&error)
            };
            call.end(polls, outcome, |op, _| {
                // That the hold is lost is an answer of the servers.
                op.error = if lost { -101 } else { code(&error) };
            });
            None
        }
        Called::Dropped(polls) => {
            call.end(polls, Outcome::Cancelled, |_, _| {});
            None
        }
    }
}
