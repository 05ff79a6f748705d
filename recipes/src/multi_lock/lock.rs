//! Several mutexes that are held together or not at all.

use std::collections::BTreeSet;
use std::future::Future;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind};

use super::acquire::AcquireAll;
use super::guard::MultiGuard;
use crate::contend::{Contention, Kind, Layout};
use crate::lock::{Held, HoldError, default_contender, validate};

/// Mutexes on several paths, held together or not at all.
///
/// Each is a [`Mutex`](crate::Mutex) of its own, for whoever uses that path alone, Curator's `InterProcessMutex` and
/// `InterProcessMultiLock` included. They are acquired in the order of their paths: programs that use `MultiLock` never
/// block each other for ever. Programs that take several locks one by one have to keep that order too.
///
/// **Safety**: that of [`Mutex`](crate::Mutex) for each path, with a fencing token each; there is none for all. They are
/// granted one after the other, not at one moment.
///
/// **Cost**: that of a mutex for each path, one after the other.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, MultiLock};
/// # let zk = Client::dev().await?;
/// # zk.create("/ledger", "").await?;
/// let transfer = MultiLock::new(&zk, ["/accounts/7", "/accounts/4"])?;
/// let guard = transfer.acquire().await?;
/// let [four, seven] = &guard.helds()[..] else { unreachable!() };
/// zk.multi().set("/ledger", "done", None).fenced_by(four).fenced_by(seven).await?;
/// guard.release().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct MultiLock {
    client: Client,
    paths: BTreeSet<String>,
    layout: Layout,
    acl: Vec<Acl>,
}

impl MultiLock {
    /// The locks at `paths`. Sends nothing; missing parents are made when somebody acquires them.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if a path is malformed or the root; `Misuse` if there is none, or one twice.
    pub fn new<P: AsRef<str>>(
        client: &Client,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Self, Error> {
        let mut sorted = BTreeSet::new();
        for path in paths {
            let path = path.as_ref();
            validate(path)?;
            if !sorted.insert(path.to_owned()) {
                return Err(misuse(&format!(
                    "{path} is among them twice, and would wait for itself"
                ))
                .with_op(OpKind::Acquire, path)
                .with_hint("name each path once"));
            }
        }
        if sorted.is_empty() {
            return Err(misuse("there is none").with_hint("name at least one path"));
        }
        Ok(Self {
            client: client.terse(),
            paths: sorted,
            layout: Layout::default(),
            acl: vec![Acl::open()],
        })
    }

    /// Sets whose programs the locks are shared with. Default: [`Layout::Curator`].
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

    /// The paths, in the order in which they are acquired.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Acquires the locks; await the result or set options first.
    pub fn acquire(&self) -> AcquireAll {
        let data = Bytes::from(default_contender());
        let parts = self.paths.iter().map(|path| Contention {
            client: self.client.clone(),
            path: path.clone(),
            kind: Kind::Lock(self.layout),
            tag: String::new(),
            data: data.clone(),
            acl: self.acl.clone(),
            waits: true,
        });
        let parts: Vec<Contention> = parts.collect();
        #[cfg(feature = "__seeded-bugs")]
        let parts = if zk_client::seeded::is_on("locks-taken-in-any-order")
            && self
                .client
                .session_id()
                .is_some_and(|id| id.as_raw() % 2 == 1)
        {
            parts.into_iter().rev().collect()
        } else {
            parts
        };
        AcquireAll::new(parts)
    }

    /// Acquires the locks if nobody holds or waits for any of them. See [`AcquireAll::if_free`].
    ///
    /// # Errors
    ///
    /// As [`AcquireAll::if_free`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: no contender is left behind.
    ///
    /// # Ordering
    ///
    /// As [`AcquireAll::if_free`].
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn try_acquire(&self) -> Result<Option<MultiGuard>, Error> {
        self.acquire().if_free().await
    }

    /// Acquires the locks, runs `work` under them, and releases them. See [`AcquireAll::hold`].
    ///
    /// # Errors
    ///
    /// As [`AcquireAll::hold`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the locks released.
    ///
    /// # Ordering
    ///
    /// As [`AcquireAll::hold`].
    ///
    /// # On session events
    ///
    /// As [`AcquireAll::hold`].
    pub async fn hold<W, F>(&self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Vec<Held>) -> F,
        F: Future,
    {
        self.acquire().hold(work).await
    }
}

fn misuse(why: &str) -> Error {
    Error::new(
        ErrorKind::Misuse,
        format!("cannot make one of several locks: {why}"),
    )
}
