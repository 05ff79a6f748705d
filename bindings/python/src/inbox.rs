//! The asyncio way to results: one inbox for each event loop.
//!
//! What the runtime's threads do when an operation can go on is to note its key, and, if nothing was noted before, to
//! write one byte to a socket that the event loop watches. The loop then polls everything that was noted: one wake-up for
//! a whole burst of replies, and no thread but the loop's needs the interpreter lock.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Wake, Waker};

use pyo3::prelude::*;

use crate::error::Failure;
use crate::owned::Owned;
use crate::runtime;
use crate::shield::shield;
use crate::work::{Outcome, Task, Work, poll};

/// The operations that one event loop waits for.
#[pyclass(frozen)]
pub(crate) struct Inbox {
    waiting: Mutex<HashMap<u64, Owned<Entry>>>,
    next: AtomicU64,
    reader: Owned<UnixStream>,
    bell: Arc<Bell>,
}

struct Entry {
    stage: Stage,
    ticket: Arc<Ticket>,
}

enum Stage {
    Running(Task),
    /// Over at its first poll; delivered with the next batch like any other.
    Over(Outcome),
}

/// What is noted for the loop, and the bell that calls it.
struct Bell {
    noted: Mutex<Vec<u64>>,
    writer: UnixStream,
}

/// The waker of one operation.
struct Ticket {
    key: u64,
    noted: AtomicBool,
    bell: Arc<Bell>,
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.noted.swap(true, Ordering::AcqRel) {
            self.bell.note(self.key);
        }
    }
}

impl Bell {
    fn note(&self, key: u64) {
        let first = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push(key);
            noted.len() == 1
        };
        if first {
            // A full socket rings already, and a closed one has nobody to wake.
            let _ = (&self.writer).write(&[1]);
        }
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inbox {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Owned<Entry>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one step of the operation; `None` if it has to wait on.
    fn step(&self, py: Python<'_>, key: u64) -> Result<Option<Outcome>, Failure> {
        // Out of the map while it runs: what it drops may come back here.
        let Some(mut owned) = self.waiting().remove(&key) else {
            return Ok(None);
        };
        let runtime = runtime::handle(py)?;
        let entry = owned.get_mut()?;
        entry.ticket.noted.store(false, Ordering::Release);
        if let Stage::Running(task) = &mut entry.stage {
            match poll(&runtime, task, &Waker::from(Arc::clone(&entry.ticket))) {
                Poll::Ready(outcome) => return Ok(Some(outcome)),
                Poll::Pending => {
                    self.waiting().insert(key, owned);
                    return Ok(None);
                }
            }
        }
        match owned.into_inner()?.stage {
            Stage::Over(outcome) => Ok(Some(outcome)),
            Stage::Running(_) => Ok(None),
        }
    }
}

#[pymethods]
impl Inbox {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self {
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
            reader: Owned::new(reader),
            bell: Arc::new(Bell {
                noted: Mutex::default(),
                writer,
            }),
        })
    }

    /// The file descriptor that is readable when there is something to drain.
    fn fileno(&self) -> PyResult<i32> {
        Ok(self.reader.get()?.as_raw_fd())
    }

    /// Starts an operation: its first step is taken now, so requests leave in the order of these calls. Its result
    /// comes out of `drain` under the key that is returned.
    fn start(&self, py: Python<'_>, work: &Work) -> PyResult<u64> {
        shield(|| {
            self.reader.get()?;
            let mut task = work.take()?.into_inner()?;
            let runtime = runtime::handle(py)?;
            let key = self.next.fetch_add(1, Ordering::Relaxed);
            let ticket = Arc::new(Ticket {
                key,
                noted: AtomicBool::new(true),
                bell: Arc::clone(&self.bell),
            });
            // Not before its entry is in place may the operation be noted.
            let waker = Waker::from(Arc::clone(&ticket));
            ticket.noted.store(false, Ordering::Release);
            let stage = match poll(&runtime, &mut task, &waker) {
                Poll::Ready(outcome) => {
                    waker.wake();
                    Stage::Over(outcome)
                }
                Poll::Pending => Stage::Running(task),
            };
            self.waiting()
                .insert(key, Owned::new(Entry { stage, ticket }));
            Ok(key)
        })
    }

    /// Gives an operation up. Nothing happens if it is over.
    fn forget(&self, key: u64) {
        let entry = self.waiting().remove(&key);
        drop(entry);
    }

    /// Continues everything that can go on; returns what is over as (key, succeeded, result or exception).
    fn drain(&self, py: Python<'_>) -> PyResult<Vec<(u64, bool, Py<PyAny>)>> {
        shield(|| {
            let mut buffer = [0; 64];
            loop {
                match self.reader.get()?.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            let mut over = Vec::new();
            for key in self.bell.take() {
                let outcome = match self.step(py, key) {
                    Ok(None) => continue,
                    Ok(Some(outcome)) => outcome,
                    Err(failure) => Err(failure),
                };
                over.push(match outcome.map(|reply| reply.into_python(py)) {
                    Ok(Ok(value)) => (key, true, value.unbind()),
                    Ok(Err(error)) => (key, false, error.into_value(py).into_any()),
                    Err(failure) => (key, false, failure.into_exception(py)?.unbind()),
                });
            }
            Ok(over)
        })
    }

    /// How many operations are under way.
    fn __len__(&self) -> usize {
        self.waiting().len()
    }
}
