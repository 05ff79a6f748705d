//! What really happened: the ground truth a checker compares clients' stories with.

use bytes::Bytes;
use std::time::Duration;
use zk_wire::{ErrorCode, EventType, Moment, SessionId, SetWatches, WatcherKind, Zxid};

use super::conn::ConnKey;
use super::line::Stamp;
use super::server::ServerCore;
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
    fn of(change: &Change) -> Self {
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

impl ServerCore {
    /// From now on what happens is written down, or not any more. Off at first.
    pub fn witness(&mut self, on: bool) {
        match (on, &self.truth) {
            (true, None) => self.truth = Some(Vec::new()),
            (false, _) => self.truth = None,
            _ => {}
        }
    }

    /// What has happened since the last call, in order. Whoever witnesses should drain: nothing is
    /// forgotten by itself.
    pub fn drain_truth(&mut self) -> Vec<Witnessed> {
        self.truth.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn witness_fact(&mut self, now: Moment, fact: impl FnOnce() -> Fact) {
        if let Some(truth) = &mut self.truth {
            truth.push(Witnessed {
                at: now,
                server: self.number,
                fact: fact(),
            });
        }
    }

    pub(super) fn witness_commit(
        &mut self,
        now: Moment,
        session: SessionId,
        xid: i32,
        stamp: Stamp,
        outcome: Result<&[Change], ErrorCode>,
    ) {
        self.witness_fact(now, || Fact::Committed {
            zxid: stamp.zxid,
            time_ms: stamp.time,
            session,
            xid,
            outcome: outcome.map(|changes| changes.iter().map(NodeChange::of).collect()),
        });
    }

    pub(super) fn witness_session(
        &mut self,
        now: Moment,
        session: SessionId,
        timeout: Duration,
        stamp: Stamp,
    ) {
        self.witness_fact(now, || Fact::SessionCreated {
            zxid: stamp.zxid,
            session,
            timeout,
        });
    }

    pub(super) fn witness_end(&mut self, now: Moment, session: SessionId, stamp: Stamp) {
        self.witness_fact(now, || Fact::SessionClosed {
            zxid: stamp.zxid,
            session,
        });
    }

    pub(super) fn witness_event(
        &mut self,
        now: Moment,
        conn: ConnKey,
        session: SessionId,
        path: &str,
        event: EventType,
        zxid: Zxid,
    ) {
        self.witness_fact(now, || Fact::EventSent {
            conn,
            session,
            path: path.to_owned(),
            event,
            zxid,
        });
    }

    pub(super) fn witness_watch(
        &mut self,
        now: Moment,
        conn: ConnKey,
        path: &str,
        kind: WatcherKind,
    ) {
        let session = self.conns.get(&conn).and_then(super::conn::Conn::session);
        if let Some(session) = session {
            self.witness_fact(now, || Fact::WatchSet {
                conn,
                session,
                path: path.to_owned(),
                kind,
            });
        }
    }

    /// Those of a setWatches that were not answered with an event.
    pub(super) fn witness_restored(&mut self, now: Moment, conn: ConnKey, wanted: &SetWatches) {
        let lists = [
            (&wanted.data, WatcherKind::Data),
            (&wanted.exist, WatcherKind::Data),
            (&wanted.child, WatcherKind::Children),
            (&wanted.persistent, WatcherKind::Persistent),
            (&wanted.recursive, WatcherKind::PersistentRecursive),
        ];
        for (paths, kind) in lists {
            for path in paths {
                if self.watches.contains(conn, path, kind) {
                    self.witness_watch(now, conn, path, kind);
                }
            }
        }
    }
}
