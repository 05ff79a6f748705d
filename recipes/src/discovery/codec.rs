//! How instances are written into nodes and read from them.

use std::fmt;

use bytes::Bytes;

use super::instance::Instance;

/// How instances are written into nodes and read from them. [`JsonCodec`](super::JsonCodec) is Curator's way.
pub trait Codec: fmt::Debug + Send + Sync + 'static {
    /// What is stored for an instance.
    fn encode(&self, instance: &Instance) -> Bytes;

    /// The instance that is stored.
    ///
    /// # Errors
    ///
    /// If it is none. Views leave it out and report it.
    fn decode(&self, data: &[u8]) -> Result<Instance, BadInstance>;

    /// Whether [`Instance::enabled`] is written. Where it is not, an instance that is drained is withdrawn instead.
    fn writes_enabled(&self) -> bool;
}

/// Why the data of a node are no instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadInstance {
    /// There are none: somebody made the node by hand, or as a parent.
    #[error("the node is empty")]
    Empty,
    /// There are more than any instance needs.
    #[error("{bytes} bytes are more than an instance may have ({limit})")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// They mean something else.
    #[error("{0}")]
    Malformed(String),
}

/// A node below a service that tells no instance.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenNode {
    /// The node's name below its service.
    pub node: String,
    /// Why it tells none.
    pub why: BadInstance,
}
