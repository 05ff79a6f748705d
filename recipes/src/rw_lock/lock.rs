//! A lock that many readers or one writer hold, first come first served.

use bytes::Bytes;
use zk_client::{Acl, Client, Error};

use super::holding::{ReadGuard, Reading, WriteGuard, Writing};
use crate::contend::{Kind, Layout};
use crate::lock::{Acquire, Contender, list, validate};

/// A lock on a path that any number of readers hold, or one writer, in the order of arrival.
///
/// Shares its path with Curator's `InterProcessReadWriteLock`, or with kazoo's `ReadLock` and `WriteLock` if
/// [`layout`](Self::layout) says so. A path with mutexes or with contenders of the other layout is refused; kazoo's plain
/// `Lock` cannot be told from its `WriteLock` and does not see readers, so keep it away.
///
/// Nobody is preferred: a reader waits for the writers ahead of it, a writer for everybody ahead. A waiter watches one
/// node, the nearest it has to wait for; the end of a writer wakes the readers directly behind it or one writer, the
/// end of a reader at most one writer.
///
/// **Safety** (levels of the reliability notes): at each zxid one writer or readers hold (A), a holder's
/// [`Held::is_safe`](crate::Held::is_safe) is level B. Writers have fencing tokens (C), which grow from writer to writer;
/// readers have none. Writes `.fenced_by(&held)` (D) work for both. A task that holds and acquires again waits for
/// itself.
///
/// **Cost**: as a [`Mutex`](crate::Mutex); but each waiter lists once more before it holds.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, RwLock};
/// # let zk = Client::dev().await?;
/// let catalog = RwLock::new(&zk, "/locks/catalog")?;
/// let write = catalog.write().await?;
/// // … change it, with write.token() …
/// let read = write.downgrade().await?;
/// assert!(catalog.try_read().await?.is_some(), "others may read now");
/// assert!(catalog.try_write().await?.is_none(), "and nobody write");
/// read.release().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct RwLock {
    client: Client,
    path: String,
    layout: Layout,
    acl: Vec<Acl>,
}

impl RwLock {
    /// The lock at `path`. Sends nothing; missing parents are made when somebody acquires it.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        validate(path)?;
        Ok(Self {
            client: client.terse(),
            path: path.to_owned(),
            layout: Layout::default(),
            acl: vec![Acl::open()],
        })
    }

    /// Sets whose programs the lock is shared with. Default: [`Layout::Curator`].
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the ACL of the contenders' nodes. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// The lock's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Acquires it for reading; await the result or set options first.
    pub fn read(&self) -> Acquire<Reading> {
        let kind = Kind::Read(self.layout);
        Acquire::new(&self.client, &self.path, kind, &self.acl, Reading)
    }

    /// Acquires it for writing; await the result or set options first.
    pub fn write(&self) -> Acquire<Writing> {
        let kind = Kind::Write(self.layout);
        let writing = Writing {
            layout: self.layout,
            acl: self.acl.clone(),
            contender: Bytes::new(),
        };
        Acquire::new(&self.client, &self.path, kind, &self.acl, writing)
    }

    /// Acquires it for reading if no writer holds it or waits for it; `None` otherwise.
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
    pub async fn try_read(&self) -> Result<Option<ReadGuard>, Error> {
        self.read().if_free().await
    }

    /// Acquires it for writing if nobody holds it or waits for it; `None` otherwise.
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
    pub async fn try_write(&self) -> Result<Option<WriteGuard>, Error> {
        self.write().if_free().await
    }

    /// Lists who holds and who waits, in order; empty if the lock is free. Readers and writers have families of their
    /// own.
    ///
    /// # Errors
    ///
    /// As [`Mutex::contenders`](crate::Mutex::contenders).
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As [`Mutex::contenders`](crate::Mutex::contenders).
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn contenders(&self) -> Result<Vec<Contender>, Error> {
        list(&self.client, &self.path).await
    }
}
