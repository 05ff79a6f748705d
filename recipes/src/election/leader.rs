//! Who leads, as the tree shows it.

use bytes::Bytes;
use zk_client::{Client, Error, ErrorKind, Node, SessionId, path};

use super::record::{self, Record};
use crate::contend::{First, Kind, first, oldest};

/// The leader of an election, as one look at the tree finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leader {
    /// The path of its node.
    pub node: String,
    /// What it calls itself; Curator's default id is empty.
    pub contender: String,
    /// Its session.
    pub session: SessionId,
    /// The number of its term; `None` in the moment before it is written down, and for programs of Curator and kazoo,
    /// which do not number their terms.
    pub epoch: Option<u64>,
    /// What it announces; empty if nothing.
    pub announcement: Bytes,
}

impl Leader {
    /// The first candidate, with the record of its term if that is there.
    pub(super) fn new(node: String, found: &Node, record: Option<&Record>) -> Self {
        let record = record.filter(|record| record.leader == path::name(&node));
        Self {
            contender: String::from_utf8_lossy(&found.data).into_owned(),
            session: found.stat.ephemeral_owner,
            epoch: record.map(|record| record.epoch),
            announcement: record.map_or_else(Bytes::new, |record| record.announcement.clone()),
            node,
        }
    }
}

/// The record in the election's node as one read found it.
pub(super) fn record(found: &Node) -> Option<Record> {
    record::read(&found.data, found.stat.mzxid)
}

/// The name of the first candidate's node.
pub(super) async fn first_name(
    client: &Client,
    at: &str,
    kind: Kind,
    children: &[String],
) -> Result<Option<String>, Error> {
    let names = match first(kind.family(), children) {
        First::Nobody => return Ok(None),
        First::Name(name) => return Ok(Some(name)),
        First::AskCreation(names) => names,
    };
    let asked: Vec<_> = names
        .into_iter()
        .map(|name| {
            let stat = client.exists(&path::join(at, &name)).submit();
            (name, stat)
        })
        .collect();
    let mut created = Vec::with_capacity(asked.len());
    for (name, stat) in asked {
        if let Some(stat) = stat.await? {
            created.push((name, stat.czxid));
        }
    }
    Ok(oldest(&created).map(str::to_owned))
}

/// Who leads now.
pub(super) async fn find(client: &Client, at: &str, kind: Kind) -> Result<Option<Leader>, Error> {
    loop {
        // The record behind the list: it may belong to a later leader, and then this one is gone below.
        let children = client.children(at).submit();
        let election = client.get(at).submit();
        let children = match children.await {
            Ok(children) => children,
            Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
            Err(error) => return Err(error),
        };
        let record = match election.await {
            Ok(found) => record(&found),
            Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(name) = first_name(client, at, kind, &children).await? else {
            return Ok(None);
        };
        let node = path::join(at, &name);
        match client.get(&node).await {
            Ok(found) => return Ok(Some(Leader::new(node, &found, record.as_ref()))),
            // It went since the list: look again.
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(error),
        }
    }
}
