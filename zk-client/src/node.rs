//! What operations answer with.

use bytes::Bytes;
use zk_wire::Stat;
use zk_wire::path::sequence_suffix;

use crate::expiry::LostHold;

/// The data of a node and its metadata, as one read found them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The node's data; empty also for a node without data. [`value`](Self::value) tells the two apart.
    pub data: Bytes,
    /// The node's metadata.
    pub stat: Stat,
    null: bool,
}

impl Node {
    pub(crate) fn new(data: Option<Bytes>, stat: Stat) -> Self {
        Self {
            null: data.is_none(),
            data: data.unwrap_or_default(),
            stat,
        }
    }

    /// The node's data; `None` for a node without data (`null`), which is not the same as empty data for other
    /// clients.
    #[must_use]
    pub fn value(&self) -> Option<&Bytes> {
        (!self.null).then_some(&self.data)
    }
}

/// A node that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Created {
    /// Its path, relative to the client's chroot, with the sequence suffix if it has one.
    pub path: String,
    /// Its metadata; `stat.czxid` orders all creations of the ensemble.
    pub stat: Stat,
}

impl Created {
    /// A node that was found to be created.
    #[must_use]
    pub fn new(path: String, stat: Stat) -> Self {
        Self { path, stat }
    }

    /// The number that the server appended to the name of a sequential node. `None` if its name ends in none: as this
    /// reads the path, a node that was given such a name has one, too.
    ///
    /// Beyond 2 147 483 647 a stock server's counter sticks; `stat.czxid` goes on.
    #[must_use]
    pub fn sequence(&self) -> Option<i64> {
        sequence_suffix(&self.path)
    }
}

/// Something that is held by a node, so that a write can be made conditional on still holding it.
///
/// A fenced write is sent as one multi whose first operation checks the holder's node: it commits only while
/// that node exists, whatever clocks and pauses did.
pub trait Fenced {
    /// The absolute path (chroot included) of the node that must exist.
    fn fence_path(&self) -> &str;
    /// False once the hold is known to be over; the write is then refused without being sent.
    fn is_held(&self) -> bool;
    /// What is held, and the fencing token of the hold, for the error of a write that is refused. Default: unnamed.
    fn title(&self) -> Option<(String, u64)> {
        None
    }
}

/// What a write depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The node to check, chroot included.
    pub(crate) path: String,
    /// The hold that the node stands for.
    pub(crate) hold: Option<LostHold>,
}
