//! The operations of a session that run in the background, and those of them that are done.

use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::future::Future;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use ::zk_client::Fate;
use rustix::event::{EventfdFlags, eventfd};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::boundary;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::status::zk_status;

/// How many operations may be on their way or done and not taken: a caller that takes none is stopped here.
const MOST: usize = 65_536;

/// One operation that is done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) number: u64,
    pub(crate) tag: usize,
    pub(crate) outcome: Outcome,
}

/// Operations on their way and done. The descriptor is readable while there is something to take, and for good
/// once nothing will ever come again.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    descriptor: OwnedFd,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    running: HashMap<u64, AbortHandle>,
    done: VecDeque<Done>,
    closed: bool,
    readable: bool,
}

impl Queue {
    pub(crate) fn new() -> Result<Self, Failure> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| Failure::misuse(format!("no descriptor for completions: {error}")))?;
        Ok(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            descriptor,
        })
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// Starts some work and returns its number.
    pub(crate) fn start(
        self: &Arc<Self>,
        runtime: &Handle,
        work: Pin<Box<dyn Future<Output = Outcome> + Send>>,
        if_given_up: Fate,
        tag: *mut c_void,
    ) -> Result<u64, Failure> {
        let mut state = self.lock();
        if state.closed {
            return Err(Failure::closed());
        }
        if state.running.len() + state.done.len() >= MOST {
            return Err(Failure::new(
                zk_status::ZK_ERR_QUEUE_FULL,
                format!(
                    "{MOST} operations are on their way or done; take completions with \
                     zk_client_next_completion before starting more"
                ),
            ));
        }
        state.last += 1;
        let number = state.last;
        let mut ticket = Ticket {
            queue: Arc::clone(self),
            number,
            tag: tag.addr(),
            outcome: None,
            if_given_up,
        };
        // The task cannot end before its entry is made: its ticket needs the lock for that.
        let task = runtime.spawn(async move {
            let outcome = work.await;
            ticket.settle(outcome);
        });
        state.running.insert(number, task.abort_handle());
        Ok(number)
    }

    /// Gives an operation up; false if it is done.
    pub(crate) fn cancel(&self, number: u64) -> Result<bool, Failure> {
        let state = self.lock();
        if number == 0 || number > state.last {
            return Err(Failure::misuse(format!(
                "no operation of this client has the number {number}"
            )));
        }
        let task = state.running.get(&number).cloned();
        drop(state);
        Ok(task.map(|task| task.abort()).is_some())
    }

    /// Takes the oldest operation that is done, through `take`, which may refuse; waits for one until the deadline.
    pub(crate) fn next<T>(
        &self,
        deadline: Deadline,
        take: impl FnOnce(Done) -> Result<T, Box<(Failure, Done)>>,
    ) -> Result<Option<T>, Failure> {
        let mut state = self.lock();
        loop {
            if let Some(done) = state.done.pop_front() {
                let taken = take(done).map_err(|refused| {
                    let (failure, done) = *refused;
                    state.done.push_front(done);
                    failure
                });
                self.show(&mut state);
                return taken.map(Some);
            }
            if state.is_over() {
                return Err(Failure::closed());
            }
            state = match deadline.left() {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Ok(None),
                Some(left) => {
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    /// Nothing can be started any more. What is on its way ends with the session.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.show(&mut state);
    }

    /// As [`close`](Self::close), and nobody will take what is done.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        let running: Vec<AbortHandle> = state.running.values().cloned().collect();
        let done = std::mem::take(&mut state.done);
        self.show(&mut state);
        drop(state);
        for task in running {
            task.abort();
        }
        drop(done);
    }

    fn push(&self, done: Done) {
        let mut state = self.lock();
        state.running.remove(&done.number);
        state.done.push_back(done);
        self.show(&mut state);
    }

    /// Lets the descriptor and the waiting threads know how things stand.
    fn show(&self, state: &mut State) {
        let readable = !state.done.is_empty() || state.is_over();
        // Neither can fail: the counter goes from 0 to 1 and back.
        if readable && !state.readable {
            let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
        } else if !readable && state.readable {
            let _ = rustix::io::read(&self.descriptor, &mut [0; 8]);
        }
        state.readable = readable;
        if readable {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.closed && self.running.is_empty() && self.done.is_empty()
    }
}

/// Makes exactly one completion, however its operation ends.
struct Ticket {
    queue: Arc<Queue>,
    number: u64,
    tag: usize,
    outcome: Option<Outcome>,
    if_given_up: Fate,
}

impl Ticket {
    fn settle(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(|| {
            if std::thread::panicking() {
                return Err(boundary::panicked("an operation panicked"));
            }
            let text = "the operation was cancelled";
            Err(Failure::new(zk_status::ZK_ERR_CANCELLED, text).with_fate(self.if_given_up))
        });
        self.queue.push(Done {
            number: self.number,
            tag: self.tag,
            outcome,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Yield;
    use crate::runtime;

    const SOON: i64 = 20_000;

    fn start(queue: &Arc<Queue>, work: impl Future<Output = Outcome> + Send + 'static) -> u64 {
        let runtime = runtime::handle().unwrap();
        queue
            .start(
                &runtime,
                Box::pin(work),
                Fate::Unknown,
                std::ptr::null_mut(),
            )
            .unwrap()
    }

    fn next(queue: &Queue, ms: i64) -> Option<Done> {
        queue.next(Deadline::from_ms(ms), Ok).unwrap()
    }

    fn status(done: &Done) -> Option<zk_status> {
        done.outcome.as_ref().err().map(|failure| failure.status)
    }

    #[test]
    fn an_operation_that_panics_or_is_cancelled_completes_too() {
        let queue = Arc::new(Queue::new().unwrap());
        let number = start(&queue, async { panic!("on purpose") });
        let done = next(&queue, SOON).unwrap();
        assert_eq!(
            (done.number, status(&done)),
            (number, Some(zk_status::ZK_ERR_PANIC))
        );
        let number = start(&queue, std::future::pending());
        assert!(queue.cancel(number).unwrap());
        let done = next(&queue, SOON).unwrap();
        assert_eq!(
            (done.number, status(&done)),
            (number, Some(zk_status::ZK_ERR_CANCELLED))
        );
        assert!(!queue.cancel(number).unwrap());
        assert!(queue.cancel(number + 1).is_err());
    }

    #[test]
    fn a_caller_that_takes_nothing_is_stopped_and_may_go_on_when_it_takes() {
        let queue = Arc::new(Queue::new().unwrap());
        for _ in 0..MOST {
            start(&queue, async { Ok(Yield::Nothing) });
        }
        let runtime = runtime::handle().unwrap();
        let again = || {
            let work = Box::pin(async { Ok(Yield::Nothing) });
            queue.start(&runtime, work, Fate::NotApplied, std::ptr::null_mut())
        };
        assert_eq!(again().unwrap_err().status, zk_status::ZK_ERR_QUEUE_FULL);
        assert!(next(&queue, SOON).is_some());
        assert!(again().is_ok());
    }

    #[test]
    fn a_refused_completion_stays_first() {
        let queue = Arc::new(Queue::new().unwrap());
        let first = start(&queue, async { Ok(Yield::Nothing) });
        let refused = queue.next(Deadline::from_ms(SOON), |done| {
            Err::<(), _>(Box::new((Failure::misuse("full"), done)))
        });
        assert!(refused.is_err());
        assert_eq!(next(&queue, 0).unwrap().number, first);
    }
}
