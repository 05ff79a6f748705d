//! What really happened: the ground truth a checker compares clients' stories with.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::{ErrorCode, EventType, Moment, SessionId, WatcherKind, Zxid};

use super::conn::ConnKey;
use super::txn::{Change, ChangeKind};

/// One thing that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Witnessed {
    /// On the clock the server is driven with.
    pub at: Moment,
    /// At which member of an ensemble, counted from 1; 0 for a stand-alone server and for what concerns
    /// the ensemble as a whole.
    pub server: u8,
    /// What happened.
    pub fact: Fact,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A transaction took its place in the log. An ensemble's is told once, by the first server that
    /// carries it out: in the order of zxids.
    Committed {
        /// Its place.
        zxid: Zxid,
        /// Its time, in milliseconds since 1970.
        time_ms: i64,
        /// In whose name; none for the reaper.
        session: SessionId,
        /// Under which xid; 0 for what no client asked for.
        xid: i32,
        /// What it changed, in order, or why it failed.
        outcome: Result<Vec<NodeChange>, ErrorCode>,
    },
    /// A session exists. This is a transaction, too.
    SessionCreated {
        /// The transaction.
        zxid: Zxid,
        /// Which session.
        session: SessionId,
        /// The timeout it was granted first.
        timeout: Duration,
    },
    /// Whoever expires sessions has heard of one, which lives until then.
    SessionTouched {
        /// Which session.
        session: SessionId,
        /// When it expires if nothing more is heard of it.
        expires_at: Moment,
    },
    /// A session is gone, with its ephemeral nodes; their deletions are the transaction before.
    SessionClosed {
        /// The transaction.
        zxid: Zxid,
        /// Which session.
        session: SessionId,
    },
    /// A session's time was over. The transaction that ends it follows.
    SessionExpired {
        /// Which session.
        session: SessionId,
    },
    /// A request set a watch, or a reconnected client had it set again.
    WatchSet {
        /// Whose connection.
        conn: ConnKey,
        /// Whose session.
        session: SessionId,
        /// On which node.
        path: String,
        /// Of which kind; `Data` for those of exists as well.
        kind: WatcherKind,
    },
    /// An event was queued for a client.
    EventSent {
        /// Whose connection.
        conn: ConnKey,
        /// Whose session.
        session: SessionId,
        /// About which node.
        path: String,
        /// What it says.
        event: EventType,
        /// Its header's zxid: the transaction, or −1 for a watch that came too late.
        zxid: Zxid,
    },
    /// A member leads from now on.
    Elected {
        /// The upper half of its zxids.
        epoch: u32,
        /// The last transaction of the past that counts.
        history: Zxid,
    },
    /// A member leads no longer.
    Deposed {
        /// The upper half of its zxids.
        epoch: u32,
    },
    /// A member's log was cut back to this transaction: what it had accepted behind that is lost.
    TailLost {
        /// The last transaction that is left.
        last: Zxid,
    },
    /// A member was given an old state: acknowledged transactions may be lost.
    Restored {
        /// The last transaction of that state.
        last: Zxid,
    },
}

/// What a transaction did to one node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeChange {
    /// It was created, with version 0.
    Created {
        /// Where.
        path: String,
        /// With which data.
        data: Option<Bytes>,
        /// Whose ephemeral it is; none for other nodes.
        owner: SessionId,
    },
    /// It was deleted.
    Deleted {
        /// Where.
        path: String,
    },
    /// Its data was replaced.
    DataSet {
        /// Where.
        path: String,
        /// The new data.
        data: Option<Bytes>,
        /// The version since then.
        version: i32,
    },
    /// Its ACL was replaced.
    AclSet {
        /// Where.
        path: String,
        /// The version of the ACL since then.
        version: i32,
    },
}

impl NodeChange {
    pub(super) fn of(change: &Change) -> Self {
        let (path, data) = (change.path.clone(), change.data.clone());
        match change.kind {
            ChangeKind::Created => Self::Created {
                path,
                data,
                owner: change.owner,
            },
            ChangeKind::Deleted => Self::Deleted { path },
            ChangeKind::DataChanged => Self::DataSet {
                path,
                data,
                version: change.version,
            },
            ChangeKind::AclChanged => Self::AclSet {
                path,
                version: change.version,
            },
        }
    }
}
