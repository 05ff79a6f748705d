//! The handle.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use zk_client::{Acl, Client, Error, ErrorKind, OpKind, path};

use super::claim::{ClaimNext, claim};
use super::claimed::Claimed;
use super::config::{Bound, Config, OnCorrupt};
use super::entry::Entry;
use super::item::Item;
use super::layout::QueueLayout;
use super::place::Places;
use super::put::{Put, PutAll};
use super::state::State;
use super::take::{Take, TakeMany, take};
use crate::cell::validated;
use crate::lock::Held;

/// A queue of items below one node, which any number of programs put into and take from, those of Curator and kazoo among
/// them ([`QueueLayout`]).
///
/// Two ways to consume it. [`claim`](Self::claim) leaves the item in the queue, behind a lock, until it is
/// [completed](Claimed::complete): whoever dies over it gives it back (*at least once*). [`take`](Self::take) deletes it and
/// hands it out (*at most once*).
///
/// Lost answers are settled before anything else happens, by marks that stand beside the queue: a put is put once, an item is
/// taken by one.
///
/// **Safety**: level C for claims: each has a fencing token, and completion is one transaction that only the last claim of an
/// item can make; level D for what is written [with it](Claimed::complete_with).
///
/// Clones share what is known of marks, and what calls of [`take`](Self::take) that were dropped had taken.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// use zk_recipes::{Entry, Queue, QueueLayout};
/// # async fn resize(_job: &[u8]) {}
/// # let zk = zk_recipes::Client::dev().await?;
/// let jobs = Queue::new(&zk, "/queues/jobs")?.layout(QueueLayout::Priority);
/// jobs.put("resize 17").await?;
/// jobs.put(Entry::new("resize 18").priority(-1)).await?;
///
/// let job = jobs.claim().timeout(Duration::from_secs(30)).await?;
/// assert_eq!(job.data(), b"resize 18");
/// resize(job.data()).await;
/// job.complete().await?;
/// # assert_eq!(jobs.len().await?, 1);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Queue {
    pub(super) config: Arc<Config>,
    pub(super) state: Arc<State>,
}

