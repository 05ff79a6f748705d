//! `zkctl observe`: follows who leads an election.

use std::time::SystemTime;

use rustix::process::Signal;
use serde_json::json;
use zk_recipes::{Client, Election, ElectionLayout, Leader};

use super::elect::Layout;
use super::leaders;
use crate::connect::{Connection, SESSION_TIMEOUT};
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::signals::Signals;
use crate::{output, since};

/// Options of `observe`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints a line at once, and another whenever somebody else leads or the leader announces something else: time, epoch
(`-` for programs of Curator and kazoo, which have none), who, and what is announced; `nobody` while nobody leads. Goes
on through outages; leaders that came and went meanwhile are left out.
With --json: {\"at\": …, \"at_ms\": …, \"leader\": {…} or null}, with the leader as `zkctl leaders` shows it.

Examples:
  zkctl observe /elections/scheduler
  zkctl observe /elections/scheduler --json | jq --unbuffered -r .leader.announcement
  zkctl observe /elections/scheduler --count 1")]
pub(crate) struct Args {
    /// The election
    path: NodePath,

    /// End after this many lines
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    #[command(flatten)]
    layout: Layout,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(SESSION_TIMEOUT) => client?,
        signal = signals.next() => return Ok(ended_by(signal)),
    };
    let result = tokio::select! {
        told = follow(&client, &args, json) => told.map(|()| code::OK),
        signal = signals.next() => Ok(ended_by(signal)),
    };
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    result
}

async fn follow(client: &Client, args: &Args, json: bool) -> Result<(), Failure> {
    // An election that is not there waits for its first candidate; a chroot that is not there is a mistake.
    if client.exists("/").await?.is_none() {
        client.get("/").await?;
    }
    let layout = ElectionLayout::from(args.layout);
    let election = Election::new(client, args.path.as_str())?.layout(layout);
    let mut leaders = election.observe();
    let mut told = 0;
    while args.count.is_none_or(|count| told < count) {
        tell(leaders.next().await?.as_ref(), json)?;
        told += 1;
    }
    Ok(())
}

fn tell(leader: Option<&Leader>, json: bool) -> Result<(), Failure> {
    let millis = since::millis(SystemTime::now());
    let at = since::rfc3339(millis);
    if json {
        let leader = leader.map(leaders::leader);
        let object = json!({ "at": at, "at_ms": millis, "leader": leader });
        output::json(&object)?;
        return Ok(());
    }
    let line = match leader {
        None => format!("{at}  nobody"),
        Some(leader) => {
            let epoch = leader
                .epoch
                .map_or_else(|| "-".to_owned(), |epoch| epoch.to_string());
            let announcement = String::from_utf8_lossy(&leader.announcement);
            format!(
                "{at}  {epoch}  {}  {}",
                output::printable(&leader.contender),
                output::printable(&announcement)
            )
        }
    };
    output::text(&format!("{}\n", line.trim_end()))?;
    Ok(())
}

/// Ctrl-C is how it ends.
fn ended_by(signal: Signal) -> u8 {
    match signal {
        Signal::INT => code::OK,
        signal => code::of_signal(signal.as_raw()),
    }
}
