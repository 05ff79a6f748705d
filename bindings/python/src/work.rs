//! An operation that nobody polls yet, and the blocking way to its result.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::error::Failure;
use crate::owned::Owned;
use crate::reply::Reply;
use crate::runtime;

/// How an operation ends.
pub(crate) type Outcome = Result<Reply, Failure>;

/// The future of an operation.
pub(crate) type Task = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// An operation: to be waited for by a thread, or handed to an inbox. Dropping it gives the operation up.
#[pyclass(frozen, generic)]
pub(crate) struct Work {
    task: Mutex<Option<Owned<Task>>>,
}

impl Work {
    pub(crate) fn new(task: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self {
            task: Mutex::new(Some(Owned::new(Box::pin(task)))),
        }
    }

    pub(crate) fn take(&self) -> Result<Owned<Task>, Failure> {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        task.ok_or_else(|| Failure::misuse("this operation was started already"))
    }
}

#[pymethods]
impl Work {
    /// Runs the operation on this thread, without the interpreter lock. A signal handler that raises ends it.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut task = self.take()?;
        let runtime = runtime::handle(py)?;
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let task = task.get_mut()?;
        loop {
            let polled = py.detach(|| {
                let polled = poll(&runtime, task, &waker);
                if polled.is_pending() {
                    parker.park(BETWEEN_SIGNALS);
                }
                runtime::stay_if_ending();
                polled
            });
            match polled {
                Poll::Ready(outcome) => return Ok(outcome?.into_python(py)?.unbind()),
                Poll::Pending => py.check_signals()?,
            }
        }
    }
}

/// One poll inside the runtime, whose timers and sockets the task uses. A panic ends the task.
pub(crate) fn poll(runtime: &Handle, task: &mut Task, waker: &Waker) -> Poll<Outcome> {
    let _inside = runtime.enter();
    let polled = catch_unwind(AssertUnwindSafe(|| {
        task.as_mut().poll(&mut Context::from_waker(waker))
    }));
    polled.unwrap_or_else(|_| Poll::Ready(Err(Failure::panicked())))
}

/// How long Ctrl-C may go unnoticed: a signal does not wake a thread that waits for another.
const BETWEEN_SIGNALS: Duration = Duration::from_millis(100);

/// Where a thread waits to be woken.
#[derive(Default)]
struct Parker {
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    fn park(&self, limit: Duration) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(woken, limit, |woken| !*woken);
        let (mut woken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *woken = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_one();
    }
}
