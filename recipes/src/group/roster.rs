//! Who is in a group, as one look finds it.

use std::collections::BTreeSet;

use bytes::Bytes;
use zk_client::{Client, Error, ErrorKind, Node, SessionId, Zxid, path};

use super::layout::GroupLayout;

/// A member of a group, as a look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMember {
    /// What it calls itself.
    pub id: String,
    /// What it says besides. In the layout of kazoo's `Party` it says nothing but its id.
    pub data: Bytes,
    /// The path of its node.
    pub node: String,
    /// Its session.
    pub session: SessionId,
    /// Since when it is in the group: the zxid of its node's creation.
    pub since: Zxid,
}

/// Who is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Roster {
    /// The members, ordered by their ids, and by their age where an id is there several times. This process is among them only
    /// if its node was.
    pub members: Vec<GroupMember>,
    /// True if the connection is lost, so that nobody tells what changed since.
    pub is_stale: bool,
}

impl Roster {
    /// The ids, each once, in order.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<&str> {
        self.members.iter().map(|member| &*member.id).collect()
    }

    /// Whether a member calls itself so.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.members.iter().any(|member| member.id == id)
    }
}

/// The names of the members' nodes.
pub(super) async fn names(
    client: &Client,
    at: &str,
    layout: GroupLayout,
) -> Result<Vec<String>, Error> {
    let mut names = match client.children(at).await {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NoNode => Vec::new(),
        Err(error) => return Err(error),
    };
    names.retain(|name| layout.is_member(name));
    Ok(names)
}

/// All members. Those that go between the list and the look at them are left out.
pub(super) async fn members(
    client: &Client,
    at: &str,
    layout: GroupLayout,
) -> Result<Vec<GroupMember>, Error> {
    let asked: Vec<_> = names(client, at, layout)
        .await?
        .into_iter()
        .map(|name| (client.get(&path::join(at, &name)).submit(), name))
        .collect();
    let mut members = Vec::with_capacity(asked.len());
    for (node, name) in asked {
        match node.await {
            Ok(node) => members.push(member(at, &name, layout, node)),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(error),
        }
    }
    members.sort_by(|a, b| a.id.cmp(&b.id).then(a.since.cmp(&b.since)));
    Ok(members)
}

fn member(at: &str, name: &str, layout: GroupLayout, node: Node) -> GroupMember {
    let Node { data, stat, .. } = node;
    let (id, data) = match layout.id_of(name) {
        Some(id) => (id.to_owned(), data),
        None => (String::from_utf8_lossy(&data).into_owned(), Bytes::new()),
    };
    GroupMember {
        id,
        data,
        node: path::join(at, name),
        session: stat.ephemeral_owner,
        since: stat.czxid,
    }
}
