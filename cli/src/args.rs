//! The command line.

use clap::{ColorChoice, Parser, Subcommand};

use crate::commands::{
    acl, barrier, cache_watch, completion, config, counter, create, dev, diff, elect, export, get,
    import, leaders, lock, locks, ls, man, members, mntr, observe, ping, queue, quota, reconfig,
    register, rm, sem, services, set, srvr, stat, tree, watch, whoami,
};
use crate::connect::Connection;

/// Coordination on ZooKeeper from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "zkctl",
    version,
    color = ColorChoice::Never,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = EXIT_CODES,
    after_long_help = AFTER_LONG_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Print results as JSON, one object per line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a server in memory, for development
    Dev(dev::Args),
    /// Run a command while holding a lock
    Lock(lock::Args),
    /// Show who holds a lock and who waits for it
    Locks(locks::Args),
    /// Run a command as the leader of an election
    Elect(elect::Args),
    /// Show who leads an election and who waits to
    Leaders(leaders::Args),
    /// Show who is a member of a group
    Members(members::Args),
    /// Follow who leads an election, until interrupted
    Observe(observe::Args),
    /// Run a command while holding one of so many permits
    Sem(sem::Args),
    /// Wait until others let one pass, or work together with others
    Barrier(barrier::Args),
    /// Read and change a number that many programs share
    Counter(counter::Args),
    /// Put and take the items of a queue
    Queue(queue::Args),
    /// Register an instance of a service while a command runs
    Register(register::Args),
    /// Show services and their instances
    Services(services::Args),
    /// List the children of a node
    Ls(ls::Args),
    /// Print the data of a node
    Get(get::Args),
    /// Replace the data of a node
    Set(set::Args),
    /// Create a node
    Create(create::Args),
    /// Delete a node
    Rm(rm::Args),
    /// Show the metadata of a node
    Stat(stat::Args),
    /// Show a node and everything below it
    Tree(tree::Args),
    /// Write a node and everything below it to a file, one line of JSON per node
    Export(export::Args),
    /// Create the nodes of a file that `export` wrote
    Import(import::Args),
    /// Tell how two trees differ, or a tree and a file, or two files
    Diff(diff::Args),
    /// Tell what happens to a node, until interrupted
    Watch(watch::Args),
    /// Tell what a node and everything below it become, until interrupted
    CacheWatch(cache_watch::Args),
    /// Ask every server whether it answers
    Ping(ping::Args),
    /// Ask servers for their numbers, by a four-letter word
    Srvr(srvr::Args),
    /// Ask servers for their numbers for monitoring, by a four-letter word
    Mntr(mntr::Args),
    /// Show or replace the ACL of a node
    Acl(acl::Args),
    /// Show the identities that ACLs are checked against
    Whoami(whoami::Args),
    /// Show, set or delete quotas
    Quota(quota::Args),
    /// Show which servers make up the ensemble
    Config(config::Args),
    /// Change which servers make up the ensemble
    Reconfig(reconfig::Args),
    /// Print a script by which a shell completes `zkctl`
    Completion(completion::Args),
    /// Print the manual page
    Man(man::Args),
}

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 refused by the server, 64 usage, 65 bad file, 69 no server, 70 internal error, 75 lock not
acquired or barrier not passed in time, 76 lock lost and the command stopped, 77 no permission, 78 no or malformed ZK_CONNECT.
`lock`, `sem`, `elect`, `barrier enter` and `dev` pass on the exit code of their command, 128+n if signal n ended it.";

const AFTER_LONG_HELP: &str = "\
Examples:
  zkctl dev -- zkctl lock /demo -- sh -c 'echo \"held $ZK_LOCK_PATH, fencing token $ZK_LOCK_TOKEN\"'
  export ZK_CONNECT=zk1:2181,zk2:2181,zk3:2181/app
  zkctl lock /locks/nightly --timeout 10s -- ./nightly.sh
  zkctl locks /locks/nightly --watch
  zkctl lock explain /locks/nightly
  zkctl sem /limits/crawlers --permits 3 -- ./crawl.sh
  zkctl counter add /counters/orders
  zkctl tree /config --depth 2
  zkctl export /config -o config.jsonl
  zkctl ping
  zkctl create -p /config/limit 100 && zkctl get /config/limit

Exit codes:
  0   success
  1   the server refused: no such node, wrong version, not empty …
  64  the command line is wrong
  65  a file is missing or malformed
  69  no server answers
  70  internal error
  75  the lock was not acquired, or the barrier not passed, in time
  76  the lock was lost or in doubt; the command was stopped
  77  credentials or an ACL forbid it
  78  ZK_CONNECT or --connect is missing or malformed
  126, 127  the command cannot be executed, was not found
`lock`, `sem`, `elect`, `barrier enter` and `dev` pass on the exit code of their command, 128+n if signal n ended it.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
