//! Leases for a span of time by the clocks of those who hold them: kazoo's.

mod span;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zk_client::{Acl, Client, Error, ErrorKind, Node, OpKind, path};

use crate::Layout;
use crate::lock::{LockGuard, Mutex, validate};
use crate::renewal::renewed;
pub use span::LeaseSpan;
use span::{LAST, decode, encode};

/// A lease, or one of several, for a span of time: whoever obtains it has it until then, whether it lives or not, and may
/// renew it. Shared with kazoo's `NonBlockingLease` and `MultiNonBlockingLease`; [`Lease`](crate::Lease) is the one to use where no
/// program of kazoo's takes part.
///
/// `PATH/lease_holder` says who has it until when, and is written under a kazoo lock at `PATH`, in one transaction with a
/// check of that.
///
/// **Safety**: none beyond the clocks. Whether a lease is over is judged by the clock of whoever asks, so one that is ahead
/// takes a lease that its holder, by its own clock, still has. Nothing tells the holder that its time is over, and there is no
/// fencing token. Times are whole seconds, rounded down, as kazoo's. Whoever has the same identifier is the same holder.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, ClockLease};
/// # let zk = Client::dev().await?;
/// let hour = Duration::from_secs(3600);
/// let cleanup = ClockLease::new(&zk, "/leases/cleanup")?;
/// assert!(cleanup.clone().identifier("host-1").obtain(hour).await?.is_obtained());
/// assert!(!cleanup.clone().identifier("host-2").obtain(hour).await?.is_obtained());
/// // For no time at all: it is given back.
/// assert!(cleanup.clone().identifier("host-1").obtain(Duration::ZERO).await?.is_obtained());
/// assert!(cleanup.identifier("host-2").obtain(hour).await?.is_obtained());
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct ClockLease {
    client: Client,
    slots: Vec<Slot>,
    acl: Vec<Acl>,
    identifier: String,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

/// Where one lease is.
#[derive(Debug, Clone)]
struct Slot {
    lock: Mutex,
    holder: String,
}

/// What came of asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "somebody else may have the lease"]
#[non_exhaustive]
pub enum Tenure {
    /// It is this holder's until then.
    Obtained(LeaseSpan),
    /// Somebody else has it; of several leases, this one is over first.
    Taken(LeaseSpan),
}

impl Tenure {
    /// Whether the lease was obtained, or renewed.
    pub fn is_obtained(&self) -> bool {
        matches!(self, Self::Obtained(_))
    }
}

impl ClockLease {
    /// The lease at `path`, kazoo's `NonBlockingLease`. Sends nothing; missing parents are made when it is first asked for.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        validate(path)?;
        Self::of(client, vec![Slot::new(client, path)?])
    }

    /// One of the `count` leases below `path`, kazoo's `MultiNonBlockingLease`. Those who share them should say the same
    /// `count`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); `Misuse` unless `count` is at least 1.
    pub fn one_of(client: &Client, path: &str, count: u32) -> Result<Self, Error> {
        validate(path)?;
        if count == 0 {
            let text = format!("cannot obtain one of no leases below {path}");
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Create, path));
        }
        let slot = |number: u32| Slot::new(client, &path::join(path, &number.to_string()));
        Self::of(client, (0..count).map(slot).collect::<Result<_, _>>()?)
    }

    fn of(client: &Client, slots: Vec<Slot>) -> Result<Self, Error> {
        let host = rustix::system::uname();
        Ok(Self {
            client: client.terse(),
            slots,
            acl: vec![Acl::open()],
            identifier: host.nodename().to_string_lossy().into_owned(),
            #[expect(clippy::disallowed_methods, reason = "this lease goes by this clock")]
            clock: Arc::new(SystemTime::now),
        })
    }

    /// Sets who the holder is: whoever says the same is the same, and renews. Default: the host's name, as kazoo's.
    #[must_use]
    pub fn identifier(mut self, text: impl Into<String>) -> Self {
        self.identifier = text.into();
        self
    }

    /// Sets the clock. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the ACL of the nodes. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        for slot in &mut self.slots {
            slot.lock = slot.lock.clone().acl(self.acl.clone());
        }
        self
    }

    /// Obtains the lease, or renews it, until `span` from now; of several leases the one that it has, or else the first that
    /// is free. Waits for nobody's lease to be over, but for whoever looks at this one at the moment. For no time at all, it
    /// gives back what it has.
    ///
    /// # Errors
    ///
    /// `Undecodable` if something is stored there that is no lease of the version that kazoo 2.11 writes; `LockLost` if the lock
    /// went before the lease was written; `Contended` if somebody goes on writing without the lock; `Misuse` if the end is after
    /// the year 9999; `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: dropped while its write is under way, the lease is obtained or not, which [`spans`](Self::spans) tells. The
    /// lock is released.
    ///
    /// # Ordering
    ///
    /// The time is that between the grant of the lock and the write.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. If an answer was lost, the lease is read and written again; after an expiry under a lock
    /// of the next session.
    pub async fn obtain(&self, span: Duration) -> Result<Tenure, Error> {
        let mut taken: Option<LeaseSpan> = None;
        for slot in self.own_first().await? {
            match self.obtain_at(slot, span).await? {
                Tenure::Obtained(span) => return Ok(Tenure::Obtained(span)),
                Tenure::Taken(other) => match &taken {
                    Some(first) if first.until <= other.until => {}
                    _ => taken = Some(other),
                },
            }
        }
        let bug = || Error::new(ErrorKind::Misuse, "there are no leases");
        taken.map(Tenure::Taken).ok_or_else(bug)
    }

    /// Who had which lease last, and until when: also those that are over. In the order of the leases.
    ///
    /// # Errors
    ///
    /// `Undecodable`; `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// As a read.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn spans(&self) -> Result<Vec<LeaseSpan>, Error> {
        let mut spans = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            if let Some((_, span)) = self.read(slot).await? {
                spans.push(span);
            }
        }
        Ok(spans)
    }

    /// The leases in the order in which they are tried. A renewal that took the first free one instead of its own would have
    /// two.
    async fn own_first(&self) -> Result<Vec<&Slot>, Error> {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        if slots.len() > 1 {
            let spans = self.spans().await?;
            let now = (self.clock)();
            let is_own = |slot: &&Slot| {
                let has = |span: &LeaseSpan| span.path == slot.lock.path();
                let own = spans.iter().find(|span| has(span));
                own.is_some_and(|span| span.holder == self.identifier && now < span.until)
            };
            slots.sort_by_key(|slot| !is_own(slot));
        }
        Ok(slots)
    }

    async fn obtain_at(&self, slot: &Slot, span: Duration) -> Result<Tenure, Error> {
        loop {
            let generation = self.client.generation();
            let mut is_unknown = false;
            let acquire = slot.lock.acquire().contender(self.identifier.clone());
            let ended = match acquire.await {
                Ok(guard) => self.write(slot, &guard, span, &mut is_unknown).await,
                Err(error) => Err(error),
            };
            let error = match ended {
                Ok(tenure) => return Ok(tenure),
                Err(error) => error,
            };
            // Where the lock went with the session, or a write's answer was lost before: what that came to is seen under the
            // next lock.
            let is_lost = error.kind() == ErrorKind::LockLost;
            if !is_lost || !(is_unknown || self.client.generation() != generation) {
                renewed(&self.client, generation, error)?;
            }
        }
    }

    /// Looks who has it and writes that this holder has, unless somebody else does. Whoever wrote is told by what is there, and to
    /// write the same again does no harm, so a lost answer is followed by another look.
    async fn write(
        &self,
        slot: &Slot,
        guard: &LockGuard,
        span: Duration,
        is_unknown: &mut bool,
    ) -> Result<Tenure, Error> {
        for _ in 0..ATTEMPTS {
            let found = self.read(slot).await?;
            let now = (self.clock)();
            let has_it = |other: &&LeaseSpan| other.holder != self.identifier && now < other.until;
            let others = found.as_ref().map(|(_, other)| other).filter(has_it);
            if let Some(other) = others {
                return Ok(Tenure::Taken(other.clone()));
            }
            let own = self.span(slot, now, span)?;
            let data = encode(&own);
            let written = match &found {
                Some((node, _)) => {
                    let set = self.client.set(&slot.holder, data);
                    let set = set.version(node.stat.version).fenced_by(guard);
                    set.await.map(drop)
                }
                None => {
                    let create = self.client.create(&slot.holder, data);
                    let create = create.acl(self.acl.clone()).fenced_by(guard);
                    create.await.map(drop)
                }
            };
            match written {
                Ok(()) => return Ok(Tenure::Obtained(own)),
                Err(error) if error.kind() == ErrorKind::ConnectionLost => *is_unknown = true,
                Err(error) if WRITTEN_BY_OTHERS.contains(&error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
        let at = &slot.holder;
        let text = format!("cannot write {at}: somebody goes on writing it without the lock");
        let error = Error::new(ErrorKind::Contended, text).with_op(OpKind::Set, at);
        Err(error.with_hint("look who writes there besides holders of the lock at its parent"))
    }

    async fn read(&self, slot: &Slot) -> Result<Option<(Node, LeaseSpan)>, Error> {
        match self.client.get(&slot.holder).await {
            Ok(node) => {
                let span = decode(slot.lock.path(), &slot.holder, &node.data)?;
                Ok(Some((node, span)))
            }
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is to be written now: whole seconds.
    fn span(&self, slot: &Slot, now: SystemTime, span: Duration) -> Result<LeaseSpan, Error> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let end = since.checked_add(span).map(|end| end.as_secs());
        let Some(end) = end.filter(|end| *end <= LAST) else {
            let at = &slot.holder;
            let text = format!("cannot obtain {at}: the lease would end after the year 9999");
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Create, at));
        };
        Ok(LeaseSpan {
            path: slot.lock.path().to_owned(),
            holder: self.identifier.clone(),
            until: UNIX_EPOCH + Duration::from_secs(end),
        })
    }
}

impl Slot {
    fn new(client: &Client, path: &str) -> Result<Self, Error> {
        Ok(Self {
            lock: Mutex::new(client, path)?.layout(Layout::Kazoo),
            holder: path::join(path, "lease_holder"),
        })
    }
}

impl fmt::Debug for ClockLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockLease")
            .field("slots", &self.slots)
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}

/// How often it looks again: nobody writes without the lock but who has lost it.
const ATTEMPTS: u32 = 32;

/// Somebody wrote since it was read. kazoo deletes the node and makes it anew.
const WRITTEN_BY_OTHERS: [ErrorKind; 3] = [
    ErrorKind::BadVersion,
    ErrorKind::NoNode,
    ErrorKind::NodeExists,
];
