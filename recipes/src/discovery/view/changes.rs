//! Following a view.

use std::collections::VecDeque;

use tokio::sync::watch;

use super::change::{ServiceChange, difference};
use super::shown::{Instances, Shown};
use crate::Cache;

/// The changes of a [view](super::ServiceView): what it has, each instance as added, and then what changes. A reader goes at
/// its own pace and holds up nobody: it is told the difference to what it was told before.
#[derive(Debug, Clone)]
#[must_use = "nothing is told until the next change is asked for"]
pub struct ServiceChanges {
    /// Keeps the view.
    _cache: Cache,
    told: watch::Receiver<Shown>,
    before: Instances,
    fresh: bool,
    due: VecDeque<ServiceChange>,
}

impl ServiceChanges {
    pub(super) fn new(cache: Cache, mut told: watch::Receiver<Shown>) -> Self {
        told.mark_changed();
        Self {
            _cache: cache,
            told,
            before: Instances::default(),
            fresh: true,
            due: VecDeque::new(),
        }
    }

    /// The next change; `None` when the driver has ended and all was told: why, the driver says.
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
    /// What changed together comes in the order of the ids.
    ///
    /// # On session events
    ///
    /// [`ServiceChange::Stale`] when the connection is lost; when all was read again, the difference, then
    /// [`ServiceChange::Fresh`]. Also in the client's next session.
    pub async fn next(&mut self) -> Option<ServiceChange> {
        loop {
            if let Some(change) = self.due.pop_front() {
                return Some(change);
            }
            self.told.changed().await.ok()?;
            let shown = self.told.borrow_and_update().clone();
            self.due.extend(difference(&self.before, &shown.instances));
            self.before = shown.instances;
            if self.fresh != shown.fresh {
                self.fresh = shown.fresh;
                self.due.push_back(match shown.fresh {
                    true => ServiceChange::Fresh,
                    false => ServiceChange::Stale,
                });
            }
        }
    }
}
