//! Frames and queues.

use zk_wire::{Moment, SessionId};

use crate::text::{Text, record};

record! {
    /// A frame that reached a server.
    pub struct Request = "request" {
        /// When.
        pub at: Moment,
        /// On which session.
        pub session: SessionId,
        /// The operation, such as `create2` or `ping`.
        pub op: Text,
        /// The node.
        pub path: Text,
    }
}

record! {
    /// How much a process kept queued.
    pub struct Gauge = "gauge" {
        /// When.
        pub at: Moment,
        /// Which process.
        pub process: u32,
        /// Requests not yet sent.
        pub queued: u64,
        /// Their bytes.
        pub bytes: u64,
    }
}
