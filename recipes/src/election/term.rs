//! A view on a term, to pass into the work of a leader.

use std::future::Future;
use std::time::Duration;

use zk_client::{Client, Error, Fenced, path};

use super::record;
use crate::lock::{Held, LockLost};

/// What a leader can know about its term. Cheap to clone; does not prolong it.
#[derive(Debug, Clone)]
pub struct Term {
    client: Client,
    held: Held,
}

impl Term {
    pub(super) fn new(client: Client, held: Held) -> Self {
        Self { client, held }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The number of the term: the zxid of the write that began it, larger than that of every term before. It is the
    /// fencing token of the leader. Terms of unmodified Curator and kazoo programs have none.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.held.token()
    }

    /// The election's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.held.path()
    }

    /// The term as a hold: [`Held::token`] is the epoch.
    #[must_use]
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// True until the leader resigned or the term is known to have ended.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.held.is_held()
    }

    /// True while it is proven that the servers have not let the session expire; see [`Held::is_safe`].
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.held.is_safe()
    }

    /// How much longer the term is certainly safe; see [`Held::safe_for`].
    #[must_use]
    pub fn safe_for(&self) -> Option<Duration> {
        self.held.safe_for()
    }

    /// Resolves when the term ended before the leader resigned; see [`Held::lost`].
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if the term has ended already.
    ///
    /// # On session events
    ///
    /// Expiry is the end; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        self.held.lost()
    }

    /// Resolves when it is no longer certain that the term lasts, and when it ends; see [`Held::doubted`].
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if the term is in doubt or over already.
    ///
    /// # On session events
    ///
    /// A suspension leads to doubt when the safe window ends, unless the connection is back before.
    pub fn doubted(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.held.doubted()
    }

    /// Tells observers something about this term, such as an address; replaces what was told before. Commits only while
    /// the term lasts, whatever clocks and pauses did.
    ///
    /// # Errors
    ///
    /// `LockLost` when the term is over: nothing was written. `NoAuth` without WRITE on the election's node. What every
    /// write can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: once written to the socket the announcement may be made.
    ///
    /// # Ordering
    ///
    /// One round trip, queued at first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
    pub async fn announce(&self, announcement: impl AsRef<[u8]>) -> Result<(), Error> {
        let leader = path::name(self.held.node());
        let record = record::later(leader, self.epoch(), announcement.as_ref());
        let write = self.client.set(self.path(), record).fenced_by(&self.held);
        match write.await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.client.explain(error).await),
        }
    }
}

impl Fenced for Term {
    fn fence_path(&self) -> &str {
        self.held.fence_path()
    }

    fn is_held(&self) -> bool {
        self.held.is_held()
    }

    fn title(&self) -> Option<(String, u64)> {
        self.held.title()
    }
}
