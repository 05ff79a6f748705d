//! A latch that opens when it was counted down.

use bytes::Bytes;
use zk_client::{Acl, Client, Error};

use crate::Layout;
use crate::cell::Cell;
use crate::counter::{decode, encode};
use crate::wait::{Condition, Wait};

/// A latch that opens when it has been counted down to 0, and stays open.
///
/// **Layout** (our own): the number of counts that are left, 4 bytes big-endian, as [`AtomicInt`](crate::AtomicInt) and
/// Curator's `SharedCount` read it. The node is made by whoever comes first; everybody must give the same number.
///
/// **Guarantee**: each [`count_down`](Self::count_down) that returns `Ok` counted exactly once, and a wait ends with `Ok` only
/// after as many counts as the latch began with. To use it again remove its node while nobody waits.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, CountDownLatch};
/// # let zk = Client::dev().await?;
/// let loaded = CountDownLatch::new(&zk, "/latches/loaded", 2)?;
/// assert_eq!(loaded.count_down().await?, 1);
/// assert_eq!(loaded.count_down().await?, 0);
/// loaded.wait().await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct CountDownLatch {
    cell: Cell,
    count: i32,
}

impl CountDownLatch {
    /// The latch at `path`, which opens after `count` counts. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str, count: u16) -> Result<Self, Error> {
        Ok(Self {
            cell: Cell::new(client, path, "a latch")?,
            count: i32::from(count),
        })
    }

    /// Sets the ACL of the node, if it is made here. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.cell.set_acl(acl.into());
        self
    }

    /// The latch's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.cell.path()
    }

    /// Counts once and tells how many counts are left; an open latch stays as it is.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: dropped while its write is under way, it counted once or not at all.
    ///
    /// # Ordering
    ///
    /// Counts of one handle and its clones are made in the order in which they are polled first.
    ///
    /// # On session events
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add). Counts do not go with the session.
    pub async fn count_down(&self) -> Result<i32, Error> {
        let step = |data: Option<&_>| {
            let left = self.left(data)?;
            Ok((left > 0).then(|| encode(Layout::Curator, left - 1)))
        };
        let edited = self.cell.edit(step).await?;
        self.left(edited.written.or(edited.before).as_ref())
    }

    /// How many counts are left.
    ///
    /// # Errors
    ///
    /// `Undecodable` if something else is stored there; what every operation can meet.
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
    pub async fn remaining(&self) -> Result<i32, Error> {
        let found = self.cell.read().await?;
        self.left(found.as_ref().map(|found| &found.data))
    }

    /// Waits until the latch is open. See [`Wait`] for the timeout. A latch without a node has all its counts left.
    pub fn wait(&self) -> Wait {
        let condition = if self.count == 0 {
            Condition::CountedDownOrMissing
        } else {
            Condition::CountedDown
        };
        Wait::new(self.cell.client(), self.cell.path(), condition)
    }

    fn left(&self, data: Option<&Bytes>) -> Result<i32, Error> {
        match data {
            None => Ok(self.count),
            Some(_) => Ok(decode::<i32>(Layout::Curator, self.cell.path(), data)?.max(0)),
        }
    }
}