impl Queue {
    /// The queue at `path`, in the layout of Curator's `DistributedQueue`. Sends nothing; the first put makes the node.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let path = validated(path, "a queue")?;
        let layout = QueueLayout::default();
        let config = Config {
            client: client.terse().patient(),
            places: Places::new(&path, layout),
            path,
            layout,
            acl: vec![Acl::open()],
            is_locking: false,
            bound: None,
            max_attempts: None,
            on_corrupt: OnCorrupt::default(),
        };
        Ok(Self {
            config: Arc::new(config),
            state: Arc::default(),
        })
    }

    /// Sets whose nodes it shares, and with that the order. All programs of a queue have to say the same.
    #[must_use]
    pub fn layout(mut self, layout: QueueLayout) -> Self {
        let config = self.change();
        let before = Places::new(&config.path, config.layout);
        let said = config.places.clone();
        config.places = Places::new(&config.path, layout);
        config.is_locking = layout == QueueLayout::KazooLocking;
        if said.locks != before.locks {
            config.places.locks = said.locks;
            config.is_locking = true;
        }
        if said.marks != before.marks {
            config.places.marks = said.marks;
        }
        config.layout = layout;
        self
    }

    /// Sets the ACL of what is created. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.change().acl = acl.into();
        self
    }

    /// Sets where the locks of claimed items are: what Curator's queues call lock safety, and their builder a lock path. Needed
    /// where Curator's consumers take from the same queue; then [`take`](Self::take) heeds those locks within its transaction,
    /// too. Default: `_locks_<name>` beside the queue, or kazoo's `taken`.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn lock_path(mut self, path: &str) -> Result<Self, Error> {
        let path = validated(path, "the node of a queue's locks")?;
        let config = self.change();
        config.places.locks = path;
        config.is_locking = true;
        Ok(self)
    }

    /// Sets the node below which marks are, which tell after a lost answer what became of a transaction. It needs nothing to
    /// do with the queue. Default: `_marks_<name>` beside the queue.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn marks_at(mut self, path: &str) -> Result<Self, Error> {
        self.change().places.marks = validated(path, "the home of marks")?;
        Ok(self)
    }

    /// Puts only while there are fewer than `items`, and waits while there are not. They are counted before each put, so there
    /// may be more for a moment: by what others put since, or had put and the server that counted did not know of yet.
    #[must_use]
    pub fn bound(mut self, items: usize) -> Self {
        let is_strict = false;
        self.change().bound = Some(Bound { items, is_strict });
        self
    }

    /// As [`bound`](Self::bound), without the slack among all that put in this way: each put is refused, and tried again, if
    /// another came after the items were counted. Puts then go one after another.
    #[must_use]
    pub fn strict_bound(mut self, items: usize) -> Self {
        let is_strict = true;
        self.change().bound = Some(Bound { items, is_strict });
        self
    }

    /// Sets how often an item may be claimed. One that was claimed so often and is still there is moved below
    /// [`aside_path`](Self::aside_path) by the next claim. Default: for ever.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.change().max_attempts = Some(attempts.max(1));
        self
    }

    /// Sets what becomes of items that hold something else than their layout says. Default: [`OnCorrupt::MoveAside`].
    #[must_use]
    pub fn on_corrupt(mut self, on_corrupt: OnCorrupt) -> Self {
        self.change().on_corrupt = on_corrupt;
        self
    }

    /// The queue's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.config.path
    }

    /// Below which node items are moved that cannot be read, or were claimed too often.
    #[must_use]
    pub fn aside_path(&self) -> &str {
        &self.config.places.aside
    }

    /// Puts an entry: data, or an [`Entry`] with a priority, a due time or an id. Await it for where it is.
    pub fn put(&self, entry: impl Into<Entry>) -> Put {
        Put::new(PutAll::new(&self.config, &self.state, vec![entry.into()]))
    }

    /// Puts several entries in one transaction: all or none.
    pub fn put_all<T: Into<Entry>>(&self, entries: impl IntoIterator<Item = T>) -> PutAll {
        let entries = entries.into_iter().map(Into::into).collect();
        PutAll::new(&self.config, &self.state, entries)
    }

    /// Waits for an item to work on, which stays in the queue until it is completed.
    pub fn claim(&self) -> ClaimNext {
        ClaimNext::new(&self.config, &self.state)
    }

    /// An item to work on, if there is one now.
    ///
    /// # Errors
    ///
    /// As [`ClaimNext`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point no lock is left behind, and the item keeps its place.
    ///
    /// # Ordering
    ///
    /// As [`ClaimNext`].
    ///
    /// # On session events
    ///
    /// As [`ClaimNext`].
    pub async fn try_claim(&self) -> Result<Option<Claimed>, Error> {
        match claim(&self.config, &self.state, false).await {
            Ok(claimed) => Ok(claimed),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }

    /// Waits for an item, runs `work` on it, and completes it; yields what the work yields. If the work fails the item is given
    /// back, with its place.
    ///
    /// The work is dropped when the claim is lost.
    ///
    /// # Errors
    ///
    /// Those of the work; those of [`ClaimNext`] and of [`Claimed::complete`]; `LockLost` if the claim was lost meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, and the item given back.
    ///
    /// # Ordering
    ///
    /// The work starts when the item is claimed, the completion is queued when the work has ended.
    ///
    /// # On session events
    ///
    /// A suspension changes nothing; an expiry is a loss.
    pub async fn consume<W, F, T, E>(&self, work: W) -> Result<T, E>
    where
        W: FnOnce(Item, Held) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let claimed = self.claim().await?;
        let lost = claimed.lost();
        let work = work(claimed.item().clone(), claimed.held());
        let done = tokio::select! {
            biased;
            done = work => done?,
            lost = lost => {
                let text = format!("{lost}; the work on it was dropped");
                let error = Error::new(ErrorKind::LockLost, text);
                return Err(error.with_op(OpKind::Acquire, claimed.item().node()).into());
            }
        };
        claimed.complete().await?;
        Ok(done)
    }

    /// Waits for an item and takes it out of the queue.
    pub fn take(&self) -> Take {
        Take::new(TakeMany::new(&self.config, &self.state, 1))
    }

    /// Waits for items and takes up to `wanted` of them out of the queue, at most 256, in one transaction.
    pub fn take_many(&self, wanted: usize) -> TakeMany {
        TakeMany::new(&self.config, &self.state, wanted)
    }

    /// Takes an item, if there is one now.
    ///
    /// # Errors
    ///
    /// As [`Take`].
    ///
    /// # Cancel safety
    ///
    /// Resumable, as [`Take`].
    ///
    /// # Ordering
    ///
    /// As [`Take`].
    ///
    /// # On session events
    ///
    /// As [`Take`].
    pub async fn try_take(&self) -> Result<Option<Item>, Error> {
        match take(&self.config, &self.state, 1, false).await {
            Ok(mut items) => Ok(items.pop()),
            Err(error) => Err(self.config.client.explain(error).await),
        }
    }

    /// How many items there were when this handle or a clone looked last. Sends nothing.
    #[must_use]
    pub fn last_len(&self) -> usize {
        self.state.last_len()
    }

    /// A part of a divided queue, with what that was told.
    pub(super) fn part(of: &Config, name: &str) -> Self {
        let config = Config {
            places: of.places.of_part(&of.path, name, of.layout),
            path: path::join(&of.path, name),
            is_locking: of.layout == QueueLayout::KazooLocking,
            ..of.clone()
        };
        Self {
            config: Arc::new(config),
            state: Arc::default(),
        }
    }

    fn change(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("path", &self.config.path)
            .field("layout", &self.config.layout)
            .finish_non_exhaustive()
    }
}
