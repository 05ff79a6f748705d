//! How holds go together.

use crate::records::{Function, Op};
use crate::text::Text;

/// Beside whom a holder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Beside nobody.
    Alone,
    /// Beside nobody, where others read together.
    Writer,
    /// Beside other readers.
    Reader,
    /// Beside others, as many as there are permits.
    Permit,
    /// Alone, from the write that begins its term on.
    Term,
}

impl Share {
    /// Whether both may hold at a time.
    pub(crate) fn goes_with(self, other: Self) -> bool {
        self == other && matches!(self, Self::Reader | Self::Permit)
    }

    /// Whether it waits for that one if its node is older. A candidate may be made the next by a leader.
    pub(crate) fn yields_to(self, ahead: Self) -> bool {
        self != Self::Term && !self.goes_with(ahead)
    }
}

/// What a function gets; `None` if it takes no lock.
pub(crate) fn share(function: Function) -> Option<Share> {
    match function {
        Function::Acquire | Function::TryAcquire => Some(Share::Alone),
        Function::WriteLock | Function::TryWriteLock => Some(Share::Writer),
        Function::ReadLock | Function::TryReadLock | Function::Downgrade => Some(Share::Reader),
        Function::Permit | Function::TryPermit => Some(Share::Permit),
        Function::Stand | Function::TryStand => Some(Share::Term),
        _ => None,
    }
}

/// Whether the function takes a lock.
pub(crate) fn acquires(function: Function) -> bool {
    share(function).is_some()
}

/// Whether the function takes a lock that nobody ever shares.
pub(crate) fn excludes(function: Function) -> bool {
    share(function) == Some(Share::Alone)
}

/// Whether the function gives up at once where others are ahead.
pub(crate) fn tries(function: Function) -> bool {
    matches!(
        function,
        Function::TryAcquire
            | Function::TryReadLock
            | Function::TryWriteLock
            | Function::TryPermit
            | Function::TryStand
    )
}

/// The lock that an operation is about, if it takes one.
pub(crate) fn lock_of(op: &Op) -> Option<Text> {
    acquires(op.function).then_some(op.path)
}
