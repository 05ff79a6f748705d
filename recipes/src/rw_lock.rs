//! Read–write locks.

mod downgrade;
mod holding;
mod lock;

pub use holding::{ReadGuard, Reading, WriteGuard, Writing};
pub use lock::RwLock;
