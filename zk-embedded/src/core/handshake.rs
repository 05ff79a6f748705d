//! Admission: new sessions, sessions taken up again, and refusals.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::jute::{Decode, Encode, Reader};
use zk_wire::{ConnectRequest, ConnectResponse, ErrorCode, Moment, OpCode, ReplyHeader, SessionId};

use super::conn::{ConnKey, Stage};
use super::line::{Errand, Line, Mode};
use super::record::RequestRecord;
use super::rules::{Reaction, Subject};
use super::server::ServerCore;
use super::sessions;
use super::waiting::{NewSession, Proposal, Reviving};

impl ServerCore {
    pub(super) fn handle_handshake(&mut self, now: Moment, key: ConnKey, frame: Bytes) {
        let Ok(request) = ConnectRequest::decode(&mut Reader::new(frame)) else {
            return self.close(key);
        };
        self.recorder.request(RequestRecord {
            at: now,
            conn: key,
            session: request.session_id,
            xid: 0,
            op: Some(OpCode::CreateSession),
            path: None,
        });
        let reaction = self.rules.evaluate(&Subject {
            op: Some(OpCode::CreateSession),
            paths: &[],
            session: Some(request.session_id).filter(|session| !session.is_none()),
            conn: key,
        });
        match reaction {
            Some(Reaction::CutBeforeApply) => return self.cut(key),
            Some(Reaction::Error(_)) => return self.deny(key, request.read_only),
            _ => {}
        }
        let read_only = self.mode == Mode::ReadOnly;
        if self.mode == Mode::Idle || (read_only && request.read_only != Some(true)) {
            return self.close(key);
        }
        // A client that has seen our future is sent elsewhere, without a word.
        let ahead = request.last_zxid_seen.as_raw() > self.zxid.as_raw();
        if ahead && self.config.refuse_ahead {
            return self.close(key);
        }
        let requested = u64::try_from(request.timeout_ms).unwrap_or(0);
        let timeout = self.config.clamp(Duration::from_millis(requested));
        if request.session_id.is_none() {
            let new = NewSession {
                conn: key,
                timeout,
                read_only: request.read_only,
                reaction,
            };
            self.begin_session(now, new);
        } else {
            let reviving = Reviving {
                session: request.session_id,
                timeout,
                read_only: request.read_only,
                reaction,
            };
            self.resume(now, key, reviving, &request.password);
        }
    }

    fn begin_session(&mut self, now: Moment, new: NewSession) {
        let (conn, timeout) = (new.conn, new.timeout);
        self.set_stage(conn, Stage::Establishing);
        if self.mode == Mode::ReadOnly {
            return self.begin_read_only_session(now, &new);
        }
        let id = self.sessions.next_id();
        self.establishing.insert(id, new);
        self.propose(now, Proposal::NewSession { id, timeout });
    }

    /// Without a quorum no session can be written down.
    fn begin_read_only_session(&mut self, now: Moment, new: &NewSession) {
        if self.config.local_sessions || !self.config.version.refuses_sessions_when_read_only() {
            let id = self.sessions.next_id();
            self.sessions.insert_local(now, id, new.timeout, new.conn);
            return self.admit(now, new.conn, id, new.timeout, new.read_only, new.reaction);
        }
        // What a stock server since 3.7 sends is no answer to a handshake, but the head of a reply.
        let header = ReplyHeader {
            xid: 0,
            zxid: self.zxid,
            err: ErrorCode::NotReadOnly.raw(),
        };
        self.send(new.conn, |out| header.encode(out));
    }

