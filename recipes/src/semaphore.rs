//! Semaphores: up to so many hold at a time.

mod acquire;
mod capacity;
mod counting;
mod entrance;
mod exclusive;
mod permit;

pub use acquire::{AcquirePermit, AcquirePermits};
pub use counting::Semaphore;
pub use exclusive::SemaphoreMutex;
pub use permit::{Leased, Permit};
