//! Whose nodes a queue shares.

use std::fmt;

/// Whose nodes a queue shares, and with that in which order it hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum QueueLayout {
    /// Curator's `DistributedQueue`: first in, first out.
    #[default]
    Fifo,
    /// Curator's `DistributedPriorityQueue`: the lowest number first, first in, first out within one.
    Priority,
    /// Curator's `DistributedDelayQueue`: what is due, the earliest first.
    Delay,
    /// Curator's `DistributedIdQueue`: as `Fifo`, and each item has an id by which it can be removed.
    Id,
    /// Curator's `SimpleDistributedQueue`, which is ZooKeeper's own example of a queue: as `Fifo`, the data as they are.
    Simple,
    /// kazoo's `Queue`: priorities from 0 to 999, the lowest first; the data as they are.
    Kazoo,
    /// kazoo's `LockingQueue`: as `Kazoo`, with locks that its consumers heed.
    KazooLocking,
}

impl QueueLayout {
    /// What the names of its items begin with.
    pub(super) const fn start(self) -> &'static str {
        match self {
            Self::Fifo | Self::Priority | Self::Delay | Self::Id => "queue-",
            Self::Simple => "qn-",
            Self::Kazoo | Self::KazooLocking => "entry-",
        }
    }

    /// Whether items are in Curator's envelope, which holds any number of records.
    pub(super) const fn has_envelope(self) -> bool {
        matches!(self, Self::Fifo | Self::Priority | Self::Delay | Self::Id)
    }

    /// Whether its programs make parents as plain nodes instead of containers.
    pub(super) const fn is_kazoos(self) -> bool {
        matches!(self, Self::Kazoo | Self::KazooLocking)
    }

    /// Whether later items may come before earlier ones.
    pub(super) const fn has_priorities(self) -> bool {
        matches!(self, Self::Priority | Self::Kazoo | Self::KazooLocking)
    }

    /// Where the items of a queue at `path` are.
    pub(super) fn items(self, path: &str) -> String {
        match self {
            Self::KazooLocking => format!("{path}/entries"),
            _ => path.to_owned(),
        }
    }
}

/// As in errors.
impl fmt::Display for QueueLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fifo => "first in, first out",
            Self::Priority => "a priority queue",
            Self::Delay => "a delay queue",
            Self::Id => "a queue with ids",
            Self::Simple => "a simple queue",
            Self::Kazoo => "kazoo's Queue",
            Self::KazooLocking => "kazoo's LockingQueue",
        })
    }
}
