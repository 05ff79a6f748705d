//! The value that stands for an item that is this member's.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use zk_client::{Error, Fenced};

use crate::lock::{Held, LockGuard, LockLost, Released};

/// An item that this member owns, alone. Dropping it lets go of it, as dropping a [`LockGuard`] does.
///
/// It is held until it is released, dropped or lost, also after it was [recalled](Self::recalled): the next owner waits.
#[must_use = "dropping it lets go of the item"]
#[derive(Debug)]
pub struct Owned {
    // None only while `release` runs. Goes before the rest: whoever divides is told behind the delete.
    guard: Option<LockGuard>,
    recall: watch::Receiver<bool>,
    part: Part,
}

/// What is held, which tells whoever divides when it is let go of.
#[derive(Debug)]
struct Part {
    item: Arc<str>,
    held: Held,
    tell: mpsc::UnboundedSender<(Arc<str>, bool)>,
}

impl Drop for Part {
    fn drop(&mut self) {
        let was_lost = self.held.loss().is_some();
        // Nobody divides any more: nobody has to know.
        let _ = self.tell.send((Arc::clone(&self.item), was_lost));
    }
}

impl Owned {
    pub(super) fn new(
        item: &Arc<str>,
        guard: LockGuard,
        recall: watch::Receiver<bool>,
        tell: mpsc::UnboundedSender<(Arc<str>, bool)>,
    ) -> Self {
        Self {
            recall,
            part: Part {
                item: Arc::clone(item),
                held: guard.held(),
                tell,
            },
            guard: Some(guard),
        }
    }

    /// The item.
    #[must_use]
    pub fn item(&self) -> &str {
        &self.part.item
    }

    /// The fencing token: it grows from owner to owner of the item. See [`Held::token`].
    #[must_use]
    pub fn token(&self) -> u64 {
        self.part.held.token()
    }

    /// A cheap view on the hold, to pass into the work: whether it is safe, in doubt or lost.
    #[must_use]
    pub fn held(&self) -> Held {
        self.part.held.clone()
    }

    /// Whether it is to be let go of, as it is another member's now or this one leaves.
    #[must_use]
    pub fn is_recalled(&self) -> bool {
        *self.recall.borrow() || self.recall.has_changed().is_err()
    }

    /// Resolves when it is to be let go of: finish, and [`release`](Self::release) it. How long that takes is for the work to
    /// say; the next owner waits. Also resolves when nobody divides any more.
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
    /// Resolves at once if it was recalled already. A recall is never taken back.
    ///
    /// # On session events
    ///
    /// A suspension recalls nothing. An expiry is a [loss](Self::lost).
    pub fn recalled(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut recall = self.recall.clone();
        async move {
            let _ = recall.wait_for(|is_recalled| *is_recalled).await;
        }
    }

    /// Resolves when it is lost; see [`Held::lost`]. Drop it then: this member takes no part in the item before.
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
    /// Resolves at once if it is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        self.part.held.lost()
    }

    /// Lets go of it, and waits until the server knows; the next owner, who waits, has it then.
    ///
    /// # Errors
    ///
    /// As [`LockGuard::release`].
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, it is let go of.
    ///
    /// # Ordering
    ///
    /// As [`LockGuard::release`].
    ///
    /// # On session events
    ///
    /// Waits through a suspension; after an expiry there is nothing to let go of.
    pub async fn release(mut self) -> Result<Released, Error> {
        match self.guard.take() {
            Some(guard) => guard.release().await,
            None => Ok(Released { was_held: false }),
        }
    }
}

impl Fenced for Owned {
    fn fence_path(&self) -> &str {
        self.part.held.fence_path()
    }

    fn is_held(&self) -> bool {
        self.part.held.is_held()
    }

    fn title(&self) -> Option<(String, u64)> {
        self.part.held.title()
    }
}
