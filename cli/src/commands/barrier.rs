//! `zkctl barrier`: waiting until others let one pass, and steps that several take together.

use std::ffi::OsString;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use zk_recipes::{Barrier, DoubleBarrier};

use super::locks::picture::check_chroot;
use crate::connect::{Connection, SESSION_TIMEOUT};
use crate::exit::{Failure, code};
use crate::hold::{self, Options, Prize, Step};
use crate::layout::Shared;
use crate::node_path::NodePath;
use crate::signals::Signals;
use crate::{duration, output};

/// Options of `barrier`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A barrier is a node: whoever waits passes when it is gone. `enter` is another recipe, on a path of its own: so many members
begin together and end together. Both are Curator's and kazoo's, too.

Exits with 75 if it took longer than --timeout.

Examples:
  zkctl barrier set /barriers/migration
  zkctl barrier wait /barriers/migration --timeout 10m && ./start.sh
  zkctl barrier remove /barriers/migration
  zkctl barrier enter /barriers/load-test --members 3 -- ./load.sh")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Wait until the barrier is removed; passes at once if it is not set
    #[command(after_help = "\
Prints nothing. With --json: {\"path\": …, \"passed\": true}.

Examples:
  zkctl barrier wait /barriers/migration --timeout 10m && ./start.sh")]
    Wait {
        /// The barrier
        path: NodePath,

        /// Wait no longer than this, else exit with 75
        #[arg(long, short, value_name = "DURATION", value_parser = duration::parse)]
        timeout: Option<Duration>,
    },
    /// Set the barrier, if it is not set; missing parents are created
    #[command(after_help = "\
Prints nothing. With --json: {\"path\": …, \"set\": true}.

Examples:
  zkctl barrier set /barriers/migration")]
    Set {
        /// The barrier
        path: NodePath,
    },
    /// Remove the barrier: all who wait pass
    #[command(after_help = "\
Prints nothing; fine if it is not set. With --json: {\"path\": …, \"removed\": whether it was set}.

Examples:
  zkctl barrier remove /barriers/migration")]
    Remove {
        /// The barrier
        path: NodePath,
    },
    /// Tell whether the barrier is set
    #[command(after_help = "\
Prints `set` or `not set`. With --json: {\"path\": …, \"set\": …}.

Examples:
  zkctl barrier show /barriers/migration")]
    Show {
        /// The barrier
        path: NodePath,
    },
    /// Run a command together with other members: it begins when all are there
    Enter(Enter),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command begins when so many members are there, and zkctl ends when the commands of all of them have ended, with the exit
code of its own. All members say the same number. The command finds the barrier in ZK_BARRIER_PATH.

If the session of this member ends, the others do not wait for it any more: the command is stopped, as by `zkctl lock`, and
zkctl exits with 76. Signals are passed on to the command; one more while zkctl waits for the others ends that, too.

Exits with 75 if not all members came within --timeout (the command has not run), or not all ended within
--leave-timeout (it has).

With --json what zkctl itself has to tell goes to stderr as objects: {\"event\": \"acquired\" | \"released\" | \"lost\",
\"path\": …, …}: it has entered, left, been lost.

Members of unmodified Curator do not clean up reliably after each other: with them, use a new path for each step.

Examples:
  zkctl barrier enter /barriers/load-test --members 3 -- ./load.sh
  zkctl barrier enter /barriers/load-test --members 3 --timeout 60s --leave-timeout 10m -- ./load.sh")]
struct Enter {
    /// The barrier
    path: NodePath,

    /// How many members there must be, this one included
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    members: u16,

    /// Wait no longer than this for the others to come, else exit with 75
    #[arg(long, short, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Wait no longer than this for the others to end, else exit with 75
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    leave_timeout: Option<Duration>,

    /// When the servers hear nothing for so long, the others do not wait any more
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    session_timeout: Duration,

    /// Tell when it has entered and left
    #[arg(long, short)]
    verbose: bool,

    #[command(flatten)]
    layout: Shared,

    /// The command, without a shell
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match args.action {
        Action::Enter(enter) => enter.run(connection, json).await,
        Action::Wait { path, timeout } => wait(path.as_str(), timeout, connection, json).await,
        Action::Set { path } => {
            let at = path.as_str();
            connection
                .run(|client| async move { Ok(Barrier::new(&client, at)?.set().await?) })
                .await?;
            if json {
                output::json(&json!({ "path": at, "set": true }))?;
            }
            Ok(code::OK)
        }
        Action::Remove { path } => {
            let at = path.as_str();
            let removed = connection
                .run(|client| async move {
                    let removed = Barrier::new(&client, at)?.remove().await?;
                    if !removed {
                        check_chroot(&client).await?;
                    }
                    Ok(removed)
                })
                .await?;
            if json {
                output::json(&json!({ "path": at, "removed": removed }))?;
            }
            Ok(code::OK)
        }
        Action::Show { path } => {
            let at = path.as_str();
            let is_set = connection
                .run(|client| async move {
                    let is_set = Barrier::new(&client, at)?.is_set().await?;
                    if !is_set {
                        check_chroot(&client).await?;
                    }
                    Ok(is_set)
                })
                .await?;
            if json {
                output::json(&json!({ "path": at, "set": is_set }))?;
            } else {
                output::text(if is_set { "set\n" } else { "not set\n" })?;
            }
            Ok(code::OK)
        }
    }
}

/// Waits for as long as it takes, unless a signal comes.
async fn wait(
    path: &str,
    timeout: Option<Duration>,
    connection: &Connection,
    json: bool,
) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(SESSION_TIMEOUT) => client?,
        signal = signals.next() => return Ok(ended_by(signal)),
    };
    let passed = async {
        let mut wait = Barrier::new(&client, path)?.wait();
        if let Some(limit) = timeout {
            wait = wait.timeout(limit);
        }
        wait.await?;
        check_chroot(&client).await
    };
    let result = tokio::select! {
        passed = passed => passed.map(|()| code::OK),
        signal = signals.next() => Ok(ended_by(signal)),
    };
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    let code = result?;
    if json && code == code::OK {
        output::json(&json!({ "path": path, "passed": true }))?;
    }
    Ok(code)
}

fn ended_by(signal: Signal) -> u8 {
    code::of_signal(signal.as_raw())
}

impl Enter {
    async fn run(self, connection: &Connection, json: bool) -> Result<u8, Failure> {
        let Self {
            path,
            members,
            timeout,
            leave_timeout,
            session_timeout,
            verbose,
            layout,
            command,
        } = self;
        let options = Options {
            path,
            timeout,
            contender: None,
            revocable: false,
            session_timeout,
            verbose,
            command,
        };
        let make = |client: &zk_recipes::Client, path: &str| {
            let barrier = DoubleBarrier::new(client, path, members)?.layout(layout.into());
            Ok(Prize::Step(Step {
                barrier,
                members,
                client: client.clone(),
                patience: leave_timeout,
            }))
        };
        hold::run(&options, make, connection, json).await
    }
}
