//! Kafka: the controller among the brokers of a cluster that keeps its metadata in ZooKeeper.

use serde_json::Value;
use zk_recipes::{Client, ErrorKind, Node, path};

use super::foreign::{Candidate, Foreign, children, node};
use crate::exit::Failure;

/// Reads the controller, its epoch and the brokers, if this is the root of a cluster.
pub(super) async fn read(
    client: &Client,
    at: &str,
    names: &[String],
) -> Result<Option<Foreign>, Failure> {
    let has = |name: &str| names.iter().any(|found| found == name);
    if !has("brokers") || !(has("controller") || has("controller_epoch")) {
        return Ok(None);
    }
    let epoch = node(client, &path::join(at, "controller_epoch")).await?;
    let epoch = epoch.and_then(|node| text(&node).trim().parse().ok());
    let candidates = brokers(client, &path::join(&path::join(at, "brokers"), "ids")).await?;
    let controller = path::join(at, "controller");
    let leader = node(client, &controller).await?;
    let leader = leader.map(|node| lead(&controller, &node, epoch, &candidates));
    Ok(Some(Foreign {
        kind: "kafka",
        leader,
        candidates,
        components: Vec::new(),
    }))
}

async fn brokers(client: &Client, at: &str) -> Result<Vec<Candidate>, Failure> {
    let mut names = children(client, at).await?.unwrap_or_default();
    names.sort_by_key(|name| (name.parse::<i64>().unwrap_or(i64::MAX), name.clone()));
    let terse = client.terse();
    let paths = names.iter().map(|name| path::join(at, name));
    let asked: Vec<_> = paths
        .map(|path| (terse.get(&path).submit(), path))
        .collect();
    let mut found = Vec::new();
    for (answer, path) in asked {
        match answer.await {
            Ok(node) => found.push(Candidate {
                announcement: endpoints(&node),
                ..Candidate::of(&path, &node.stat)
            }),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(client.explain(error).await.into()),
        }
    }
    Ok(found)
}

/// The controller: a broker, or a controller of KRaft in a cluster that moves there.
fn lead(at: &str, node: &Node, epoch: Option<i64>, brokers: &[Candidate]) -> Candidate {
    let value: Value = serde_json::from_str(&text(node)).unwrap_or_default();
    let id = value.get("brokerid").unwrap_or(&value).as_i64();
    let name = id.map_or_else(|| text(node), |id| id.to_string());
    let broker = brokers.iter().find(|broker| broker.name == name);
    let kraft = value.get("kraftControllerEpoch").and_then(Value::as_i64);
    let kraft = kraft.filter(|epoch| *epoch >= 0);
    Candidate {
        announcement: broker.and_then(|broker| broker.announcement.clone()),
        epoch,
        name,
        more: kraft
            .map(|epoch| ("kraft_epoch", epoch.into()))
            .into_iter()
            .collect(),
        ..Candidate::of(at, &node.stat)
    }
}

/// Where a broker can be reached: its endpoints, or host and port, as older ones have it.
fn endpoints(node: &Node) -> Option<String> {
    let value: Value = serde_json::from_str(&text(node)).ok()?;
    let endpoints = value.get("endpoints").and_then(Value::as_array);
    let endpoints: Vec<&str> = endpoints
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !endpoints.is_empty() {
        return Some(endpoints.join(","));
    }
    let host = value.get("host").and_then(Value::as_str)?;
    let port = value.get("port").and_then(Value::as_i64)?;
    Some(format!("{host}:{port}"))
}

fn text(node: &Node) -> String {
    String::from_utf8_lossy(&node.data).into_owned()
}
