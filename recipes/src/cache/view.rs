//! Reading a cache.

use std::time::Duration;

use zk_client::{Error, ErrorKind, Zxid};

use super::asks::Mark;
use super::changes::CacheChanges;
use super::handle::Handle;
use super::node::CachedNode;
#[cfg(feature = "discovery")]
use super::picture::Reach;
use super::snapshot::{self, CacheSnapshot};
use crate::renewal::renewed;

/// A local picture of a node, of its children or of all below it, which a [driver](super::TreeCache::keep) keeps up to date.
/// Made by [`CacheLoading::loaded`](super::CacheLoading::loaded). Copies are cheap and show the same.
///
/// Reading it asks no server. When the driver has ended, it goes on showing what it showed last, and is not
/// [fresh](Self::is_fresh).
#[derive(Debug, Clone)]
pub struct Cache {
    handle: Handle,
}

impl Cache {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// The path at its top.
    #[must_use]
    pub fn path(&self) -> &str {
        self.handle.scope.top()
    }

    /// The node at a path, which is a whole path, as the cache's own. `None` if there is none, and for a path that the cache
    /// is not about.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<CachedNode> {
        let picture = self.handle.picture.borrow();
        snapshot::get(&self.handle.scope, &picture.tree, path)
    }

    /// Ends the keeping, whoever else has a copy: the driver ends, and the cache goes on showing what it showed last.
    pub fn close(&self) {
        self.handle.close();
    }

    /// The node at the top.
    #[must_use]
    pub fn top(&self) -> Option<CachedNode> {
        self.get(self.path())
    }

    /// The children of the node at a path, in the order of their names. Empty if there is no such node.
    #[must_use]
    pub fn children(&self, path: &str) -> Vec<(String, CachedNode)> {
        let picture = self.handle.picture.borrow();
        snapshot::children(&self.handle.scope, &picture.tree, path)
    }

    /// All of it as it is now.
    #[must_use]
    pub fn snapshot(&self) -> CacheSnapshot {
        self.handle.snapshot()
    }

    /// Follows it: yields all of it, then each change.
    pub fn changes(&self) -> CacheChanges {
        CacheChanges::new(self.handle.clone())
    }

    /// How far it reaches.
    #[cfg(feature = "discovery")]
    pub(crate) fn reach(&self) -> Reach {
        Reach::of(&self.handle.picture.borrow())
    }

    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handle.picture.borrow().tree.nodes()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all data and names.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.handle.picture.borrow().tree.bytes()
    }

    /// All that was committed up to this transaction is in it.
    #[must_use]
    pub fn as_of(&self) -> Zxid {
        self.handle.picture.borrow().as_of
    }

    /// Whether changes arrive as they happen: there is a connection, and all that it missed was read. It tells nothing of a
    /// server that is behind the others; [`staleness`](Self::staleness) does.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.handle.picture.borrow().fresh
    }

    /// How old it is at most: it shows all that was committed longer ago than this. `None` before there is a proof, which
    /// only a commit by a quorum gives: made by [`catch_up`](Self::catch_up), and as often as
    /// [`confirm_every`](super::TreeCache::confirm_every) says.
    #[must_use]
    pub fn staleness(&self) -> Option<Duration> {
        let sure = self.handle.picture.borrow().sure?;
        Some(self.handle.client.now() - sure)
    }

    /// Waits until it shows all that was committed up to a transaction, for reading what one has written, or what somebody
    /// wrote who told of it. One round trip, and those of the reads that are due.
    ///
    /// # Errors
    ///
    /// That with which the driver ended; `Misuse` if it was dropped; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if it is shown. Waits for ever for a transaction that does not come.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn wait_for(&self, zxid: Zxid) -> Result<(), Error> {
        let client = &self.handle.client;
        loop {
            if self.as_of() >= zxid {
                return Ok(());
            }
            self.is_kept()?;
            let generation = client.generation();
            match client.sync(self.path()).await {
                // The server has it, so whoever is told of it is told before this answer.
                Ok(seen) if seen >= zxid => {
                    let as_of = Some(seen);
                    return self.handle.reached(zxid, Mark { as_of, sure: None }).await;
                }
                // Not committed yet, or the server followed a leader that is none any more.
                Ok(_) => tokio::time::sleep(PAUSE).await,
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                Err(error) => renewed(client, generation, error)?,
            }
        }
    }

    /// Waits until it shows all that was committed before the call, by whomever. Costs one commit of an empty transaction.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    ///
    /// # Cancel safety
    ///
    /// Inert: an empty transaction changes nothing.
    ///
    /// # Ordering
    ///
    /// What is read afterwards is linearizable with respect to the call.
    ///
    /// # On session events
    ///
    /// As [`wait_for`](Self::wait_for).
    pub async fn catch_up(&self) -> Result<(), Error> {
        let client = &self.handle.client;
        loop {
            self.is_kept()?;
            let (generation, asked) = (client.generation(), client.now());
            match client.barrier().await {
                Ok(zxid) => {
                    let (as_of, sure) = (Some(zxid), Some(asked));
                    return self.handle.reached(zxid, Mark { as_of, sure }).await;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                Err(error) => renewed(client, generation, error)?,
            }
        }
    }

    fn is_kept(&self) -> Result<(), Error> {
        match &self.handle.picture.borrow().ended {
            Some(Some(error)) => Err(error.clone()),
            Some(None) => Err(self.handle.abandoned()),
            None => Ok(()),
        }
    }
}

/// Before a server is asked again whether it has a transaction by now.
const PAUSE: Duration = Duration::from_millis(100);
