//! What was committed, by node: the ground truth of the judges.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::txn_log::{Effect, Txn};

/// A place in the order of all writes, and when the leader took it in: milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) zxid: i64,
    pub(super) ms: i64,
}

/// One life of a node: a path may have several.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) created: At,
    pub(super) deleted: Option<At>,
    /// The session that made it, and the one that deleted it or took it along.
    pub(super) maker: i64,
    pub(super) remover: Option<i64>,
    pub(super) is_ephemeral: bool,
    /// What was in it, from its creation on.
    pub(super) data: Vec<(At, Bytes)>,
}

#[derive(Debug, Default)]
pub(super) struct Order {
    nodes: BTreeMap<String, Vec<Life>>,
    /// What happened to nodes that were not there, or were there already: then the logs are not whole.
    pub(super) strays: Vec<String>,
}

impl Life {
    pub(super) fn is_at(&self, zxid: i64) -> bool {
        self.created.zxid <= zxid && self.deleted.is_none_or(|deleted| deleted.zxid > zxid)
    }

    /// When it ended; never, if it has not.
    pub(super) fn end(&self) -> At {
        self.deleted.unwrap_or(At {
            zxid: i64::MAX,
            ms: i64::MAX,
        })
    }
}

impl Order {
    pub(super) fn new(txns: &[Txn]) -> Self {
        let mut order = Self::default();
        for txn in txns {
            let at = At {
                zxid: txn.zxid,
                ms: txn.ms,
            };
            for effect in &txn.effects {
                order.apply(at, txn.session, effect);
            }
        }
        order
    }

    fn apply(&mut self, at: At, session: i64, effect: &Effect) {
        match effect {
            Effect::Created {
                path,
                data,
                ephemeral,
            } => {
                if self.life(path).is_some_and(|life| life.deleted.is_none()) {
                    self.strays.push(format!("{path} at {:#x}", at.zxid));
                }
                let lives = self.nodes.entry(path.clone()).or_default();
                lives.push(Life {
                    created: at,
                    deleted: None,
                    maker: session,
                    remover: None,
                    is_ephemeral: *ephemeral,
                    data: vec![(at, data.clone())],
                });
            }
            Effect::Written { path, data } => {
                if let Some(life) = self.living(at, path) {
                    life.data.push((at, data.clone()));
                }
            }
            Effect::Deleted { path } => {
                if let Some(life) = self.living(at, path) {
                    life.deleted = Some(at);
                    life.remover = Some(session);
                }
            }
        }
    }

    fn living(&mut self, at: At, path: &str) -> Option<&mut Life> {
        let life = self.nodes.get_mut(path).and_then(|lives| lives.last_mut());
        let life = life.filter(|life| life.deleted.is_none());
        // Some nodes are there before the first transaction.
        if life.is_none() && !path.starts_with("/zookeeper") {
            let zxid = at.zxid;
            self.strays.push(format!("{path} at {zxid:#x}"));
        }
        life
    }

    pub(super) fn lives(&self, path: &str) -> &[Life] {
        self.nodes.get(path).map_or(&[], Vec::as_slice)
    }

    /// The only life of a node whose name is used once.
    pub(super) fn life(&self, path: &str) -> Option<&Life> {
        self.lives(path).last()
    }

    /// All that was ever in a node, in its order.
    pub(super) fn data(&self, path: &str) -> impl Iterator<Item = &(At, Bytes)> {
        self.lives(path).iter().flat_map(|life| &life.data)
    }

    /// The nodes directly below a path, with each of their lives.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Life)> {
        let begin = format!("{path}/");
        let length = begin.len();
        let behind = self.nodes.range(begin.clone()..);
        let below = behind.take_while(move |(node, _)| node.starts_with(&begin));
        below
            .filter(move |(node, _)| !node[length..].contains('/'))
            .flat_map(|(node, lives)| lives.iter().map(move |life| (node.as_str(), life)))
    }
}

/// A number as counters of any size write it.
pub(super) fn number(data: &Bytes) -> Option<i64> {
    match data.len() {
        0 => Some(0),
        4 => Some(i64::from(i32::from_be_bytes(data[..].try_into().ok()?))),
        8 => Some(i64::from_be_bytes(data[..].try_into().ok()?)),
        _ => None,
    }
}
