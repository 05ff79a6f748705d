//! `zkctl lock explain`: how a lock is, in words, and what to do next.

mod facts;
mod health;
mod sessions;
mod verdict;

use serde_json::{Value, json};

use super::super::locks::picture;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

use facts::Facts;
use verdict::Verdict;

/// Options of `lock explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Says who holds the lock, since when, from where, whether its session seems to be alive, who waits behind whom, what looks
wrong, and which command to run next. Works on locks and elections of this library, Curator, go-zk and kazoo.

Where a session comes from, and when it was last heard, the servers tell by their four-letter words `cons` and `dump`, where
4lw.commands.whitelist allows them and the connection is not encrypted.

With --json: {\"path\": …, \"verdict\": \"free\" | \"held\" | \"silent\" (its session was not heard for more than half of its
timeout) | \"unconnected\" (no server that was asked has a connection of it) | \"ghost\" (the same session stands here more than
once) | \"persistent\" (its node belongs to no session) | \"mixed\" (contenders that do not see each other) | \"semaphore\",
\"findings\": [sentence, …], \"next\": [command, …], \"holders\": [number of a contender, …], \"contenders\": as `zkctl locks
--json`, each with \"behind\": its number ahead or null, \"address\": …, \"server\": …, \"idle_ms\": …, \"timeout_ms\": …, null where
no server tells}. The exit code is 0 whatever the verdict.

Examples:
  zkctl lock explain /locks/nightly
  zkctl lock explain /locks/nightly --json | jq -r .verdict")]
pub(super) struct Args {
    /// The lock, or election
    path: NodePath,
}

pub(super) async fn run(args: &Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let facts = connection
        .run(|client| async move {
            let mut facts = Facts::gather(&client, path).await?;
            if facts.contenders.is_empty() {
                picture::check_chroot(&client).await?;
            } else {
                facts.sessions = sessions::ask(connection, &facts.contenders).await?;
                facts.note_others(&client);
            }
            Ok(facts)
        })
        .await?;
    let verdict = Verdict::of(&facts);
    if json {
        output::json(&object(&facts, &verdict))?;
    } else {
        output::text(&verdict.text())?;
    }
    Ok(code::OK)
}

fn object(facts: &Facts, verdict: &Verdict) -> Value {
    let contenders = facts.contenders.iter().enumerate();
    let holders: Vec<usize> = contenders
        .clone()
        .filter(|(_, contender)| contender.holds)
        .map(|(at, _)| at)
        .collect();
    let contenders: Vec<Value> = contenders
        .map(|(at, contender)| {
            let mut object = picture::object(contender);
            let seen = facts.sessions.seen(contender.session);
            object["behind"] = facts.behind(at).into();
            object["address"] = seen.map(|seen| seen.address.as_str()).into();
            object["server"] = seen.map(|seen| seen.server.as_str()).into();
            object["idle_ms"] = seen.and_then(|seen| seen.idle).map(millis).into();
            object["timeout_ms"] = seen.and_then(|seen| seen.timeout).map(millis).into();
            object
        })
        .collect();
    json!({
        "path": facts.path,
        "verdict": verdict.state.word(),
        "findings": verdict.findings,
        "next": verdict.next,
        "holders": holders,
        "contenders": contenders,
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
