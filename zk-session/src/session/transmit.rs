//! Bytes out.

use std::time::Duration;

use zk_wire::frame::write_frame;
use zk_wire::{ConnectRequest, Encode, Moment, OpCode, Password, Request, SessionId, xid};

use crate::connection::link::{Link, Ping, Presented};
use crate::connection::timers::Timer;
use crate::event::Transmit;
use crate::promises::duty::Known;
use crate::requests::in_flight::{Slot, WatchToSet};
use crate::requests::joined::{joinable, read_of};
use crate::requests::purpose::Purpose;
use crate::requests::queue::Queued;
use crate::requests::request_len::request_len;
use crate::session::{Closing, Session};

/// The size of one batch, unless a single frame is larger.
const MAX_BATCH: usize = 64 * 1024;

/// A ping at least this often, however long the session timeout is.
const MAX_PING_INTERVAL: Duration = Duration::from_secs(10);

impl Session {
    /// Appends the next batch of frames to `buf`; `None` if there is nothing to send now.
    ///
    /// Requests in the batch count as sent at `now`, and as handed over whether the driver manages to
    /// write them or not.
    pub fn poll_transmit(&mut self, now: Moment, buf: &mut Vec<u8>) -> Option<Transmit> {
        let start = buf.len();
        let conn = match &mut self.link {
            Link::Down | Link::Dialing { .. } => return None,
            Link::Handshake {
                conn, presented, ..
            } => {
                let conn = *conn;
                if presented.is_some() {
                    return None;
                }
                let request = self.connect_request();
                self.present(Presented {
                    session: request.session_id,
                    at: now,
                });
                write_frame(buf, |out| request.encode(out));
                self.frame_sent(OpCode::CreateSession, 0, buf.len() - start, None);
                conn
            }
            Link::Up(up) => {
                let conn = up.conn;
                self.transmit_on_session(now, buf, start);
                conn
            }
        };
        let len = buf.len().saturating_sub(start);
        if len == 0 {
            return None;
        }
        self.stats.bytes_sent += len as u64;
        Some(Transmit::new(conn, len))
    }

    /// How long we may be silent.
    pub(crate) fn ping_interval(&self) -> Duration {
        (self.timeout / 3).min(MAX_PING_INTERVAL)
    }

    /// Sets the timer for the next ping, unless one is under way.
    pub(crate) fn arm_ping(&mut self) {
        let interval = self.ping_interval();
        if let Some(up) = self.link.up().filter(|up| up.ping == Ping::Idle) {
            let at = up.last_sent + interval;
            self.timers.set(Timer::Ping, at);
        }
    }

    fn connect_request(&self) -> ConnectRequest {
        // What only read-only servers know must not be presented anywhere else.
        let identity = self
            .identity
            .as_ref()
            .filter(|identity| !identity.read_only);
        let timeout_ms = self.config.session_timeout.as_millis();
        ConnectRequest {
            protocol_version: 0,
            #[cfg(feature = "__seeded-bugs")]
            last_zxid_seen: if crate::seeded::is_on("handshake-without-a-zxid") {
                zk_wire::Zxid::NONE
            } else {
                self.zxids.seen()
            },
            #[cfg(not(feature = "__seeded-bugs"))]
            last_zxid_seen: self.zxids.seen(),
            timeout_ms: i32::try_from(timeout_ms).unwrap_or(i32::MAX),
            session_id: identity.map_or(SessionId::NONE, |identity| identity.id),
            password: identity
                .map_or_else(Password::zeroed, |it| it.password.clone())
                .into(),
            read_only: Some(self.config.read_only_ok),
        }
    }

    fn present(&mut self, now_presented: Presented) {
        if let Link::Handshake { presented, .. } = &mut self.link {
            *presented = Some(now_presented);
        }
    }

