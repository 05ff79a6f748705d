//! The commands, one module each: its options and what it does.

pub(crate) mod completion;
pub(crate) mod create;
pub(crate) mod dev;
pub(crate) mod get;
pub(crate) mod lock;
pub(crate) mod locks;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod ping;
pub(crate) mod rm;
pub(crate) mod set;
pub(crate) mod srvr;
pub(crate) mod stat;
pub(crate) mod tree;
pub(crate) mod watch;

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
        Command::Ls(args) => ls::run(args, &connection, json).await,
        Command::Get(args) => get::run(args, &connection, json).await,
        Command::Set(args) => set::run(args, &connection, json).await,
        Command::Create(args) => create::run(args, &connection, json).await,
        Command::Rm(args) => rm::run(args, &connection, json).await,
        Command::Stat(args) => stat::run(args, &connection, json).await,
        Command::Tree(args) => tree::run(args, &connection, json).await,
        Command::Watch(args) => watch::run(args, &connection, json).await,
        Command::Ping(args) => ping::run(args, &connection, json).await,
        Command::Srvr(args) => srvr::run(args, &connection, json).await,
        Command::Completion(args) => completion::run(&args, Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    }
}
