//! A node's metadata.

use ::zk_client::Stat;

/// A node's metadata. Zxids are numbers of transactions; they grow over all nodes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct zk_stat {
    /// The transaction that created the node.
    pub czxid: i64,
    /// The transaction that last changed its data.
    pub mzxid: i64,
    /// The transaction that last created or deleted a child.
    pub pzxid: i64,
    /// When it was created, in milliseconds since 1970 by the server's clock.
    pub ctime_ms: i64,
    /// When its data last changed, likewise.
    pub mtime_ms: i64,
    /// The session an ephemeral node goes with, else 0.
    pub ephemeral_owner: i64,
    /// Counts changes of its data.
    pub version: i32,
    /// Counts changes of its children.
    pub cversion: i32,
    /// Counts changes of its ACL.
    pub aversion: i32,
    /// The length of its data.
    pub data_length: i32,
    /// The number of its children.
    pub num_children: i32,
}

impl From<&Stat> for zk_stat {
    fn from(stat: &Stat) -> Self {
        Self {
            czxid: stat.czxid.as_raw(),
            mzxid: stat.mzxid.as_raw(),
            pzxid: stat.pzxid.as_raw(),
            ctime_ms: stat.ctime,
            mtime_ms: stat.mtime,
            ephemeral_owner: stat.ephemeral_owner.as_raw(),
            version: stat.version,
            cversion: stat.cversion,
            aversion: stat.aversion,
            data_length: stat.data_length,
            num_children: stat.num_children,
        }
    }
}
