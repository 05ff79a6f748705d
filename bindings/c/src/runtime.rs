//! The threads of the library: started by the first call that needs them, never stopped.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::boundary;
use crate::failure::Failure;
use crate::status::zk_status;

/// Enough to answer heartbeats while one thread is kept busy.
const THREADS: usize = 2;

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Where work is started.
pub(crate) fn handle() -> Result<Handle, Failure> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    boundary::own();
    let started = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("zk-recipes")
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                zk_status::ZK_ERR_BUG,
                format!("the threads of libzk_recipes cannot be started: {error}"),
            )
        })?;
    let handle = started.handle().clone();
    *runtime = Some(started);
    Ok(handle)
}

/// Runs some work to its end on the thread of the caller.
pub(crate) fn wait<F: Future>(work: F) -> Result<F::Output, Failure> {
    Ok(handle()?.block_on(work))
}
