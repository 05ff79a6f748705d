//! Frames in.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::{
    ConnectResponse, Decode, ErrorCode, EventType, Moment, Password, Reader, ReplyHeader,
    WatcherEvent, Zxid, xid,
};

use crate::connection::link::{Link, Ping, Presented, Up};
use crate::connection::sasl::Failed;
use crate::connection::stranger::stranger;
use crate::connection::timers::Timer;
use crate::event::{Event, WatchEvent};
use crate::outcome::{FailCause, Outcome};
use crate::session::lifecycle::Break;
use crate::session::{Identity, Session};
use crate::state::{AuthFailure, ExpiryCause};

impl Session {
    /// One complete frame arrived on the current connection.
    pub(crate) fn handle_frame(&mut self, now: Moment, frame: Bytes) {
        self.frame_received(&frame);
        match self.link {
            Link::Up(_) => self.handle_message(now, frame),
            Link::Handshake {
                presented: Some(presented),
                ..
            } => {
                self.handle_handshake(now, presented, frame);
            }
            _ => self.give_up(now, Break::protocol("it spoke before the handshake")),
        }
    }

    fn handle_handshake(&mut self, now: Moment, presented: Presented, frame: Bytes) {
        let Link::Handshake { conn, server, .. } = self.link else {
            return;
        };
        let Ok(response) = ConnectResponse::decode(&mut Reader::new(frame.clone())) else {
            return self.give_up(now, Break::hang_up(no_handshake(frame)));
        };
        if !response.is_valid() {
            if presented.session.is_none() {
                return self.give_up(now, Break::hang_up("granted no session"));
            }
            return self.expire(ExpiryCause::Handshake);
        }
        if let Some(objection) = objection(&response, self.config.session_timeout) {
            return self.give_up(now, Break::hang_up(objection));
        }
        let given = response.session_id;
        let substituted = !presented.session.is_none() && given != presented.session;
        #[cfg(feature = "__seeded-bugs")]
        let substituted = substituted && !crate::seeded::is_on("new-session-taken-for-the-old");
        if substituted {
            let presented = presented.session;
            return self.expire(ExpiryCause::Substituted { presented, given });
        }
        let read_only = response.read_only.unwrap_or(false);
        // A session resumed on a read-only server is as writable elsewhere as it was.
        let fake = read_only && presented.session.is_none();
        let password = Password::new(response.password);
        self.identity = Some(Identity {
            id: given,
            password,
            read_only: fake,
        });
        let granted = u64::try_from(response.timeout_ms).unwrap_or(0);
        self.timeout = Duration::from_millis(granted);
        self.window.connected(self.timeout, presented.at);
        self.servers.handshake_completed(server);
        self.auth.start_over();
        self.sasl.start_over();
        self.stats.connections += 1;
        self.timers.stop(Timer::Dial);
        self.link = Link::Up(Up {
            conn,
            server,
            since: now,
            read_only,
            ready: false,
            last_sent: now,
            ping: Ping::Idle,
            rewatching: None,
        });
        self.heard(now);
        self.arm_ping();
        self.ready_if_authenticated(now);
    }

    fn handle_message(&mut self, now: Moment, frame: Bytes) {
        let mut reader = Reader::new(frame);
        let header = match ReplyHeader::decode(&mut reader) {
            Ok(header) => header,
            Err(error) => return self.give_up(now, Break::protocol(error.to_string())),
        };
        match header.xid {
            xid::PING if requires_sasl(&header) => self.end_unauthenticated(AuthFailure::Required),
            xid::NOTIFICATION => self.handle_notification(now, header.zxid, &mut reader),
            xid::PING => self.handle_pong(now, header.zxid),
            xid::AUTH => self.handle_auth_reply(now, header),
            xid if self.sasl.expects(xid) => self.handle_sasl_reply(now, header, &mut reader),
            _ => self.handle_reply(now, header, reader.into_rest()),
        }
    }

    fn handle_notification(&mut self, now: Moment, zxid: Zxid, body: &mut Reader) {
        let event = match WatcherEvent::decode(body) {
            Ok(event) => event,
            Err(error) => return self.give_up(now, Break::protocol(error.to_string())),
        };
        self.stats.notifications += 1;
        self.zxids.glimpse(zxid);
        // Servers before 3.9 and replays after a reconnect say −1.
        let zxid = Some(zxid).filter(|zxid| zxid.as_raw() > 0);
        let (kind, path) = (event.event, event.path);
        if self.implied.is_known(kind, &path, zxid) {
            return;
        }
        let list = self.implied.list_of(kind, &path, zxid);
        self.fire(kind, &path, zxid);
        if let Some(above) = list {
            self.fire(EventType::ChildrenChanged, &above, zxid);
        }
    }

    fn fire(&mut self, kind: EventType, path: &str, zxid: Option<Zxid>) {
        let watches = self.watches.fire(kind, path);
        let too_dear = watches.len().saturating_mul(path.len()) > MAX_PATHS;
        for id in watches {
            // Every watch gets a path of its own; where that would multiply a huge one, those that outlive the event
            // are told to look for themselves.
            let event = if too_dear && self.watches.is_registered(id) {
                WatchEvent::Gap
            } else {
                let path = path.to_owned();
                WatchEvent::Fired { kind, path, zxid }
            };
            self.events.push_back(Event::Watch { id, event });
        }
    }

    fn handle_pong(&mut self, now: Moment, zxid: Zxid) {
        self.zxids.glimpse(zxid);
        self.stats.replies += 1;
        if let Some(up) = self.link.up_mut() {
            if let Ping::Sent(sent_at) = up.ping {
                up.ping = Ping::Idle;
                self.window.answered(sent_at, now);
                self.arm_ping();
            }
        }
    }

