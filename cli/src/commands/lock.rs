//! `zkctl lock`: runs a command while holding a lock.

use zk_recipes::Mutex;

use crate::connect::Connection;
use crate::exit::Failure;
use crate::hold::{self, Options, Prize};

/// Options of `lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
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
  zkctl lock /locks/nightly --timeout 0s -- ./nightly.sh   # not at all if somebody else runs it")]
pub(crate) struct Args {
    #[command(flatten)]
    options: Options,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let lock = |client: &_, path: &_| Mutex::new(client, path).map(Prize::Lock);
    hold::run(&args.options, lock, connection, json).await
}
