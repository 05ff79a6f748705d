//! What the driver task and all handles share: one mutex around the session core and its waiters.
//!
//! Callers submit under the lock and wake the driver, so a request is queued when the call is made, `Drop`
//! needs no runtime, and a batch of replies costs one lock and one round of wake-ups.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use zk_session::{Rejected, Session, Submit};
use zk_wire::{Moment, Request};

use crate::identity::Identity;
use crate::shared::clock::Clock;
use crate::shared::entropy::Entropy;
use crate::shared::inner::{Accepted, Answered, Inner, RequestKey};
use crate::shared::latest;
use crate::state::State;
use crate::transport::ServerAddr;

/// Shared by the driver, the client handles, pending requests, watches and claims.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) state: latest::Sender<State>,
    pub(crate) request_timeout: Option<Duration>,
    /// Whether no session follows one that expired.
    pub(crate) stops_at_expiry: bool,
    /// Changes with each connection attempt that failed.
    pub(crate) attempts: watch::Sender<u64>,
    /// Who the client says it is, without secrets.
    pub(crate) identity: Identity,
}

impl Shared {
    pub(crate) fn new(
        core: Session,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        servers: Vec<ServerAddr>,
        request_timeout: Option<Duration>,
        stops_at_expiry: bool,
        identity: Identity,
    ) -> Self {
        Self {
            inner: Mutex::new(Inner::new(core, servers)),
            clock,
            entropy,
            state: latest::Sender::new(State::Connecting),
            request_timeout,
            stops_at_expiry,
            attempts: watch::Sender::new(0),
            identity,
        }
    }

    /// Locks the core. A panic elsewhere while it was locked does not make the session unusable: the core
    /// keeps its invariants between calls.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` under the lock and wakes the driver afterwards.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Inner, Moment) -> R) -> R {
        let now = self.clock.now();
        let mut inner = self.lock();
        let result = f(&mut inner, now);
        let driver = match std::mem::take(&mut inner.quiet) {
            true => None,
            false => inner.driver.take(),
        };
        drop(inner);
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// Whether there will never be a session again.
    pub(crate) fn is_last(&self, state: State) -> bool {
        state.is_last(self.stops_at_expiry)
    }

    /// Queues a request and makes a slot for its outcome.
    pub(crate) fn submit(&self, request: Request, options: Submit) -> Result<Accepted, Rejected> {
        self.with(|inner, now| inner.submit(now, request, options))
    }

    /// The outcome of a request, or registers the waker.
    pub(crate) fn poll_outcome(&self, key: RequestKey, cx: &mut Context<'_>) -> Poll<Answered> {
        self.lock().poll_outcome(key, cx)
    }

    /// Forgets a request whose future was dropped.
    pub(crate) fn abandon(&self, key: RequestKey) {
        self.with(|inner, now| inner.abandon(now, key));
    }

    /// The default deadline of a request that is submitted now.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.request_timeout
            .map(|timeout| self.clock.now() + timeout)
    }

    /// The name of the server that the session is or was last connected to.
    pub(crate) fn server_name(&self, inner: &Inner) -> Option<String> {
        let server = inner.core.server().or(inner.dialled)?;
        inner.servers.get(server.index()).map(ToString::to_string)
    }
}
