//! A number that many programs change.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind};

use super::change::{Change, CompareAndSet};
use super::number::{Number, decode, difference, encode, sum};
use crate::cell::{Cell, Edited, Promotion};
use crate::{Layout, Mutex};

/// A 64-bit number on a path, shared with Curator's `DistributedAtomicLong`. See [`AtomicNumber`].
pub type AtomicLong = AtomicNumber<i64>;

/// A 32-bit number on a path, shared with Curator's `DistributedAtomicInteger` and `SharedCount`, and with kazoo's
/// `Counter(support_curator=True)`. See [`AtomicNumber`].
pub type AtomicInt = AtomicNumber<i32>;

/// A number in the data of one node, which is changed by reading it and writing it under the condition that nobody did
/// in between.
///
/// Shares its node with Curator's counters of the same size (big-endian bytes), or with kazoo's `Counter`
/// ([`Layout::Kazoo`], decimal text). A missing node and empty data are 0.
///
/// **Guarantee**: every change that returns `Ok` took place exactly once, and the results form one chain: each `before`
/// is an earlier `after`. A lost answer is settled before anything else is done. To make that possible each handle has
/// one ephemeral node below the counter while it is in use, written in the transaction of each change. Only if the session
/// expires before an answer could be settled does a call fail with the fate *unknown*; the change then took place once
/// or not at all.
///
/// **Cost**: one request per change while nobody else writes, two when others do, and one read and one write more for each race
/// lost; one delete when the last clone of a handle goes.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{AtomicLong, Client};
/// # let zk = Client::dev().await?;
/// let orders = AtomicLong::new(&zk, "/counters/orders")?;
/// assert_eq!(orders.increment().await?.after, 1);
/// assert_eq!(orders.add(10).await?.before, 1);
/// assert!(orders.compare_and_set(11, 5).await?.is_done());
/// assert_eq!(orders.get().await?, 5);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct AtomicNumber<N> {
    cell: Cell,
    layout: Layout,
    number: PhantomData<N>,
}

