//! `zkctl elect`: runs a command as the leader of an election.

use zk_recipes::{Election, ElectionLayout};

use crate::connect::Connection;
use crate::exit::Failure;
use crate::hold::{self, Options, Prize};

/// Options of `elect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command finds the election in ZK_ELECTION_PATH and the number of its term in ZK_EPOCH, which is greater for
every later leader. Pass it on to what the command writes to, which should refuse smaller ones.

When the term ends or is in doubt the command is stopped, and signals are passed on, as `zkctl lock` does: see its
help. `zkctl leaders PATH` shows who leads and who waits, `zkctl observe PATH` follows it.

Examples:
  zkctl elect /elections/scheduler -- ./scheduler
  zkctl elect /elections/scheduler --announce \"$(hostname):8080\" -- ./scheduler
  while zkctl elect /elections/scheduler -- ./scheduler; do :; done")]
pub(crate) struct Args {
    #[command(flatten)]
    options: Options,

    /// What observers read while this candidate leads, such as its address
    #[arg(long, value_name = "TEXT", default_value = "")]
    announce: String,

    #[command(flatten)]
    layout: Layout,
}

/// Whose programs the election is shared with.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Layout {
    /// Whose candidates take part: those of Curator's LeaderLatch, of its LeaderSelector, or of kazoo's Election
    #[arg(long = "layout", value_enum, default_value_t = Name::Latch)]
    name: Name,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Name {
    Latch,
    Selector,
    Kazoo,
}

impl From<Layout> for ElectionLayout {
    fn from(layout: Layout) -> Self {
        match layout.name {
            Name::Latch => Self::Latch,
            Name::Selector => Self::Selector,
            Name::Kazoo => Self::Kazoo,
        }
    }
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let leadership = |client: &_, path: &_| {
        let election = Election::new(client, path)?.layout(args.layout.into());
        Ok(Prize::Leadership(election.announcement(args.announce)))
    };
    hold::run(&args.options, leadership, connection, json).await
}
