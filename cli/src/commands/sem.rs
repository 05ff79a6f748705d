//! `zkctl sem`: runs a command while holding one of so many permits; who has them, and how many there are.

mod show;

use serde_json::json;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::hold::{self, Options, Prize};
use crate::layout::Shared;
use crate::node_path::NodePath;
use crate::{output, permits};

/// Options of `sem`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
At most so many commands run at a time, first come first served. All that share a semaphore say the same number of
permits, or share a node that stores it (--stored-at) and that `zkctl sem resize` changes for all of them at once.

The command finds the semaphore in ZK_SEM_PATH and the number of its permit in ZK_SEM_PERMIT, which tells it from all
others and is no fencing token. When the permit is lost or in doubt the command is stopped, signals are passed on, and the
exit codes are those of `zkctl lock`: see its help.

With --json what zkctl itself has to tell goes to stderr as objects: {\"event\": \"acquired\" | \"released\" | \"lost\",
\"path\": …, \"permit\": …, …}.

Examples:
  zkctl sem /limits/crawlers --permits 3 -- ./crawl.sh
  zkctl sem /limits/crawlers --permits 3 --timeout 0s -- ./crawl.sh    # not at all if three run
  zkctl sem /limits/crawlers --permits 3 --stored-at /limits/crawlers-count -- ./crawl.sh
  zkctl sem resize /limits/crawlers 5 --stored-at /limits/crawlers-count
  zkctl sem show /limits/crawlers"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    options: Option<Options>,

    /// How many may run at a time
    #[arg(long, short = 'n', value_name = "N", required = true, value_parser = clap::value_parser!(u32).range(1..=0x7fff_ffff))]
    permits: Option<u32>,

    /// The node that stores how many may run; --permits is stored there if it is not there yet
    #[arg(long, value_name = "NODE")]
    stored_at: Option<NodePath>,

    #[command(flatten)]
    layout: Shared,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show who has a permit and who waits for one
    Show(show::Args),
    /// Change how many permits there are, for all that share the node that stores it
    Resize(Resize),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Those who wait are let in at once if there is room; nobody who has a permit is stopped. 0 lets nobody in.
Prints nothing. With --json: {\"path\": …, \"capacity\": …}.

Examples:
  zkctl sem resize /limits/crawlers 5 --stored-at /limits/crawlers-count")]
struct Resize {
    /// The semaphore
    path: NodePath,

    /// How many may run at a time
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(0..=0x7fff_ffff))]
    permits: u32,

    /// The node that stores it
    #[arg(long, value_name = "NODE", required = true)]
    stored_at: NodePath,

    #[command(flatten)]
    layout: Shared,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match args.action {
        Some(Action::Show(args)) => return show::run(&args, connection, json).await,
        Some(Action::Resize(resize)) => return resize.run(connection, json).await,
        None => {}
    }
    let (Some(options), Some(count)) = (args.options, args.permits) else {
        return Err(Failure::usage("there is no command to run"));
    };
    let (layout, stored_at) = (args.layout.into(), args.stored_at);
    let make = |client: &_, path: &_| {
        permits::semaphore(client, path, count, layout, stored_at.as_ref()).map(Prize::Permit)
    };
    hold::run(&options, make, connection, json).await
}

impl Resize {
    async fn run(self, connection: &Connection, json: bool) -> Result<u8, Failure> {
        let (path, permits) = (self.path.as_str(), self.permits);
        let (stored_at, layout) = (&self.stored_at, self.layout.into());
        connection
            .run(|client| async move {
                let semaphore =
                    permits::semaphore(&client, path, permits, layout, Some(stored_at))?;
                Ok(semaphore.set_capacity(permits).await?)
            })
            .await?;
        if json {
            output::json(&json!({ "path": path, "capacity": permits }))?;
        }
        Ok(code::OK)
    }
}
