//! Locks.

mod acquire;
mod contenders;
mod guard;
mod held;
mod mutex;

pub use acquire::{Acquire, HoldError, OnDoubt};
pub use contenders::Contender;
pub use guard::{LockGuard, Released};
pub use held::{Held, LockLost, LockLostWhy};
pub use mutex::Mutex;
