//! A mutual exclusion lock, first come first served.

use std::future::Future;
use std::time::Duration;

use zk_client::{Acl, Client, Error};

use super::acquire::{Acquire, HoldError};
use super::contenders::{Contender, list};
use super::guard::LockGuard;
use super::held::Held;
use super::holding::Exclusive;
use super::place::validate;
use crate::contend::{Kind, Layout};

/// A lock on a path that one contender holds at a time, in the order of arrival.
///
/// Shares its path with Curator's `InterProcessMutex` (and go-zk's lock), or with kazoo's `Lock` if
/// [`layout`](Self::layout) says so: names, order and watches are theirs. A path with contenders of both is refused, as
/// they do not see each other.
///
/// **Safety** (levels of the reliability notes): at each zxid at most one live session holds it (A). A holder's
/// [`Held::is_safe`] is true only while the servers cannot have expired its session (B), bar a pause between looking and
/// acting. With [`Held::token`] checked by what you write to (C), or writes `.fenced_by(&held)` (D), no stale holder
/// writes. Not re-entrant: a task that acquires it twice waits for itself (but see
/// [`ReentrantMutex`](crate::ReentrantMutex)).
///
/// **Cost**: a free lock takes one round trip (two requests in one write; parents that are missing cost more), a release
/// one delete. A waiter costs nothing until the contender ahead goes. While held one small quorum write leaves every
/// sixth of the session timeout.
///
/// **Permissions**: CREATE, READ and DELETE on the lock's directory; READ on the nodes of all contenders, which
/// [`acl`](Self::acl) gives. Where directories are missing, CREATE on the last one that is there. Nothing else; whoever
/// has DELETE on the directory can take the lock from its holder.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, Mutex};
/// # let zk = Client::dev().await?;
/// # zk.create("/result", "").await?;
/// let billing = Mutex::new(&zk, "/locks/billing")?;
/// let guard = billing.acquire().timeout(Duration::from_secs(5)).contender("host-7").await?;
/// zk.set("/result", "done").fenced_by(&guard.held()).await?;
/// guard.release().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Mutex {
    pub(super) client: Client,
    pub(super) path: String,
    layout: Layout,
    pub(super) acl: Vec<Acl>,
    delay: Option<Duration>,
}

impl Mutex {
    /// The lock at `path`. Sends nothing; missing parents are made, as containers, when somebody acquires it.
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
            delay: None,
        })
    }

    /// Lets whoever waits pause for so long before it holds, if the holder before it went without releasing: its session
    /// expired, its node was deleted, it dropped its guard, or it is a program that gives no sign (level E: a chance for
    /// what it had under way to arrive, for resources that check no tokens). Default: no pause.
    ///
    /// All contenders of the path have to set it: then [`LockGuard::release`] and the end of `hold` write to the node and
    /// delete it in one transaction, which those who wait can tell from an expiry. Whoever comes when nobody waits has
    /// seen nothing, and holds at once. So does whoever takes it by [`try_acquire`](Self::try_acquire).
    #[must_use]
    pub fn lock_delay(mut self, pause: Duration) -> Self {
        self.delay = Some(pause);
        self
    }

    /// Sets whose programs the lock is shared with. Default: [`Layout::Curator`].
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the ACL of the contenders' nodes, and of directories that are missing and made for them. Default: open to
    /// everybody, as Curator's.
    ///
    /// Contenders with other credentials need READ on the nodes, and CREATE, READ and DELETE on the directory: where one
    /// ACL does not give both, or where directories above are shared with others, make them before.
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

    /// Acquires the lock, runs `work` under it, and releases it. See [`Acquire::hold`]; for options start with
    /// [`acquire`](Self::acquire).
    ///
    /// # Errors
    ///
    /// As [`Acquire::hold`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the lock released.
    ///
    /// # Ordering
    ///
    /// As [`Acquire::hold`].
    ///
    /// # On session events
    ///
    /// As [`Acquire::hold`].
    pub async fn hold<W, F>(&self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        self.acquire().hold(work).await
    }

    /// Acquires the lock; await the result or set options first.
    pub fn acquire(&self) -> Acquire {
        Acquire::new(
            &self.client,
            &self.path,
            Kind::Lock(self.layout),
            &self.acl,
            Exclusive::new(),
        )
        .after(self.delay)
    }

    /// Acquires the lock if nobody holds it or waits for it; `None` otherwise. Never waits for other contenders.
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
    /// One round trip, queued at first poll. After `None` the contender's node is being deleted; the delete is
    /// queued before anything that is queued later.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn try_acquire(&self) -> Result<Option<LockGuard>, Error> {
        self.acquire().if_free().await
    }

    /// Lists who holds the lock and who waits, in order; empty if the lock is free.
    ///
    /// Curator's, go-zk's and kazoo's contenders are listed too.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet. A missing path is an empty list.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Two round trips: the list, then all contenders; those that go in between are left out.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn contenders(&self) -> Result<Vec<Contender>, Error> {
        list(&self.client, &self.path).await
    }
}
