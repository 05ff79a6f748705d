//! Bytes that many programs replace.

use std::time::Duration;

use bytes::Bytes;
use zk_client::{Acl, Client, Error};

use crate::cell::{Cell, Promotion};
use crate::{CompareAndSet, Mutex};

/// Opaque bytes on a path, replaced by reading them and writing them under the condition that nobody did in between.
///
/// Shares its node with Curator's `DistributedAtomicValue`. The guarantee and the cost are those of
/// [`AtomicNumber`](crate::AtomicNumber): every change that returns `Ok` took place exactly once.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{AtomicValue, Bytes, Client};
/// # let zk = Client::dev().await?;
/// let list = AtomicValue::new(&zk, "/values/list")?;
/// let append = |old: Option<&Bytes>| [old.map_or(&[][..], |old| &old[..]), b"x"].concat().into();
/// assert_eq!(list.update(append).await?.before, None);
/// assert_eq!(list.update(append).await?.after, "xx");
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct AtomicValue {
    cell: Cell,
}

/// A value that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// What was there; `None` if there was no node.
    pub before: Option<Bytes>,
    /// What was written.
    pub after: Bytes,
    /// As [`Change::attempts`](crate::Change::attempts).
    pub attempts: u32,
}

impl AtomicValue {
    /// The value at `path`. Sends nothing; the node and its missing parents (as containers) are made by the first change.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        Ok(Self {
            cell: Cell::new(client, path, "a value")?,
        })
    }

    /// As [`AtomicNumber::acl`](crate::AtomicNumber::acl).
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.cell.set_acl(acl.into());
        self
    }

    /// As [`AtomicNumber::attempts`](crate::AtomicNumber::attempts).
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.cell.set_attempts(attempts);
        self
    }

    /// As [`AtomicNumber::promote`](crate::AtomicNumber::promote).
    #[must_use]
    pub fn promote(mut self, mutex: &Mutex, limit: Duration) -> Self {
        let mutex = mutex.clone();
        self.cell.set_promotion(Promotion { mutex, limit });
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

    /// Reads the value; `None` if there is no node.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As [`AtomicNumber::get`](crate::AtomicNumber::get).
    ///
    /// # On session events
    ///
    /// As [`AtomicNumber::get`](crate::AtomicNumber::get).
    pub async fn get(&self) -> Result<Option<Bytes>, Error> {
        let found = self.cell.read().await?;
        Ok(found.map(|found| found.data))
    }

    /// Replaces the value by what `step` makes of it. `step` is called again after each race that others won.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add), without `Undecodable`.
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
    pub async fn update<F>(&self, mut step: F) -> Result<Replaced, Error>
    where
        F: FnMut(Option<&Bytes>) -> Bytes,
    {
        let edited = self.cell.edit(|data| Ok(Some(step(data)))).await?;
        Ok(Replaced {
            before: edited.before,
            after: edited.written.unwrap_or_default(),
            attempts: edited.attempts,
        })
    }

    /// Replaces the value by `new` if it is `expected`; a missing node is not made.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`update`](Self::update).
    ///
    /// # Ordering
    ///
    /// What is [`Found`](CompareAndSet::Found) was read after the call began.
    ///
    /// # On session events
    ///
    /// As [`update`](Self::update).
    pub async fn compare_and_set(
        &self,
        expected: &[u8],
        new: impl Into<Bytes>,
    ) -> Result<CompareAndSet<Option<Bytes>>, Error> {
        let new = new.into();
        let step = |data: Option<&Bytes>| {
            let is_expected = data.is_some_and(|data| *data == expected);
            Ok(is_expected.then(|| new.clone()))
        };
        let edited = self.cell.edit(step).await?;
        Ok(match edited.written {
            Some(_) => CompareAndSet::Done,
            None => CompareAndSet::Found(edited.before),
        })
    }

    /// Sets the value whatever it was.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::set`](crate::AtomicNumber::set).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`update`](Self::update).
    ///
    /// # Ordering
    ///
    /// As [`update`](Self::update).
    ///
    /// # On session events
    ///
    /// As [`update`](Self::update).
    pub async fn set(&self, value: impl Into<Bytes>) -> Result<(), Error> {
        let value = value.into();
        self.cell.put(value).await.map(drop)
    }

    /// Makes the node with `value` if there is none; true if it was made here.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::initialize`](crate::AtomicNumber::initialize).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`update`](Self::update).
    ///
    /// # Ordering
    ///
    /// As [`update`](Self::update).
    ///
    /// # On session events
    ///
    /// As [`update`](Self::update).
    pub async fn initialize(&self, value: impl Into<Bytes>) -> Result<bool, Error> {
        let value = value.into();
        let step = |data: Option<&Bytes>| Ok(data.is_none().then(|| value.clone()));
        let edited = self.cell.edit(step).await?;
        Ok(edited.written.is_some())
    }
}
