//! Barriers: who passes, when, and what is left.

mod cyclic;
mod double;
mod double_faults;
mod latch;
mod single;

use std::future::IntoFuture;

use tokio::task::JoinHandle;

/// A future that runs in a task of its own.
fn spawned<F>(future: F) -> JoinHandle<F::Output>
where
    F: IntoFuture,
    F::IntoFuture: Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.into_future())
}
