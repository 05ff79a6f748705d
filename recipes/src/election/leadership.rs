//! The value that stands for being leader.

use std::future::Future;

use zk_client::{Error, Fenced};

use super::term::Term;
use crate::lock::{LockGuard, LockLost, Released};

/// One term as leader. Dropping it resigns in the background, as surely as dropping a [`LockGuard`] releases the lock.
///
/// It belongs to one session and never becomes another term. It is not `Clone`; pass on [`term`](Self::term).
#[must_use = "dropping the leadership resigns"]
#[derive(Debug)]
pub struct Leadership {
    guard: LockGuard,
    term: Term,
}

impl Leadership {
    pub(super) fn new(guard: LockGuard, term: Term) -> Self {
        Self { guard, term }
    }

    /// The number of the term; see [`Term::epoch`].
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.term.epoch()
    }

    /// A cheap view on the term, to pass into the work.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term.clone()
    }

    /// Resolves when the term ended; see [`Term::lost`].
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if the term has ended already.
    ///
    /// # On session events
    ///
    /// Expiry is the end; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        self.term.lost()
    }

    /// Resigns, and waits until the server has deleted the candidate's node; the next candidate leads then.
    ///
    /// # Errors
    ///
    /// `TimedOut` when no server answered in time; the session goes on trying, and the node goes with the session at
    /// the latest.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, the leader still resigns.
    ///
    /// # Ordering
    ///
    /// The delete is queued at the first poll, behind everything that was queued before.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; after an expiry there is nothing to resign from.
    pub async fn resign(self) -> Result<Released, Error> {
        self.guard.release().await
    }
}

/// The leadership as a hold among others: its token is the epoch, and releasing it is to resign.
impl From<Leadership> for LockGuard {
    fn from(leadership: Leadership) -> Self {
        leadership.guard
    }
}

impl Fenced for Leadership {
    fn fence_path(&self) -> &str {
        self.term.fence_path()
    }

    fn is_held(&self) -> bool {
        self.term.is_leader()
    }
}
