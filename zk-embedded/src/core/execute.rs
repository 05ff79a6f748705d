//! One transaction: what a write does to the tree, and who is told.

use zk_wire::jute::Encode;
use zk_wire::{
    ErrorCode, Moment, MultiResult, OpCode, Permissions, ReplyHeader, Request, Response, SessionId,
    WatcherEvent, Zxid, xid,
};

use super::line::Stamp;
use super::multi::{self, Failed};
use super::rules::{Reaction, Subject};
use super::server::ServerCore;
use super::txn::{Author, Change, Txn, TxnRules};
use super::waiting::Ask;
use super::watches::Notice;

impl ServerCore {
    /// Runs a write. A failed one has used up its zxid, too.
    pub(super) fn execute(
        &mut self,
        now: Moment,
        ask: &Ask,
        refused: Option<ErrorCode>,
        stamp: Stamp,
    ) -> Result<Response, ErrorCode> {
        let author = Author {
            session: ask.session,
            identities: &ask.identities,
            refused,
        };
        let request = match &ask.request {
            Ok(request) => request,
            Err(code) => {
                self.witness_commit(now, ask.session, ask.xid, stamp, Err(*code));
                return Err(*code);
            }
        };
        let version = self.config.version;
        let mut txn = self.transaction(stamp);
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
            Request::Check { path, version } => {
                txn.check(author, path, *version).map(|()| Response::Empty)
            }
            // Before, the whole frame was taken for the path, and no frame begins like one.
            Request::DeleteContainer { .. } if !version.reads_container_paths() => {
                Err(ErrorCode::BadArguments)
            }
            Request::DeleteContainer { path } => {
                txn.delete_container(path).map(|()| Response::Empty)
            }
            Request::CloseSession => {
                txn.close_session(ask.session);
                let changes = txn.commit();
                self.announce_end(now, (ask.session, ask.xid), stamp, &changes);
                return Ok(Response::Empty);
            }
            // The one way in which a session's state fails a multi as a whole.
            Request::Multi(_) if refused == Some(ErrorCode::SessionMoved) => {
                Err(ErrorCode::SessionMoved)
            }
            Request::Multi(ops) => match multi::run(&mut txn, author, ops) {
                Ok(results) => Ok(Response::Multi(results)),
                Err(Failed::Whole(code)) => {
                    txn.roll_back();
                    self.witness_commit(now, ask.session, ask.xid, stamp, Err(code));
                    return Err(code);
                }
                Err(Failed::One(results)) => {
                    txn.roll_back();
                    let code = first_failure(&results);
                    self.witness_commit(now, ask.session, ask.xid, stamp, Err(code));
                    return Ok(Response::Multi(results));
                }
            },
            Request::Reconfig { .. } if version.switches_reconfig_off() => {
                Err(ErrorCode::ReconfigDisabled)
            }
            _ => Err(ErrorCode::Unimplemented),
        };
        let changes = txn.commit();
        let outcome = result.as_ref().map(|_| changes.as_slice());
        self.witness_commit(
            now,
            ask.session,
            ask.xid,
            stamp,
            outcome.map_err(|code| *code),
        );
        self.announce(now, &changes, stamp.zxid);
        result
    }

    /// A session has ended; some of its nodes may have been deleted before.
    pub(super) fn announce_end(
        &mut self,
        now: Moment,
        (session, xid): (SessionId, i32),
        stamp: Stamp,
        changes: &[Change],
    ) {
        if self.ending.take() != Some(stamp.zxid) {
            self.witness_commit(now, session, xid, stamp, Ok(changes));
            self.witness_end(now, session, stamp);
        }
        self.announce(now, changes, stamp.zxid);
    }

    pub(super) fn transaction(&mut self, stamp: Stamp) -> Txn<'_> {
        let config = &self.config;
        let rules = TxnRules {
            extended_types: config.extended_types,
            enforce_quotas: config.enforce_quotas && config.version.can_enforce_quotas(),
        };
        Txn::new(&mut self.tree, stamp.zxid, stamp.time, rules)
    }

    /// Tells those who watch, in the order of the changes.
    pub(super) fn announce(&mut self, now: Moment, changes: &[Change], zxid: Zxid) {
        for change in changes {
            let notices = self.watches.fire(change);
            self.notify(now, notices, zxid);
        }
    }

    pub(super) fn notify(&mut self, now: Moment, notices: Vec<Notice>, zxid: Zxid) {
        let tells_zxid = self.config.version.tells_zxids_of_events();
        for notice in notices {
            let Some(conn) = self.conns.get(&notice.conn) else {
                continue;
            };
            // The watch is spent all the same (CVE-2024-23944).
            let filtered = notice
                .acl
                .filter(|_| self.config.version.filters_events())
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
            self.witness_event(now, notice.conn, session, &notice.path, notice.event, zxid);
            let header = ReplyHeader {
                xid: xid::NOTIFICATION,
                zxid: if tells_zxid { zxid } else { Zxid::from_raw(-1) },
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

/// Why a multi failed: the code of the one operation that bears one.
fn first_failure(results: &[MultiResult]) -> ErrorCode {
    let code = |result: &MultiResult| match result {
        MultiResult::Failed(raw) => ErrorCode::from_raw(*raw),
        _ => None,
    };
    results
        .iter()
        .find_map(code)
        .unwrap_or(ErrorCode::RuntimeInconsistency)
}
