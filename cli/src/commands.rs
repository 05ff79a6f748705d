//! The commands, one module each: its options and what it does.

pub(crate) mod acl;
pub(crate) mod barrier;
pub(crate) mod cache_watch;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod counter;
pub(crate) mod create;
pub(crate) mod dev;
pub(crate) mod diff;
pub(crate) mod elect;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod leaders;
pub(crate) mod lock;
pub(crate) mod locks;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod members;
pub(crate) mod mntr;
pub(crate) mod observe;
pub(crate) mod ping;
pub(crate) mod queue;
pub(crate) mod quota;
pub(crate) mod reconfig;
pub(crate) mod register;
pub(crate) mod rm;
pub(crate) mod sem;
pub(crate) mod services;
pub(crate) mod set;
pub(crate) mod srvr;
pub(crate) mod stat;
pub(crate) mod tree;
pub(crate) mod watch;
pub(crate) mod whoami;

use clap::CommandFactory as _;

use crate::args::{Cli, Command};
use crate::exit::Failure;

/// Runs the command; yields the exit code.
pub(crate) async fn run(cli: Cli) -> Result<u8, Failure> {
    let Cli {
        connection,
        json,
        command,
    } = cli;
    match command {
        Command::Dev(args) => dev::run(args, json).await,
        Command::Lock(args) => lock::run(args, &connection, json).await,
        Command::Locks(args) => locks::run(args, &connection, json).await,
        Command::Elect(args) => elect::run(args, &connection, json).await,
        Command::Leaders(args) => leaders::run(args, &connection, json).await,
        Command::Members(args) => members::run(args, &connection, json).await,
        Command::Observe(args) => observe::run(args, &connection, json).await,
        Command::Sem(args) => sem::run(args, &connection, json).await,
        Command::Barrier(args) => barrier::run(args, &connection, json).await,
        Command::Counter(args) => counter::run(args, &connection, json).await,
        Command::Queue(args) => queue::run(args, &connection, json).await,
        Command::Register(args) => register::run(args, &connection, json).await,
        Command::Services(args) => services::run(args, &connection, json).await,
        Command::Ls(args) => ls::run(args, &connection, json).await,
        Command::Get(args) => get::run(args, &connection, json).await,
        Command::Set(args) => set::run(args, &connection, json).await,
        Command::Create(args) => create::run(args, &connection, json).await,
        Command::Rm(args) => rm::run(args, &connection, json).await,
        Command::Stat(args) => stat::run(args, &connection, json).await,
        Command::Tree(args) => tree::run(args, &connection, json).await,
        Command::Export(args) => export::run(args, &connection, json).await,
        Command::Import(args) => import::run(args, &connection, json).await,
        Command::Diff(args) => diff::run(args, &connection, json).await,
        Command::Watch(args) => watch::run(args, &connection, json).await,
        Command::CacheWatch(args) => cache_watch::run(args, &connection, json).await,
        Command::Ping(args) => ping::run(args, &connection, json).await,
        Command::Srvr(args) => srvr::run(args, &connection, json).await,
        Command::Mntr(args) => mntr::run(args, &connection, json).await,
        Command::Acl(args) => acl::run(args, &connection, json).await,
        Command::Whoami(args) => whoami::run(args, &connection, json).await,
        Command::Quota(args) => quota::run(args, &connection, json).await,
        Command::Config(args) => config::run(args, &connection, json).await,
        Command::Reconfig(args) => reconfig::run(args, &connection, json).await,
        Command::Completion(args) => completion::run(&args, Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    }
}
