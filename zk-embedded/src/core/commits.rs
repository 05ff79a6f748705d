//! The line in front of the log: what changes the server's state, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use zk_wire::jute::Encode;
use zk_wire::{ErrorCode, Moment, ReplyHeader, Request, Response, SessionId, Zxid};

use super::conn::{ConnKey, Stage};
use super::line::{Errand, Line, Mode, Stamp};
use super::multi;
use super::rules::Reaction;
use super::server::ServerCore;
use super::waiting::{Arrived, Ask, Proposal, Row};

impl ServerCore {
    /// Carries out what need not wait, and puts the rest in line.
    pub(super) fn submit(&mut self, now: Moment, arrived: Arrived) {
        let ask = &arrived.ask;
        if self.mode == Mode::ReadOnly && (ask.commits() || ask.is_sync()) {
            return self.answer_read_only(now, &arrived);
        }
        let waits = self.waits(ask);
        if waits || self.parked.contains_key(&self.row(&arrived)) {
            return self.park(now, arrived, waits);
        }
        let outcome = if ask.commits() {
            let stamp = self.next_stamp(now);
            let refused = self.refusal(ask.session);
            self.hush(&arrived);
            self.execute(now, &arrived.ask, refused, stamp)
        } else {
            self.look_up(now, &arrived)
        };
        self.answer(now, &arrived, outcome);
        self.after(&arrived.ask);
    }

    /// Asks for a place in the order of things.
    pub(super) fn propose(&mut self, now: Moment, proposal: Proposal) {
        match &mut self.line {
            Line::Own { held: true, queue } => queue.push_back(proposal),
            Line::Own { held: false, .. } => {
                let stamp = self.next_stamp(now);
                self.carry_out(now, &proposal, stamp);
            }
            Line::Ensemble(outbox) => outbox.errands.push_back(Errand::Propose(proposal)),
        }
    }

    /// Commits go on: everything in line is carried out.
    pub(super) fn release_commits(&mut self, now: Moment) {
        while let Some(proposal) = self.line.pop_held() {
            let stamp = self.next_stamp(now);
            self.carry_out(now, &proposal, stamp);
        }
        self.read_on(now);
    }

    /// The writes that were [postponed](Reaction::Postpone) come to the log in their order, or are refused there if their sessions
    /// are gone.
    pub fn apply_postponed(&mut self, now: Moment) {
        for ask in std::mem::take(&mut self.postponed) {
            let refused = self.refusal(ask.session);
            self.propose(now, Proposal::Request { ask, refused });
        }
        self.read_on(now);
    }

    /// Decides that a session ends. Its end is a commit like any other.
    pub(super) fn end_session(&mut self, now: Moment, session: SessionId) {
        if self.sessions.begin_closing(session) {
            self.propose(now, Proposal::EndSession(session));
        }
    }

    pub(super) fn reap(&mut self, now: Moment) {
        for path in self.tree.reapable(self.wall_ms(now)) {
            self.propose(now, Proposal::Reap(path));
        }
    }

    /// Carries out a transaction that has its place in the order. Every server of an ensemble does, and
    /// all come to the same result.
    pub(super) fn carry_out(&mut self, now: Moment, proposal: &Proposal, stamp: Stamp) {
        match proposal {
            Proposal::Request { ask, refused } => {
                let waiting = self.waiting_for(ask.session, ask.xid);
                let head = waiting.and_then(|row| self.parked.get(&row)?.front());
                if let Some((conn, cuts)) = head.map(|head| (head.conn, head.cuts())) {
                    self.mute(conn, cuts);
                }
                self.zxid = stamp.zxid;
                let outcome = self.execute(now, ask, *refused, stamp);
                if let Some(row) = waiting {
                    self.settle(now, row, ask, outcome);
                }
                self.after(ask);
            }
            Proposal::NewSession { id, timeout } => {
                self.zxid = stamp.zxid;
                self.sessions.insert(now, *id, *timeout);
                self.witness_session(now, *id, *timeout, stamp);
                self.establish(now, *id);
            }
            Proposal::EndSession(id) => {
                self.zxid = stamp.zxid;
                let mut txn = self.transaction(stamp);
                txn.close_session(*id);
                let changes = txn.commit();
                self.announce_end(now, (*id, 0), stamp, &changes);
                self.forget_session(*id);
            }
            Proposal::Reap(path) => {
                self.zxid = stamp.zxid;
                let mut txn = self.transaction(stamp);
                // It may have got a child since it was chosen: then it stays.
                let result = txn.delete_container(path);
                let changes = txn.commit();
                let outcome = result.map(|()| changes.as_slice());
                self.witness_commit(now, SessionId::NONE, 0, stamp, outcome);
                self.announce(now, &changes, stamp.zxid);
            }
        }
    }