    fn handle_auth_reply(&mut self, now: Moment, header: ReplyHeader) {
        self.stats.replies += 1;
        if !self.auth.awaits() {
            let text = "it answered an auth packet nobody sent";
            return self.give_up(now, Break::protocol(text));
        }
        if ErrorCode::from_raw(header.err).is_some() {
            let why = match requires_sasl(&header) {
                true => AuthFailure::Required,
                false => AuthFailure::Credential,
            };
            return self.end_unauthenticated(why);
        }
        for id in self.auth.accepted() {
            let outcome = Outcome::Reply {
                zxid: header.zxid,
                result: Ok(Bytes::new()),
            };
            self.events.push_back(Event::Done { id, outcome });
        }
        self.ready_if_authenticated(now);
    }

    fn handle_sasl_reply(&mut self, now: Moment, header: ReplyHeader, body: &mut Reader) {
        self.stats.replies += 1;
        if ErrorCode::from_raw(header.err).is_some() {
            return self.end_unauthenticated(AuthFailure::Sasl);
        }
        let token = match body.read_buffer("sasl token") {
            Ok(token) => token,
            Err(error) => return self.give_up(now, Break::protocol(error.to_string())),
        };
        match self.sasl.replied(token.as_deref()) {
            Ok(()) => self.ready_if_authenticated(now),
            Err(Failed::Auth(why)) => self.end_unauthenticated(why),
            Err(Failed::Protocol(text)) => self.give_up(now, Break::protocol(text)),
        }
    }

    fn handle_reply(&mut self, now: Moment, header: ReplyHeader, body: Bytes) {
        let error = ErrorCode::from_raw(header.err);
        let may_overtake = error.is_some() && header.zxid.as_raw() <= 0;
        let Some(slot) = self.in_flight.take(header.xid, may_overtake) else {
            let expected = self.in_flight.front().map_or(0, |slot| slot.xid);
            let text = format!("reply to request {} in place of {expected}", header.xid);
            // A server that learns that the session has moved answers nothing and closes (SessionMovedException in
            // FinalRequestProcessor), but what came behind may have been answered by then and leaves first
            // (NIOServerCnxn). So may the session have, by a handshake of ours that came through late.
            let passed_over = self.in_flight.op_of(header.xid).is_some();
            return self.give_up(
                now,
                match passed_over {
                    true => Break::hang_up(format!("sent the {text}")),
                    false => Break::protocol(text),
                },
            );
        };
        self.stats.replies += 1;
        self.zxids.reply(header.zxid);
        if error == Some(ErrorCode::SessionMoved) {
            // The session is attached elsewhere by now, perhaps by ourselves: this connection is stale.
            self.lose(slot, FailCause::ConnectionLost);
            return self.give_up(now, Break::hang_up("says the session has moved"));
        }
        let objection = match error {
            None => slot.objection(&body),
            Some(_) => None,
        };
        if let Some(text) = objection {
            let broken = Break::protocol(text);
            self.lose(slot, broken.cause.clone());
            return self.give_up(now, broken);
        }
        self.settle_slot(now, slot, header.zxid, error, body);
        if error == Some(ErrorCode::Unimplemented) && header.zxid.as_raw() < 0 {
            // The server hangs up behind it: what is sent until that arrives would be lost.
            self.leave_soon(now);
        }
        if error == Some(ErrorCode::SessionExpired) {
            self.expire(ExpiryCause::Reply);
        }
        if requires_sasl(&header) {
            self.end_unauthenticated(AuthFailure::Required);
        }
    }
}

/// Whether the server serves nobody without SASL (`sessionRequireClientSASLAuth`, `enforce.auth.enabled`).
fn requires_sasl(header: &ReplyHeader) -> bool {
    ErrorCode::from_raw(header.err) == Some(ErrorCode::SessionClosedRequireSaslAuth)
}

/// What a frame says that came in the place of an answer to the handshake.
fn no_handshake(frame: Bytes) -> String {
    // A read-only server without local sessions answers with a reply header.
    let is_header = frame.len() == REPLY_HEADER;
    let header = ReplyHeader::decode(&mut Reader::new(frame.clone())).ok();
    match header
        .filter(|_| is_header)
        .and_then(|header| ErrorCode::from_raw(header.err))
    {
        Some(ErrorCode::NotReadOnly) => "is read-only and opens no new sessions".to_owned(),
        Some(code) => format!("answered the handshake with {code}"),
        None => stranger(&frame),
    }
}

/// What makes a granted session unusable.
fn objection(granted: &ConnectResponse, wanted: Duration) -> Option<String> {
    let timeout = Duration::from_millis(u64::try_from(granted.timeout_ms).unwrap_or(0));
    if granted.password.len() > MAX_PASSWORD {
        let len = granted.password.len();
        return Some(format!(
            "gave a session password of {len} bytes, where {MAX_PASSWORD} are more than any server needs"
        ));
    }
    if timeout > wanted.saturating_add(MAX_EXTRA_TIMEOUT) {
        return Some(format!(
            "granted a session timeout of {timeout:?} where {wanted:?} was asked for"
        ));
    }
    None
}

/// The longest session password taken: it is presented again on every connection. Servers send 16 bytes.
const MAX_PASSWORD: usize = 1024;

/// By how much a server may exceed the session timeout asked for (its `minSessionTimeout`). The silence of a server is
/// noticed after two thirds of what it granted, so whoever grants years is never found out.
const MAX_EXTRA_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How many bytes of paths one event may become.
const MAX_PATHS: usize = 1024 * 1024;

/// xid, zxid and error.
const REPLY_HEADER: usize = 16;
