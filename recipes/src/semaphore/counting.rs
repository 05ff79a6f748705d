//! A lock that up to so many hold at a time.

use std::future::Future;

use bytes::Bytes;
use zk_client::{Acl, Client, Error};

use super::acquire::{AcquirePermit, AcquirePermits};
use super::capacity::Capacity;
use super::entrance::Entrance;
use super::permit::{Leased, Permit};
use crate::contend::{Family, Layout};
use crate::lock::{Contender, Held, HoldError, default_contender, leases, list, validate};

/// A number of permits at a path, first come first served.
///
/// Shares its path with Curator's `InterProcessSemaphoreV2`, or with kazoo's `Semaphore` if [`layout`](Self::layout) says
/// so. How many permits there are each program says for itself, unless it is [stored](Self::stored_at); kazoo's programs
/// refuse a capacity that is not theirs, and so does this with their layout.
///
/// **Safety** (levels of the reliability notes): at each zxid there are never more grants than the capacity that the
/// granted looked at (A), whatever becomes of the queue at the entrance; [`Held::is_safe`] is level B. A permit is one of
/// several, so it has no fencing token; writes `.fenced_by(&held)` (D) commit only while its node exists. Whoever says a
/// larger capacity than others lets in more.
///
/// **Cost**: two round trips for a free permit, two deletes later. One of those that wait watches the leases, the others
/// each the one ahead: the end of a permit wakes one.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Semaphore};
/// # let zk = Client::dev().await?;
/// let crawlers = Semaphore::new(&zk, "/limits/crawlers", 3)?;
/// let one = crawlers.acquire().await?;
/// let two = crawlers.acquire_many(2).await?;
/// assert!(crawlers.try_acquire().await?.is_none());
/// one.release().await?;
/// drop(two);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Semaphore {
    client: Client,
    path: String,
    layout: Layout,
    acl: Vec<Acl>,
    capacity: u32,
    stored: Option<String>,
}

