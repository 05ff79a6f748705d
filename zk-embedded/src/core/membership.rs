//! A server as its ensemble sees it.

use zk_wire::{Moment, SessionId, Zxid};

use super::conn::ConnKey;
use super::line::{Line, Mode, Outbox, Stamp};
use super::server::ServerCore;
use super::sessions::Sessions;
use super::tree::Tree;

/// What a server would find on its disk.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) sessions: Sessions,
    pub(super) zxid: Zxid,
}

impl ServerCore {
    /// Begins another part. Its clients are hung up on, and what they had asked for is dropped.
    pub(super) fn enter(&mut self, mode: Mode) {
        let keys: Vec<ConnKey> = self.conns.keys().copied().collect();
        for key in keys {
            self.cut(key);
        }
        self.parked.clear();
        self.establishing.clear();
        self.reviving.clear();
        self.unread.clear();
        self.ending = None;
        self.sessions.orphan_all();
        self.line = Line::Ensemble(Outbox {
            syncs: mode == Mode::Follower,
            ..Outbox::default()
        });
        self.mode = mode;
    }

    pub(super) fn outbox(&mut self) -> Option<&mut Outbox> {
        match &mut self.line {
            Line::Ensemble(outbox) => Some(outbox),
            Line::Own { .. } => None,
        }
    }

    /// Deletes one node of a session that ends. `false` if there is none left.
    pub(super) fn close_step(
        &mut self,
        now: Moment,
        (session, xid): (SessionId, i32),
        stamp: Stamp,
    ) -> bool {
        if self.truth.is_some() && self.ending != Some(stamp.zxid) {
            // From the first node on readers can see that it is committed.
            let mut whole = self.transaction(stamp);
            whole.close_session(session);
            let changes = whole.changes().to_vec();
            whole.roll_back();
            self.witness_commit(now, session, xid, stamp, Ok(&changes));
            self.witness_end(now, session, stamp);
        }
        self.ending = Some(stamp.zxid);
        let mut txn = self.transaction(stamp);
        let any = txn.close_session_step(session);
        let changes = txn.commit();
        self.announce(now, &changes, stamp.zxid);
        any
    }

    pub(super) fn state(&self) -> State {
        State {
            tree: self.tree.clone(),
            sessions: self.sessions.clone(),
            zxid: self.zxid,
        }
    }

    /// Takes over what another server has on its disk.
    pub(super) fn adopt(&mut self, state: State) {
        self.tree = state.tree;
        self.sessions.replace(state.sessions);
        self.zxid = state.zxid;
    }
}

impl ServerCore {
    /// Calls for the driver's attention to every connection.
    pub(super) fn wake_all(&mut self) {
        let keys: Vec<ConnKey> = self.conns.keys().copied().collect();
        for key in keys {
            self.mark_ready(key);
        }
    }
}
