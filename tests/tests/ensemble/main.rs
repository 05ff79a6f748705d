//! Tests against three real servers under faults.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod chaos;
mod fire;
mod kazoo;
mod kit;
mod moved;
mod peers;
mod reconfig;
mod sessions;
#[cfg(all(feature = "curator", feature = "kazoo"))]
mod synced;
#[cfg(all(feature = "curator", feature = "kazoo"))]
mod theirs;
mod victim;

use tokio::sync::{Mutex, MutexGuard};

/// Servers and contenders fill a machine: tests that start many take turns.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
