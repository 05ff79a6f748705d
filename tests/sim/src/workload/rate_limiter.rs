//! Permits per span of time.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::RateLimiter;

use super::Application;
use super::family::Family;
use crate::actor::Called;
use crate::plan::Plan;
use crate::recorder::{code, failed};
use crate::schedule::{Call, Phase};

/// How many there are in how much time.
pub(crate) fn rate(plan: &Plan) -> (u32, Duration) {
    let mut rng = plan.seed.stream("rate");
    let permits = u32::try_from(rng.between(8, 24)).unwrap_or(8);
    (permits, Duration::from_millis(rng.between(200, 500)))
}

/// The workload of rate limiters.
#[derive(Default)]
pub(super) struct RateLimiters {
    /// One for each path, once it is used: it has a block in hand.
    limiters: Vec<RateLimiter>,
}

#[async_trait]
impl Family for RateLimiters {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Some(limiter) = self.limiter(app, lock) else {
            return;
        };
        for _ in 0..app.rng.between(1, 4) {
            app.actor.enter(Phase::Acquiring);
            let count = u32::try_from(app.rng.between(1, 3)).unwrap_or(1);
            let waits = app.rng.percent(60);
            app.take_some((&limiter, lock), count, waits).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let limiter = self.limiter(app, lock).ok_or("no limiter")?;
            if !app.take_some((&limiter, lock), 1, true).await {
                return Err("no permit".to_owned());
            }
        }
        Ok(())
    }
}

impl RateLimiters {
    fn limiter(&mut self, app: &Application, lock: usize) -> Option<RateLimiter> {
        let (permits, per) = rate(&app.plan);
        while self.limiters.len() <= lock {
            let path = rate_path(self.limiters.len());
            let limiter = RateLimiter::new(&app.client, &path, permits, per).ok()?;
            let block = u32::try_from(1 + self.limiters.len() + app.actor.index).unwrap_or(1);
            self.limiters.push(limiter.block(block));
        }
        self.limiters.get(lock).cloned()
    }
}

fn rate_path(lock: usize) -> String {
    format!("/locks/rate-{lock}")
}

impl Application {
    /// Takes so many; false if it gets none.
    async fn take_some(
        &mut self,
        (limiter, lock): (&RateLimiter, usize),
        count: u32,
        waits: bool,
    ) -> bool {
        let path = rate_path(lock);
        let call = self.begin(Function::Take, &path, |op, history| {
            op.recipe = history.text(&path);
            op.data = history.data(count.to_string().as_bytes());
            op.deadline = None;
        });
        let called = if waits {
            let taken = self.actor.call(Call::Acquire, limiter.acquire(count)).await;
            taken.map(|taken| taken.map(|()| true))
        } else {
            let taken = limiter.try_acquire(count);
            self.actor.call(Call::TryAcquire, taken).await
        };
        match called {
            Called::Returned(Ok(true), polls) => {
                call.end(polls, Outcome::Ok, |_, _| {});
                return true;
            }
            Called::Returned(Ok(false), polls) => call.end(polls, Outcome::NotApplied, |op, _| {
                // An answer: there are none now.
                op.error = -1;
            }),
            Called::Returned(Err(error), polls) => {
                call.end(polls, failed(&error), |op, _| op.error = code(&error));
            }
            Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
        }
        false
    }
}
