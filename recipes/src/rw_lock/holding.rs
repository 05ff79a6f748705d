//! What a read–write lock gives out.

use bytes::Bytes;
use zk_client::Acl;

use crate::contend::Layout;
use crate::lock::{HoldKind, Holding, LockGuard, sealed};

/// A held read lock: other readers may hold too, no writer does.
///
/// It has an [`identity`](LockGuard::identity) and no fencing token: readers overlap, and one that was a writer before
/// may have a greater number than the writer after it. What it writes can still be made conditional on the hold, with
/// `.fenced_by(&held)`.
pub type ReadGuard = LockGuard<Reading>;

/// A held write lock: nobody else holds. It has a fencing token and can become a read lock.
pub type WriteGuard = LockGuard<Writing>;

/// Readers hold together.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Reading;

impl sealed::Sealed for Reading {}

impl Holding for Reading {
    const KIND: HoldKind = HoldKind::ReadLock;
}

/// A writer holds alone, and may become a reader.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Writing {
    pub(super) layout: Layout,
    pub(super) acl: Vec<Acl>,
    pub(super) contender: Bytes,
}

impl sealed::Sealed for Writing {}

impl Holding for Writing {
    const KIND: HoldKind = HoldKind::WriteLock;

    fn call(&mut self, contender: &Bytes) {
        self.contender = contender.clone();
    }
}

impl LockGuard<Reading> {
    /// Tells this hold from all others: the creation zxid of its node. **Not a fencing token.**
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.view().token()
    }
}