    /// A sync has come back from the leader.
    pub(super) fn synced(&mut self, now: Moment, session: SessionId, xid: i32) {
        let row = (session, ConnKey::from_raw(0));
        if let Some(arrived) = self.unpark(row, |head| head.ask.xid == xid && head.ask.is_sync()) {
            let outcome = self.look_up(now, &arrived);
            self.answer(now, &arrived, outcome);
            self.drain(now, row);
        }
    }

    /// Goes on reading from connections that have been waiting.
    pub(super) fn read_on(&mut self, now: Moment) {
        for key in std::mem::take(&mut self.unread) {
            self.read_input(now, key);
            self.mark_ready(key);
        }
    }

    /// How many requests, new sessions and ends of sessions wait for a commit.
    pub(super) fn waiting_count(&self) -> usize {
        let parked: usize = self.parked.values().map(VecDeque::len).sum();
        // Requests are parked as well as in line.
        parked + self.line.held_strangers()
    }

    /// The session has ended.
    pub(super) fn forget_session(&mut self, id: SessionId) {
        let conn = self.sessions.remove(id).and_then(|session| session.conn);
        self.recorder.session_ended(id);
        if let Some(conn) = conn {
            self.cut(conn);
        }
    }

    /// Without a quorum a session can close itself only if it is in no log.
    fn answer_read_only(&mut self, now: Moment, arrived: &Arrived) {
        let ask = &arrived.ask;
        let is_local = self.sessions.get(ask.session).is_some_and(|one| one.local);
        if is_local && matches!(ask.request, Ok(Request::CloseSession)) {
            self.answer(now, arrived, Ok(Response::Empty));
            self.after(ask);
        } else {
            self.answer(now, arrived, Err(ErrorCode::NotReadOnly));
        }
    }

    /// What is wrong with a session in the eyes of a stand-alone server.
    fn refusal(&self, session: SessionId) -> Option<ErrorCode> {
        match self.sessions.get(session) {
            Some(session) if !session.closing => None,
            _ => Some(ErrorCode::SessionExpired),
        }
    }

    /// Whether something has to happen elsewhere before this is answered.
    fn waits(&self, ask: &Ask) -> bool {
        match &self.line {
            Line::Own { held, .. } => *held && ask.commits(),
            Line::Ensemble(outbox) => ask.commits() || (outbox.syncs && ask.is_sync()),
        }
    }

    /// Replies keep the order of requests, so a read waits behind a write of its session.
    fn park(&mut self, now: Moment, arrived: Arrived, waits: bool) {
        let ask = Arc::clone(&arrived.ask);
        if let Some(conn) = self.conns.get_mut(&arrived.conn) {
            conn.waiting += 1;
        }
        let row = self.row(&arrived);
        self.parked.entry(row).or_default().push_back(arrived);
        if !waits {
            return;
        }
        if ask.commits() {
            let refused = self.refusal(ask.session);
            self.propose(now, Proposal::Request { ask, refused });
        } else if let Line::Ensemble(outbox) = &mut self.line {
            let (session, xid) = (ask.session, ask.xid);
            outbox.errands.push_back(Errand::Sync { session, xid });
        }
    }

    fn row(&self, arrived: &Arrived) -> Row {
        let conn = match self.line {
            Line::Own { .. } => arrived.conn,
            Line::Ensemble(_) => ConnKey::from_raw(0),
        };
        (arrived.ask.session, conn)
    }

    /// Where somebody waits for the transaction of that request.
    ///
    /// Session and xid alone decide, as in ZooKeeper: a client that uses an xid twice in a session gets
    /// another request's result.
    fn waiting_for(&self, session: SessionId, xid: i32) -> Option<Row> {
        let rows = (session, ConnKey::from_raw(0))..=(session, ConnKey::from_raw(u64::MAX));
        let is_next = |arrived: &Arrived| arrived.ask.xid == xid && arrived.ask.commits();
        self.parked
            .range(rows)
            .find(|(_, queue)| queue.front().is_some_and(is_next))
            .map(|(&row, _)| row)
    }

    /// Takes the first request of a session that waits, if it is the right one.
    fn unpark(&mut self, row: Row, is_right: impl FnOnce(&Arrived) -> bool) -> Option<Arrived> {
        let queue = self.parked.get_mut(&row)?;
        if !queue.front().is_some_and(is_right) {
            return None;
        }
        let arrived = queue.pop_front()?;
        if queue.is_empty() {
            self.parked.remove(&row);
        }
        if let Some(conn) = self.conns.get_mut(&arrived.conn) {
            conn.waiting = conn.waiting.saturating_sub(1);
            // What was not read for want of room is read now.
            self.unread.insert(arrived.conn);
        }
        Some(arrived)
    }

