//! Following a cache.

use super::change::CacheChange;
use super::handle::Handle;
use super::log::Next;
#[cfg(feature = "discovery")]
use super::picture::Reach;

/// The changes of a [`Cache`](super::Cache), in the order of the server's transactions per node: a snapshot, then what
/// changed since. Each reader goes at its own pace and holds up nobody; one that falls more than the
/// [backlog](super::TreeCache::backlog) behind is told so, with another snapshot.
#[derive(Debug, Clone)]
#[must_use = "nothing is told until the next change is asked for"]
pub struct CacheChanges {
    handle: Handle,
    /// The number of the change that comes next; `None` before the snapshot.
    next: Option<u64>,
}

impl CacheChanges {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, next: None }
    }

    /// The next change; the first is a snapshot, at once. `None` when the driver has ended and all was told: why, the
    /// driver says.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// Changes come in the order in which the cache takes them in, and after the cache shows them.
    ///
    /// # On session events
    ///
    /// [`CacheChange::Stale`] when the connection is lost; when all was read again, the difference, then
    /// [`CacheChange::Fresh`]. Also in the client's next session.
    pub async fn next(&mut self) -> Option<CacheChange> {
        loop {
            let (told, ended) = self.look();
            if told.is_some() {
                return told;
            }
            if ended || self.handle.picture.changed().await.is_err() {
                return self.look().0;
            }
        }
    }

    /// How far what was told reaches; `None` if more is to be told already.
    #[cfg(feature = "discovery")]
    pub(crate) fn reach(&self) -> Option<Reach> {
        let reach = Reach::of(&self.handle.picture.borrow());
        (Some(reach.told) == self.next).then_some(reach)
    }

    /// What is next, and whether nothing will come after all that was told.
    fn look(&mut self) -> (Option<CacheChange>, bool) {
        let picture = self.handle.picture.borrow_and_update();
        let told = match self.next.map(|number| picture.log.at(number)) {
            None => Some(CacheChange::Snapshot(picture.snapshot(&self.handle.scope))),
            Some(Next::Dropped) => Some(CacheChange::Lagged(picture.snapshot(&self.handle.scope))),
            Some(Next::Nothing) => return (None, picture.ended.is_some()),
            Some(Next::Change(change)) => {
                self.next = self.next.map(|number| number + 1);
                return (Some(change.clone()), false);
            }
        };
        self.next = Some(picture.log.end());
        (told, false)
    }
}
