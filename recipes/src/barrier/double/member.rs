//! The value that stands for a member that has entered.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use zk_client::{Claim, ClaimStatus, Client, Expiry, Loss};

use super::leave::Leave;
use super::site::Site;
use crate::LockLostWhy;

/// A member of a double barrier that has entered. Dropping it withdraws the member in the background, without waiting for
/// the others; use [`leave`](Self::leave) to leave together.
///
/// It belongs to one session and never enters again by itself.
///
/// ```compile_fail,E0277
/// fn cloneable<T: Clone>() {}
/// cloneable::<zk_recipes::BarrierMember>();
/// ```
#[must_use = "dropping the member withdraws it from the barrier"]
pub struct BarrierMember {
    pub(super) claim: Claim,
    pub(super) barrier: Site,
    pub(super) node: String,
    /// True once it leaves: what becomes of its node from then on is no loss.
    pub(super) leaving: watch::Sender<bool>,
}

/// A member was lost before it left: the others do not wait for it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberLost {
    /// The barrier's path.
    pub path: String,
    /// Why.
    pub why: LockLostWhy,
    /// If the session expired: after what silence, and whether for want of contact or because this process did not run.
    pub expiry: Option<Arc<Expiry>>,
}

impl BarrierMember {
    /// The path of the member's node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// True until the member is known to be lost.
    #[must_use]
    pub fn is_member(&self) -> bool {
        !matches!(
            self.claim.status(),
            ClaimStatus::Lost(_) | ClaimStatus::Settled(_)
        )
    }

    /// Resolves when the member is lost; never once it leaves. Owned: may be spawned or selected.
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
    /// Resolves at once if the member is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = MemberLost> + Send + 'static + use<> {
        let mut status = self.claim.follow();
        let (leaving, client) = (self.leaving.subscribe(), self.barrier.client.clone());
        let (path, generation) = (self.barrier.path.clone(), self.claim.generation());
        async move {
            let over =
                |s: &ClaimStatus| matches!(s, ClaimStatus::Lost(_) | ClaimStatus::Settled(_));
            let why = match status.wait_for(over).await.map(|status| *status) {
                Ok(ClaimStatus::Lost(why)) if !*leaving.borrow() => why,
                Err(_) => Loss::Closed,
                Ok(_) => {
                    // It left: there is nothing to wait for, and nothing to keep the session open for.
                    drop((client, status));
                    return std::future::pending().await;
                }
            };
            MemberLost {
                expiry: expiry_of(&client, generation).filter(|_| why == Loss::SessionExpired),
                path,
                why,
            }
        }
    }

    /// Leaves, and waits until all who entered have left; await the result or set a timeout first.
    pub fn leave(self) -> Leave {
        self.leaving.send_replace(true);
        Leave::new(self.claim, self.barrier, self.node)
    }
}

fn expiry_of(client: &Client, generation: u64) -> Option<Arc<Expiry>> {
    let last = client.last_expiry();
    last.filter(|expiry| expiry.generation == generation)
}

impl fmt::Display for MemberLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lost the membership of the barrier {}: ", self.path)?;
        match &self.expiry {
            Some(expiry) => f.write_str(&expiry.reason()),
            None => write!(f, "{}", self.why),
        }
    }
}

impl std::error::Error for MemberLost {}

impl fmt::Debug for BarrierMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierMember")
            .field("node", &self.node)
            .field("status", &self.claim.status())
            .finish_non_exhaustive()
    }
}