impl<N: Number> AtomicNumber<N> {
    /// The number at `path`. Sends nothing; the node and its missing parents (as containers) are made by the first change.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        Ok(Self {
            cell: Cell::new(client, path, "a counter")?,
            layout: Layout::default(),
            number: PhantomData,
        })
    }

    /// Sets whose programs the number is shared with. Default: [`Layout::Curator`].
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the ACL of the node, if it is made here, and of the mark below it. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.cell.set_acl(acl.into());
        self
    }

    /// Sets how many times a change is attempted, with a pause of random length after each race that others won. Default:
    /// 64; at least 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.cell.set_attempts(attempts);
        self
    }

    /// When the attempts are used up, waits for `mutex` for at most `limit` and makes as many again while holding it.
    /// Its path must not be the counter's. Without it a change that lost all its races fails with `Contended`.
    ///
    /// Programs that do not use the lock are not kept out by it.
    #[must_use]
    pub fn promote(mut self, mutex: &Mutex, limit: Duration) -> Self {
        let mutex = mutex.clone();
        self.cell.set_promotion(Promotion { mutex, limit });
        self
    }

    /// Writes no mark below the node: for nodes whose ACL does not let this client create children. A lost answer then
    /// cannot be settled if others wrote meanwhile, and the change fails with the fate *unknown*.
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

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// `Undecodable` if something else is stored there; `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As every plain read it may miss what other clients were told is written; it shows this session's own changes.
    ///
    /// # On session events
    ///
    /// Waits through a suspension and is asked again in the next session after an expiry; `SessionExpired` only with
    /// `OnExpiry::Stop`.
    pub async fn get(&self) -> Result<N, Error> {
        let found = self.cell.read().await?;
        self.decode(found.as_ref().map(|found| &found.data))
    }

    /// Adds `delta` and tells the number before and after.
    ///
    /// # Errors
    ///
    /// `Contended` when others were faster at every attempt; `AcquireTimedOut` from the lock of [`promote`](Self::promote);
    /// `Misuse` if the sum does not fit; `Undecodable`; `NoAuth`; what every operation can meet. The fate is *unknown* if
    /// the session expired, or no server answered in time, before a lost answer was settled.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: dropped while its write is under way, it was made once or not at all.
    ///
    /// # Ordering
    ///
    /// Changes through one handle and its clones are made one after the other, in the order in which they are polled first.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. After an expiry it goes on in the next session, unless a write was under way whose
    /// outcome cannot be known any more.
    pub async fn add(&self, delta: N) -> Result<Change<N>, Error> {
        let edited = self
            .cell
            .edit(|data| self.sum(data, delta).map(Some))
            .await?;
        self.change(&edited)
    }

    /// Subtracts `delta` and tells the number before and after.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn subtract(&self, delta: N) -> Result<Change<N>, Error> {
        let less = |data: Option<&_>| {
            let before: N = self.decode(data)?;
            let after = difference(before, delta).ok_or_else(|| self.too_far())?;
            Ok(Some(encode(self.layout, after)))
        };
        let edited = self.cell.edit(less).await?;
        self.change(&edited)
    }

    /// Adds 1.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn increment(&self) -> Result<Change<N>, Error> {
        self.add(N::from(true)).await
    }

    /// Subtracts 1.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn decrement(&self) -> Result<Change<N>, Error> {
        self.subtract(N::from(true)).await
    }

    /// Adds `delta` in one attempt, without waiting for anybody; `None` if somebody else wrote in between.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add), without `Contended` and `AcquireTimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn try_add(&self, delta: N) -> Result<Option<Change<N>>, Error> {
        let step = |data: Option<&_>| self.sum(data, delta).map(Some);
        match self.cell.edit_in(1, step).await? {
            Some(edited) => self.change(&edited).map(Some),
            None => Ok(None),
        }
    }

    /// Replaces the number by `new` if it is `expected`. A missing node counts as 0 and is made.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// What is [`Found`](CompareAndSet::Found) was read after the call began.
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn compare_and_set(&self, expected: N, new: N) -> Result<CompareAndSet<N>, Error> {
        let step = |data: Option<&_>| {
            let is_expected = self.decode(data)? == expected;
            Ok(is_expected.then(|| encode(self.layout, new)))
        };
        let edited = self.cell.edit(step).await?;
        if edited.written.is_some() {
            return Ok(CompareAndSet::Done);
        }
        self.decode(edited.before.as_ref())
            .map(CompareAndSet::Found)
    }

    /// Replaces the number by `value` under the condition that nobody wrote in between, and tells what it was. The change is
    /// part of the chain, which [`set`](Self::set) is not.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn replace(&self, value: N) -> Result<Change<N>, Error> {
        let step = |data: Option<&_>| {
            // What is no number is not overwritten unseen.
            let _before: N = self.decode(data)?;
            Ok(Some(encode(self.layout, value)))
        };
        let edited = self.cell.edit(step).await?;
        self.change(&edited)
    }

    /// Sets the number whatever it was, and repairs a node that holds something else.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet; the fate is *unknown* as with [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn set(&self, value: N) -> Result<(), Error> {
        self.cell.put(encode(self.layout, value)).await.map(drop)
    }

    /// Makes the node with `value` if there is none; true if it was made here.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet; the fate is *unknown* as with [`add`](Self::add).
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`add`](Self::add).
    ///
    /// # Ordering
    ///
    /// As [`add`](Self::add).
    ///
    /// # On session events
    ///
    /// As [`add`](Self::add).
    pub async fn initialize(&self, value: N) -> Result<bool, Error> {
        let step = |data: Option<&_>| Ok(data.is_none().then(|| encode(self.layout, value)));
        let edited = self.cell.edit(step).await?;
        Ok(edited.written.is_some())
    }

    pub(crate) fn client(&self) -> &Client {
        self.cell.client()
    }

    fn sum(&self, data: Option<&Bytes>, delta: N) -> Result<Bytes, Error> {
        let before: N = self.decode(data)?;
        let after = sum(before, delta).ok_or_else(|| self.too_far())?;
        Ok(encode(self.layout, after))
    }

    fn decode(&self, data: Option<&Bytes>) -> Result<N, Error> {
        decode(self.layout, self.cell.path(), data)
    }

    fn change(&self, edited: &Edited) -> Result<Change<N>, Error> {
        let before = self.decode(edited.before.as_ref())?;
        let after = match &edited.written {
            Some(written) => self.decode(Some(written))?,
            None => before,
        };
        Ok(Change {
            before,
            after,
            attempts: edited.attempts,
        })
    }

    pub(super) fn too_far(&self) -> Error {
        let path = self.cell.path();
        let text = format!(
            "cannot change {path}: the result does not fit into {} bits",
            size_of::<N>() * 8
        );
        Error::new(ErrorKind::Misuse, text).with_op(OpKind::Set, path)
    }
}
