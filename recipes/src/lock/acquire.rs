//! Acquiring a lock.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind};

use super::guard::LockGuard;
use super::held::{Held, LockLost};
use super::holding::{Exclusive, Holding};
use crate::contend::{Contention, Grant, Kind};

/// An acquisition with its options. Made by [`Mutex::acquire`](crate::Mutex::acquire),
/// [`RwLock::read`](crate::RwLock::read) and [`RwLock::write`](crate::RwLock::write); await it for a guard, or end it with
/// [`hold`](Self::hold) to run some work under the lock.
///
/// # Errors
///
/// `AcquireTimedOut` when [`timeout`](Self::timeout) passed first; `MixedContenders`; `NoAuth`; `NoNode` when the client's
/// chroot is missing; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, no contender, watch or queued request is left behind.
///
/// # Ordering
///
/// First come, first served, in the order in which the contenders' nodes are created. The create is queued at
/// the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry the wait starts again at the tail with the next session.
#[derive(Clone)]
#[must_use = "an acquisition does nothing until it is awaited"]
pub struct Acquire<K: Holding = Exclusive> {
    contention: Contention,
    holding: K,
    timeout: Option<Duration>,
    delay: Option<Duration>,
    terms: Terms,
}

/// Until when work goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) on_doubt: OnDoubt,
    pub(crate) max_hold: Option<Duration>,
}

/// What [`Acquire::hold`] does when it is no longer certain that the lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDoubt {
    /// Drops the work: from here on somebody else may hold the lock.
    #[default]
    Stop,
    /// Goes on until the lock is known to be lost. For work whose effects are fenced.
    Continue,
}

/// Why work under a lock did not end normally.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// The lock was lost while the work ran, which was dropped; or the lock had been lost when the work was done.
    #[error(transparent)]
    Lost(#[from] LockLost),
    /// It was no longer certain that the lock was held; the work was dropped.
    #[error("stopped: it is not certain any more that {path} is held (token {token})")]
    Doubt {
        /// The lock's path.
        path: String,
        /// The fencing token of the hold.
        token: u64,
    },
    /// The work took longer than it may; it was dropped, and the lock released.
    #[error(
        "stopped: {path} (token {token}) was held for {limit:?}, which is as long as it may be"
    )]
    TooLong {
        /// The lock's path.
        path: String,
        /// The fencing token of the hold.
        token: u64,
        /// How long it may be held.
        limit: Duration,
    },
    /// The lock was not acquired.
    #[error(transparent)]
    Acquire(#[from] Error),
}

impl<K: Holding> Acquire<K> {
    /// To hold in this way what is contended for in that.
    pub(crate) fn new(client: &Client, path: &str, kind: Kind, acl: &[Acl], holding: K) -> Self {
        let contention = Contention {
            client: client.clone(),
            path: path.to_owned(),
            kind,
            data: Bytes::new(),
            acl: acl.to_vec(),
            tag: String::new(),
            waits: true,
        };
        let acquire = Self {
            contention,
            holding,
            timeout: None,
            delay: None,
            terms: Terms::default(),
        };
        acquire.contender(default_contender())
    }

    /// Waits so long after an unclean loss, and releases so that others can tell.
    pub(super) fn after(mut self, delay: Option<Duration>) -> Self {
        self.delay = delay;
        self
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the text by which operators recognise this contender. Default: host name and process id.
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        self.contention.data = Bytes::from(text.into());
        self.holding.call(&self.contention.data);
        self
    }

    /// Sets what [`hold`](Self::hold) does in doubt. Default: [`OnDoubt::Stop`].
    pub fn on_doubt(mut self, on_doubt: OnDoubt) -> Self {
        self.terms.on_doubt = on_doubt;
        self
    }

    /// Sets how long [`hold`](Self::hold) lets the work go on; then it is dropped and the lock released. Default: for
    /// ever. A guard has no such limit: whoever has it lets go of it.
    pub fn max_hold(mut self, limit: Duration) -> Self {
        self.terms.max_hold = Some(limit);
        self
    }

    /// Acquires the lock, runs `work`, and releases the lock; yields what the work yields.
    ///
    /// The work is dropped when the lock is lost, or in doubt unless [`on_doubt`](Self::on_doubt) says else.
    ///
    /// # Errors
    ///
    /// Those of acquiring as [`HoldError::Acquire`]; [`HoldError::Lost`], [`HoldError::Doubt`], and [`HoldError::TooLong`]
    /// after [`max_hold`](Self::max_hold).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the lock released.
    ///
    /// # Ordering
    ///
    /// The work starts when the lock is held, and the release is queued when the work is over.
    ///
    /// # On session events
    ///
    /// A suspension that outlasts the safe window is doubt; an expiry is a loss.
    pub async fn hold<W, F>(self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        let terms = self.terms;
        let guard = self.run().await?;
        hold_under(guard, terms, work).await
    }

