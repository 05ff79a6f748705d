//! Standing for election.

use std::future::Future;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, OpKind};

use super::elected::Elected;
use super::latch::Latch;
use super::leader::{self, Leader};
use super::leadership::Leadership;
use super::observe::Leaders;
use super::rank;
use super::term::Term;
use crate::contend::{Contention, Kind, Layout, validate};
use crate::lock::{Contender, default_contender, list};

/// Whose programs an election shares its path with. All candidates of one path use one; a path with others is refused
/// (`MixedContenders`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ElectionLayout {
    /// Curator's `LeaderLatch`: `_c_<uuid>-latch-<10 digits>`.
    #[default]
    Latch,
    /// Curator's `LeaderSelector`: a mutex on the path, `_c_<uuid>-lock-<10 digits>`.
    Selector,
    /// kazoo's `Election`: a lock of kazoo on the path, `<32 hex>__lock__<10 digits>`.
    Kazoo,
}

impl ElectionLayout {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Latch => Kind::Latch,
            Self::Selector => Kind::Lock(Layout::Curator),
            Self::Kazoo => Kind::Lock(Layout::Kazoo),
        }
    }
}

/// An election on a path: of its candidates one leads at a time, for a term with a number that grows.
///
/// Shares its path with Curator's `LeaderLatch`, or with its `LeaderSelector` or kazoo's `Election` if
/// [`layout`](Self::layout) says so; those lead in terms without a number.
///
/// **Terms.** A term begins when the candidate is first *and* has written that down in the election's own node, in one
/// transaction with a check of its own node. The zxid of this write is the [epoch](Term::epoch): it grows from leader to
/// leader. Give it to what you write to, or write to ZooKeeper with `.fenced_by(&term)`.
///
/// **Safety** (levels of the reliability notes): as of a [`Mutex`](crate::Mutex): one leader at each zxid (A);
/// [`Term::is_safe`] is true only while no server can have expired the session (B), bar a pause between looking and
/// acting; with the epoch checked by what you write to (C) or writes fenced by the term (D) no deposed leader writes.
///
/// **Cost**: a free election takes two round trips (candidate and list; the record of the term). A candidate that waits
/// costs nothing until the one directly ahead goes, which wakes nobody else; in the layout of `LeaderLatch`, where a leader may
/// have named somebody in between, it then lists once.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Election};
/// # async fn serve_as_leader(_epoch: u64) {}
/// # let zk = Client::dev().await?;
/// let election = Election::new(&zk, "/election")?.contender("node-7");
/// // Stands again after every loss; ends with the work, or with an error that no retry mends.
/// election.lead(|term| async move { serve_as_leader(term.epoch()).await }).await?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Election {
    client: Client,
    path: String,
    layout: ElectionLayout,
    contender: Option<String>,
    announcement: Bytes,
    accepts: bool,
    priority: Option<u32>,
    acl: Vec<Acl>,
}

