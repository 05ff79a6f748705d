//! Which queue, and whose.

use zk_recipes::{Client, Queue, QueueLayout};

use crate::exit::Failure;
use crate::node_path::NodePath;

/// Which queue, and whose.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The queue
    pub(super) path: NodePath,

    /// Whose queue it is, and with that its order
    #[arg(long, value_enum, default_value_t = Layout::Fifo)]
    layout: Layout,

    /// Where the locks of items are that somebody works on; needed where Curator's consumers have a lock path, too
    #[arg(long, value_name = "NODE")]
    lock_path: Option<NodePath>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Layout {
    /// Curator's DistributedQueue: first in, first out
    Fifo,
    /// Curator's DistributedPriorityQueue
    Priority,
    /// Curator's DistributedDelayQueue: what is due
    Delay,
    /// Curator's DistributedIdQueue
    Id,
    /// Curator's SimpleDistributedQueue
    Simple,
    /// kazoo's Queue
    Kazoo,
    /// kazoo's LockingQueue
    KazooLocking,
}

impl From<Layout> for QueueLayout {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Fifo => Self::Fifo,
            Layout::Priority => Self::Priority,
            Layout::Delay => Self::Delay,
            Layout::Id => Self::Id,
            Layout::Simple => Self::Simple,
            Layout::Kazoo => Self::Kazoo,
            Layout::KazooLocking => Self::KazooLocking,
        }
    }
}

impl Place {
    /// The queue, as it was asked for.
    pub(super) fn queue(&self, client: &Client) -> Result<Queue, Failure> {
        let queue = Queue::new(client, self.path.as_str())?.layout(self.layout.into());
        Ok(match &self.lock_path {
            Some(locks) => queue.lock_path(locks.as_str())?,
            None => queue,
        })
    }
}
