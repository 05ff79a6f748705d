//! `zkctl dev`: servers in memory, for development.

mod chaos;
mod control;
mod servers;

use std::env;
use std::ffi::{OsStr, OsString};

use rustix::process::{Signal, getpgrp};
use rustix::termios::tcgetpgrp;
use serde_json::json;

use self::control::Control;
use self::servers::{DEFAULT_PORT, Servers};
use crate::child::{self, Companion};
use crate::connect::ZK_CONNECT;
use crate::exit::{Failure, code, say};
use crate::output;
use crate::security::VARIABLES;
use crate::signals::Signals;

/// Options of `dev`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server listens on 127.0.0.1 only, keeps everything in memory and forgets it when it ends. With a command it
ends with the command, which finds the server in ZK_CONNECT and `zkctl` on its PATH, and passes on its exit code.
With --json and without a command it prints {\"connect\": \"127.0.0.1:PORT\"}.

`zkctl dev chaos` breaks what runs: see its help.

Examples:
  zkctl dev
  zkctl dev --servers 3
  zkctl dev -- cargo test
  zkctl dev -- zkctl lock /demo -- sh -c 'echo \"held $ZK_LOCK_PATH, fencing token $ZK_LOCK_TOKEN\"'")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    /// An ensemble of that many servers instead of a stand-alone one
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=15))]
    servers: Option<u8>,

    /// The port, of several servers the first; 0 is any free one. Default: 2181, with a command any free one
    #[arg(long)]
    port: Option<u16>,

    /// A command to run against the server
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Break the development servers that run
    Chaos(chaos::Args),
}

pub(crate) async fn run(args: Args, json: bool) -> Result<u8, Failure> {
    if let Some(Action::Chaos(args)) = args.action {
        return chaos::run(args, json).await;
    }
    let mut signals = Signals::new()?;
    let port = args.port.unwrap_or(if args.command.is_empty() {
        DEFAULT_PORT
    } else {
        0
    });
    let running = Servers::start(args.servers, port).await.map_err(|e| {
        Failure::new(
            code::UNAVAILABLE,
            format!("cannot start the development server: {e}"),
        )
    })?;
    let servers = running.connect_string();
    let control = running
        .first()
        .map(|first| Control::listen(first.port(), running.target()));
    if let Some(Err(error)) = &control {
        say(format_args!(
            "`zkctl dev chaos` will not find this server: {error}"
        ));
    }
    say(format_args!(
        "development server on {servers}, in memory: its data is gone when it ends"
    ));
    let result = if args.command.is_empty() {
        announce(&servers, json)?;
        signals.next().await;
        Ok(code::OK)
    } else {
        attend(&args.command, &servers, &mut signals).await
    };
    drop(control);
    running.shutdown().await;
    result
}

fn announce(servers: &str, json: bool) -> Result<(), Failure> {
    if json {
        output::json(&json!({ "connect": servers }))?;
    } else {
        say(format_args!("use it with: export {ZK_CONNECT}={servers}"));
    }
    Ok(())
}

/// Runs the command to its end.
async fn attend(command: &[OsString], servers: &str, signals: &mut Signals) -> Result<u8, Failure> {
    let environment = [(ZK_CONNECT, servers.into()), ("PATH", path_with_us())];
    // The development server speaks plain text, and knows nobody.
    let mut companion = Companion::spawn(command, environment, &VARIABLES)?;
    loop {
        tokio::select! {
            status = companion.wait() => return Ok(child::code_of(status?)),
            // The terminal has sent its Ctrl-C to the command as well.
            signal = signals.next() => if signal != Signal::INT || !is_in_foreground() {
                companion.signal(signal);
            }
        }
    }
}

/// True if Ctrl-C on the terminal reaches our process group.
fn is_in_foreground() -> bool {
    tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| group == getpgrp())
}

/// The search path with our own directory in front, so that `zkctl` is found wherever it was started from.
fn path_with_us() -> OsString {
    let path = env::var_os("PATH").unwrap_or_else(|| OsString::from(STANDARD_PATH));
    let us = env::current_exe()
        .ok()
        .and_then(|us| us.parent().map(|directory| directory.to_owned()));
    let with_us = env::join_paths(us.into_iter().chain(env::split_paths(OsStr::new(&path))));
    // A directory with a colon in its name cannot be on any path.
    with_us.unwrap_or(path)
}

/// What shells search when there is no PATH.
const STANDARD_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
