//! Several locks as one.

mod acquire;
mod guard;
mod lock;

pub use acquire::AcquireAll;
pub use guard::MultiGuard;
pub use lock::MultiLock;
