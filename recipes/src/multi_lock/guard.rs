//! The value that stands for several held locks.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use zk_client::Error;

use crate::lock::{Held, LockGuard, LockLost, Released};

/// Several held locks. Dropping it releases all of them, the last one first, in the background; use
/// [`release`](Self::release) to know when they are free.
#[must_use = "dropping the guard releases the locks"]
pub struct MultiGuard {
    guards: Vec<LockGuard>,
}

impl MultiGuard {
    pub(super) fn new() -> Self {
        Self { guards: Vec::new() }
    }

    pub(super) fn push(&mut self, guard: LockGuard) {
        self.guards.push(guard);
    }

    /// Views on the holds, in the order of the paths. Each has the fencing token of its path; a transaction may be
    /// `.fenced_by` several.
    #[must_use]
    pub fn helds(&self) -> Vec<Held> {
        self.guards.iter().map(LockGuard::held).collect()
    }

    /// The view on the hold of one path.
    #[must_use]
    pub fn held_at(&self, path: &str) -> Option<Held> {
        let mut guards = self.guards.iter();
        guards
            .find(|guard| guard.view().path() == path)
            .map(LockGuard::held)
    }

    /// True until one of them was released or is known to be lost.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.guards.iter().all(|guard| guard.view().is_held())
    }

    /// True while it is proven that the servers have let none of them go. See [`Held::is_safe`].
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.guards.iter().all(|guard| guard.view().is_safe())
    }

    /// Resolves when one of them is lost, and says which; never after they were released. The others are held on until
    /// the guard goes.
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
    /// Resolves at once if one is lost already.
    ///
    /// # On session events
    ///
    /// Expiry is a loss; a suspension is not.
    pub fn lost(&self) -> impl Future<Output = LockLost> + Send + 'static + use<> {
        first(self.guards.iter().map(LockGuard::lost).collect())
    }

    /// Releases all of them, the last one first, and waits until the server has deleted their nodes. `was_held` is true
    /// if all were held to the end.
    ///
    /// # Errors
    ///
    /// As [`LockGuard::release`]: the first error; all are released all the same.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, all are still released.
    ///
    /// # Ordering
    ///
    /// The deletes are queued one after the other, each when the one before was answered.
    ///
    /// # On session events
    ///
    /// As [`LockGuard::release`].
    pub async fn release(mut self) -> Result<Released, Error> {
        let mut released = Ok(Released { was_held: true });
        while let Some(guard) = self.guards.pop() {
            released = match (released, guard.release().await) {
                (Ok(before), Ok(now)) => Ok(Released {
                    was_held: before.was_held && now.was_held,
                }),
                (Err(error), _) | (Ok(_), Err(error)) => Err(error),
            };
        }
        released
    }
}

impl Drop for MultiGuard {
    fn drop(&mut self) {
        while let Some(guard) = self.guards.pop() {
            drop(guard);
        }
    }
}

impl fmt::Debug for MultiGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiGuard")
            .field("guards", &self.guards)
            .finish()
    }
}

/// Whichever comes first; never, of none.
pub(super) fn first<F>(futures: Vec<F>) -> impl Future<Output = F::Output> + Send + 'static + use<F>
where
    F: Future + Send + 'static,
{
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    poll_fn(move |cx| {
        for future in &mut futures {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    })
}
