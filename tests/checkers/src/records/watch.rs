//! Watches and their events.

use zk_wire::{Moment, SessionId, Zxid};

use crate::text::{Text, record, words};

words! {
    /// The watch that an operation leaves behind.
    pub enum WatchMode {
        /// None.
        No = "no",
        /// One that fires once.
        Once = "once",
        /// One that stays.
        Persistent = "persistent",
        /// One that stays and covers the whole subtree.
        Recursive = "recursive",
    }
}

words! {
    /// What a watch says.
    pub enum WatchKind {
        /// Events may have been missed; without a path: on all of the session's watches.
        Gap = "gap",
        /// The node was made.
        Created = "created",
        /// The node was deleted.
        Deleted = "deleted",
        /// The node's data was set.
        Changed = "changed",
        /// A child was made or deleted.
        Children = "children",
        /// The watch ended with its session; without a path: all of the session's watches.
        Ended = "ended",
        /// The process let go of the watch.
        Dropped = "dropped",
    }
}

words! {
    /// What happened to a watch on a server.
    pub enum WatchAction {
        /// It was registered.
        Set = "set",
        /// It fired.
        Fired = "fired",
        /// It went with its connection, or was removed.
        Dropped = "dropped",
    }
}

record! {
    /// A watch event, or a gap, as a process got it.
    pub struct WatchEvent = "event" {
        /// Who got it.
        pub process: u32,
        /// On which session.
        pub session: SessionId,
        /// The operation that set the watch: its place among the operations.
        pub op: Option<u32>,
        /// The node.
        pub path: Text,
        /// What it says.
        pub what: WatchKind,
        /// When the process got it.
        pub at: Moment,
        /// The transaction, where the event tells.
        pub zxid: Zxid,
    }
}

record! {
    /// What happened to a watch on a server.
    pub struct ServerWatch = "watch" {
        /// Whose watch.
        pub session: SessionId,
        /// On which node.
        pub path: Text,
        /// Which kind.
        pub mode: WatchMode,
        /// Whether it is on the children, and not on the data or existence.
        pub children: bool,
        /// What happened.
        pub did: WatchAction,
        /// What it said, if it fired.
        pub what: WatchKind,
        /// When.
        pub at: Moment,
        /// The last transaction that the server had applied.
        pub zxid: Zxid,
        /// At which server, where there are several.
        pub server: u32,
    }
}
