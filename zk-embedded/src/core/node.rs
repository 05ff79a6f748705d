//! One node of the data tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use zk_wire::{Acl, SessionId, Stat, Zxid};

/// What decides about the life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Persistent,
    Ephemeral(SessionId),
    /// Goes once it has had children and has none any more.
    Container,
    /// Goes when it has no children and was not written for that many milliseconds.
    Ttl(i64),
}

impl NodeKind {
    pub(super) const fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral(_))
    }
}

/// A child's name, ordered by a seeded hash and not by the alphabet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Child {
    hash: u64,
    name: Box<str>,
}

impl Child {
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, then a finalizer, so that names that differ in their last digit land far apart.
        let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self {
            hash: hash ^ (hash >> 27),
            name: name.into(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) data: Option<Bytes>,
    pub(super) acl: Arc<Vec<Acl>>,
    pub(super) kind: NodeKind,
    pub(super) czxid: Zxid,
    pub(super) mzxid: Zxid,
    pub(super) pzxid: Zxid,
    pub(super) ctime: i64,
    pub(super) mtime: i64,
    pub(super) version: i32,
    pub(super) aversion: i32,
    /// How many children were ever created: the next sequence number.
    pub(super) counter: i32,
    pub(super) children: BTreeSet<Child>,
}

impl Node {
    pub(super) fn new(
        kind: NodeKind,
        data: Option<Bytes>,
        acl: Arc<Vec<Acl>>,
        zxid: Zxid,
        time: i64,
    ) -> Self {
        Self {
            data,
            acl,
            kind,
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime: time,
            mtime: time,
            version: 0,
            aversion: 0,
            counter: 0,
            children: BTreeSet::new(),
        }
    }

    pub(super) fn stat(&self) -> Stat {
        let num_children = i32::try_from(self.children.len()).unwrap_or(i32::MAX);
        Stat {
            czxid: self.czxid,
            mzxid: self.mzxid,
            ctime: self.ctime,
            mtime: self.mtime,
            version: self.version,
            // Clients see creations plus deletions: twice the creations less what is left.
            cversion: self.counter.wrapping_mul(2).wrapping_sub(num_children),
            aversion: self.aversion,
            ephemeral_owner: match self.kind {
                NodeKind::Ephemeral(owner) => owner,
                NodeKind::Persistent | NodeKind::Container | NodeKind::Ttl(_) => SessionId::NONE,
            },
            data_length: self
                .data
                .as_ref()
                .map_or(0, |data| i32::try_from(data.len()).unwrap_or(i32::MAX)),
            num_children,
            pzxid: self.pzxid,
        }
    }

    pub(super) fn child_names(&self) -> Vec<String> {
        self.children
            .iter()
            .map(|child| child.name().to_owned())
            .collect()
    }
}
