//! The line in front of the log: what changes the server's state, one after the other.

use std::collections::BTreeSet;

use zk_wire::jute::Encode;
use zk_wire::{
    ErrorCode, Moment, OpCode, Permissions, ReplyHeader, Request, Response, SessionId,
    WatcherEvent, Zxid, xid,
};

use super::conn::Stage;
use super::multi;
use super::rules::{Reaction, Subject};
use super::server::ServerCore;
use super::txn::{Author, Change, Txn};
use super::waiting::{Arrived, NewSession, Waiting};
use super::watches::Notice;

impl ServerCore {
    /// Carries out what need not wait, and puts the rest in line.
    pub(super) fn submit(&mut self, now: Moment, work: Waiting) {
        if !self.has_to_wait(&work) {
            return self.perform(now, work);
        }
        if let Waiting::Request(arrived) = &work {
            if let Some(conn) = self.conns.get_mut(&arrived.conn) {
                conn.waiting += 1;
            }
        }
        self.waiting.push_back(work);
    }

    /// Commits go on: everything in line is carried out.
    pub(super) fn release_commits(&mut self, now: Moment) {
        let mut released = BTreeSet::new();
        while let Some(work) = self.waiting.pop_front() {
            if let Waiting::Request(arrived) = &work {
                if let Some(conn) = self.conns.get_mut(&arrived.conn) {
                    conn.waiting = conn.waiting.saturating_sub(1);
                    released.insert(arrived.conn);
                }
            }
            self.perform(now, work);
        }
        // What was not read for want of room is read now.
        for key in released {
            self.read_input(now, key);
            self.mark_ready(key);
        }
    }

    /// Decides that a session ends. Its end is a commit like any other.
    pub(super) fn end_session(&mut self, now: Moment, session: SessionId) {
        if self.sessions.begin_closing(session) {
            self.submit(now, Waiting::EndSession(session));
        }
    }

    pub(super) fn reap(&mut self, now: Moment) {
        self.submit(now, Waiting::Reap);
    }

    fn has_to_wait(&self, work: &Waiting) -> bool {
        match work {
            Waiting::Request(arrived) => {
                // Replies keep the order of requests, so a read waits behind a write of its connection.
                let behind = self
                    .conns
                    .get(&arrived.conn)
                    .is_some_and(|conn| conn.waiting > 0);
                let commits =
                    arrived.spends_zxid || arrived.request.as_ref().is_ok_and(Request::is_write);
                behind || (self.commits_held && commits)
            }
            Waiting::NewSession(_) | Waiting::EndSession(_) | Waiting::Reap => self.commits_held,
        }
    }

    fn perform(&mut self, now: Moment, work: Waiting) {
        match work {
            Waiting::Request(arrived) => self.answer(now, *arrived),
            Waiting::NewSession(new) => self.create_session(now, new),
            Waiting::EndSession(session) => self.close_session(now, session),
            Waiting::Reap => self.reap_now(now),
        }
    }

    fn create_session(&mut self, now: Moment, new: NewSession) {
        // The client may have given up meanwhile; the session is created all the same, and expires.
        self.next_zxid();
        let session = self.sessions.create(now, new.timeout, new.conn);
        let waits = self
            .conns
            .get(&new.conn)
            .is_some_and(|conn| conn.stage == Stage::Establishing);
        if waits {
            self.admit(
                now,
                new.conn,
                session,
                new.timeout,
                new.read_only,
                new.reaction,
            );
            self.read_input(now, new.conn);
        } else if let Some(session) = self.sessions.get_mut(session) {
            session.conn = None;
        }
    }

    /// The transaction that ends a session, and what remains of it.
    fn close_session(&mut self, now: Moment, id: SessionId) {
        let zxid = self.next_zxid();
        let mut txn = self.transaction(now, zxid);
        txn.close_session(id);
        let changes = txn.commit();
        self.announce(now, &changes, zxid);
        let conn = self.sessions.remove(id).and_then(|session| session.conn);
        self.recorder.session_ended(id);
        if let Some(conn) = conn {
            self.cut(conn);
        }
    }

    fn reap_now(&mut self, now: Moment) {
        for path in self.tree.reapable(self.wall_ms(now)) {
            let zxid = self.next_zxid();
            let mut txn = self.transaction(now, zxid);
            // It may have got a child since it was chosen: then it stays.
            if txn.delete_container(&path).is_ok() {
                let changes = txn.commit();
                self.announce(now, &changes, zxid);
            }
        }
    }

