//! Drivers that recipes hand out, each in a task of the process.

use std::future::Future;

use tokio::task::JoinHandle;

use super::Application;
use crate::process::Gated;

impl Application {
    /// Runs a driver as the process runs: it stands still when the process does, and is gone when that is killed.
    pub(super) fn drive<F>(&self, driver: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let gate = self.actor.user_gate.clone();
        let task = tokio::spawn(Gated::new(gate, Box::pin(driver)));
        self.actor.adopt(task.abort_handle());
        task
    }
}
