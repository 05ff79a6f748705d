//! Jobs that one of many runs, and not again too soon.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Node, Stat, path};

use crate::lock::{
    Held, HoldError, LockGuard, Mutex, Terms, default_contender, hold_under, validate,
};
use crate::parents::make_parents;

/// A job that runs on one of many hosts at a time, for at most so long, and not again too soon: for schedules that fire on
/// all hosts at about the same moment.
///
/// `PATH/holder` is a [`Mutex`], which is held while the job runs: a host that dies lets go with its session. `PATH/last`
/// remembers the last start and those before it, and is there for good; it is written before the job starts, in one transaction with a check
/// of the hold. Whether enough time has passed is told by the clock of the ensemble's leader, twice: when `last` was
/// written and when the next contender's node was made. So the hosts' clocks need not agree.
///
/// **Safety**: as [`Mutex`]. A job that is dropped half way, because it takes too long or the hold is lost, has started
/// nevertheless.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, Lease, Ran};
/// # let zk = Client::dev().await?;
/// let nightly = Lease::new(&zk, "/jobs/nightly")?
///     .min_hold(Duration::from_secs(600))
///     .max_hold(Duration::from_secs(3600));
/// assert_eq!(nightly.try_run(|_| async { 42 }).await?, Ran::Done(42));
/// // Another host, whose clock is a little late:
/// assert!(matches!(nightly.try_run(|_| async { 42 }).await?, Ran::TooSoon { .. }));
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::HoldError>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Lease {
    client: Client,
    holder: Mutex,
    last: String,
    acl: Vec<Acl>,
    contender: Bytes,
    min_hold: Duration,
    terms: Terms,
}

/// One start of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// When, by the clock of the ensemble's leader.
    pub at: SystemTime,
    /// What whoever ran it says about itself.
    pub contender: String,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ran<T> {
    /// It ran, and yielded this.
    Done(T),
    /// Somebody else runs it now.
    Busy,
    /// It last started so long ago, which is less than [`Lease::min_hold`].
    TooSoon {
        /// By the clock of the ensemble's leader.
        since: Duration,
    },
}

