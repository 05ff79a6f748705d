//! `zkctl lock`: runs a command while holding a lock; looks into locks, and ends holds.

mod breaking;
mod explain;
mod revoke;
mod target;

use zk_recipes::Mutex;

use crate::connect::Connection;
use crate::exit::Failure;
use crate::hold::{self, Options, Prize};
use crate::layout::Shared;

/// Options of `lock`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
The command finds the lock in ZK_LOCK_PATH and its fencing token in ZK_LOCK_TOKEN: a number that is greater for
every later holder. Pass it on to what the command writes to, which should refuse smaller ones.

When the lock is lost, or it is no longer certain that it is held, the command and all that descends from it get
SIGTERM and, after a tenth of the session timeout, SIGKILL; zkctl exits with 76. A second process does the same if
zkctl itself is killed or does not run.

SIGINT, SIGTERM and SIGHUP are passed on to the command (its process group); the lock is released when it has
ended. A second SIGTERM or SIGHUP stops it like a lost lock does. What the command leaves running in the
background when it ends by itself goes on without the lock.

What cannot be stopped: what others start for the command (a service manager, cron, a container engine, another
machine), programs of other users (setuid), and, if zkctl is killed by SIGKILL, daemons that have left both the
process group and the family of the command.

With --json what zkctl itself has to tell goes to stderr as objects: {\"event\": \"acquired\" | \"released\" | \"lost\", …}.

Examples:
  zkctl lock /locks/nightly -- ./nightly.sh
  zkctl lock /locks/nightly --timeout 0s -- ./nightly.sh   # not at all if somebody else runs it
  zkctl lock explain /locks/nightly                        # who holds it, is that one alive, and what to do
  zkctl lock revoke /locks/nightly                         # asks the holder to let go
  zkctl lock break /locks/nightly --reason \"host is dead\"  # takes it away, on record"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    options: Option<Options>,

    #[command(flatten)]
    layout: Shared,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say in words how a lock is, and what to do next
    Explain(explain::Args),
    /// Ask the holder of a lock to let go
    Revoke(revoke::Args),
    /// Take a lock away from its holder, on record
    Break(breaking::Args),
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match args.action {
        Some(Action::Explain(args)) => return explain::run(&args, connection, json).await,
        Some(Action::Revoke(args)) => return revoke::run(&args, connection, json).await,
        Some(Action::Break(args)) => return breaking::run(&args, connection, json).await,
        None => {}
    }
    let Some(options) = args.options else {
        return Err(Failure::usage("there is no command to run"));
    };
    let layout = args.layout.into();
    let lock = |client: &_, path: &_| Ok(Prize::Lock(Mutex::new(client, path)?.layout(layout)));
    hold::run(&options, lock, connection, json).await
}
