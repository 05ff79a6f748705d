//! Locks.

mod acquire;
mod contenders;
mod guard;
mod held;
mod holding;
mod mutex;
mod place;

pub use acquire::{Acquire, HoldError, OnDoubt};
pub use contenders::Contender;
pub use guard::{LockGuard, Released};
pub use held::{Held, LockLost, LockLostWhy};
pub use holding::{Exclusive, Holding};
pub use mutex::Mutex;

pub(crate) use acquire::{default_contender, guard, hold_under, unanswered};
pub(crate) use contenders::{leases, list};
pub(crate) use holding::sealed;
pub(crate) use place::validate;
