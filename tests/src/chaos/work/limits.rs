//! Semaphore, lease and rate limiter.

use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{HoldError, Lease, Ran, RateLimiter, Semaphore};

use super::super::diary::{Mode, Told, Write, now};
use super::super::worker::{PATIENCE, Worker};

pub(in super::super) const CAPACITY: &str = "/chaos/semaphore-capacity";
pub(in super::super) const PERMITS: u32 = 20;
pub(in super::super) const PER: Duration = Duration::from_secs(1);
pub(in super::super) const MIN_HOLD: Duration = Duration::from_millis(500);

fn semaphore_of(worker: &Worker) -> Semaphore {
    let semaphore = Semaphore::new(&worker.zk, "/chaos/semaphore", 2).expect("a path");
    semaphore.stored_at(CAPACITY).expect("a path")
}

pub(super) async fn semaphore(mut worker: Worker) {
    let semaphore = semaphore_of(&worker);
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        let permits = if worker.dice.percent(30) {
            semaphore.acquire_many(2).timeout(PATIENCE).await
        } else {
            let one = semaphore.acquire().contender(&worker.who);
            one.timeout(PATIENCE).await.map(|permit| vec![permit])
        };
        match permits {
            Ok(permits) => {
                for permit in &permits {
                    worker.granted("semaphore", &permit.held(), Mode::Permit, &id, begun);
                }
                worker.work().await;
                for permit in permits {
                    if let Err(error) = permit.release().await {
                        worker.failed("semaphore", &error);
                    }
                }
            }
            Err(error) => worker.failed("semaphore", &error),
        }
        worker.rest().await;
    }
}

/// Changes how many may be in: never below two, as some want two.
pub(super) async fn capacity(mut worker: Worker) {
    let semaphore = semaphore_of(&worker);
    let mut many = false;
    while worker.lives() {
        let capacity = if many { 4 } else { 2 };
        match semaphore.set_capacity(capacity).await {
            Ok(()) => worker.diary.count("capacity changes"),
            Err(error) => worker.failed("capacity", &error),
        }
        many = !many;
        for _ in 0..4 {
            worker.rest().await;
        }
    }
}

pub(super) async fn lease(mut worker: Worker) {
    let lease = Lease::new(&worker.zk, "/chaos/lease")
        .expect("a path")
        .min_hold(MIN_HOLD)
        .max_hold(PATIENCE);
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        let attempt = lease.clone().contender(&id);
        let shared = &worker;
        let job = |held: zk_recipes::Held| async move {
            shared.granted("lease", &held, Mode::Alone, &id, begun);
            let mark = format!("/chaos/ledger/lease/marks/{id}");
            let mark = shared.zk.create(&mark, "").fenced_by(&held);
            (id, mark.await)
        };
        match attempt.try_run(job).await {
            Ok(Ran::Done((id, marked))) => {
                let told = Told::of(&marked);
                if let Err(error) = marked {
                    worker.failed("lease", &error);
                }
                let (path, data) = ("/chaos/ledger/lease/marks", id.into());
                worker.diary.page().writes.push(Write { path, data, told });
            }
            Ok(Ran::Busy) => worker.diary.count("leases that were busy"),
            Ok(_) => worker.diary.count("leases that were too soon"),
            Err(HoldError::Acquire(error)) => worker.failed("lease", &error),
            Err(_) => worker.diary.count("leases that were lost"),
        }
        worker.rest().await;
    }
}

pub(super) async fn rate(mut worker: Worker) {
    let limiter = RateLimiter::new(&worker.zk, "/chaos/rate", PERMITS, PER);
    let limiter = limiter.expect("a path").block(3);
    while worker.lives() {
        let count = 1 + u32::try_from(worker.dice.below(3)).unwrap_or_default();
        let Ok(taken) = timeout(PATIENCE, limiter.acquire(count)).await else {
            continue;
        };
        match taken {
            Ok(()) => {
                worker.diary.count("rate");
                worker.diary.page().permits += u64::from(count);
            }
            Err(error) => worker.failed("rate", &error),
        }
        worker.rest().await;
    }
}
