//! Instances to call, one at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::strategy::Strategy;
use crate::discovery::instance::Instance;
use crate::discovery::view::ServiceView;

/// Instances to call, one at a time, as a [`Strategy`] chooses them: what Curator calls a `ServiceProvider`. Copies take turns.
#[derive(Debug)]
pub struct Provider<S> {
    view: ServiceView,
    strategy: Arc<Mutex<S>>,
}

impl ServiceView {
    /// Chooses among the [available](Self::available) instances.
    #[must_use]
    pub fn provider<S: Strategy>(&self, strategy: S) -> Provider<S> {
        Provider {
            view: self.clone(),
            strategy: Arc::new(Mutex::new(strategy)),
        }
    }
}

impl<S: Strategy> Provider<S> {
    /// The next instance to call; `None` if none is available.
    #[must_use]
    pub fn pick(&self) -> Option<Arc<Instance>> {
        let candidates = self.view.available();
        if candidates.is_empty() {
            return None;
        }
        let at = self.lock().choose(&candidates);
        candidates.get(at).map(Arc::clone)
    }

    /// Looks at the strategy.
    pub fn look<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        look(&self.lock())
    }

    /// A strategy that panicked goes on where it was.
    fn lock(&self) -> MutexGuard<'_, S> {
        self.strategy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Provider<S> {
    fn clone(&self) -> Self {
        Self {
            view: self.view.clone(),
            strategy: Arc::clone(&self.strategy),
        }
    }
}
