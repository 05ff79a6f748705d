//! Reads that see every write that was acknowledged before they began, to whomever.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use zk_wire::Moment;

use super::children::{Children, ListedChildren};
use super::exists::Exists;
use super::get::Get;
use super::sync::Barrier;
use crate::error::{Error, ErrorKind};
use crate::pending::Pending;
use crate::shared::scope::Scope;

/// A read behind a quorum write. Made by `.linearizable()` of a [`Get`], [`Exists`] or [`Children`].
///
/// A plain read is answered by the server at hand, which may lag behind: it shows this session's own writes, but
/// perhaps not what another client was told is written, not even after a [`Sync`](crate::Sync), which a deposed leader
/// answers too. This one first commits an empty transaction (a [`Barrier`]); a server that has answered that has
/// applied everything that was committed before, and no server that has not will take the session over.
///
/// It costs a quorum write; both requests leave together.
///
/// # Errors
///
/// As the plain read; `ReadOnlyServer` where nothing can be written.
///
/// # Cancel safety
///
/// Inert: an empty transaction changes nothing.
///
/// # Ordering
///
/// Sees what was committed when it was polled first, or later.
///
/// # On session events
///
/// Waits through a suspension; barrier and read are repeated if an answer was lost, until the request timeout passes.
/// Fails at expiry.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Linearizable<R> {
    scope: Scope,
    read: R,
    limit: Option<Duration>,
}

impl<R> Linearizable<R> {
    fn new(scope: Scope, read: R) -> Self {
        Self {
            scope,
            read,
            limit: None,
        }
    }

    /// Sets how long barrier and read may take together, instead of the client's request timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl<R: Clone + IntoFuture<IntoFuture = Pending<T>>, T> Linearizable<R> {
    async fn run(self) -> Result<T, Error> {
        let now = self.scope.shared().clock.now();
        let deadline: Option<Moment> = match self.limit {
            Some(limit) => Some(now + limit),
            None => self.scope.deadline(),
        };
        loop {
            let barrier = Barrier::new(self.scope.clone()).into_future();
            let barrier = barrier.until(deadline).submit();
            let read = self.read.clone().into_future().until(deadline).submit();
            match barrier.await {
                Ok(_) => return read.await,
                // The read may have been asked again before a new barrier could be: both start over.
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R, T> IntoFuture for Linearizable<R>
where
    R: Clone + IntoFuture<IntoFuture = Pending<T>, Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R: fmt::Debug> fmt::Debug for Linearizable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linearizable")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

macro_rules! linearizable {
    ($($read:ident),*) => {
        $(
            impl $read {
                /// Sees every write that was acknowledged before, to whichever client, at the cost of a quorum write.
                pub fn linearizable(self) -> Linearizable<Self> {
                    Linearizable::new(self.scope().clone(), self)
                }
            }
        )*
    };
}

linearizable!(Get, Exists, Children, ListedChildren);
