//! Each recipe's workload.

use super::Application;
use super::barriers::{Barriers, Doubles, Flags, Latches, Rounds};
use super::caches::Caches;
use super::election::Elections;
use super::family::Family;
use super::kept::{Groups, KeptNodes, Services, TtlNodes};
use super::lease::Leases;
use super::multi_lock::MultiLocks;
use super::parts::Parts;
use super::queues::Queues;
use super::reentrant::Reentrants;
use super::rw_lock::RwLocks;
use super::semaphore::{SemaphoreMutexes, Semaphores};
use super::transfers::Transfers;
use super::values::{Blocks, Counters, Limits, SharedValues};
use crate::recipe::Recipe;
use async_trait::async_trait;

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
        Recipe::PersistentNode => Box::<KeptNodes>::default(),
        Recipe::Partitioner => Box::<Parts>::default(),
        Recipe::Stm => Box::<Transfers>::default(),
        Recipe::Queue => Box::<Queues>::default(),
        Recipe::Cache => Box::<Caches>::default(),
        Recipe::Group => Box::<Groups>::default(),
        Recipe::Discovery => Box::<Services>::default(),
        Recipe::TtlNode => Box::<TtlNodes>::default(),
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
