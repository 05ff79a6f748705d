//! The one tokio runtime of a process, started by the first operation.

use std::process;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use zk_recipes::ErrorKind;

use crate::error::Failure;

struct Slot {
    owner: u32,
    /// None after [`take`].
    runtime: Option<Runtime>,
}

/// Locked only by threads that hold the interpreter lock and keep it meanwhile. So whoever forks finds it unlocked.
static SLOT: Mutex<Option<Slot>> = Mutex::new(None);

/// Two: one for a client's task, one more so that an embedded server in a test does not wait for it.
const THREADS: usize = 2;

/// The runtime of this process. A forked child gets its own, and its parent's objects stay refused.
pub(crate) fn handle(py: Python<'_>) -> Result<Handle, Failure> {
    if ENDING.get().is_some() {
        py.detach(stay_if_ending);
    }
    let mut slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(slot) = slot.as_ref().filter(|slot| slot.owner == process::id()) {
        return match &slot.runtime {
            Some(runtime) => Ok(runtime.handle().clone()),
            None => Err(Failure::new(
                ErrorKind::Misuse,
                "the interpreter is about to exit",
            )),
        };
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("zk-recipes")
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| {
            Failure::new(
                ErrorKind::InvalidConfig,
                format!("cannot start threads: {error}"),
            )
        })?;
    let handle = runtime.handle().clone();
    let parents = slot.replace(Slot {
        owner: process::id(),
        runtime: Some(runtime),
    });
    // Its threads exist in the parent only; ending it here would wait for them, or speak on the parent's sockets.
    std::mem::forget(parents);
    Ok(handle)
}

/// The thread that ends the interpreter, once it does.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// Keeps every other thread of an interpreter that ends. Only daemon threads are left then: what they wait for is about
/// to fail, and their exceptions would be noise on the way out.
pub(crate) fn stay_if_ending() {
    let ending = ENDING.get();
    while ending.is_some_and(|thread| *thread != thread::current().id()) {
        thread::park();
    }
}

/// Takes the runtime away, to stop it; nothing can be started any more.
pub(crate) fn take(_attached: Python<'_>) -> Option<Runtime> {
    ENDING.get_or_init(|| thread::current().id());
    let mut slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = slot.as_mut().filter(|slot| slot.owner == process::id());
    ours.and_then(|slot| slot.runtime.take())
}
