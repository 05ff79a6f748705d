//! Jobs that one of many runs, not too long and not again too soon.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use zk_checkers::{Function, Outcome};
use zk_recipes::{Held, HoldError, Lease, Ran};

use super::Application;
use super::family::Family;
use crate::actor::Called;
use crate::paths::{lease_holder, lock_path};
use crate::plan::Plan;
use crate::schedule::{Call, Phase};

/// How long after a start there is no other, and how long the job may take.
pub(crate) fn bounds(plan: &Plan) -> (Duration, Duration) {
    let mut rng = plan.seed.stream("lease");
    let least = Duration::from_millis(rng.between(100, 1500));
    let most = Duration::from_millis(rng.between(50, 500));
    (least, most)
}

/// The workload of leases.
pub(super) struct Leases;

#[async_trait]
impl Family for Leases {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        // Its error is one of those that have a record already.
        let _ = app.run_job(lock).await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        let (least, most) = bounds(&app.plan);
        for lock in 0..app.plan.locks {
            let pause = least / 8 + most / 8 + Duration::from_millis(20);
            // Whoever was killed holding it has it until its session is over, and each of the others may run it before.
            let turn = least + most + pause + app.plan.round_trip() * 12;
            let turns = u32::try_from(app.plan.clients).unwrap_or(1);
            let limit = app.ages() + turn * turns;
            let begun = Instant::now();
            while !app.run_job(lock).await? {
                if begun.elapsed() > limit {
                    return Err(format!("the job never ran in {limit:?}"));
                }
                app.pause(pause).await;
            }
        }
        Ok(())
    }
}

impl Application {
    /// Runs a job if it may; false if it may not.
    async fn run_job(&mut self, lock: usize) -> Result<bool, String> {
        let (least, most) = bounds(&self.plan);
        let lease = Lease::new(&self.client, &lock_path(lock)).map_err(|it| it.to_string())?;
        let lease = lease.min_hold(least).max_hold(most).contender(self.name());
        self.actor.enter(Phase::Acquiring);
        let call = self.begin_acquire(Function::TryAcquire, &lease_holder(lock), None);
        let open = Mutex::new(Some(call));
        let take = || open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let actor = std::sync::Arc::clone(&self.actor);
        let this = &mut *self;
        let take_in_job = &take;
        let job = async move |held: Held| {
            if let Some(call) = take_in_job() {
                this.end_granted(call, 1, &held);
            }
            let beliefs = [this.believe(&held)];
            this.actor.enter(Phase::Holding);
            this.work(std::slice::from_ref(&held), &beliefs).await;
            this.actor.enter(Phase::Releasing);
        };
        let called = actor.call(Call::Hold, lease.try_run(job)).await;
        let call = take();
        let (outcome, polls, result) = match called {
            Called::Returned(Ok(Ran::Done(())), polls) => (Outcome::NotApplied, polls, Ok(true)),
            Called::Returned(Ok(_), polls) => (Outcome::NotApplied, polls, Ok(false)),
            Called::Returned(Err(HoldError::Acquire(error)), polls) => {
                if let Some(call) = call {
                    self.end_refused(call, polls, &error);
                }
                return Err(format!("a job: {error}"));
            }
            // It ran, as long as it could.
            Called::Returned(Err(_), polls) => (Outcome::NotApplied, polls, Ok(true)),
            Called::Dropped(polls) => (Outcome::Cancelled, polls, Ok(false)),
        };
        // Told already, if it ran.
        if let Some(call) = call {
            call.end(polls, outcome, |_, _| {});
        }
        result
    }
}
