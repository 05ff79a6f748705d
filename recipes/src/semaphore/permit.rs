//! What a semaphore gives out.

use crate::lock::{HoldKind, Holding, LockGuard, sealed};

/// A held permit. It has an [`identity`](LockGuard::identity) and no fencing token: several are out at a time.
pub type Permit = LockGuard<Leased>;

/// One of several that hold at a time.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Leased;

impl sealed::Sealed for Leased {}

impl Holding for Leased {
    const KIND: HoldKind = HoldKind::Permit;
}

impl LockGuard<Leased> {
    /// Tells this permit from all others: the creation zxid of its node. **Not a fencing token.**
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.view().token()
    }
}
