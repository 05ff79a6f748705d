//! The core behind its lock, with a clock, and a bell for everybody who serves a connection.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;
use zk_wire::Moment;

use crate::core::{ConnKey, Engine};

/// One server or one ensemble, as its faces and its hooks share it.
///
/// Everything happens under the lock and synchronously, so hooks need no runtime.
#[derive(Debug)]
pub(crate) struct Shared<E> {
    state: Mutex<State<E>>,
    started: Instant,
    /// Rung when the next deadline has come closer.
    timer: Notify,
    /// Rung after everything that happens.
    changed: Notify,
}

#[derive(Debug)]
struct State<E> {
    core: E,
    bells: BTreeMap<ConnKey, Arc<Notify>>,
    now: Moment,
    deadline: Option<Moment>,
}

impl<E: Engine> Shared<E> {
    pub(crate) fn new(core: E) -> Self {
        let deadline = core.poll_timeout();
        let state = State {
            core,
            bells: BTreeMap::new(),
            now: Moment::ZERO,
            deadline,
        };
        Self {
            state: Mutex::new(state),
            started: Instant::now(),
            timer: Notify::new(),
            changed: Notify::new(),
        }
    }

    /// Acts on the core, then rings for whoever has something to do because of it.
    pub(crate) fn act<R>(&self, act: impl FnOnce(&mut E, Moment) -> R) -> R {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.now = state.now.max(self.clock().unwrap_or(state.now));
        let result = act(&mut state.core, state.now);
        while let Some(key) = state.core.poll_ready() {
            if let Some(bell) = state.bells.get(&key) {
                bell.notify_one();
            }
        }
        let deadline = state.core.poll_timeout();
        let is_closer = match (deadline, state.deadline) {
            (Some(next), Some(armed)) => next < armed,
            (next, None) => next.is_some(),
            (None, Some(_)) => false,
        };
        if is_closer {
            state.deadline = deadline;
            self.timer.notify_one();
        }
        drop(guard);
        self.changed.notify_waiters();
        result
    }

    /// Looks at the core.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&E) -> R) -> R {
        look(&self.lock().core)
    }

    /// A new connection, and the bell that calls for it.
    pub(crate) fn accept(&self, door: E::Door, address: IpAddr) -> (ConnKey, Arc<Notify>) {
        let key = self.act(|core, now| core.accept(now, door, address));
        let bell = Arc::new(Notify::new());
        // What it missed: there may be something to do already.
        bell.notify_one();
        self.lock().bells.insert(key, Arc::clone(&bell));
        (key, bell)
    }

    pub(crate) fn hung_up(&self, key: ConnKey) {
        self.lock().bells.remove(&key);
        self.act(|core, now| core.handle_disconnected(now, key));
    }

    /// Waits until the core's next deadline and lets it act on it. For one task alone.
    ///
    /// Cancel safe: a deadline that was not acted on is waited for again.
    pub(crate) async fn tick(&self) {
        let deadline = {
            let mut state = self.lock();
            state.deadline = state.core.poll_timeout();
            state.deadline
        };
        let at = deadline.and_then(|at| self.started.checked_add(at - Moment::ZERO));
        match at {
            Some(at) => {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(at) => {
                        self.act(|core, now| core.handle_timeout(now));
                    }
                    () = self.timer.notified() => {}
                }
            }
            None => self.timer.notified().await,
        }
    }

    /// Waits until the core is as wanted.
    pub(crate) async fn until(&self, mut wanted: impl FnMut(&E) -> bool) {
        let mut changed = std::pin::pin!(self.changed.notified());
        loop {
            // Listens first, so that nothing happens unheard between the look and the wait.
            changed.as_mut().enable();
            if self.look(&mut wanted) {
                return;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }

    /// Outside a runtime tokio's clock may be another one than the server's, so time stands still.
    fn clock(&self) -> Option<Moment> {
        Handle::try_current()
            .ok()
            .map(|_| Moment::ZERO + self.started.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // A panic under the lock can come only from a test's own closure, which looked and changed nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