impl Lease {
    /// The job at `path`. Sends nothing; missing parents are made, as containers, when it first runs.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        validate(path)?;
        Ok(Self {
            client: client.terse(),
            holder: Mutex::new(client, &path::join(path, "holder"))?,
            last: path::join(path, "last"),
            acl: vec![Acl::open()],
            contender: Bytes::from(default_contender()),
            min_hold: Duration::ZERO,
            terms: Terms::default(),
        })
    }

    /// Sets how long after a start there is no other one, however soon the job was done. Default: none.
    #[must_use]
    pub fn min_hold(mut self, least: Duration) -> Self {
        self.min_hold = least;
        self
    }

    /// Sets how long the job may take; then it is dropped. Default: for ever.
    #[must_use]
    pub fn max_hold(mut self, most: Duration) -> Self {
        self.terms.max_hold = Some(most);
        self
    }

    /// Sets the text by which operators recognise who runs the job, or ran it last. Default: host name and process id.
    #[must_use]
    pub fn contender(mut self, text: impl Into<String>) -> Self {
        self.contender = Bytes::from(text.into());
        self
    }

    /// Sets the ACL of the nodes. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self.holder = self.holder.acl(self.acl.clone());
        self
    }

    /// Runs the job, unless somebody runs it or it started too recently. Never waits for others.
    ///
    /// # Errors
    ///
    /// What kept it from running as [`HoldError::Acquire`]; what ended it as [`HoldError::Lost`], [`HoldError::Doubt`]
    /// and [`HoldError::TooLong`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the job is dropped, the hold released. That it started stays on record.
    ///
    /// # Ordering
    ///
    /// Three round trips, then the job: try the mutex; read when it started last; write that it starts.
    ///
    /// # On session events
    ///
    /// As [`Acquire::hold`](crate::Acquire::hold).
    pub async fn try_run<W, F>(&self, job: W) -> Result<Ran<F::Output>, HoldError>
    where
        W: FnOnce(Held) -> F,
        F: Future,
    {
        let text = String::from_utf8_lossy(&self.contender).into_owned();
        let Some(guard) = self.holder.acquire().contender(text).if_free().await? else {
            return Ok(Ran::Busy);
        };
        let own = self.client.exists(guard.view().node()).submit();
        let last = self.client.get(&self.last).submit();
        let own = own.await?;
        let last = match last.await {
            Ok(last) => Some(last),
            Err(error) if error.kind() == ErrorKind::NoNode => None,
            Err(error) => return Err(error.into()),
        };
        if let (Some(own), Some(last)) = (own, &last) {
            let since = own.ctime.saturating_sub(last.stat.mtime);
            // A leader whose clock is behind that of the last one: no time has passed as far as anybody can tell.
            let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
            if since < self.min_hold {
                return Ok(Ran::TooSoon { since });
            }
        }
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("start-noted-at-the-end") {
            let done = hold_under(guard, self.terms, job).await;
            let _ = self.client.create(&self.last, self.contender.clone()).await;
            let _ = self.client.set(&self.last, self.contender.clone()).await;
            return done.map(Ran::Done);
        }
        let record = self.record(last.as_ref());
        self.note_start(&guard, &record).await?;
        hold_under(guard, self.terms, job).await.map(Ran::Done)
    }

    /// When it last started, and what whoever ran it says about itself; `None` if it never did.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet.
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
    pub async fn last_start(&self) -> Result<Option<(Stat, String)>, Error> {
        match self.client.get(&self.last).await {
            Ok(last) => {
                let text = String::from_utf8_lossy(&last.data);
                let who = text.lines().next().unwrap_or_default().to_owned();
                Ok(Some((last.stat, who)))
            }
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The last starts, the latest first, at most 20 of them; empty if it never started.
    ///
    /// # Errors
    ///
    /// `NoAuth`, and what every operation can meet.
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
    pub async fn history(&self) -> Result<Vec<Started>, Error> {
        match self.client.get(&self.last).await {
            Ok(last) => Ok(starts(&last).collect()),
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Who starts now, and the starts before. When it is now, the time of the write will tell.
    fn record(&self, last: Option<&Node>) -> Bytes {
        let mut record = in_one_line(&String::from_utf8_lossy(&self.contender));
        for start in last.into_iter().flat_map(starts).take(REMEMBERED - 1) {
            let at = start.at.duration_since(UNIX_EPOCH).unwrap_or_default();
            record += &format!("\n{} {}", at.as_millis(), start.contender);
        }
        record.into()
    }

    /// Writes that it starts, only while it is held. Writing it twice does no harm, so a lost answer is asked again.
    async fn note_start(&self, guard: &LockGuard, record: &Bytes) -> Result<(), Error> {
        loop {
            let set = self.client.set(&self.last, record.clone());
            let noted = match set.fenced_by(guard).await {
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    let mode = CreateMode::Persistent;
                    make_parents(&self.client, &self.last, mode, &self.acl, error).await?;
                    let create = self.client.create(&self.last, record.clone());
                    let create = create.acl(self.acl.clone()).fenced_by(guard);
                    create.await.map(drop)
                }
                noted => noted.map(drop),
            };
            match noted {
                // The create of an attempt before this one, whose answer was lost.
                Err(error) if error.kind() == ErrorKind::NodeExists => {}
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                noted => return noted,
            }
        }
    }
}

/// How many starts are remembered.
const REMEMBERED: usize = 20;

/// The starts on record, the latest first: that of the write itself, and a line for each before it.
fn starts(last: &Node) -> impl Iterator<Item = Started> {
    let text = String::from_utf8_lossy(&last.data).into_owned();
    let latest = Started {
        at: moment(u64::try_from(last.stat.mtime).unwrap_or(0)),
        contender: text.lines().next().unwrap_or_default().to_owned(),
    };
    let earlier: Vec<Started> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let (at, contender) = line.split_once(' ')?;
            Some(Started {
                at: moment(at.parse().ok()?),
                contender: contender.to_owned(),
            })
        })
        .collect();
    std::iter::once(latest).chain(earlier)
}

fn moment(millis: u64) -> SystemTime {
    let since = Duration::from_millis(millis);
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

fn in_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
