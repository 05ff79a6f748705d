//! `zkctl leaders`: who leads an election, and who waits to.

mod flink;
mod foreign;
mod kafka;

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use zk_recipes::{Client, Contender, Election, Leader};

use self::foreign::Foreign;
use super::elect::Layout;
use super::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{duration, output, since};

/// Options of `leaders`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the candidates in the order in which they lead. EPOCH is the number of the leader's term; leaders that are
programs of Curator or kazoo have none.

PATH may also be the root of a Kafka cluster (the controller, its epoch, and the brokers with their endpoints) or of a
Flink cluster, such as /flink/default (who stands in its latches, and the addresses of the components).

With --json: {\"path\": …, \"leader\": {\"contender\": …, \"epoch\": …, \"announcement\": …, \"session\": …, \"node\": …} or
null, \"candidates\": [{\"contender\": …, \"since\": …, \"since_ms\": …, \"session\": …, \"node\": …}, …]}; for Kafka and Flink with
\"kind\": \"kafka\" | \"flink\" and, for Flink, \"components\": [{…}, …], whose \"leader_session\" is Flink's own id.

Examples:
  zkctl leaders /elections/scheduler
  zkctl leaders /elections/scheduler --json | jq -r .leader.announcement
  zkctl leaders /kafka
  zkctl leaders /flink/default --json | jq -r '.components[] | select(.contender == \"rest_server\").announcement'")]
pub(crate) struct Args {
    /// The election
    path: NodePath,

    #[command(flatten)]
    layout: Layout,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let layout = args.layout.into();
    let (leader, candidates, foreign) = connection
        .run(|client| async move {
            if path == "/" {
                // The root cannot be an election, but often is that of a Kafka cluster.
                let foreign = foreign(&client, path).await?;
                if foreign.is_some() {
                    return Ok((None, Vec::new(), foreign));
                }
            }
            let election = Election::new(&client, path)?.layout(layout);
            let leader = election.leader().await?;
            let candidates = election.candidates().await?;
            let foreign = if candidates.is_empty() {
                check_chroot(&client).await?;
                foreign(&client, path).await?
            } else {
                None
            };
            Ok((leader, candidates, foreign))
        })
        .await?;
    if let Some(foreign) = foreign {
        if json {
            output::json(&foreign.object(path))?;
        } else {
            output::text(&foreign.table(path))?;
        }
    } else if json {
        output::json(&object(path, leader.as_ref(), &candidates))?;
    } else {
        output::text(&table(path, leader.as_ref(), &candidates))?;
    }
    Ok(code::OK)
}

/// Finds out whose nodes there are below `at`, and reads them; `None` if they are nobody's that is known here.
async fn foreign(client: &Client, at: &str) -> Result<Option<Foreign>, Failure> {
    let Some(names) = foreign::children(client, at).await? else {
        return Ok(None);
    };
    if let Some(found) = kafka::read(client, at, &names).await? {
        return Ok(Some(found));
    }
    flink::read(client, at, &names).await
}

/// A leader as an object.
pub(crate) fn leader(leader: &Leader) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("contender".to_owned(), leader.contender.as_str().into());
    object.insert("epoch".to_owned(), leader.epoch.into());
    output::put_bytes(&mut object, "announcement", &leader.announcement);
    object.insert("session".to_owned(), leader.session.to_string().into());
    object.insert("node".to_owned(), leader.node.as_str().into());
    object
}

fn object(path: &str, leads: Option<&Leader>, candidates: &[Contender]) -> Value {
    let candidates: Vec<Value> = candidates
        .iter()
        .map(|candidate| {
            json!({
                "contender": candidate.text,
                "since": since::rfc3339(since::millis(candidate.since)),
                "since_ms": since::millis(candidate.since),
                "session": candidate.session.to_string(),
                "node": candidate.node,
            })
        })
        .collect();
    json!({ "path": path, "leader": leads.map(leader), "candidates": candidates })
}

fn table(path: &str, leader: Option<&Leader>, candidates: &[Contender]) -> String {
    if candidates.is_empty() {
        return format!("nobody leads {path}\n");
    }
    let mut rows = vec![foreign::header()];
    rows.extend(candidates.iter().map(|candidate| {
        let leads = leader.filter(|leader| leader.node == candidate.node);
        let age = SystemTime::now().duration_since(candidate.since);
        let epoch = leads.and_then(|leader| leader.epoch);
        let announces = leads.map(|leader| String::from_utf8_lossy(&leader.announcement));
        vec![
            if leads.is_some() { "leads" } else { "waits" }.to_owned(),
            epoch.map_or(String::new(), |epoch| epoch.to_string()),
            since::rfc3339(since::millis(candidate.since)),
            duration::show(age.unwrap_or_default()),
            candidate.session.to_string(),
            output::printable(&candidate.text),
            output::printable(&announces.unwrap_or_default()),
        ]
    }));
    output::table(&rows)
}
