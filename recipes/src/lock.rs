//! Locks.

mod acquire;
mod contenders;
mod guard;
mod held;
mod mutex;

pub(crate) use acquire::default_contender;
pub use acquire::{Acquire, HoldError, OnDoubt};
pub use contenders::Contender;
pub(crate) use contenders::list;
pub use guard::{LockGuard, Released};
pub use held::{Held, LockLost, LockLostWhy};
pub use mutex::Mutex;
