//! A transaction whose results have types.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use zk_client::{Client, Error, ErrorKind, Fenced, Multi, MultiResult, OpKind};

use super::results::{Append, Operation, Results};

/// A transaction with one typed result per operation, and any number of fences: all of its operations happen, at one zxid
/// and while every one of the holds lasts, or none. Await it.
///
/// The same as [`Client::multi`](crate::Client::multi), whose results are a list: use that for operations whose number is
/// only known at run time.
///
/// **Safety**: level D. What it writes is never written after a hold that fences it has ended, whatever clocks and pauses do.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, CreateMode, Mutex, Transaction};
/// # let zk = Client::dev().await?;
/// # zk.create("/orders", "").await?; zk.create("/stock", "5").await?; zk.create("/config", "").await?;
/// let guard = Mutex::new(&zk, "/locks/stock")?.acquire().await?;
/// let (order, stock, ()) = Transaction::new(&zk)
///     .fenced_by(&guard)
///     .with(zk.create("/orders/o-", "1").mode(CreateMode::PersistentSequential))
///     .with(zk.set("/stock", "4").version(0))
///     .check("/config", 0)
///     .await?;
/// assert_eq!((order.path.as_str(), stock.version), ("/orders/o-0000000000", 1));
/// # guard.release().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
///
/// # Errors
///
/// `LockLost` if a hold that fences it is over: [`Error::lost_hold`] says which, and nothing was applied. The error of the
/// operation that failed, with its number in [`Error::operation`]. [`Error::fate`] tells of each whether it was applied.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the transaction may commit.
///
/// # Ordering
///
/// Queued at first poll.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[must_use = "a transaction does nothing until it is awaited"]
pub struct Transaction<R = ()> {
    multi: Multi,
    operations: usize,
    results: PhantomData<fn() -> R>,
}

impl Transaction {
    /// A transaction without operations. Sends nothing.
    pub fn new(client: &Client) -> Self {
        Self {
            multi: client.multi(),
            operations: 0,
            results: PhantomData,
        }
    }
}

impl<R: Results> Transaction<R> {
    /// Adds a create, write or delete with all its options, made by any client of the same ensemble.
    pub fn with<O>(self, operation: O) -> Transaction<R::Joined>
    where
        O: Operation,
        R: Append<O::Result>,
    {
        self.then(|multi| multi.with(operation))
    }

    /// Adds the condition that a node exists; with a version, that its data has that version.
    pub fn check(self, path: &str, version: impl Into<Option<i32>>) -> Transaction<R::Joined>
    where
        R: Append<()>,
    {
        self.then(|multi| multi.check(path, version))
    }

    /// Commits only while `held` is held: a guard, a term, a permit, or a view on one. May be called for any number of holds.
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.multi = self.multi.fenced_by(held);
        self
    }

    fn then<J>(self, add: impl FnOnce(Multi) -> Multi) -> Transaction<J> {
        Transaction {
            multi: add(self.multi),
            operations: self.operations + 1,
            results: PhantomData,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.operations == 0
    }

    pub(super) fn multi(&self) -> Multi {
        self.multi.clone()
    }
}

/// The typed results behind the first `skipped` ones.
pub(super) fn decoded<R: Results>(results: Vec<MultiResult>, skipped: usize) -> Result<R, Error> {
    let mut results = results.into_iter();
    for _ in 0..skipped {
        results.next();
    }
    R::take(&mut results).ok_or_else(|| {
        let text = "the transaction was applied, and its results are not those of its operations";
        Error::new(ErrorKind::Protocol, text)
            .with_fate(zk_client::Fate::Unknown)
            .with_op(OpKind::Multi, "/")
    })
}

impl<R: Results + 'static> IntoFuture for Transaction<R> {
    type Output = Result<R, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let committed = self.multi.into_future();
        Box::pin(async move { decoded(committed.await?, 0) })
    }
}

impl<R> fmt::Debug for Transaction<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}
