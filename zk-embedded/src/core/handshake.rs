//! Admission: new sessions, sessions taken up again, and refusals.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::jute::{Decode, Encode, Reader};
use zk_wire::{ConnectRequest, ConnectResponse, Moment, OpCode, SessionId};

use super::conn::{ConnKey, Stage};
use super::record::RequestRecord;
use super::rules::{Reaction, Subject};
use super::server::ServerCore;
use super::sessions;
use super::waiting::{NewSession, Waiting};

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
            Some(Reaction::Error(_)) => return self.refuse_session(key, request.read_only),
            _ => {}
        }
        // A client that has seen our future is sent elsewhere, without a word.
        let ahead = request.last_zxid_seen.as_raw() > self.zxid.as_raw();
        if ahead && self.config.refuse_ahead {
            return self.close(key);
        }
        let requested = u64::try_from(request.timeout_ms).unwrap_or(0);
        let timeout = self.config.clamp(Duration::from_millis(requested));
        if request.session_id.is_none() {
            if let Some(conn) = self.conns.get_mut(&key) {
                conn.stage = Stage::Establishing;
            }
            let new = NewSession {
                conn: key,
                timeout,
                read_only: request.read_only,
                reaction,
            };
            self.submit(now, Waiting::NewSession(new));
        } else {
            self.resume(now, key, &request, timeout, reaction);
        }
    }

    fn resume(
        &mut self,
        now: Moment,
        key: ConnKey,
        request: &ConnectRequest,
        timeout: Duration,
        reaction: Option<Reaction>,
    ) {
        let id = request.session_id;
        // The connection before goes first, even if the password turns out to be wrong.
        if let Some(before) = self.sessions.get(id).and_then(|session| session.conn) {
            self.cut(before);
        }
        let proven = request.password == sessions::password(id);
        match self.sessions.get_mut(id) {
            Some(session) if proven && !session.closing => {
                session.conn = Some(key);
                session.timeout = timeout;
                self.touch(now, id);
                self.admit(now, key, id, timeout, request.read_only, reaction);
            }
            _ => self.refuse_session(key, request.read_only),
        }
    }

    /// Says that there is no such session, which the client takes for its expiry.
    fn refuse_session(&mut self, key: ConnKey, read_only: Option<bool>) {
        let response = ConnectResponse::invalid_session(read_only.map(|_| false));
        self.send(key, |out| response.encode(out));
        self.close(key);
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
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.stage = Stage::Open(session);
        }
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            session_id: session,
            password: sessions::password(session),
            // Since 3.9.3 the flag is there only if the client sent its own.
            read_only: read_only.map(|_| false),
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
