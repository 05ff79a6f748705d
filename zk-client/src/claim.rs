//! A claim: one ephemeral node that this process will not leave behind.
//!
//! The claim exists before the create leaves the process and until the node is known to be gone. Whatever
//! happens to its owner (dropped future, dropped guard, panic), dropping the claim obliges the session to
//! delete the node. Locks, elections and registrations are built on it.

use std::fmt;

use bytes::Bytes;
use tokio::sync::watch;
use zk_session::{DutyId, Fate, Obligation};
use zk_wire::{Acl, CreateMode, Moment};

pub use crate::shared::claim_table::{ClaimStatus, Loss, Settlement, Watched};

use crate::error::{Error, ErrorKind, OpKind};
use crate::expiry::LostHold;
use crate::node::Created;
use crate::ops::{Barrier, Create, Exists, Multi};
use crate::pending::Pending;
use crate::shared::inner::Inner;
use crate::shared::queues::Route;
use crate::shared::scope::Scope;
use crate::watch::WatchSet;

/// One ephemeral node, owned from before its creation until it is gone. See the module's text.
///
/// Building block of the recipes; a claim belongs to one session and ends with it.
#[must_use = "dropping a claim deletes its node"]
pub struct Claim {
    scope: Scope,
    parent: String,
    mark: String,
    generation: u64,
    duty: DutyId,
    status: watch::Receiver<ClaimStatus>,
}

impl Claim {
    /// Claims a node under `parent` whose name will contain `mark`.
    ///
    /// `mark` must be unique to this claim: it is how the node is recognised when the reply to its creation
    /// is lost. Nothing is sent.
    pub(crate) fn new(scope: Scope, parent: &str, mark: &str) -> Self {
        let obligation = Obligation::DeleteMarked {
            parent: scope.absolute(parent),
            mark: mark.to_owned(),
        };
        Self::open(scope, parent, mark, obligation)
    }

    /// Claims the node at `path`, whose name others use as well. Only a node of this session is ever deleted.
    pub(crate) fn of_node(scope: Scope, path: &str) -> Self {
        let obligation = Obligation::DeleteOwn {
            path: scope.absolute(path),
        };
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = if parent.is_empty() { "/" } else { parent };
        Self::open(scope, parent, name, obligation)
    }

    fn open(scope: Scope, parent: &str, mark: &str, obligation: Obligation) -> Self {
        let (generation, duty, status) = scope.shared().with(|inner, _| {
            let duty = inner.core.oblige(obligation);
            let status = inner.claims.open(duty);
            if inner.core.state().is_terminal() {
                inner.claims.session_ended(&inner.core.state());
            }
            (inner.generation, duty, status)
        });
        Self {
            scope,
            parent: parent.to_owned(),
            mark: mark.to_owned(),
            generation,
            duty,
            status,
        }
    }

    /// Queues the creation of the node at `prefix` (below the parent, containing the mark), at call time.
    ///
    /// If the answer is lost the error's fate is unknown: settle it (a [barrier](crate::Client::barrier), then look
    /// for the mark) and call [`located`](Self::located) or [`absent`](Self::absent).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the node, if it comes to be, goes with the claim.
    pub fn create(
        &self,
        prefix: &str,
        data: Bytes,
        acl: Vec<Acl>,
        mode: CreateMode,
    ) -> Pending<Created> {
        debug_assert!(
            prefix.contains(&self.mark),
            "the node could not be recognised"
        );
        let create = Create::new(self.scope.clone(), prefix, data)
            .acl(acl)
            .mode(mode);
        create.claimed(self.generation, self.duty).submit()
    }

    /// Tells the session that a transaction which is about to be sent may make the node. Say [`located`](Self::located) or
    /// [`absent`](Self::absent) when that is known; dropped before, the claim deletes the node if it comes to be.
    pub fn expected(&self) {
        self.with_session(|inner, _, duty| inner.core.expect(duty));
    }

    /// Tells the session the node's path (relative to the chroot), found while settling a lost reply.
    pub fn located(&self, path: &str) {
        let path = self.scope.absolute(path);
        self.with_session(|inner, now, duty| inner.core.locate(now, duty, path));
    }

    /// Tells the session that no node exists or can appear any more: there is nothing to delete.
    pub fn absent(self) {
        self.with_session(|inner, now, duty| {
            inner.core.discharge(now, duty);
            inner.claims.settled(duty, Settlement::Absent);
        });
    }

    /// Tells the session that the caller is about to delete the node itself, within a transaction: from here on that it goes
    /// is no loss. Say [`deleted`](Self::deleted) when it is gone, or drop the claim.
    pub fn deleting(&self) {
        self.with_session(|inner, _, duty| inner.claims.releasing(duty));
    }

    /// Tells the session that the caller has deleted the node: there is nothing left to delete.
    pub fn deleted(self) {
        self.end_as_deleted();
    }

    fn end_as_deleted(&self) {
        self.with_session(|inner, now, duty| {
            inner.core.discharge(now, duty);
            inner.claims.settled(duty, Settlement::Deleted);
        });
    }

    /// Watches the node itself (queued at call time). Its deletion ends the claim as [`ClaimStatus::Lost`];
    /// a change of its data sets the watch again. The events also go to `set`, in wire order.
    pub fn watch_own(&self, path: &str, set: Option<&WatchSet>) {
        let path = self.scope.absolute(path);
        self.with_session(|inner, now, duty| {
            let route = set.map_or_else(|| Route::to_claim(duty), |set| set.own_route(duty));
            inner.watch_own_node(now, duty, path, route);
        });
    }

