//! Locks.

mod acquire;
mod breaking;
mod contenders;
mod guard;
mod held;
mod holding;
mod mutex;
mod place;
mod reentrant;
mod revocation;

pub use acquire::{Acquire, HoldError, OnDoubt};
pub use breaking::Broken;
pub use contenders::Contender;
pub use guard::{LockGuard, Released};
pub use held::{Held, LockLost, LockLostWhy};
pub use holding::{Exclusive, HoldKind, Holding};
pub use mutex::Mutex;
pub use reentrant::{ReentrantGuard, ReentrantMutex};

pub(crate) use acquire::{Terms, default_contender, guard, hold_under, unanswered};
pub(crate) use contenders::{leases, list};
pub(crate) use holding::sealed;
pub(crate) use place::validate;
