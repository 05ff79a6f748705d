//! Kinds of holds.

use std::fmt;

use bytes::Bytes;

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HoldKind {
    /// A lock, alone.
    Lock,
    /// A lock for reading, with others who read.
    ReadLock,
    /// A lock for writing, alone.
    WriteLock,
    /// One of the permits of a semaphore.
    Permit,
    /// The leadership of an election.
    Leadership,
    /// The claim of an item of a queue.
    Claim,
}

impl HoldKind {
    /// Whether others may hold at the same time.
    pub(crate) fn is_shared(self) -> bool {
        match self {
            Self::ReadLock | Self::Permit => true,
            Self::Lock | Self::WriteLock | Self::Leadership | Self::Claim => false,
        }
    }

    /// What its number is.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::ReadLock | Self::Permit => "identity",
            Self::Lock | Self::WriteLock | Self::Claim => "token",
            Self::Leadership => "epoch",
        }
    }
}

/// As it stands before a path: `the lock`, `a permit of`.
impl fmt::Display for HoldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "the lock",
            Self::ReadLock => "the read lock",
            Self::WriteLock => "the write lock",
            Self::Permit => "a permit of",
            Self::Leadership => "the leadership of",
            Self::Claim => "the claim of",
        })
    }
}

/// What a [`LockGuard`](crate::LockGuard) or an [`Acquire`](crate::Acquire) is about. Sealed: the kinds are this crate's.
pub trait Holding: sealed::Sealed + Clone + Send + Sync + 'static {
    /// What is held.
    const KIND: HoldKind;

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
    const KIND: HoldKind = HoldKind::Lock;
}

pub(crate) mod sealed {
    /// Bars other crates.
    #[expect(
        unnameable_types,
        reason = "nobody outside may name it: that is what seals"
    )]
    pub trait Sealed {}
}
