//! `zkctl queue`: putting, taking and looking at the items of a queue.

mod list;
mod place;
mod put;
mod take;

use crate::connect::Connection;
use crate::exit::Failure;

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

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match args.action {
        Action::Put(args) => put::run(args, connection, json).await,
        Action::Take(args) => take::run(args, connection, json).await,
        Action::Ls(args) => list::run(args, connection, json).await,
    }
}