    fn answer(&mut self, now: Moment, arrived: Arrived) {
        if self.sessions.get(arrived.session).is_none() {
            // A request of a session that has ended is dropped without a word.
            return;
        }
        let cuts = arrived.reaction == Some(Reaction::CutAfterApply);
        if cuts {
            if let Some(conn) = self.conns.get_mut(&arrived.conn) {
                conn.output.muted = true;
            }
        }
        let result = match &arrived.request {
            Ok(request) if request.is_write() => self.write(now, &arrived, request),
            Ok(request) => self.read(now, &arrived, request),
            Err(code) => {
                if arrived.spends_zxid {
                    self.next_zxid();
                }
                Err(*code)
            }
        };
        let is_oversized = matches!(&result, Ok(Response::MultiRead(results))
            if multi::size(results) > self.config.max_multi_read);
        let header = ReplyHeader {
            xid: arrived.xid,
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
        if matches!(arrived.request, Ok(Request::CloseSession)) {
            self.sessions.remove(arrived.session);
            self.recorder.session_ended(arrived.session);
            self.close(arrived.conn);
        }
        if cuts {
            self.close(arrived.conn);
        }
    }

    /// One transaction. A failed one uses up its zxid, too.
    fn write(
        &mut self,
        now: Moment,
        arrived: &Arrived,
        request: &Request,
    ) -> Result<Response, ErrorCode> {
        let zxid = self.next_zxid();
        let author = Author {
            session: arrived.session,
            identities: &arrived.identities,
            closing: arrived.closing,
        };
        let mut txn = self.transaction(now, zxid);
        let result = match request {
            Request::Create(create) => txn.create(author, create).map(|(path, stat)| {
                if create.answers_with_stat() {
                    Response::Created { path, stat }
                } else {
                    Response::Path(path)
                }
            }),
            Request::Delete { path, version } => {
                txn.delete(author, path, *version).map(|()| Response::Empty)
            }
            Request::SetData {
                path,
                data,
                version,
            } => txn
                .set_data(author, path, data.as_ref(), *version)
                .map(Response::Stat),
            Request::SetAcl { path, acl, version } => {
                txn.set_acl(author, path, acl, *version).map(Response::Stat)
            }
            Request::DeleteContainer { path } => {
                txn.delete_container(path).map(|()| Response::Empty)
            }
            Request::CloseSession => {
                txn.close_session(arrived.session);
                Ok(Response::Empty)
            }
            Request::Multi(ops) => match multi::run(&mut txn, author, ops) {
                Ok(results) => Ok(Response::Multi(results)),
                Err(results) => {
                    txn.roll_back();
                    return Ok(Response::Multi(results));
                }
            },
            Request::Reconfig { .. } => Err(ErrorCode::ReconfigDisabled),
            _ => Err(ErrorCode::Unimplemented),
        };
        let changes = txn.commit();
        self.announce(now, &changes, zxid);
        result
    }

    fn transaction(&mut self, now: Moment, zxid: Zxid) -> Txn<'_> {
        let time = self.wall_ms(now);
        Txn::new(&mut self.tree, zxid, time, self.config.extended_types)
    }

    fn next_zxid(&mut self) -> Zxid {
        self.zxid = Zxid::from_raw(self.zxid.as_raw().wrapping_add(1));
        self.zxid
    }

    /// Tells those who watch, in the order of the changes.
    fn announce(&mut self, now: Moment, changes: &[Change], zxid: Zxid) {
        for change in changes {
            let notices = self.watches.fire(change);
            self.notify(now, notices, zxid);
        }
    }

    pub(super) fn notify(&mut self, now: Moment, notices: Vec<Notice>, zxid: Zxid) {
        for notice in notices {
            let Some(conn) = self.conns.get(&notice.conn) else {
                continue;
            };
            // The watch is spent all the same (CVE-2024-23944).
            let filtered = notice
                .acl
                .is_some_and(|acl| conn.identities.check(&acl, Permissions::READ).is_err());
            let Some(session) = conn.session().filter(|_| !filtered) else {
                continue;
            };
            let op = OpCode::Notification;
            let reaction = self.rules.evaluate(&Subject {
                op: Some(op),
                paths: &[&notice.path],
                session: Some(session),
                conn: notice.conn,
            });
            if reaction == Some(Reaction::CutBeforeApply) {
                self.cut(notice.conn);
                continue;
            }
            self.recorder.count(op, session);
            let header = ReplyHeader {
                xid: xid::NOTIFICATION,
                zxid,
                err: 0,
            };
            let event = WatcherEvent::new(notice.event, notice.path);
            let payload = |out: &mut Vec<u8>| {
                header.encode(out);
                event.encode(out);
            };
            match reaction {
                Some(Reaction::DelayReply(delay)) => {
                    self.send_at(notice.conn, now + delay, payload);
                }
                Some(Reaction::HoldReplies) => {
                    self.hold_output(notice.conn);
                    self.send(notice.conn, payload);
                }
                _ => self.send(notice.conn, payload),
            }
            if reaction == Some(Reaction::CutAfterApply) {
                self.close(notice.conn);
            }
        }
    }
}
