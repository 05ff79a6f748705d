//! `zkctl queue`: putting, taking and looking at the items of a queue.

mod list;
mod put;
mod take;

use zk_recipes::{Client, Queue, QueueLayout};

use crate::connect::Connection;
use crate::exit::Failure;
use crate::node_path::NodePath;

/// Options of `queue`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A queue is a node; its items are the nodes below it, Curator's or kazoo's with --layout. All that share it name the same
layout.

Examples:
  zkctl queue put /queues/jobs 'resize 17'
  zkctl queue take /queues/jobs --forever -- ./work.sh
  zkctl queue ls /queues/jobs")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Put items
    Put(put::Args),
    /// Take items, or run a command for each of them
    Take(take::Args),
    /// List the items in the order in which they are handed out
    Ls(list::Args),
}

/// Which queue, and whose.
#[derive(Debug, clap::Args)]
struct Place {
    /// The queue
    path: NodePath,

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
    fn queue(&self, client: &Client) -> Result<Queue, Failure> {
        let queue = Queue::new(client, self.path.as_str())?.layout(self.layout.into());
        Ok(match &self.lock_path {
            Some(locks) => queue.lock_path(locks.as_str())?,
            None => queue,
        })
    }
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match args.action {
        Action::Put(args) => put::run(args, connection, json).await,
        Action::Take(args) => take::run(args, connection, json).await,
        Action::Ls(args) => list::run(args, connection, json).await,
    }
}
