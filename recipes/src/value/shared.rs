//! A value that is shared by whoever knows its path.

use bytes::Bytes;
use zk_client::{Acl, Client, Error};

use super::changes::Changes;
use super::versioned::Versioned;
use crate::CompareAndSet;
use crate::cell::Cell;

/// Bytes on a path that many programs read, replace and follow.
///
/// Shares its node with Curator's `SharedValue`. The node is made with the seed by whoever comes first.
///
/// **Guarantee**: [`changes`](Self::changes) yields values in the order in which they were written, never an older one after
/// a newer one, and always the last; values that are replaced quickly may be skipped. [`try_set`](Self::try_set) is settled
/// when its answer is lost, and never says that a value was not set although it was.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, SharedValue};
/// # let zk = Client::dev().await?;
/// let limits = SharedValue::new(&zk, "/config/limits", "10")?;
/// let mut changes = limits.changes();
/// let current = limits.get().await?;
/// assert_eq!(changes.next().await?, current);
/// assert!(limits.try_set(&current, "20").await?.is_done());
/// assert_eq!(changes.next().await?.value, "20");
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct SharedValue {
    cell: Cell,
    seed: Bytes,
}

impl SharedValue {
    /// The value at `path`, which is `seed` if there is no node. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str, seed: impl Into<Bytes>) -> Result<Self, Error> {
        Ok(Self {
            cell: Cell::new(client, path, "a shared value")?,
            seed: seed.into(),
        })
    }

    /// As [`AtomicNumber::acl`](crate::AtomicNumber::acl).
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.cell.set_acl(acl.into());
        self
    }

    /// As [`AtomicNumber::unmarked`](crate::AtomicNumber::unmarked).
    #[must_use]
    pub fn unmarked(mut self) -> Self {
        self.cell.set_unmarked();
        self
    }

    /// The node's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.cell.path()
    }

    /// Reads the value; makes the node with the seed if there is none.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the node may be made.
    ///
    /// # Ordering
    ///
    /// As [`AtomicNumber::get`](crate::AtomicNumber::get).
    ///
    /// # On session events
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add).
    pub async fn get(&self) -> Result<Versioned<Bytes>, Error> {
        loop {
            if let Some(found) = self.cell.read().await? {
                return Ok(found.into());
            }
            let seed = |data: Option<&_>| Ok(data.is_none().then(|| self.seed.clone()));
            self.cell.edit(seed).await?;
        }
    }

    /// Sets the value whatever it was.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::set`](crate::AtomicNumber::set).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: dropped while its write is under way, it was made once or not at all.
    ///
    /// # Ordering
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add).
    ///
    /// # On session events
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add).
    pub async fn set(&self, value: impl Into<Bytes>) -> Result<(), Error> {
        self.cell.put(value.into()).await.map(drop)
    }

    /// Sets the value if nobody wrote since `previous`, in one attempt; yields what is there now otherwise.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::set`](crate::AtomicNumber::set); `BadVersion` if the node's version counter is at −1, which servers
    /// take for any version.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`set`](Self::set).
    ///
    /// # Ordering
    ///
    /// What is [`Found`](CompareAndSet::Found) was read after the write was refused.
    ///
    /// # On session events
    ///
    /// As [`set`](Self::set).
    pub async fn try_set<T>(
        &self,
        previous: &Versioned<T>,
        value: impl Into<Bytes>,
    ) -> Result<CompareAndSet<Versioned<Bytes>>, Error> {
        let value = value.into();
        loop {
            let replaced = self
                .cell
                .replace(previous.version, previous.czxid(), value.clone());
            if replaced.await? {
                return Ok(CompareAndSet::Done);
            }
            let found = self.get().await?;
            // The write may have been refused for our mark's sake, which somebody has deleted.
            if found.mzxid != previous.mzxid {
                return Ok(CompareAndSet::Found(found));
            }
        }
    }

    /// Follows the value: yields the one that is there, and then each that replaces it. Sends nothing yet.
    pub fn changes(&self) -> Changes {
        Changes::new(self.cell.client(), self.cell.path())
    }
}
