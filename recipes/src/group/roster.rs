//! Who is in a group, as one look finds it.

use std::collections::BTreeSet;

use bytes::Bytes;
use zk_client::{Client, Error, ErrorKind, SessionId, Stat, Zxid, path};

use super::layout::GroupLayout;
use crate::CacheSnapshot;
use crate::contend::listed;

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
    /// True while the connection is lost, or what happened meanwhile is not all known yet.
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

/// All members. Those that go between the list and the look at them are left out.
pub(super) async fn members(
    client: &Client,
    at: &str,
    layout: GroupLayout,
) -> Result<Vec<GroupMember>, Error> {
    let names = listed(client.children(at).await)?;
    let asked: Vec<_> = names
        .into_iter()
        .filter(|name| layout.is_member(name))
        .map(|name| (client.get(&path::join(at, &name)).submit(), name))
        .collect();
    let mut members = Vec::with_capacity(asked.len());
    for (node, name) in asked {
        match node.await {
            Ok(node) => members.push(member(at, &name, layout, &node.data, &node.stat)),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(error),
        }
    }
    Ok(in_order(members))
}

/// What a cache shows of a group.
pub(super) fn roster(cached: &CacheSnapshot, at: &str, layout: GroupLayout) -> Roster {
    let nodes = cached.children(at);
    let nodes = nodes.iter().filter(|(name, _)| layout.is_member(name));
    let members = nodes.map(|(name, node)| member(at, name, layout, node.data(), node.stat()));
    Roster {
        members: in_order(members.collect()),
        is_stale: !cached.is_fresh(),
    }
}

fn in_order(mut members: Vec<GroupMember>) -> Vec<GroupMember> {
    members.sort_by(|a, b| a.id.cmp(&b.id).then(a.since.cmp(&b.since)));
    members
}

fn member(at: &str, name: &str, layout: GroupLayout, data: &[u8], stat: &Stat) -> GroupMember {
    let (id, data) = match layout.id_of(name) {
        Some(id) => (id.to_owned(), Bytes::copy_from_slice(data)),
        None => (String::from_utf8_lossy(data).into_owned(), Bytes::new()),
    };
    GroupMember {
        id,
        data,
        node: path::join(at, name),
        session: stat.ephemeral_owner,
        since: stat.czxid,
    }
}