    /// Marks the node as held: from now on the session confirms it and keeps a safe window.
    pub fn hold(&self) {
        self.hold_titled(None);
    }

    /// As [`hold`](Self::hold); an [`Expiry`](crate::Expiry) will name `path` and `token` among what was lost.
    pub fn hold_as(&self, path: &str, token: u64) {
        self.hold_titled(Some(LostHold::new(path.to_owned(), token)));
    }

    fn hold_titled(&self, title: Option<LostHold>) {
        self.with_session(|inner, now, duty| {
            inner.hold(now, duty, title);
        });
    }

    /// Whether the node itself is watched, so that its end will be seen.
    #[must_use]
    pub fn watched(&self) -> Watched {
        let mut watched = Watched::NotYet;
        self.with_session(|inner, _, duty| watched = inner.claims.watched(duty));
        watched
    }

    /// Where the claim stands.
    #[must_use]
    pub fn status(&self) -> ClaimStatus {
        *self.status.borrow()
    }

    /// Follows [`status`](Self::status).
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<ClaimStatus> {
        self.status.clone()
    }

    /// The generation of the session that the claim belongs to.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Deletes the node and waits until it is known to be gone.
    ///
    /// # Errors
    ///
    /// `TimedOut` when the request timeout passed first; the session keeps trying in the background. `NoAuth` if the ACL of
    /// the node's parent does not let this client delete it: it is there until the session ends.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the delete is queued at the first poll; dropped before that or after, it is done.
    ///
    /// # Ordering
    ///
    /// Queued at first poll, behind what was queued before.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. After an expiry the node is gone with its session, which is no error.
    pub async fn release(self) -> Result<ClaimStatus, Error> {
        self.perform();
        let mut status = self.status.clone();
        let ended = |s: &ClaimStatus| matches!(s, ClaimStatus::Lost(_) | ClaimStatus::Settled(_));
        let wait = async {
            status
                .wait_for(ended)
                .await
                .map_or(ClaimStatus::Lost(Loss::Closed), |s| *s)
        };
        let status = match self.scope.shared().request_timeout {
            None => wait.await,
            Some(limit) => tokio::time::timeout(limit, wait).await.map_err(|_| {
                let text = format!(
                    "cannot release {}: no answer within {limit:?}; it is deleted as soon as a server answers",
                    self.parent
                );
                Error::new(ErrorKind::TimedOut, text)
                    .with_fate(Fate::Unknown)
                    .with_op(OpKind::Release, &self.parent)
            })?,
        };
        match status {
            ClaimStatus::Settled(Settlement::Refused(code)) => {
                Err(self.not_deleted(ErrorKind::from_code(code)))
            }
            status => Ok(status),
        }
    }

    /// As [`release`](Self::release), but in one transaction with a write to the node, so that whoever watches it is told of
    /// a change before it is gone: an expiry or a plain delete looks different to them.
    ///
    /// # Errors
    ///
    /// As [`release`](Self::release).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, the node is deleted, with or without the sign.
    ///
    /// # Ordering
    ///
    /// As [`release`](Self::release).
    ///
    /// # On session events
    ///
    /// As [`release`](Self::release).
    pub async fn release_signed(self, node: &str) -> Result<ClaimStatus, Error> {
        // From here on its end is our doing.
        self.deleting();
        let signed = Multi::new(self.scope.clone())
            .set(node, Bytes::new(), None)
            .delete(node, None);
        let is_gone = match signed.await {
            Ok(_) => true,
            // After a barrier the transaction has come true or never will. Without one the delete that follows looks after
            // the node, and whether it was ours is not known.
            Err(error) if error.fate() == Fate::Unknown => {
                let settled = Barrier::new(self.scope.clone()).await;
                let exists = Exists::new(self.scope.clone(), node);
                settled.is_ok() && matches!(exists.await, Ok(None))
            }
            Err(_) => false,
        };
        if !is_gone {
            return self.release().await;
        }
        self.end_as_deleted();
        Ok(self.status())
    }

    fn not_deleted(&self, kind: ErrorKind) -> Error {
        let parent = &self.parent;
        let (why, next) = match kind {
            ErrorKind::NoAuth => (
                format!("no permission to delete under {parent}"),
                format!("give this client DELETE on {parent}"),
            ),
            _ => (
                "the server refuses to delete its node".to_owned(),
                format!("see what there is below {parent}"),
            ),
        };
        let text =
            format!("cannot release {parent}: {why}; its node is there until the session ends");
        Error::new(kind, text)
            .with_op(OpKind::Release, parent)
            .with_hint(format!("{next}, or close the client"))
    }

    fn perform(&self) {
        self.with_session(|inner, now, duty| {
            inner.claims.releasing(duty);
            inner.core.perform(now, duty);
        });
    }

    /// Runs `f` unless the claim's session is over, in which case its node is gone and there is nothing to do.
    fn with_session(&self, f: impl FnOnce(&mut Inner, Moment, DutyId)) {
        self.scope.shared().with(|inner, now| {
            if inner.generation == self.generation {
                f(inner, now, self.duty);
            }
        });
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        #[cfg(feature = "__seeded-bugs")]
        if zk_session::seeded::is_on("dropped-claim-leaks") {
            return;
        }
        // Settled claims are unknown to the core, which ignores them.
        self.perform();
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("parent", &self.parent)
            .field("mark", &self.mark)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
