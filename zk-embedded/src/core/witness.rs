//! How a server writes down what happens to it.

use std::time::Duration;

use zk_wire::{ErrorCode, EventType, Moment, SessionId, SetWatches, WatcherKind, Zxid};

use super::conn::{Conn, ConnKey};
use super::line::Stamp;
use super::server::ServerCore;
use super::truth::{Fact, NodeChange, Witnessed};
use super::txn::Change;

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
        let session = self.conns.get(&conn).and_then(Conn::session);
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
