//! The value that stands for a held lock.

use std::fmt;
use std::future::Future;

use zk_client::{Claim, ClaimStatus, Error, Fenced, Settlement};

use super::held::{Held, LockLost};
use super::holding::{Exclusive, HoldKind, Holding};

/// A held lock, alone unless `K` says else: [`ReadGuard`](crate::ReadGuard), [`WriteGuard`](crate::WriteGuard) and
/// [`Permit`](crate::Permit) are guards of other kinds of holds. Dropping it releases the lock in the background: the delete is queued at once, on any thread, with or
/// without a runtime, and survives reconnects. Use [`release`](Self::release) to know when it is free.
///
/// It belongs to one session and never re-acquires by itself. It is not `Clone`, so that no copy can release the lock
/// under another; pass on [`held`](Self::held).
///
/// ```compile_fail,E0277
/// fn cloneable<T: Clone>() {}
/// cloneable::<zk_recipes::LockGuard>();
/// ```
#[must_use = "dropping the guard releases the lock"]
pub struct LockGuard<K: Holding = Exclusive> {
    // None only while `release` runs.
    claim: Option<Claim>,
    held: Held,
    kind: K,
    /// Whether others want to see that it was released.
    is_signed: bool,
}

/// How a release ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Released {
    /// True if the lock was held to the end: its node was there until we deleted it, or was gone after a delete of ours
    /// whose answer was lost with the connection. False if the hold had been lost before.
    pub was_held: bool,
}

impl LockGuard {
    /// The fencing token; see [`Held::token`].
    #[must_use]
    pub fn token(&self) -> u64 {
        self.held.token()
    }
}

impl<K: Holding> LockGuard<K> {
    pub(crate) fn new(claim: Claim, held: Held, kind: K) -> Self {
        Self {
            claim: Some(claim),
            held: held.of(K::KIND),
            kind,
            is_signed: false,
        }
    }

    /// Whether its release shows others that it is one.
    pub(crate) fn signed(mut self, is_signed: bool) -> Self {
        self.is_signed = is_signed;
        self
    }

    /// Calls what is held by another name.
    pub(crate) fn of(mut self, kind: HoldKind) -> Self {
        self.held = self.held.clone().of(kind);
        self
    }

    pub(crate) fn view(&self) -> &Held {
        &self.held
    }

    /// What is held, and the node that stands for it; the guard is no more.
    pub(crate) fn into_parts(mut self) -> (Option<Claim>, Held, K) {
        (self.claim.take(), self.held.clone(), self.kind.clone())
    }

    /// A cheap view on the hold, to pass into the work.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held.clone()
    }

    /// Resolves when the lock is lost; see [`Held::lost`].
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
    /// Resolves at once if the lock is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<K> {
        self.held.lost()
    }

    /// Releases the lock and waits until the server has deleted its node.
    ///
    /// # Errors
    ///
    /// `TimedOut` when no server answered in time; the session goes on trying. `NoAuth` if the ACL of the lock's directory
    /// does not let this client delete its node. The node goes with the session at the latest.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, the lock is still released.
    ///
    /// # Ordering
    ///
    /// The delete is queued at the first poll, behind everything that was queued before.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; after an expiry there is nothing to release.
    pub async fn release(mut self) -> Result<Released, Error> {
        let status = match self.claim.take() {
            Some(claim) if self.is_signed => claim.release_signed(self.held.node()).await?,
            Some(claim) => claim.release().await?,
            None => ClaimStatus::Settled(Settlement::Absent),
        };
        Ok(Released {
            was_held: status == ClaimStatus::Settled(Settlement::Deleted),
        })
    }
}

impl<K: Holding> Drop for LockGuard<K> {
    fn drop(&mut self) {
        if self.claim.is_some() && self.held.is_held() {
            tracing::debug!(
                path = self.held.path(),
                token = self.held.token(),
                "lock dropped without release"
            );
        }
    }
}

impl<K: Holding> Fenced for LockGuard<K> {
    fn fence_path(&self) -> &str {
        self.held.fence_path()
    }

    fn is_held(&self) -> bool {
        self.held.is_held()
    }

    fn title(&self) -> Option<(String, u64)> {
        self.held.title()
    }
}

impl<K: Holding> fmt::Debug for LockGuard<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}
