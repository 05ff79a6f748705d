//! What the driver reports.

use bytes::BytesMut;
use zk_wire::{FrameDecoder, FrameError, Moment, Zxid};

use crate::connection::link::{Link, Ping};
use crate::connection::stranger::stranger;
use crate::connection::timers::Timer;
use crate::ids::ConnId;
use crate::outcome::FailCause;
use crate::session::Session;
use crate::session::lifecycle::Break;
use crate::state::{ExpiryCause, LinkFailure, SessionState};

impl Session {
    /// The connection asked for is open. Reports about other connections than the current one are
    /// ignored, here and in the other inputs.
    pub fn handle_connected(&mut self, _now: Moment, conn: ConnId) {
        if let Link::Dialing {
            conn: current,
            server,
        } = self.link
        {
            if current == conn {
                self.link = Link::Handshake {
                    conn,
                    server,
                    presented: None,
                };
            }
        }
    }

    /// Bytes arrived. Complete frames are taken from `input`; an incomplete one stays there for the next
    /// call.
    pub fn handle_bytes(&mut self, now: Moment, conn: ConnId, input: &mut BytesMut) {
        if !self.link.is(conn) {
            input.clear();
            return;
        }
        if !input.is_empty() {
            self.heard(now);
        }
        while self.link.is(conn) {
            self.decoder = FrameDecoder::new(self.frame_limit());
            match self.decoder.next(input) {
                Ok(Some(frame)) => {
                    self.stats.bytes_received += frame.len() as u64 + 4;
                    self.handle_frame(now, frame);
                }
                Ok(None) => {
                    self.judge_doubt(now);
                    return;
                }
                Err(_) if matches!(self.link, Link::Handshake { .. }) => {
                    self.give_up(now, Break::hang_up(stranger(input)));
                }
                Err(FrameError::TooLarge { len, max }) => {
                    self.give_up(now, Break::too_large(len, max));
                }
                Err(error) => self.give_up(now, Break::protocol(error.to_string())),
            }
        }
        input.clear();
        self.judge_doubt(now);
    }

    /// The connection ended, or could not be opened.
    pub fn handle_disconnected(&mut self, now: Moment, conn: ConnId, why: LinkFailure) {
        if self.link.is(conn) {
            let mut text = why.text().to_owned();
            if let Link::Handshake {
                presented: Some(_), ..
            } = self.link
            {
                text = self.closed_early(&text);
            }
            self.give_up(
                now,
                Break {
                    hangup: false,
                    ..Break::hang_up(text)
                },
            );
        }
    }

    /// Time has passed. Calls before [`poll_timeout`](Self::poll_timeout) do nothing.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.timers.take_due(Timer::CloseGrace, now) {
            self.end(SessionState::Closed, &FailCause::Closed);
        }
        if let Some(at) = self.timers.get(Timer::Expiry).filter(|at| *at <= now) {
            let heard = at - self.expiry_silence();
            self.expire(ExpiryCause::Silence {
                silence: now - heard,
            });
        }
        while let Some(&(at, id)) = self.deadlines.first() {
            if at > now {
                break;
            }
            self.deadlines.pop_first();
            self.time_out(id);
        }
        if self.timers.take_due(Timer::Dial, now) {
            let after = (now - self.dialled_at).as_secs_f64();
            let text = match self.link {
                Link::Handshake { .. } => {
                    format!("connected, but it did not answer the handshake within {after:.1} s")
                }
                _ => {
                    format!("no connection within {after:.1} s (packets may be dropped on the way)")
                }
            };
            self.give_up(now, Break::hang_up(text));
        }
        if self.timers.take_due(Timer::Read, now) {
            self.give_up(
                now,
                Break::hang_up("was silent for two thirds of the session timeout"),
            );
        }
        if self.timers.take_due(Timer::Backoff, now) {
            self.dial(now);
        }
        if self.timers.take_due(Timer::Ping, now) {
            if let Some(up) = self.link.up_mut().filter(|up| up.ping == Ping::Idle) {
                up.ping = Ping::Wanted;
            }
        }
        if self.timers.take_due(Timer::Confirm, now) {
            self.schedule_confirms(now);
        }
        if self.timers.take_due(Timer::DutyRetry, now) {
            self.resume_duties();
        }
        if self.timers.take_due(Timer::Doubt, now) {
            self.judge_doubt(now);
        }
    }

    /// The server lives: whatever waits for its silence starts again.
    pub(crate) fn heard(&mut self, now: Moment) {
        if self.link.up().is_none() {
            return;
        }
        self.last_heard = Some(now);
        self.timers.set(Timer::Read, now + self.timeout * 2 / 3);
        if self.config.local_expiry {
            self.timers.set(Timer::Expiry, now + self.expiry_silence());
        }
    }

    /// A server that closes after it has read the handshake has reasons, and tells none of them.
    fn closed_early(&self, how: &str) -> String {
        let lag = if self.zxids.seen() > Zxid::NONE {
            ", or lag behind what this session has seen"
        } else {
            ""
        };
        format!(
            "connected, but it closed the connection during the handshake ({how}): it may expect TLS, or have too \
             many connections from here (maxClientCnxns){lag}"
        )
    }

    fn expiry_silence(&self) -> std::time::Duration {
        self.timeout * 4 / 3
    }
}
