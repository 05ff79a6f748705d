//! A number that is shared by whoever knows its path.

use zk_client::{Acl, Client, Error};

use super::changes::{CountChanges, count};
use super::shared::SharedValue;
use super::versioned::Versioned;
use crate::counter::encode;
use crate::{CompareAndSet, Layout};

/// A 32-bit number on a path that many programs read, replace and follow.
///
/// Shares its node with Curator's `SharedCount`, and with [`AtomicInt`](crate::AtomicInt): 4 bytes, big-endian. The guarantee
/// is that of [`SharedValue`].
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, SharedCount};
/// # let zk = Client::dev().await?;
/// let replicas = SharedCount::new(&zk, "/config/replicas", 3)?;
/// let current = replicas.get().await?;
/// assert!(replicas.try_set(&current, current.value + 1).await?.is_done());
/// assert_eq!(replicas.get().await?.value, 4);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct SharedCount {
    value: SharedValue,
    default: Option<i32>,
}

impl SharedCount {
    /// The number at `path`, which is `seed` if there is no node. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str, seed: i32) -> Result<Self, Error> {
        let seed = encode(Layout::Curator, seed);
        Ok(Self {
            value: SharedValue::new(client, path, seed)?,
            default: None,
        })
    }

    /// Takes `number` where less than 4 bytes are stored, as by a kazoo counter that was not written yet. Default: that is an
    /// error.
    #[must_use]
    pub fn or(mut self, number: i32) -> Self {
        self.default = Some(number);
        self
    }

    /// As [`AtomicNumber::acl`](crate::AtomicNumber::acl).
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.value = self.value.acl(acl);
        self
    }

    /// As [`AtomicNumber::unmarked`](crate::AtomicNumber::unmarked).
    #[must_use]
    pub fn unmarked(mut self) -> Self {
        self.value = self.value.unmarked();
        self
    }

    /// The node's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.value.path()
    }

    /// As [`SharedValue::get`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::get`]; `Undecodable` if less than 4 bytes are stored, unless [`or`](Self::or) says what they stand for.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the node may be made.
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::get`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::get`].
    pub async fn get(&self) -> Result<Versioned<i32>, Error> {
        let found = self.value.get().await?;
        count(self.path(), found, self.default)
    }

    /// As [`SharedValue::set`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::set`].
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`SharedValue::set`].
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::set`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::set`].
    pub async fn set(&self, number: i32) -> Result<(), Error> {
        self.value.set(encode(Layout::Curator, number)).await
    }

    /// As [`SharedValue::try_set`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::try_set`]; `Undecodable` if it was not set and less than 4 bytes are stored.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`SharedValue::set`].
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::try_set`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::set`].
    pub async fn try_set(
        &self,
        previous: &Versioned<i32>,
        number: i32,
    ) -> Result<CompareAndSet<Versioned<i32>>, Error> {
        let number = encode(Layout::Curator, number);
        match self.value.try_set(previous, number).await? {
            CompareAndSet::Done => Ok(CompareAndSet::Done),
            CompareAndSet::Found(found) => {
                count(self.path(), found, self.default).map(CompareAndSet::Found)
            }
        }
    }

    /// As [`SharedValue::changes`].
    pub fn changes(&self) -> CountChanges {
        CountChanges::new(self.value.changes(), self.default)
    }
}
