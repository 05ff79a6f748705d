//! The end of the interpreter.

use std::time::Duration;

use pyo3::prelude::*;

use crate::runtime;
use crate::work::{Task, Work};

/// How long the end of the interpreter waits for open clients to close their sessions.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stops the runtime, after the clients that are still open have closed their sessions, for which `closing` is the
/// work. In a forked child, whose runtime is not the parent's, the parent's clients are not in it.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>, closing: Vec<PyRef<'_, Work>>) {
    let Some(runtime) = runtime::take(py) else {
        return;
    };
    let closing = closing
        .iter()
        .filter_map(|work| work.take().ok()?.into_inner().ok());
    let closing: Vec<Task> = closing.collect();
    py.detach(|| {
        runtime.block_on(async {
            let closing: Vec<_> = closing.into_iter().map(tokio::spawn).collect();
            let all = async {
                for close in closing {
                    // One that failed or panicked is left to expire; there is nobody to tell.
                    let _ = close.await;
                }
            };
            let _ = tokio::time::timeout(PATIENCE, all).await;
        });
        runtime.shutdown_timeout(PATIENCE);
    });
}
