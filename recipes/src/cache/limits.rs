//! How much a cache may hold.

use zk_client::{Error, ErrorKind, OpKind};

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) nodes: usize,
    /// Of data and names.
    pub(super) bytes: usize,
    /// Levels below the top. Whatever walks the tree walks it by recursion.
    pub(super) levels: usize,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    Nodes,
    Bytes,
    Levels,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: usize::MAX,
            bytes: usize::MAX,
            levels: 1000,
        }
    }
}

impl Limits {
    /// The error of a cache that holds a part.
    pub(super) fn error(&self, exceeded: Exceeded, top: &str, nodes: usize, bytes: usize) -> Error {
        let (limit, hint) = match exceeded {
            Exceeded::Nodes => (
                format!("{} nodes", self.nodes),
                "raise max_nodes, or cache less: a path further down, fewer levels, a selection",
            ),
            Exceeded::Bytes => (
                format!("{} bytes", self.bytes),
                "raise max_bytes, or cache less: a path further down, fewer levels, a selection",
            ),
            Exceeded::Levels => (
                format!("{} levels", self.levels),
                "set a depth: deeper nodes are left out then",
            ),
        };
        let text = format!(
            "the cache of {top} has a part only: {nodes} nodes with {bytes} bytes, and the next one is beyond its limit of {limit}"
        );
        Error::new(ErrorKind::Incomplete, text)
            .with_op(OpKind::Get, top)
            .with_hint(hint)
    }
}
