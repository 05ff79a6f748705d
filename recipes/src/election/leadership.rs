//! The value that stands for being leader.

use std::future::Future;
use std::time::Duration;

use zk_client::{Error, ErrorKind, Fenced, OpKind, path};

use super::successor;
use super::term::Term;
use crate::contend::{Family, Name};
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

    /// Makes the candidate that calls itself so the next in line, ahead of all who wait; resign then, and it leads. It must
    /// have said that it [accepts](crate::Election::accepts_succession), and wait.
    ///
    /// The offer is an ephemeral node beside the election's, open to everybody; its candidate deletes it once it has taken
    /// the place directly behind the leader, or writes into it if it may not delete there. Candidates of Curator in between see nothing but one more ahead of them.
    ///
    /// # Errors
    ///
    /// `AcquireTimedOut` if nobody took the place within `limit`; `Misuse` in another layout than `LeaderLatch`'s, where
    /// contenders do not look twice; `NoAuth` without CREATE on the parent of the election's node. The term goes on.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the offer is withdrawn. If it was taken already, the candidate stays next in line.
    ///
    /// # Ordering
    ///
    /// When it returns, the named candidate is next; who waited longer comes behind.
    ///
    /// # On session events
    ///
    /// Waits through a suspension until `limit`; an expiry ends the term.
    pub async fn name_successor(&self, contender: &str, limit: Duration) -> Result<(), Error> {
        let (client, held) = (self.term.client(), self.term.held());
        let name = Name::parse(path::name(held.node()));
        if !name.is_some_and(|name| name.family == Family::Latch && name.digits().is_some()) {
            let text = format!(
                "the leader of {} cannot name a successor: its node {} is not one of LeaderLatch's whose digits tell a place",
                held.path(),
                held.node()
            );
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Acquire, held.path()));
        }
        match successor::offer(client, held.path(), held.node(), contender, limit).await {
            Ok(()) => Ok(()),
            Err(error) => Err(client.explain(error).await),
        }
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

    fn title(&self) -> Option<(String, u64)> {
        self.term.title()
    }
}
