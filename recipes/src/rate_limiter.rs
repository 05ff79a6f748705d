//! So many permits per span of time for a whole fleet, granted in blocks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex as LocalMutex;
use zk_client::{Client, CreateMode, Error, ErrorKind, Moment, OpKind};

use crate::lock::validate;
use crate::renewal::renewed;

/// Grants so many permits per span of time to all who share a path, most of them without asking a server: each handle
/// takes blocks of them.
///
/// **Guarantee**: time is cut into windows, by the clock of the ensemble's leader, each at least the span long; in each at
/// most so many permits are granted, whatever becomes of connections and processes. So in any span of time there are at
/// most twice as many. What is left of a block is void when its window is over, and what was reserved by a request whose
/// outcome stays unknown is used by nobody. All who share a path have to say the same numbers.
///
/// **Cost**: one write per block, two at the beginning of a window; whoever finds a window used up writes once to learn how
/// long it lasts, and waits.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, RateLimiter};
/// # let zk = Client::dev().await?;
/// let mails = RateLimiter::new(&zk, "/limits/mails", 1000, Duration::from_secs(60))?.block(50);
/// mails.acquire(1).await?;
/// assert!(mails.try_acquire(10).await?);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter {
    client: Client,
    path: String,
    permits: u32,
    per: Duration,
    block: u32,
    mine: Arc<LocalMutex<Block>>,
}

/// What this handle may still hand out.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    left: u32,
    /// The end of its window, or a little earlier, by this process's clock.
    until: Option<Moment>,
}

/// The window that the node tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    /// By the leader's clock, in milliseconds.
    start: i64,
    used: u32,
}

/// How an attempt to take a block went.
enum Taken {
    Block(Block),
    /// The window is used up for so long.
    UsedUp(Duration),
    /// Somebody else was faster, or nobody knows what became of it.
    Again,
}

impl RateLimiter {
    /// The limiter at `path`: so many permits per span of time. Sends nothing; node and parents are made when needed.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root; `Misuse` unless there is at least one permit and the span at
    /// least a millisecond.
    pub fn new(client: &Client, path: &str, permits: u32, per: Duration) -> Result<Self, Error> {
        validate(path)?;
        if permits == 0 || per < Duration::from_millis(1) {
            let text = format!("cannot limit {path} to {permits} permits per {per:?}");
            return Err(Error::new(ErrorKind::Misuse, text)
                .with_op(OpKind::Acquire, path)
                .with_hint("say at least one permit, and at least a millisecond"));
        }
        Ok(Self {
            client: client.terse(),
            path: path.to_owned(),
            permits,
            per,
            block: (permits / 10).max(1),
            mine: Arc::default(),
        })
    }

    /// Sets how many permits this handle takes at a time: more cost fewer writes, and leave more unused in other hands.
    /// Default: a tenth of all.
    #[must_use]
    pub fn block(mut self, size: u32) -> Self {
        self.block = size.clamp(1, self.permits);
        self
    }