    fn transmit_on_session(&mut self, now: Moment, buf: &mut Vec<u8>, start: usize) {
        if self.closing == Some(Closing::Sent) {
            return;
        }
        self.transmit_sasl(buf);
        let mut pinged = false;
        if self.sasl.is_done() {
            // Before that a server may end the connection because of a ping (enforce.auth.enabled).
            pinged = self.transmit_ping(now, buf);
            self.transmit_credentials(buf);
        }
        while self.link.is_ready() && !self.leaving && self.closing != Some(Closing::Sent) {
            let used = buf.len().saturating_sub(start);
            let Some(next) = self.queue.peek() else {
                break;
            };
            let is_full = used > 0 && used + 4 + request_len(&next.request) > MAX_BATCH;
            if is_full || !self.transmit_next(now, buf, pinged) {
                break;
            }
        }
        if buf.len() > start {
            if let Some(up) = self.link.up_mut() {
                up.last_sent = now;
            }
            self.arm_ping();
        }
    }

    fn transmit_sasl(&mut self, buf: &mut Vec<u8>) {
        let (xids, in_flight) = (&mut self.xids, &self.in_flight);
        let step = self
            .sasl
            .next_to_send(|| xids.take(|xid| in_flight.has_xid(xid)));
        if let Some((xid, token)) = step {
            let request = Request::Sasl { token: Some(token) };
            self.write_own(buf, xid, &request);
        }
    }

    fn transmit_credentials(&mut self, buf: &mut Vec<u8>) {
        while let Some(credential) = self.auth.next_to_send() {
            let scheme = credential.scheme().to_owned();
            let request = Request::Auth {
                scheme,
                auth: credential.auth().clone(),
            };
            self.write_own(buf, xid::AUTH, &request);
        }
    }

    /// True if a ping was due.
    fn transmit_ping(&mut self, now: Moment, buf: &mut Vec<u8>) -> bool {
        let Some(up) = self.link.up_mut().filter(|up| up.ping == Ping::Wanted) else {
            return false;
        };
        up.ping = Ping::Sent(now);
        self.write_own(buf, xid::PING, &Request::Ping);
        true
    }

    /// Writes what the session asks for itself and nobody waits for.
    fn write_own(&mut self, buf: &mut Vec<u8>, xid: i32, request: &Request) {
        let before = buf.len();
        write_frame(buf, |out| request.encode(xid, out));
        self.stats.count_sent(request.op_code());
        self.frame_sent(request.op_code(), xid, buf.len() - before, None);
    }

    pub(crate) fn transmit_request(&mut self, now: Moment, buf: &mut Vec<u8>, queued: Queued) {
        let Queued {
            mut request,
            purpose,
            watch,
            deadline,
            again,
            ..
        } = queued;
        let wanted = watch.zip(request.path());
        if wanted.is_some_and(|((_, kind), path)| self.is_covered(kind, path)) {
            set_no_watch(&mut request);
        }
        let kind = joinable(&request);
        let read_frame = kind.is_some();
        let is_large = kind.is_some_and(|kind| !self.coalescer.is_worth_joining(kind));
        let op = request.op_code();
        let xid = self.xids.take(|xid| self.in_flight.has_xid(xid));
        let before = buf.len();
        write_frame(buf, |out| request.encode(xid, out));
        self.stats.count_sent(op);
        self.frame_sent(op, xid, buf.len() - before, Some(&purpose));
        let results = match &request {
            Request::Multi(ops) => Some(ops.len()),
            Request::MultiRead(reads) => Some(reads.len()),
            _ => None,
        };
        let large = is_large.then(|| read_of(&request)).flatten();
        let watch = watch
            .zip(request.path())
            .map(|((id, kind), path)| WatchToSet {
                id,
                kind,
                path: path.to_owned(),
            });
        match &purpose {
            Purpose::User {
                id,
                duty: Some(duty),
            } => {
                if let Some(duty) = self.duties.get_mut(*duty) {
                    duty.known = Known::InFlight(*id);
                }
            }
            Purpose::Close => self.closing = Some(Closing::Sent),
            _ => {}
        }
        let slot = Slot {
            xid,
            op,
            sent_at: now,
            purpose,
            watch,
            deadline,
            abandoned: false,
            results,
            read_frame,
            large,
            again,
        };
        self.in_flight.push(slot);
    }
}

/// Has a read only read.
fn set_no_watch(request: &mut Request) {
    if let Request::Exists { watch, .. }
    | Request::GetData { watch, .. }
    | Request::GetChildren { watch, .. }
    | Request::GetChildren2 { watch, .. } = request
    {
        *watch = false;
    }
}
