//! A barrier that one sets and another removes, while many wait.

use zk_client::{Acl, Client, Error};

use crate::cell::validated;
use crate::wait::{Condition, Gate, Wait};

/// A barrier: while its node is there, everybody waits.
///
/// Shares its path with Curator's `DistributedBarrier` and kazoo's `Barrier`; anybody may remove it.
///
/// **Guarantee**: a wait ends with `Ok` only after the barrier was seen gone, at or after the transaction that removed it,
/// or was not set when the wait began. Who waits keeps no node and leaves no watch.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Barrier, Client};
/// # let zk = Client::dev().await?;
/// let migration = Barrier::new(&zk, "/barriers/migration")?;
/// migration.set().await?;
/// let early = migration.wait().timeout(Duration::from_millis(20)).await;
/// assert!(early.is_err());
/// migration.remove().await?;
/// migration.wait().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Barrier {
    gate: Gate,
}

impl Barrier {
    /// The barrier at `path`. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let path = validated(path, "a barrier")?;
        Ok(Self {
            gate: Gate::new(client, path),
        })
    }

    /// Sets the ACL of the node, if it is made here. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.gate.acl = acl.into();
        self
    }

    /// The barrier's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.gate.path
    }

    /// Sets the barrier, unless it is set; missing parents are made as containers.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the barrier may be set.
    ///
    /// # Ordering
    ///
    /// After `Ok` it was set at some moment of the call.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; a lost answer is settled; goes on in the next session after an expiry. The barrier does
    /// not go with the session.
    pub async fn set(&self) -> Result<(), Error> {
        self.gate.make().await
    }

    /// Removes the barrier and lets everybody pass; false if it was not set.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the barrier may be removed.
    ///
    /// # Ordering
    ///
    /// Removes one barrier: the one that is set when the removal reaches the servers. One that is set after that stays, also
    /// when the answer is lost. That there was none is told after a quorum write, whatever the own server knows.
    ///
    /// # On session events
    ///
    /// As [`set`](Self::set).
    pub async fn remove(&self) -> Result<bool, Error> {
        self.gate.unmake().await
    }

    /// True while the barrier is set.
    ///
    /// # Errors
    ///
    /// What every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// A plain read: it may miss what other clients were told is done.
    ///
    /// # On session events
    ///
    /// Waits through a suspension and is asked again in the next session after an expiry.
    pub async fn is_set(&self) -> Result<bool, Error> {
        Ok(self.gate.look().await?.is_some())
    }

    /// Waits until the barrier is removed; passes at once if it is not set. See [`Wait`] for the timeout.
    pub fn wait(&self) -> Wait {
        Wait::new(&self.gate.client, &self.gate.path, Condition::Absent)
    }
}