    /// Takes so many permits of one window, and waits for them if it has to.
    ///
    /// # Errors
    ///
    /// `Misuse` if it is more than a window has, or the node holds something else; `NoAuth`, and what every operation can
    /// meet.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: nothing is left behind; permits that were reserved meanwhile may stay unused.
    ///
    /// # Ordering
    ///
    /// First come, first served within a handle and its clones; none between handles.
    ///
    /// # On session events
    ///
    /// Waits through a suspension and an expiry: what was reserved meanwhile may stay unused.
    pub async fn acquire(&self, count: u32) -> Result<(), Error> {
        self.is_possible(count)?;
        let mut mine = self.mine.lock().await;
        loop {
            match self.serve(&mut mine, count).await? {
                None => return Ok(()),
                Some(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Takes so many permits of one window if they are to be had now; false otherwise, and also while another task waits
    /// with this handle.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning, as [`acquire`](Self::acquire).
    ///
    /// # Ordering
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # On session events
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn try_acquire(&self, count: u32) -> Result<bool, Error> {
        self.is_possible(count)?;
        let Ok(mut mine) = self.mine.try_lock() else {
            return Ok(false);
        };
        Ok(self.serve(&mut mine, count).await?.is_none())
    }

    fn is_possible(&self, count: u32) -> Result<(), Error> {
        if count <= self.permits {
            return Ok(());
        }
        let (path, permits, per) = (&self.path, self.permits, self.per);
        let text = format!(
            "cannot acquire {count} permits of {path} at once: there are {permits} per {per:?}"
        );
        Err(Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Acquire, path)
            .with_hint("ask for fewer at a time"))
    }

    /// Hands out permits; or says how long the window is used up.
    async fn serve(&self, mine: &mut Block, count: u32) -> Result<Option<Duration>, Error> {
        loop {
            let is_over = mine.until.is_none_or(|until| self.client.now() >= until);
            #[cfg(feature = "__seeded-bugs")]
            let is_over = is_over && !zk_client::seeded::is_on("block-outlives-its-window");
            if is_over {
                *mine = Block::default();
            }
            if let Some(left) = mine.left.checked_sub(count) {
                mine.left = left;
                return Ok(None);
            }
            let generation = self.client.generation();
            let taken = match self.take(count - mine.left).await {
                Ok(taken) => taken,
                // A reservation needs no session, only a connection.
                Err(error) => {
                    renewed(&self.client, generation, error)?;
                    continue;
                }
            };
            match taken {
                // Of a later window: what was left is void.
                Taken::Block(block) if mine.until.is_none_or(|until| block.until > Some(until)) => {
                    *mine = block;
                }
                Taken::Block(block) => mine.left += block.left,
                Taken::UsedUp(pause) => return Ok(Some(pause)),
                Taken::Again => {}
            }
        }
    }

    /// Reserves a block of at least so many.
    async fn take(&self, least: u32) -> Result<Taken, Error> {
        let (window, version) = match self.client.get(&self.path).await {
            Ok(node) => (self.read(&node.data)?, node.stat.version),
            Err(error) if error.kind() == ErrorKind::NoNode => {
                self.begin().await?;
                return Ok(Taken::Again);
            }
            Err(error) => return Err(error),
        };
        let room = self.permits.saturating_sub(window.used);
        // If there is no room it is written as it is, for the leader's time.
        let wanted = if room >= least {
            self.block.max(least).min(room)
        } else {
            0
        };
        let reserved = Window {
            used: window.used + wanted,
            ..window
        };
        let Some((sent, now, version)) = self.write(reserved, version).await? else {
            return Ok(Taken::Again);
        };
        if let Some(rest) = self.rest(window, now) {
            return Ok(match wanted {
                0 => Taken::UsedUp(rest),
                left => Taken::Block(Block {
                    left,
                    until: Some(sent + rest),
                }),
            });
        }
        // It is over. Whoever is first begins the next one.
        let wanted = self.block.max(least);
        let next = Window {
            start: now,
            used: wanted,
        };
        let Some((sent, now, _)) = self.write(next, version).await? else {
            return Ok(Taken::Again);
        };
        Ok(match self.rest(next, now) {
            Some(rest) => Taken::Block(Block {
                left: wanted,
                until: Some(sent + rest),
            }),
            None => Taken::Again,
        })
    }

    /// How long a window lasts from this moment of the leader's clock on. One that begins in the future has not begun to
    /// pass; but if the clock was set back by more than its length it is over, or it would last for ever.
    fn rest(&self, window: Window, now: i64) -> Option<Duration> {
        let millis = |millis: i64| Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        if millis(window.start.saturating_sub(now)) > self.per {
            return None;
        }
        let passed = millis(now.saturating_sub(window.start));
        self.per.checked_sub(passed).filter(|rest| !rest.is_zero())
    }

    /// Writes if nobody else has; when it was sent by our clock, when it was done by the leader's, and the version it has.
    async fn write(
        &self,
        window: Window,
        version: i32,
    ) -> Result<Option<(Moment, i64, i32)>, Error> {
        let sent = self.client.now();
        let text = format!("{} {}", window.start, window.used);
        match self.client.set(&self.path, text).version(version).await {
            Ok(stat) => Ok(Some((sent, stat.mtime, stat.version))),
            Err(error) => match error.kind() {
                ErrorKind::BadVersion | ErrorKind::NoNode | ErrorKind::ConnectionLost => Ok(None),
                _ => Err(error),
            },
        }
    }

    async fn begin(&self) -> Result<(), Error> {
        let create = self.client.create(&self.path, "0 0");
        match create.mode(CreateMode::Persistent).parents().await {
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::NodeExists | ErrorKind::ConnectionLost
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn read(&self, data: &[u8]) -> Result<Window, Error> {
        let window = std::str::from_utf8(data).ok().and_then(|text| {
            let (start, used) = text.split_once(' ')?;
            Some(Window {
                start: start.parse().ok()?,
                used: used.parse().ok()?,
            })
        });
        window.ok_or_else(|| {
            let (path, length) = (&self.path, data.len());
            let text =
                format!("cannot acquire permits of {path}: its {length} bytes are no window");
            Error::new(ErrorKind::Misuse, text)
                .with_op(OpKind::Acquire, path)
                .with_hint("choose a path that nothing else uses, or delete the node")
        })
    }
}
