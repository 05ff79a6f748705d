//! Acquiring permits.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{Error, ErrorKind, OpKind};

use super::entrance::Entrance;
use super::permit::{Leased, Permit};
use crate::contend::Layout;
use crate::lock::{
    Held, HoldError, Holding, LockGuard, OnDoubt, Terms, guard, hold_under, unanswered,
};

/// The acquisition of a permit with its options. Made by [`Semaphore::acquire`](crate::Semaphore::acquire) and
/// [`SemaphoreMutex::acquire`](crate::SemaphoreMutex::acquire); await it for a guard, or end it with [`hold`](Self::hold).
///
/// # Errors
///
/// `AcquireTimedOut` when [`timeout`](Self::timeout) passed first; `Misuse` if more is wanted than there can be, or the
/// stored capacity is no number or another than kazoo's programs were told; `MixedContenders`; `NoAuth`; `NoNode` when the
/// client's chroot is missing; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, no lease, place in the queue, watch or queued request is left behind.
///
/// # Ordering
///
/// First come, first served, in the order in which the nodes at the entrance are created. The first create is queued
/// at the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry the wait starts again at the tail with the next session.
#[derive(Clone)]
#[must_use = "an acquisition does nothing until it is awaited"]
pub struct AcquirePermit<K: Holding = Leased> {
    wanted: Wanted,
    terms: Terms,
    kind: K,
}

/// The acquisition of several permits at once, all or none. Made by
/// [`Semaphore::acquire_many`](crate::Semaphore::acquire_many); await it for the permits, which are released one by one.
///
/// # Errors
///
/// As [`AcquirePermit`].
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, nothing is left behind.
///
/// # Ordering
///
/// As [`AcquirePermit`]. While it waits nobody overtakes it, also not for fewer permits.
///
/// # On session events
///
/// As [`AcquirePermit`].
#[derive(Clone)]
#[must_use = "an acquisition does nothing until it is awaited"]
pub struct AcquirePermits {
    wanted: Wanted,
}

/// What both want.
#[derive(Clone)]
struct Wanted {
    entrance: Entrance,
    timeout: Option<Duration>,
}

impl Wanted {
    async fn run<K: Holding>(self, kind: K) -> Result<Vec<LockGuard<K>>, Error> {
        let Self {
            mut entrance,
            timeout,
        } = self;
        entrance.is_possible()?;
        // The one deadline is the caller's; how long an outage lasts is for the session to say.
        entrance.client = entrance.client.patient();
        entrance.capacity.client = entrance.client.clone();
        let run = entrance.run();
        let grants = match timeout {
            None => run.await,
            Some(limit) => match tokio::time::timeout(limit, run).await {
                Ok(result) => result,
                Err(_) => return Err(too_late(&entrance, limit)),
            },
        };
        match grants {
            Ok(grants) => {
                let guards = grants.into_iter().flatten();
                let (client, path) = (&entrance.client, &entrance.path);
                Ok(guards
                    .map(|grant| guard(client, path, grant, kind.clone()))
                    .collect())
            }
            Err(error) => Err(entrance.client.explain(error).await),
        }
    }

    async fn if_free<K: Holding>(self, kind: K) -> Result<Option<Vec<LockGuard<K>>>, Error> {
        let mut entrance = self.entrance;
        entrance.is_possible()?;
        entrance.waits = false;
        let (client, path) = (&entrance.client, &entrance.path);
        match entrance.run().await {
            Ok(grants) => Ok(grants.map(|grants| {
                let guards = grants.into_iter();
                guards
                    .map(|grant| guard(client, path, grant, kind.clone()))
                    .collect()
            })),
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(unanswered(path)),
            Err(error) => Err(client.explain(error).await),
        }
    }
}

impl<K: Holding> AcquirePermit<K> {
    pub(super) fn new(entrance: Entrance, kind: K) -> Self {
        let wanted = Wanted {
            entrance,
            timeout: None,
        };
        Self {
            wanted,
            terms: Terms::default(),
            kind,
        }
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wanted.timeout = Some(timeout);
        self
    }