    async fn run(self) -> Result<LockGuard<K>, Error> {
        let Self {
            mut contention,
            holding,
            timeout,
            delay,
            ..
        } = self;
        // The one deadline is the caller's; how long an outage lasts is for the session to say.
        contention.client = contention.client.patient();
        let run = contention.run_after(delay);
        let grant = match timeout {
            None => run.await,
            Some(limit) => match tokio::time::timeout(limit, run).await {
                Ok(result) => result,
                Err(_) => return Err(too_late(&contention.path, limit)),
            },
        };
        match grant {
            Ok(Some(grant)) => {
                let guard = guard(&contention.client, &contention.path, grant, holding);
                Ok(guard.signed(delay.is_some()))
            }
            Ok(None) => Err(Error::new(ErrorKind::Bug, "a waiting contender gave up")),
            Err(error) => Err(contention.client.explain(error).await),
        }
    }

    /// Acquires the lock if nobody whom this would wait for holds it or is ahead, with these options; `None` otherwise. Never waits for other
    /// contenders, so the timeout has no effect. See [`Mutex::try_acquire`](crate::Mutex::try_acquire).
    ///
    /// # Errors
    ///
    /// As [`Acquire`], without `AcquireTimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: no contender is left behind.
    ///
    /// # Ordering
    ///
    /// As [`Mutex::try_acquire`](crate::Mutex::try_acquire).
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn if_free(mut self) -> Result<Option<LockGuard<K>>, Error> {
        self.contention.waits = false;
        let Contention { client, path, .. } = &self.contention;
        match self.contention.run().await {
            Ok(grant) => Ok(grant.map(|grant| {
                guard(client, path, grant, self.holding).signed(self.delay.is_some())
            })),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(unanswered(&self.contention.path))
            }
            Err(error) => Err(self.contention.client.explain(error).await),
        }
    }
}

impl<K: Holding> IntoFuture for Acquire<K> {
    type Output = Result<LockGuard<K>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<K: Holding> fmt::Debug for Acquire<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("path", &self.contention.path)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Runs work while something is held, and releases it.
pub(crate) async fn hold_under<K, W, F>(
    guard: LockGuard<K>,
    terms: Terms,
    work: W,
) -> Result<F::Output, HoldError>
where
    K: Holding,
    W: FnOnce(Held) -> F,
    F: Future,
{
    let held = guard.held();
    let doubted = async {
        match terms.on_doubt {
            OnDoubt::Stop => held.doubted().await,
            OnDoubt::Continue => std::future::pending().await,
        }
    };
    let too_long = async {
        match terms.max_hold {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    let output = tokio::select! {
        biased;
        lost = held.lost() => return Err(lost.into()),
        () = doubted => {
            // A loss ends doubt too; it is the better news to give.
            if let Some(lost) = held.loss() {
                return Err(lost.into());
            }
            return Err(HoldError::Doubt { path: held.path().to_owned(), token: held.token() });
        }
        output = work(held.clone()) => output,
        limit = too_long => {
            let (path, token) = (held.path().to_owned(), held.token());
            // Whether the answer to the delete comes in time changes nothing.
            let _ = guard.release().await;
            return Err(HoldError::TooLong { path, token, limit });
        }
    };
    match guard.release().await {
        Ok(released) if !released.was_held => match held.loss() {
            Some(lost) => Err(lost.into()),
            None => Ok(output),
        },
        // Whether the answer to the delete came in time says nothing about the work.
        Ok(_) | Err(_) => Ok(output),
    }
}

/// The guard of what was granted.
pub(crate) fn guard<K: Holding>(
    client: &Client,
    path: &str,
    grant: Grant,
    kind: K,
) -> LockGuard<K> {
    let Grant { claim, node, token } = grant;
    let held = Held::new(
        client.clone(),
        path,
        &node.path,
        token,
        claim.generation(),
        claim.follow(),
    );
    LockGuard::new(claim, held, kind)
}

pub(crate) fn unanswered(path: &str) -> Error {
    Error::new(
        ErrorKind::TimedOut,
        format!("cannot acquire {path}: no server answered within the request timeout; nothing is left of the attempt"),
    )
    .with_op(OpKind::Acquire, path)
    .with_hint("`zkctl ping` shows which servers can be reached")
}

pub(super) fn too_late(path: &str, limit: Duration) -> Error {
    Error::new(
        ErrorKind::AcquireTimedOut,
        format!("cannot acquire {path} within {limit:?}: others are ahead"),
    )
    .with_op(OpKind::Acquire, path)
    .with_hint(format!("`zkctl locks {path}` shows who"))
}

/// What an operator reads in the node: where the contender runs.
pub(crate) fn default_contender() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    format!("{host} pid {}", std::process::id())
}