impl Election {
    /// The election at `path`. Sends nothing; missing parents are made, as containers, when somebody stands.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        validate(path, "an election", OpKind::Acquire)?;
        Ok(Self {
            client: client.terse(),
            path: path.to_owned(),
            layout: ElectionLayout::default(),
            contender: None,
            announcement: Bytes::new(),
            accepts: false,
            priority: None,
            acl: vec![Acl::open()],
        })
    }

    /// Sets whose programs the election is shared with. Default: [`ElectionLayout::Latch`].
    #[must_use]
    pub fn layout(mut self, layout: ElectionLayout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets the text by which others know this candidate; Curator and kazoo call it id. Default: host name and process
    /// id.
    #[must_use]
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        self.contender = Some(text.into());
        self
    }

    /// Sets what a leader announces from the first moment of its term, such as its address. Default: nothing. See
    /// [`Term::announce`].
    #[must_use]
    pub fn announcement(mut self, announcement: impl Into<Bytes>) -> Self {
        self.announcement = announcement.into();
        self
    }

    /// Lets a leader name this candidate as its successor, by its [`contender`](Self::contender) text: see
    /// [`Leadership::name_successor`]. Costs one watch while it waits. In the layout of `LeaderLatch` alone.
    #[must_use]
    pub fn accepts_succession(mut self) -> Self {
        self.accepts = true;
        self
    }

    /// Gives this candidate a priority, and lets it be named as a successor. A leader in [`lead`](Self::lead) or in a
    /// [`latch`](Self::latch) that has a priority makes room as soon as a candidate of a higher one stands: it names that
    /// one, drops its work, resigns, and stands again. Those without a priority neither make room nor get any. In the
    /// layout of `LeaderLatch` alone.
    ///
    /// When a leader goes, the next in line leads first, and makes room then: for the moment of a term a lower priority may
    /// lead. Candidates of a path need names that differ ([`contender`](Self::contender)).
    #[must_use]
    pub fn priority(mut self, priority: u32) -> Self {
        self.priority = Some(priority);
        self.accepts = true;
        self
    }

    /// Sets the ACL of the candidates' nodes. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// The election's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Stands until elected, for one term; await the result or set a timeout first.
    pub fn elected(&self) -> Elected {
        let text = self.contender.clone().unwrap_or_else(default_contender);
        let contention = Contention {
            client: self.client.clone(),
            path: self.path.clone(),
            kind: self.layout.kind(),
            data: Bytes::from(text),
            acl: self.acl.clone(),
            tag: self.priority.map_or_else(String::new, rank::tag),
            waits: true,
        };
        let accepts = self.accepts && self.layout == ElectionLayout::Latch;
        Elected::new(contention, self.announcement.clone(), accepts)
    }

    /// One term after the other, for ever.
    pub fn terms(&self) -> Terms {
        Terms {
            election: self.clone(),
        }
    }

    /// Stands until elected, does `work`, resigns, and yields what the work yields. When the term ends early, or is in
    /// doubt, the work is dropped and the candidate stands again, also in the client's next session.
    ///
    /// # Errors
    ///
    /// As [`Elected`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the work is dropped, the candidate gone.
    ///
    /// # Ordering
    ///
    /// The work starts when the term has begun, and the resignation is queued when the work is over.
    ///
    /// # On session events
    ///
    /// A suspension that outlasts the safe window is doubt, an expiry the end of the term.
    pub async fn lead<W, F>(&self, mut work: W) -> Result<F::Output, Error>
    where
        W: FnMut(Term) -> F,
        F: Future,
    {
        loop {
            let leadership = self.elected().await?;
            let term = leadership.term();
            let output = tokio::select! {
                biased;
                // Also when the term ends.
                () = term.doubted() => continue,
                () = rank::make_room(&leadership) => {
                    let _ = leadership.resign().await;
                    continue;
                }
                output = work(term.clone()) => output,
            };
            // Whether the answer to the delete came in time says nothing about the work.
            let _ = leadership.resign().await;
            return Ok(output);
        }
    }

    /// A latch, and the driver that becomes leader whenever possible until the latch is closed or dropped, or until an
    /// error that no retry mends. The driver is yours to spawn.
    ///
    /// # Errors
    ///
    /// The driver ends with those of [`Elected`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no candidate behind.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled.
    ///
    /// # On session events
    ///
    /// When a term ends early, or is in doubt, the driver resigns and stands again.
    pub fn latch(
        &self,
    ) -> (
        Latch,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        Latch::new(self.elected())
    }

    /// Follows who leads, without standing.
    pub fn observe(&self) -> Leaders {
        Leaders::new(self.client.clone(), &self.path, self.layout.kind())
    }

    /// Who leads now; `None` if nobody does.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet. A missing path is an election without candidates.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Two round trips; tells of the leader as the connected server knows it.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn leader(&self) -> Result<Option<Leader>, Error> {
        leader::find(&self.client, &self.path, self.layout.kind()).await
    }

    /// Lists the candidates in the order in which they will lead, the leader first.
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
    /// Two round trips: the list, then all candidates; those that go in between are left out.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn candidates(&self) -> Result<Vec<Contender>, Error> {
        list(&self.client, &self.path).await
    }
}

/// The terms of one candidate. Made by [`Election::terms`].
#[derive(Debug, Clone)]
pub struct Terms {
    election: Election,
}

impl Terms {
    /// Stands until elected. Resign, or drop, the leadership before the next call: a candidate waits behind itself, too.
    ///
    /// # Errors
    ///
    /// As [`Elected`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, no candidate is left behind; the next call stands at the tail.
    ///
    /// # Ordering
    ///
    /// As [`Elected`].
    ///
    /// # On session events
    ///
    /// As [`Elected`].
    pub async fn next(&mut self) -> Result<Leadership, Error> {
        self.election.elected().await
    }
}
