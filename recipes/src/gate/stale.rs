//! The refusal of an old token.

use std::fmt;

/// A write came with a token that is lower than one the resource has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleToken {
    /// The token of the write.
    pub presented: u64,
    /// The highest one so far.
    pub highest: u64,
}

impl StaleToken {
    /// The status with which a service answers: 412 Precondition Failed.
    pub const STATUS: u16 = 412;

    /// The refusal of `presented` because of `highest`.
    #[must_use]
    pub fn new(presented: u64, highest: u64) -> Self {
        Self { presented, highest }
    }

    /// The refusal, if `presented` has to be refused where `highest` was seen.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn check(presented: u64, highest: Option<u64>) -> Result<(), Self> {
        match highest {
            Some(highest) if presented < highest => Err(Self::new(presented, highest)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StaleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "fencing token {} is stale: a later holder, with token {}, has written here; nothing was written; acquire the \
             lock again, and start from what is there",
            self.presented, self.highest
        )
    }
}

impl std::error::Error for StaleToken {}

/// Why a [`TokenGate`](crate::gate::TokenGate) did not write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateError<E> {
    /// A later holder was here: nothing was written.
    Stale(StaleToken),
    /// Something else went wrong. Whether it was written is up to the resource to say.
    Failed(E),
}

impl<E> From<StaleToken> for GateError<E> {
    fn from(stale: StaleToken) -> Self {
        Self::Stale(stale)
    }
}

impl<E: fmt::Display> fmt::Display for GateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(stale) => stale.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for GateError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Stale(stale) => Some(stale),
            Self::Failed(error) => Some(error),
        }
    }
}
