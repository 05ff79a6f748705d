//! What the ensemble committed.

use zk_wire::{Moment, SessionId, Zxid};

use crate::text::{Text, record, words};

words! {
    /// How long a node lives.
    pub enum NodeKind {
        /// Until it is deleted.
        Persistent = "persistent",
        /// As long as its session.
        Ephemeral = "ephemeral",
        /// Until it has had children and has none.
        Container = "container",
        /// Until it has been unchanged and childless for a time.
        Ttl = "ttl",
    }
}

words! {
    /// What a transaction changed.
    pub enum ChangeKind {
        /// Nothing: a transaction that failed.
        Nothing = "nothing",
        /// Made a node.
        Create = "create",
        /// Deleted a node.
        Delete = "delete",
        /// Set a node's data.
        Set = "set",
        /// Set a node's access list.
        SetAcl = "set_acl",
        /// Began a session.
        Open = "open",
        /// Ended a session at its client's request.
        Close = "close",
        /// Ended a session that the servers gave up.
        Expire = "expire",
    }
}

record! {
    /// One change of one committed transaction.
    pub struct Change = "change" {
        /// The transaction.
        pub zxid: Zxid,
        /// When it was committed.
        pub at: Moment,
        /// The session that asked for it; with `expire` the one that ended.
        pub session: SessionId,
        /// The session's request number.
        pub xid: i32,
        /// What was done.
        pub kind: ChangeKind,
        /// To which node.
        pub path: Text,
        /// The data created or set.
        pub data: Text,
        /// The node's version afterwards.
        pub version: i32,
        /// The node's owner afterwards, if it is ephemeral.
        pub owner: SessionId,
    }
}