impl Semaphore {
    /// The semaphore at `path` with so many permits. Sends nothing; missing parents are made when somebody acquires one.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str, capacity: u32) -> Result<Self, Error> {
        validate(path)?;
        Ok(Self {
            client: client.terse(),
            path: path.to_owned(),
            layout: Layout::default(),
            acl: vec![Acl::open()],
            capacity,
            stored: None,
        })
    }

    /// Sets whose programs the semaphore is shared with. Default: [`Layout::Curator`].
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the ACL of the contenders' nodes. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Lets the node at `path` say how many permits there are, for everybody and as it changes; it begins with the
    /// capacity of whoever comes first. Fewer permits do not end any that are held.
    ///
    /// With Curator's layout it is a shared count (4 bytes, big-endian), which Curator's programs take in their semaphore's
    /// constructor. kazoo's keep decimal text in the semaphore's own node; they read it once, and refuse another number.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn stored_at(mut self, path: &str) -> Result<Self, Error> {
        validate(path)?;
        self.stored = Some(path.to_owned());
        Ok(self)
    }

    /// The semaphore's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Acquires a permit; await the result or set options first.
    pub fn acquire(&self) -> AcquirePermit {
        AcquirePermit::new(self.entrance(), Leased)
    }

    /// Acquires several permits, all or none; await the result or set options first. None for 0.
    pub fn acquire_many(&self, count: u32) -> AcquirePermits {
        AcquirePermits::new(self.entrance(), count)
    }

    /// Acquires a permit if one is free and nobody waits for one. See [`AcquirePermit::if_free`].
    ///
    /// # Errors
    ///
    /// As [`AcquirePermit::if_free`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: nothing is left behind.
    ///
    /// # Ordering
    ///
    /// As [`AcquirePermit::if_free`].
    ///
    /// # On session events
    ///
    /// Waits through a suspension, like any request.
    pub async fn try_acquire(&self) -> Result<Option<Permit>, Error> {
        self.acquire().if_free().await
    }

    /// Acquires a permit, runs `work`, and releases it. See [`AcquirePermit::hold`].
    ///
    /// # Errors
    ///
    /// As [`AcquirePermit::hold`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the permit released.
    ///
    /// # Ordering
    ///
    /// As [`AcquirePermit::hold`].
    ///
    /// # On session events
    ///
    /// As [`AcquirePermit::hold`].
    pub async fn hold<W, F>(&self, work: W) -> Result<F::Output, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        self.acquire().hold(work).await
    }

    /// How many permits there are in all: what is stored, else what this program says.
    ///
    /// # Errors
    ///
    /// `Misuse` if what is stored is no number; `NoAuth`, and what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: if nothing is stored yet it may be stored.
    ///
    /// # Ordering
    ///
    /// As a read.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn capacity(&self) -> Result<u32, Error> {
        let capacity = self.how_many();
        capacity.answer(capacity.ask()).await
    }

    /// Changes the stored capacity. Who waits comes in if there is room now.
    ///
    /// # Errors
    ///
    /// `Misuse` if it is not [stored](Self::stored_at) or does not fit into 31 bits; `NoAuth`, and what every operation
    /// can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: it is changed or not.
    ///
    /// # Ordering
    ///
    /// As a write; the last one counts.
    ///
    /// # On session events
    ///
    /// As a write: what was under way when the connection broke is unknown.
    pub async fn set_capacity(&self, capacity: u32) -> Result<(), Error> {
        self.how_many().write(capacity).await
    }

    /// Lists who has a lease, the eldest first: the holders, and whoever waits for room at the entrance with a lease in hand.
    /// Nothing in the tree tells one from the other, so all are said to hold.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet. A missing path is an empty list.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Two round trips: the list, then all leases; those that go in between are left out.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn holders(&self) -> Result<Vec<Contender>, Error> {
        let family = match self.layout {
            Layout::Curator => Family::OtherCurator,
            Layout::Kazoo => Family::OtherKazoo,
        };
        let at = Entrance::leases(&self.path, self.layout);
        leases(&self.client, &at, family).await
    }

    /// Lists the contenders of Curator's older `InterProcessSemaphore` at this path, in order; the first ones hold, as many as
    /// this semaphore was told there are. That layout, which Curator has deprecated, is read and not written: its contenders
    /// are not seen by [`acquire`](Self::acquire), and have the names of a [`Mutex`](crate::Mutex)'s.
    ///
    /// # Errors
    ///
    /// As [`holders`](Self::holders).
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As [`holders`](Self::holders).
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn legacy_contenders(&self) -> Result<Vec<Contender>, Error> {
        let mut contenders = list(&self.client, &self.path).await?;
        contenders.retain(|contender| contender.family == Family::Mutex);
        let capacity = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        for (place, contender) in contenders.iter_mut().enumerate() {
            contender.holds = place < capacity;
        }
        Ok(contenders)
    }

    /// Lists who queues at the entrance, in the order in which they come in. The first one may have its lease in hand and
    /// stand among the [`holders`](Self::holders), too.
    ///
    /// # Errors
    ///
    /// As [`holders`](Self::holders).
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As [`holders`](Self::holders).
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn waiting(&self) -> Result<Vec<Contender>, Error> {
        list(&self.client, &Entrance::door(&self.path, self.layout)).await
    }

    pub(super) fn entrance(&self) -> Entrance {
        Entrance {
            client: self.client.clone(),
            path: self.path.clone(),
            layout: self.layout,
            data: Bytes::from(default_contender()),
            acl: self.acl.clone(),
            capacity: self.how_many(),
            count: 1,
            waits: true,
        }
    }

    fn how_many(&self) -> Capacity {
        Capacity {
            client: self.client.clone(),
            layout: self.layout,
            path: self.path.clone(),
            said: self.capacity,
            stored: self.stored.clone(),
        }
    }
}
