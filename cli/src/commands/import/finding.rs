//! What is there in the place of nodes that are wanted.

use zk_recipes::{Client, ErrorKind};

use crate::archive::entry::{Entry, Mode};
use crate::exit::Failure;

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    Nothing,
    /// A node that may be written.
    Node {
        /// What differs; nothing if it is just as wanted.
        differs: Vec<&'static str>,
        version: i32,
        aversion: i32,
    },
    /// A node that goes with a session, whatever is in it.
    Ephemeral,
}

/// Looks at all places; adjacent reads of one kind travel together.
pub(crate) async fn look(client: &Client, wanted: &[&Entry]) -> Result<Vec<Finding>, Failure> {
    let terse = client.terse();
    let nodes: Vec<_> = wanted
        .iter()
        .map(|entry| terse.get(&entry.path).submit())
        .collect();
    let mut found = Vec::with_capacity(wanted.len());
    for node in nodes {
        found.push(match node.await {
            Ok(node) => Some(node),
            Err(error) if error.kind() == ErrorKind::NoNode => None,
            Err(error) => return Err(client.explain(error).await.into()),
        });
    }
    let acls: Vec<_> = wanted
        .iter()
        .zip(&found)
        .map(|(entry, node)| {
            let asks = node.is_some() && entry.acl.is_some();
            asks.then(|| terse.acl(&entry.path).submit())
        })
        .collect();
    let mut findings = Vec::with_capacity(wanted.len());
    for ((entry, node), acl) in wanted.iter().zip(found).zip(acls) {
        let Some(node) = node else {
            findings.push(Finding::Nothing);
            continue;
        };
        let (acl, aversion) = match acl {
            None => (None, node.stat.aversion),
            Some(acl) => match acl.await {
                Ok((acl, stat)) => (Some(acl), stat.aversion),
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    findings.push(Finding::Nothing);
                    continue;
                }
                Err(error) => return Err(client.explain(error).await.into()),
            },
        };
        let there = Entry::read(entry.path.clone(), &node, acl);
        findings.push(match there.mode {
            Mode::Ephemeral => Finding::Ephemeral,
            _ => Finding::Node {
                differs: entry.differences(&there),
                version: node.stat.version,
                aversion,
            },
        });
    }
    Ok(findings)
}
