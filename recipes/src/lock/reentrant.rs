//! A mutex that its owner may acquire again while it holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use zk_client::{Error, ErrorKind, OpKind};

use super::guard::{LockGuard, Released};
use super::held::Held;
use super::mutex::Mutex;

/// A [`Mutex`] whose owner may acquire it again while it holds it. Opt-in, and by a name that the caller gives: a task may
/// move between threads, so neither tells who asks.
///
/// Every guard of one owner stands for the same hold, with the same token; it ends with the last of them. Coming in again
/// asks the servers whether the hold is still there, and fails with `LockLost` if not, also while older guards are around
/// that have not looked. Owners are those of this value and its clones; others wait like anybody.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Mutex, ReentrantMutex};
/// # let zk = Client::dev().await?;
/// let ledger = ReentrantMutex::new(Mutex::new(&zk, "/locks/ledger")?);
/// let outer = ledger.acquire("job-7").await?;
/// let inner = ledger.acquire("job-7").await?;
/// assert_eq!(inner.held().token(), outer.held().token());
/// assert!(ledger.held_by("job-7").is_some() && ledger.held_by("job-8").is_none());
/// outer.release().await?;
/// assert!(inner.held().is_held(), "until the last one goes");
/// # drop(inner);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct ReentrantMutex {
    mutex: Mutex,
    owners: Arc<std::sync::Mutex<BTreeMap<String, Arc<Owner>>>>,
}

/// An owner: whoever asks for it has its turn, and what it holds can be looked at meanwhile.
#[derive(Debug, Default)]
struct Owner {
    turn: Turn<()>,
    hold: std::sync::Mutex<Hold>,
}

/// An owner's hold, while one of its guards is there. The view is apart from them: whoever looks at it keeps nothing.
#[derive(Debug, Default)]
struct Hold {
    guards: Weak<LockGuard>,
    view: Option<Held>,
}

impl Owner {
    fn hold(&self) -> std::sync::MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the guards of an owner. Dropping the last one releases the lock in the background.
#[must_use = "dropping the last guard releases the lock"]
pub struct ReentrantGuard {
    hold: Arc<LockGuard>,
}

impl ReentrantMutex {
    /// Lets owners acquire a mutex again. Sends nothing.
    #[must_use]
    pub fn new(mutex: Mutex) -> Self {
        Self {
            mutex,
            owners: Arc::default(),
        }
    }

    /// The mutex below.
    #[must_use]
    pub fn mutex(&self) -> &Mutex {
        &self.mutex
    }

    /// What an owner holds, as far as this process knows; `None` if it holds nothing. Asks nobody, and keeps nothing.
    #[must_use]
    pub fn held_by(&self, owner: &str) -> Option<Held> {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = owners.get(owner)?.hold();
        let view = hold.view.clone()?;
        (hold.guards.strong_count() > 0 && view.is_held()).then_some(view)
    }

    /// Acquires the lock for an owner; at once if that holds it.
    ///
    /// # Errors
    ///
    /// As [`Acquire`](crate::Acquire), without `AcquireTimedOut`; `LockLost` if the owner's hold is lost and some of its
    /// guards are still there.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: no contender is left behind; what the owner held before it still holds.
    ///
    /// # Ordering
    ///
    /// As [`Acquire`](crate::Acquire). Those who ask for one owner at a time have their turns in order.
    ///
    /// # On session events
    ///
    /// As [`Acquire`](crate::Acquire).
    pub async fn acquire(&self, owner: &str) -> Result<ReentrantGuard, Error> {
        self.enter(owner).await
    }

    /// As [`acquire`](Self::acquire), and gives up after `limit`.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire); `AcquireTimedOut`.
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
    pub async fn acquire_within(
        &self,
        owner: &str,
        limit: Duration,
    ) -> Result<ReentrantGuard, Error> {
        match tokio::time::timeout(limit, self.enter(owner)).await {
            Ok(result) => result,
            Err(_) => Err(super::acquire::too_late(self.mutex.path(), limit)),
        }
    }

    async fn enter(&self, owner: &str) -> Result<ReentrantGuard, Error> {
        let slot = self.owner(owner);
        let _turn = slot.turn.lock().await;
        let there = slot.hold().guards.upgrade();
        if let Some(hold) = there {
            #[cfg(feature = "__seeded-bugs")]
            if zk_client::seeded::is_on("entered-again-from-memory") {
                return Ok(ReentrantGuard { hold });
            }
            self.validate(&hold.held()).await?;
            return Ok(ReentrantGuard { hold });
        }
        let hold = Arc::new(self.mutex.acquire().contender(owner).await?);
        *slot.hold() = Hold {
            guards: Arc::downgrade(&hold),
            view: Some(hold.held()),
        };
        Ok(ReentrantGuard { hold })
    }

    fn owner(&self, owner: &str) -> Arc<Owner> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        // Owners that nobody asks for and that hold nothing are forgotten here.
        owners.retain(|_, owner| {
            Arc::strong_count(owner) > 1 || owner.hold().guards.strong_count() > 0
        });
        Arc::clone(owners.entry(owner.to_owned()).or_default())
    }

    /// Asks the servers: what this process knows may be old.
    async fn validate(&self, held: &Held) -> Result<(), Error> {
        let client = held.client().patient();
        let answer = loop {
            match client.multi().fenced_by(held).await {
                // A check whose answer was lost changes nothing and says nothing.
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
                answer => break answer.map(drop),
            }
        };
        answer.map_err(|error| match error.kind() {
            ErrorKind::LockLost | ErrorKind::SessionExpired => {
                let path = self.mutex.path();
                Error::new(
                    ErrorKind::LockLost,
                    format!("cannot acquire {path} again: the hold of its owner was lost"),
                )
                .with_op(OpKind::Acquire, path)
                .with_hint("let go of all its guards, and acquire it anew")
            }
            _ => error,
        })
    }
}

impl ReentrantGuard {
    /// A cheap view on the hold, to pass into the work.
    #[must_use]
    pub fn held(&self) -> Held {
        self.hold.held()
    }

    /// Lets go of this guard. The last one of its owner releases the lock, and waits until the server has deleted its
    /// node; the others wait for nothing.
    ///
    /// # Errors
    ///
    /// As [`LockGuard::release`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, this guard is gone.
    ///
    /// # Ordering
    ///
    /// As [`LockGuard::release`].
    ///
    /// # On session events
    ///
    /// As [`LockGuard::release`].
    pub async fn release(self) -> Result<Released, Error> {
        let was_held = self.hold.view().is_held();
        match Arc::into_inner(self.hold) {
            Some(last) => last.release().await,
            None => Ok(Released { was_held }),
        }
    }
}

impl fmt::Debug for ReentrantGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReentrantGuard")
            .field("hold", &self.hold)
            .field("guards", &Arc::strong_count(&self.hold))
            .finish()
    }
}
