//! What all recipes' workloads have in common.

use async_trait::async_trait;

use super::Application;
use super::barriers::{Barriers, Doubles, Flags, Latches, Rounds};
use super::election::Elections;
use super::lease::Leases;
use super::multi_lock::MultiLocks;
use super::reentrant::Reentrants;
use super::rw_lock::RwLocks;
use super::semaphore::{SemaphoreMutexes, Semaphores};
use super::values::{Blocks, Counters, Limits, SharedValues};
use crate::recipe::Recipe;

/// What a process does with one recipe. It lives as long as the process has its client.
#[async_trait]
pub(super) trait Family: Send + Sync {
    /// One use.
    async fn work(&mut self, app: &mut Application);

    /// After everything was healed, what the process asks for it gets.
    ///
    /// # Errors
    ///
    /// What it did not get.
    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String>;
}

/// The workload of a recipe.
pub(super) fn of(recipe: Recipe) -> Box<dyn Family> {
    match recipe {
        Recipe::Mutex => Box::new(Mutexes),
        Recipe::RwLock => Box::new(RwLocks),
        Recipe::Semaphore => Box::new(Semaphores),
        Recipe::SemaphoreMutex => Box::new(SemaphoreMutexes),
        Recipe::MultiLock => Box::new(MultiLocks),
        Recipe::Reentrant => Box::<Reentrants>::default(),
        Recipe::Election => Box::<Elections>::default(),
        Recipe::Lease => Box::new(Leases),
        Recipe::Counter => Box::new(Counters::default()),
        Recipe::BlockCounter => Box::new(Blocks::default()),
        Recipe::SharedValue => Box::new(SharedValues::default()),
        Recipe::RateLimiter => Box::new(Limits::default()),
        Recipe::Barrier => Box::new(Barriers),
        Recipe::EventFlag => Box::new(Flags),
        Recipe::CountDownLatch => Box::new(Latches::default()),
        Recipe::DoubleBarrier => Box::new(Doubles),
        Recipe::CyclicBarrier => Box::new(Rounds),
    }
}

/// Mutexes, and registers beside them.
struct Mutexes;

#[async_trait]
impl Family for Mutexes {
    async fn work(&mut self, app: &mut Application) {
        app.use_lock().await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            app.take_once_more(lock).await?;
        }
        Ok(())
    }
}
