//! Where the client's task runs.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// The task that keeps a session alive. It ends when the client is closed or dropped.
pub type ClientTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a client's task.
///
/// By default it runs on the runtime in which [`connect`](crate::ClientBuilder::connect) is awaited. An application
/// that blocks its runtime's threads puts it on another one, so that pings go on:
///
/// ```
/// #[derive(Debug)]
/// struct Apart(tokio::runtime::Handle);
///
/// impl zk_client::Spawner for Apart {
///     fn spawn(&self, task: zk_client::ClientTask) {
///         self.0.spawn(task);
///     }
/// }
/// ```
pub trait Spawner: Debug + Send + Sync + 'static {
    /// Runs `task` to its end. Dropping it early counts as the end of the runtime: the session is given up.
    fn spawn(&self, task: ClientTask);
}

/// Spawns on the current tokio runtime.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct CurrentRuntime;

impl Spawner for CurrentRuntime {
    fn spawn(&self, task: ClientTask) {
        tokio::spawn(task);
    }
}
