//! What was left at the end of a run.

use zk_wire::SessionId;

use crate::text::{Text, record, words};

words! {
    /// What was left.
    pub enum Kept {
        /// A node.
        Node = "node",
        /// A watch on a server.
        Watch = "watch",
        /// A connection.
        Connection = "connection",
        /// A task of a client.
        Task = "task",
        /// A file descriptor.
        Descriptor = "descriptor",
        /// A queued or unanswered request.
        Request = "request",
        /// Bytes of memory.
        Bytes = "bytes",
    }
}

record! {
    /// What was left at the end of a run.
    pub struct Leftover = "left" {
        /// What.
        pub what: Kept,
        /// Whose, if a process kept it.
        pub process: u32,
        /// The node, or the node watched.
        pub path: Text,
        /// The owner of an ephemeral node, or of a watch.
        pub session: SessionId,
        /// How many, or how much.
        pub count: u64,
        /// How many there were before the run.
        pub baseline: u64,
        /// Whether it was declared to stay: a persistent node that is the result of the work.
        pub declared: bool,
    }
}