    fn resume(&mut self, now: Moment, key: ConnKey, reviving: Reviving, password: &[u8]) {
        let id = reviving.session;
        let known = self.sessions.get(id).copied();
        if self.mode == Mode::ReadOnly && known.is_some_and(|session| !session.local) {
            return self.close(key);
        }
        // The connection before goes first, even if the password turns out to be wrong.
        if let Some(before) = known.and_then(|session| session.conn) {
            self.cut(before);
        }
        if *password != sessions::password(id) {
            return self.refuse_session(now, key, &reviving);
        }
        match &mut self.line {
            // Only the leader knows whether a session lives.
            Line::Ensemble(outbox) if self.mode != Mode::ReadOnly => {
                outbox.errands.push_back(Errand::Revalidate {
                    conn: key,
                    session: id,
                    timeout: reviving.timeout,
                });
                self.reviving.insert(key, reviving);
                self.set_stage(key, Stage::Establishing);
            }
            _ => {
                let lives = known.is_some_and(|session| !session.closing);
                self.revive(now, key, reviving, lives);
            }
        }
    }

    /// The leader has said whether a session lives that a client wants to take up again.
    pub(super) fn revalidated(&mut self, now: Moment, key: ConnKey, lives: bool) {
        if let Some(reviving) = self.reviving.remove(&key) {
            self.revive(now, key, reviving, lives);
            self.unread.insert(key);
        }
    }

    fn revive(&mut self, now: Moment, key: ConnKey, reviving: Reviving, lives: bool) {
        if !lives {
            return self.refuse_session(now, key, &reviving);
        }
        let (id, timeout) = (reviving.session, reviving.timeout);
        if self.sessions.get(id).is_none() {
            // This server has not come to its creation yet.
            self.sessions.insert(now, id, timeout);
        }
        if let Some(session) = self.sessions.get_mut(id) {
            session.timeout = timeout;
            let before = session.conn.replace(key);
            if let Some(before) = before.filter(|before| *before != key) {
                self.cut(before);
            }
        }
        self.touch(now, id);
        self.admit(now, key, id, timeout, reviving.read_only, reviving.reaction);
    }

    /// Says that there is no such session, which the client takes for its expiry.
    fn refuse_session(&mut self, now: Moment, key: ConnKey, refused: &Reviving) {
        if self.substitutes {
            let new = NewSession {
                conn: key,
                timeout: refused.timeout,
                read_only: refused.read_only,
                reaction: refused.reaction,
            };
            return self.begin_session(now, new);
        }
        self.deny(key, refused.read_only);
    }

    fn deny(&mut self, key: ConnKey, read_only: Option<bool>) {
        let tells = read_only.is_some() || self.config.version.always_tells_read_only();
        let response = ConnectResponse::invalid_session(tells.then_some(false));
        self.send(key, |out| response.encode(out));
        self.close(key);
    }

    fn set_stage(&mut self, key: ConnKey, stage: Stage) {
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.stage = stage;
        }
    }

    /// The session exists: the connection is its own from now on.
    pub(super) fn admit(
        &mut self,
        now: Moment,
        key: ConnKey,
        session: SessionId,
        timeout: Duration,
        read_only: Option<bool>,
        reaction: Option<Reaction>,
    ) {
        self.set_stage(key, Stage::Open(session));
        let read_only_server = self.mode == Mode::ReadOnly;
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            session_id: session,
            password: sessions::password(session),
            read_only: (read_only.is_some() || self.config.version.always_tells_read_only())
                .then_some(read_only_server),
        };
        self.answer_handshake(now, key, &response, reaction);
    }

    fn answer_handshake(
        &mut self,
        now: Moment,
        key: ConnKey,
        response: &ConnectResponse,
        reaction: Option<Reaction>,
    ) {
        match reaction {
            Some(Reaction::CutAfterApply) => self.cut(key),
            Some(Reaction::DelayReply(delay)) => {
                self.send_at(key, now + delay, |out| response.encode(out));
            }
            Some(Reaction::HoldReplies) => {
                self.hold_output(key);
                self.send(key, |out| response.encode(out));
            }
            _ => self.send(key, |out| response.encode(out)),
        }
    }

    pub(super) fn hold_output(&mut self, key: ConnKey) {
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.held = true;
        }
    }
}
