//! An item that is being worked on.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use zk_client::{Claim, Error, ErrorKind, Fate, Fenced, Multi, OpKind};

use super::config::Config;
use super::item::Item;
use super::state::State;
use crate::lock::{Held, LockLost};

/// An item that this process works on: it is in the queue still, behind a lock of this session, and others pass it over.
///
/// [`complete`](Self::complete) takes it out of the queue, in one transaction that is refused if the claim is not the last one
/// of the item any more: of any number of consumers only one completes. Dropped without that, or with its process, the item is
/// where it was, with all that it had.
#[must_use = "dropping the claim gives the item back"]
pub struct Claimed {
    config: Arc<Config>,
    state: Arc<State>,
    claim: Claim,
    held: Held,
    item: Item,
}

impl Claimed {
    pub(super) fn new(
        config: &Arc<Config>,
        state: &Arc<State>,
        claim: Claim,
        held: Held,
        item: Item,
    ) -> Self {
        Self {
            config: Arc::clone(config),
            state: Arc::clone(state),
            claim,
            held,
            item,
        }
    }

    /// The item.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// Its data: the first record, and nearly always the only one.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.item.data()
    }

    /// How often it has been claimed, this claim included. Programs of other libraries do not count theirs.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.item.attempts()
    }

    /// The fencing token: it grows with every claim of the item.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.held.token()
    }

    /// A cheap view on the claim, to pass into the work: whether it is safe, in doubt or lost.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held.clone()
    }

    /// Resolves when the claim is lost; see [`Held::lost`].
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
    /// Resolves at once if the claim is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        self.held.lost()
    }

    /// Takes the item out of the queue, for good.
    ///
    /// # Errors
    ///
    /// `LockLost` if the claim is over: nothing was done, and somebody else works on the item, or has completed it. `NoAuth`.
    /// With unknown fate only `SessionExpired`, if the session ended before a lost answer was settled: either it is completed
    /// or it is there for others.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: it is completed, or given back. Its mark goes.
    ///
    /// # Ordering
    ///
    /// The transaction is queued at the first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. An expiry ends the claim.
    pub async fn complete(self) -> Result<(), Error> {
        let nothing_else = self.config.client.multi();
        self.complete_with(nothing_else).await
    }

    /// As [`complete`](Self::complete), in one transaction with what the work comes to: either the item is gone and all this is
    /// written, or neither.
    ///
    /// # Errors
    ///
    /// As [`complete`](Self::complete), and whatever `writes` is refused for: then the item is given back. The error's path tells
    /// which of them it was; its number counts the operations of the completion, too.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning, as [`complete`](Self::complete).
    ///
    /// # Ordering
    ///
    /// As [`complete`](Self::complete).
    ///
    /// # On session events
    ///
    /// As [`complete`](Self::complete).
    pub async fn complete_with(self, writes: Multi) -> Result<(), Error> {
        let Self {
            config,
            state,
            claim,
            held,
            item,
        } = self;
        let (node, version) = (item.node(), item.version());
        // Whoever claimed it after us changed the version, whoever completed it deleted it. The lock goes besides.
        let own = config.client.multi().delete(held.node(), None);
        #[cfg(feature = "__seeded-bugs")]
        let (own, version) = if zk_client::seeded::is_on("completed-without-the-claim") {
            (config.client.multi(), None)
        } else {
            (own, version.into())
        };
        let parts = own.delete(node, version).and(writes);
        let what = format!("{node} was completed");
        claim.deleting();
        let completed = config.commit(&state.marks, &parts, OpKind::Delete, node, &what);
        match completed.await {
            Ok(Ok(_)) => {
                claim.deleted();
                Ok(())
            }
            Ok(Err((error, Some(0 | 1)))) if is_gone(&error) => Err(over(&config, &held, error)),
            Ok(Err((error, _))) | Err(error) => Err(config.client.explain(error).await),
        }
    }

    /// Gives the item back and waits until others can have it. It keeps its place, priority, due time and id, and how often it
    /// was claimed. What dropping it does, too, in the background.
    ///
    /// # Errors
    ///
    /// `TimedOut` when no server answered in time; the session goes on trying. `NoAuth` if the ACL of the locks' directory does
    /// not let this client delete its own. The lock goes with the session at the latest.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, it is given back.
    ///
    /// # Ordering
    ///
    /// The delete of the lock is queued at the first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; after an expiry there is nothing to give back.
    pub async fn release(self) -> Result<(), Error> {
        self.claim.release().await.map(drop)
    }
}

fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NoNode | ErrorKind::BadVersion)
}

fn over(config: &Config, held: &Held, error: Error) -> Error {
    let (item, token) = (held.path(), held.token());
    let text = format!(
        "cannot complete {item}: the claim (token {token}) is over, and somebody else has the item or had it"
    );
    Error::new(ErrorKind::LockLost, text)
        .with_fate(Fate::NotApplied)
        .with_op(OpKind::Delete, item)
        .with_origin(config.client.server(), config.client.session_id())
        .with_hint("the work may be done a second time: let it bear that, or write what it comes to with .complete_with()")
        .with_source(error)
}

impl Fenced for Claimed {
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

impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed")
            .field("item", &self.item)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}