    /// A request's transaction was carried out: whoever waits for it here gets an answer.
    fn settle(&mut self, now: Moment, row: Row, done: &Ask, outcome: Result<Response, ErrorCode>) {
        let Some(arrived) = self.unpark(row, |_| true) else {
            return;
        };
        let outcome = match (&arrived.ask.request, &done.request) {
            (Ok(asked), Ok(done)) if asked.op_code() != done.op_code() => {
                outcome.map(|_| Response::Empty)
            }
            _ => outcome,
        };
        self.answer(now, &arrived, outcome);
        self.drain(now, row);
    }

    /// Answers the reads that waited for nothing but their turn.
    fn drain(&mut self, now: Moment, row: Row) {
        loop {
            let waits = match self.parked.get(&row).and_then(VecDeque::front) {
                Some(head) => self.waits(&head.ask) || head.ask.commits(),
                None => return,
            };
            let Some(arrived) = self.unpark(row, |_| !waits) else {
                return;
            };
            let outcome = self.look_up(now, &arrived);
            self.answer(now, &arrived, outcome);
        }
    }

    /// The connection of a session that exists from now on.
    fn establish(&mut self, now: Moment, id: SessionId) {
        let Some(new) = self.establishing.remove(&id) else {
            return;
        };
        let waits = self
            .conns
            .get(&new.conn)
            .is_some_and(|conn| conn.stage == Stage::Establishing);
        // The client may have given up meanwhile; the session exists all the same, and expires.
        if waits {
            if let Some(session) = self.sessions.get_mut(id) {
                session.conn = Some(new.conn);
            }
            self.admit(now, new.conn, id, new.timeout, new.read_only, new.reaction);
            self.unread.insert(new.conn);
        }
    }

    /// The answer to a request that changes nothing.
    fn look_up(&mut self, now: Moment, arrived: &Arrived) -> Result<Response, ErrorCode> {
        self.hush(arrived);
        match &arrived.ask.request {
            Ok(request) => self.read(now, arrived, request),
            Err(code) => Err(*code),
        }
    }

    /// Nothing more is sent to a client that is going to be cut, not even events of its own doing.
    fn hush(&mut self, arrived: &Arrived) {
        self.mute(arrived.conn, arrived.cuts());
    }

    fn mute(&mut self, conn: ConnKey, cuts: bool) {
        if cuts {
            if let Some(conn) = self.conns.get_mut(&conn) {
                conn.output.muted = true;
            }
        }
    }

    fn answer(&mut self, now: Moment, arrived: &Arrived, result: Result<Response, ErrorCode>) {
        if self.sessions.get(arrived.ask.session).is_none() {
            // A request of a session that has ended is dropped without a word.
            return;
        }
        if result == Err(ErrorCode::SessionMoved) {
            // Never told to a client: its connection is not the session's any more (ZOOKEEPER-710).
            return self.close(arrived.conn);
        }
        if result.is_ok() && matches!(arrived.ask.request, Ok(Request::Check { .. })) {
            // A server that lets a check stand alone has no record to answer with, and says nothing.
            return;
        }
        let is_oversized = matches!(&result, Ok(Response::MultiRead(results))
            if multi::size(results) > self.config.max_multi_read);
        let header = ReplyHeader {
            xid: arrived.ask.xid,
            zxid: self.zxid,
            err: result.as_ref().err().map_or(0, |code| code.raw()),
        };
        let payload = |out: &mut Vec<u8>| {
            header.encode(out);
            if let Ok(response) = &result {
                response.encode(out);
            }
        };
        match arrived.reaction {
            _ if is_oversized => return self.close(arrived.conn),
            Some(Reaction::DelayReply(delay)) => self.send_at(arrived.conn, now + delay, payload),
            Some(Reaction::HoldReplies) => {
                self.hold_output(arrived.conn);
                self.send(arrived.conn, payload);
            }
            _ => self.send(arrived.conn, payload),
        }
        let ends = matches!(arrived.ask.request, Ok(Request::CloseSession)) && result.is_ok();
        if ends || arrived.cuts() {
            self.close(arrived.conn);
        }
    }

    /// What remains of a session that has closed itself.
    fn after(&mut self, ask: &Ask) {
        if matches!(ask.request, Ok(Request::CloseSession)) {
            self.forget_session(ask.session);
        }
    }

    /// The next place in the order of a server that makes its own.
    fn next_stamp(&mut self, now: Moment) -> Stamp {
        self.zxid = Zxid::from_raw(self.zxid.as_raw().wrapping_add(1));
        let (zxid, time) = (self.zxid, self.wall_ms(now));
        Stamp { zxid, time }
    }
}

impl Arrived {
    fn cuts(&self) -> bool {
        self.reaction == Some(Reaction::CutAfterApply)
    }
}