    /// Sets the text by which operators recognise this contender. Default: host name and process id.
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        self.wanted.entrance.data = Bytes::from(text.into());
        self
    }

    /// Sets what [`hold`](Self::hold) does in doubt. Default: [`OnDoubt::Stop`].
    pub fn on_doubt(mut self, on_doubt: OnDoubt) -> Self {
        self.terms.on_doubt = on_doubt;
        self
    }

    /// Sets how long [`hold`](Self::hold) lets the work go on. See [`Acquire::max_hold`](crate::Acquire::max_hold).
    pub fn max_hold(mut self, limit: Duration) -> Self {
        self.terms.max_hold = Some(limit);
        self
    }

    /// Acquires a permit, runs `work`, and releases it; yields what the work yields.
    ///
    /// # Errors
    ///
    /// As [`Acquire::hold`](crate::Acquire::hold).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the permit released.
    ///
    /// # Ordering
    ///
    /// As [`Acquire::hold`](crate::Acquire::hold).
    ///
    /// # On session events
    ///
    /// As [`Acquire::hold`](crate::Acquire::hold).
    pub async fn hold<W, F>(self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        let terms = self.terms;
        let guard = self.run().await?;
        hold_under(guard, terms, work).await
    }

    /// Acquires a permit if one is free and nobody waits for one; `None` otherwise, and also while somebody else is
    /// just coming in. Never waits for other contenders, so the timeout has no effect.
    ///
    /// # Errors
    ///
    /// As [`AcquirePermit`], without `AcquireTimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: nothing is left behind.
    ///
    /// # Ordering
    ///
    /// Two round trips. After `None` the nodes are being deleted; the deletes are queued before anything later.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn if_free(self) -> Result<Option<LockGuard<K>>, Error> {
        let guards = self.wanted.if_free(self.kind).await?;
        Ok(guards.and_then(|mut guards| guards.pop()))
    }

    async fn run(self) -> Result<LockGuard<K>, Error> {
        let mut guards = self.wanted.run(self.kind).await?;
        guards.pop().ok_or_else(|| {
            Error::new(
                ErrorKind::Bug,
                "a waiting contender came in without a permit",
            )
        })
    }
}

impl AcquirePermits {
    pub(super) fn new(mut entrance: Entrance, count: u32) -> Self {
        entrance.count = count;
        let wanted = Wanted {
            entrance,
            timeout: None,
        };
        Self { wanted }
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wanted.timeout = Some(timeout);
        self
    }

    /// Sets the text by which operators recognise this contender. Default: host name and process id.
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        self.wanted.entrance.data = Bytes::from(text.into());
        self
    }

    /// As [`AcquirePermit::if_free`], for all of them.
    ///
    /// # Errors
    ///
    /// As [`AcquirePermit::if_free`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: nothing is left behind.
    ///
    /// # Ordering
    ///
    /// One round trip for the entrance and one for each permit.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn if_free(self) -> Result<Option<Vec<Permit>>, Error> {
        self.wanted.if_free(Leased).await
    }
}

impl<K: Holding> IntoFuture for AcquirePermit<K> {
    type Output = Result<LockGuard<K>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for AcquirePermits {
    type Output = Result<Vec<Permit>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wanted.run(Leased))
    }
}

impl<K: Holding> fmt::Debug for AcquirePermit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquirePermit")
            .field("path", &self.wanted.entrance.path)
            .field("timeout", &self.wanted.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AcquirePermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquirePermits")
            .field("path", &self.wanted.entrance.path)
            .field("count", &self.wanted.entrance.count)
            .field("timeout", &self.wanted.timeout)
            .finish_non_exhaustive()
    }
}

fn too_late(entrance: &Entrance, limit: Duration) -> Error {
    let path = &entrance.path;
    let what = match entrance.count {
        1 => "a permit".to_owned(),
        count => format!("{count} permits"),
    };
    let leases = Entrance::leases(path, entrance.layout);
    Error::new(
        ErrorKind::AcquireTimedOut,
        format!(
            "cannot acquire {what} of {path} within {limit:?}: all are taken, or others are ahead"
        ),
    )
    .with_op(OpKind::Acquire, path)
    .with_hint(match entrance.layout {
        Layout::Curator => format!("`zkctl locks {leases}` shows who has them"),
        // Their names say nothing.
        Layout::Kazoo => format!("`zkctl ls {leases}` shows the nodes of those who have them"),
    })
}
