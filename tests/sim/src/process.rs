//! A simulated process: its clock, its chance, its way to the servers, and the gates that can freeze it.

mod clock;
mod gate;
mod transport;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

pub use clock::ProcessClock;
pub use gate::{Gate, Gated};
pub use transport::{Chronicle, Shared, SimTransport, Wire};
use zk_client::{ClientTask, Entropy, Spawner};

use crate::seed::Rng;

/// Chance from a stream of the seed.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Rng>);

impl SeededEntropy {
    /// Draws from `rng`.
    #[must_use]
    pub const fn new(rng: Rng) -> Self {
        Self(Mutex::new(rng))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            let word = rng.next().to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
        Ok(())
    }
}

/// Starts a client's task behind a gate.
#[derive(Debug)]
pub struct GatedSpawner {
    gate: Gate,
    task: Mutex<Option<tokio::task::AbortHandle>>,
}

impl GatedSpawner {
    /// Tasks stand still while the gate is closed.
    #[must_use]
    pub fn new(gate: Gate) -> Arc<Self> {
        Arc::new(Self {
            gate,
            task: Mutex::new(None),
        })
    }

    /// Ends the task where it stands.
    pub fn abort(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Whether the task has ended, or was never started.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.as_ref()
            .is_none_or(tokio::task::AbortHandle::is_finished)
    }
}

impl Spawner for GatedSpawner {
    fn spawn(&self, task: ClientTask) {
        let task = tokio::spawn(Gated::new(self.gate.clone(), task)).abort_handle();
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}
