//! A view on a hold, to pass into the work that is done under it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use zk_client::{ClaimStatus, Client, Expiry, Fenced, Loss, Moment};

use super::holding::HoldKind;

pub use zk_client::Loss as LockLostWhy;

/// A hold ended before it was released.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockLost {
    /// What was held.
    pub kind: HoldKind,
    /// The lock's path.
    pub path: String,
    /// The fencing token of the hold, or the identity of a shared one.
    pub token: u64,
    /// Why.
    pub why: LockLostWhy,
    /// If the session expired: after what silence, and whether for want of contact or because this process did not run.
    pub expiry: Option<Arc<Expiry>>,
    /// If the node is gone: the time in which this process should have run and did not, if that was so long that the
    /// servers may have deleted the node for it.
    pub stalled: Option<Duration>,
}

impl fmt::Display for LockLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, number) = (self.kind, self.kind.number());
        let (path, token, reason) = (&self.path, self.token, self.reason());
        write!(f, "lost {kind} {path} ({number} {token}): {reason}")
    }
}

impl LockLost {
    /// Why, in full.
    #[must_use]
    pub fn reason(&self) -> String {
        match (&self.expiry, self.stalled) {
            (Some(expiry), _) => expiry.reason(),
            (None, Some(stall)) => format!(
                "{}, and this process did not run for {:.1} s (paused, or its runtime was blocked)",
                self.why,
                stall.as_secs_f64()
            ),
            (None, None) => self.why.to_string(),
        }
    }
}

impl std::error::Error for LockLost {}

/// What a holder can know about its hold. Cheap to clone; does not keep the lock.
///
/// The only proof for third parties is the token: a pause between looking here and acting cannot be seen from
/// inside the process. Give [`token`](Self::token) to what you write to, or write to ZooKeeper with
/// `.fenced_by(&held)`.
#[derive(Clone)]
pub struct Held {
    shared: Arc<Shared>,
    status: watch::Receiver<ClaimStatus>,
    kind: HoldKind,
}

struct Shared {
    client: Client,
    path: String,
    node: String,
    fence: String,
    token: u64,
    generation: u64,
    /// Filled once, with what was known when the loss was first looked at.
    lost: OnceLock<LockLost>,
}

impl Held {
    pub(crate) fn new(
        client: Client,
        path: &str,
        node: &str,
        token: u64,
        generation: u64,
        status: watch::Receiver<ClaimStatus>,
    ) -> Self {
        let fence = client.absolute(node);
        let shared = Shared {
            client,
            path: path.to_owned(),
            node: node.to_owned(),
            fence,
            token,
            generation,
            lost: OnceLock::new(),
        };
        Self {
            shared: Arc::new(shared),
            status,
            kind: HoldKind::Lock,
        }
    }

    /// The view on a hold of this kind.
    pub(crate) fn of(mut self, kind: HoldKind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn client(&self) -> &Client {
        &self.shared.client
    }

    pub(crate) fn generation(&self) -> u64 {
        self.shared.generation
    }

    /// The lock's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.shared.path
    }

    /// The path of the holder's own node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.shared.node
    }

    /// The fencing token: the creation zxid of the holder's node. It grows with every new holder of the path, also
    /// when the path was deleted in between. Unmodified Curator programs on the same path present none.
    ///
    /// Of a [shared](Self::is_shared) hold it is an identity and **no fence**: it tells this hold from all others, but a
    /// reader's may be greater than that of a writer that comes after it. Never give it to what checks tokens.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.shared.token
    }

    /// True if others may hold at the same time: readers of a lock, permits of a semaphore.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.kind.is_shared()
    }

    /// What is held.
    #[must_use]
    pub fn kind(&self) -> HoldKind {
        self.kind
    }

    /// True until the hold was released or is known to be lost.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.status.borrow().is_held()
    }

    /// True while it is proven that the servers have not let the session expire. False in doubt, after a loss, and
    /// during the first moments of a hold on a fresh connection, when nothing is proven yet.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.safe_for().is_some()
    }

    /// How much longer the hold is certainly safe, in real time including suspension of the machine; `None` if
    /// nothing is proven or the hold is over.
    #[must_use]
    pub fn safe_for(&self) -> Option<Duration> {
        let until = self.safe_until()?;
        let now = self.shared.client.now();
        (until > now).then(|| until - now)
    }

    /// Until when the hold is certainly safe, in the client's clock ([`Client::now`]).
    #[must_use]
    pub fn safe_until(&self) -> Option<Moment> {
        if self.is_held() {
            self.shared.client.safe_until()
        } else {
            None
        }
    }

    /// Resolves when the hold is lost; never after it was released. Owned: may be spawned or selected.
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
    /// Resolves at once if the hold is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not (see [`doubted`](Self::doubted)).
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        let held = self.clone();
        async move {
            let mut status = held.status.clone();
            let over =
                |s: &ClaimStatus| matches!(s, ClaimStatus::Lost(_) | ClaimStatus::Settled(_));
            match status.wait_for(over).await.map(|status| *status) {
                Ok(ClaimStatus::Lost(why)) => held.lost_by(why),
                Err(_) => held.lost_by(Loss::Closed),
                Ok(_) => {
                    // Released: there is nothing to wait for, and nothing to keep the session open for.
                    drop((held, status));
                    std::future::pending().await
                }
            }
        }
    }

    /// Resolves when it is no longer certain that the hold lasts: the safe window passed, or nothing could be
    /// proven within half the session timeout. Also resolves when the hold ends.
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
    /// Resolves at once if the hold is in doubt or over already.
    ///
    /// # On session events
    ///
    /// A suspension leads to doubt when the safe window ends, unless the connection is back before.
    pub fn doubted(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut status = self.status.clone();
        async move {
            let certain = ClaimStatus::Held { in_doubt: false };
            let _ = status.wait_for(|status| *status != certain).await;
        }
    }

    /// How the session of this hold expired; `None` as long as it has not, or if another one has since.
    #[must_use]
    pub fn expiry(&self) -> Option<Arc<Expiry>> {
        let last = self.shared.client.last_expiry();
        last.filter(|expiry| expiry.generation == self.shared.generation)
    }

    pub(crate) fn lost_by(&self, why: Loss) -> LockLost {
        let describe = || {
            let client = &self.shared.client;
            let stall = client.longest_stall();
            let is_suspect = why == Loss::NodeDeleted && stall >= client.session_timeout() / 2;
            LockLost {
                kind: self.kind,
                path: self.shared.path.clone(),
                token: self.shared.token,
                why,
                expiry: self.expiry().filter(|_| why == Loss::SessionExpired),
                stalled: is_suspect.then_some(stall),
            }
        };
        self.shared.lost.get_or_init(describe).clone()
    }

    /// The loss, if the hold was lost.
    pub(crate) fn loss(&self) -> Option<LockLost> {
        match *self.status.borrow() {
            ClaimStatus::Lost(why) => Some(self.lost_by(why)),
            _ => None,
        }
    }
}

impl Fenced for Held {
    fn fence_path(&self) -> &str {
        &self.shared.fence
    }

    fn is_held(&self) -> bool {
        Self::is_held(self)
    }

    fn title(&self) -> Option<(String, u64)> {
        Some((self.path().to_owned(), self.token()))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("path", &self.path())
            .field("token", &self.token())
            .field("status", &*self.status.borrow())
            .finish_non_exhaustive()
    }
}
