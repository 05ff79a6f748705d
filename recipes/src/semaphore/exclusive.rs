//! Curator's mutex that is a semaphore of one permit.

use std::future::Future;

use zk_client::{Acl, Client, Error};

use super::acquire::AcquirePermit;
use super::counting::Semaphore;
use crate::lock::{Contender, Exclusive, Held, HoldError, LockGuard};

/// A lock that is a semaphore with one permit, for a path shared with Curator's `InterProcessSemaphoreMutex`.
///
/// For paths of one's own, or shared with anything else, [`Mutex`](crate::Mutex) does the same with half the requests.
/// The two do not see each other. Tokens are the creation zxids of leases: the entrance lets in one at a time, so they
/// grow from holder to holder. Safety is that of [`Mutex`](crate::Mutex).
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, SemaphoreMutex};
/// # let zk = Client::dev().await?;
/// let ledger = SemaphoreMutex::new(&zk, "/locks/ledger")?;
/// let guard = ledger.acquire().await?;
/// assert!(ledger.try_acquire().await?.is_none());
/// guard.release().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct SemaphoreMutex {
    semaphore: Semaphore,
}

impl SemaphoreMutex {
    /// The lock at `path`. Sends nothing; missing parents are made, as containers, when somebody acquires it.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        Ok(Self {
            semaphore: Semaphore::new(client, path, 1)?,
        })
    }

    /// Sets the ACL of the contenders' nodes. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.semaphore = self.semaphore.acl(acl);
        self
    }

    /// The lock's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.semaphore.path()
    }

    /// Acquires the lock; await the result or set options first.
    pub fn acquire(&self) -> AcquirePermit<Exclusive> {
        AcquirePermit::new(self.semaphore.entrance(), Exclusive::new())
    }

    /// Acquires the lock if nobody holds it or waits for it; `None` otherwise. See [`AcquirePermit::if_free`].
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
    /// As [`AcquirePermit::if_free`].
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn try_acquire(&self) -> Result<Option<LockGuard>, Error> {
        self.acquire().if_free().await
    }

    /// Acquires the lock, runs `work` under it, and releases it. See [`AcquirePermit::hold`].
    ///
    /// # Errors
    ///
    /// As [`AcquirePermit::hold`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the lock released.
    ///
    /// # Ordering
    ///
    /// As [`AcquirePermit::hold`].
    ///
    /// # On session events
    ///
    /// As [`AcquirePermit::hold`].
    pub async fn hold<W, F>(&self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        self.acquire().hold(work).await
    }

    /// Lists who has a lease: the holder, and who is at the entrance. See [`Semaphore::holders`].
    ///
    /// # Errors
    ///
    /// As [`Semaphore::holders`].
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As [`Semaphore::holders`].
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn holders(&self) -> Result<Vec<Contender>, Error> {
        self.semaphore.holders().await
    }
}
