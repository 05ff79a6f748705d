//! Kinds of holds.

use bytes::Bytes;

/// What a [`LockGuard`](crate::LockGuard) or an [`Acquire`](crate::Acquire) is about. Sealed: the kinds are this crate's.
pub trait Holding: sealed::Sealed + Clone + Send + Sync + 'static {
    /// Whether others may hold at the same time.
    const SHARED: bool;

    /// What the contender says about itself.
    #[doc(hidden)]
    fn call(&mut self, _contender: &Bytes) {}
}

/// Nobody else holds. The hold has a fencing token.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Exclusive;

impl Exclusive {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl sealed::Sealed for Exclusive {}

impl Holding for Exclusive {
    const SHARED: bool = false;
}

pub(crate) mod sealed {
    /// Bars other crates.
    #[expect(
        unnameable_types,
        reason = "nobody outside may name it: that is what seals"
    )]
    pub trait Sealed {}
}
