//! What the driver reports.

use std::time::Duration;

use bytes::BytesMut;
use zk_wire::{FrameDecoder, FrameError, Moment, Zxid};

use crate::connection::link::{Link, Ping};
use crate::connection::stranger::stranger;
use crate::connection::timers::Timer;
use crate::ids::ConnId;
use crate::session::Session;
use crate::session::lifecycle::Break;
use crate::state::{ExpiryCause, LinkFailure, Stage};

impl Session {
    /// The connection asked for is open. Reports about other connections than the current one are
    /// ignored, here and in the other inputs.
    pub fn handle_connected(&mut self, _now: Moment, conn: ConnId) {
        if let Link::Dialing {
            conn: current,
            server,
            ..
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

    /// The connection asked for is open, and the driver goes on to encrypt it before it reports it as connected.
    pub fn handle_securing(&mut self, _now: Moment, opened: ConnId) {
        if let Link::Dialing { conn, securing, .. } = &mut self.link {
            *securing |= *conn == opened;
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
                    self.timers.stop(Timer::Frame);
                    self.stats.bytes_received += frame.len() as u64 + 4;
                    self.handle_frame(now, frame);
                }
                Ok(None) => {
                    self.expect_the_rest(now, input);
                    self.judge_doubt(now);
                    self.go_on_if_idle(now);
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
        self.go_on_if_idle(now);
    }

    /// The connection ended, or could not be opened.
    pub fn handle_disconnected(&mut self, now: Moment, conn: ConnId, why: LinkFailure) {
        if self.link.is(conn) {
            let mut text = why.text().to_owned();
            if let Link::Handshake {
                presented: Some(_), ..
            } = self.link
            {
                if !why.is_tls() {
                    text = self.closed_early(&text);
                }
            }
            self.give_up(
                now,
                Break {
                    hangup: false,
                    tls: why.is_tls(),
                    ..Break::hang_up(text)
                },
            );
        }
    }

    /// Time has passed. Calls before [`poll_timeout`](Self::poll_timeout) do nothing.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.timers.take_due(Timer::CloseGrace, now) {
            self.close_grace_is_over();
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
            if let Some(attempt) = self.attempt() {
                self.give_up(
                    now,
                    Break {
                        tls: attempt.stage == Stage::Securing,
                        ..Break::hang_up(attempt.stage.overdue(now - attempt.since))
                    },
                );
            }
        }
        if self.timers.take_due(Timer::Read, now) {
            let text = match self.link.up() {
                Some(up) if !up.ready => {
                    "did not finish authentication within two thirds of the session timeout"
                }
                _ => "was silent for two thirds of the session timeout",
            };
            self.give_up(now, Break::hang_up(text));
        }
        if self.timers.take_due(Timer::Frame, now) {
            let text = "began to send a frame and did not finish it";
            self.give_up(now, Break::hang_up(text));
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
        if self.timers.take_due(Timer::Look, now) {
            let looks = self.looks.take_due(now);
            self.look_again(looks);
            self.resume_duties();
            self.schedule_looks();
        }
        if self.timers.take_due(Timer::Doubt, now) {
            self.judge_doubt(now);
        }
        if self.timers.take_due(Timer::Leave, now) {
            self.leave(now);
        }
        if self.timers.take_due(Timer::Probe, now) {
            self.probe_is_due(now);
        }
        self.go_on_if_idle(now);
    }

    /// The server lives: whatever waits for its silence starts again.
    pub(crate) fn heard(&mut self, now: Moment) {
        let Some(up) = self.link.up() else {
            return;
        };
        self.last_heard = Some(now);
        // Until the session is ready one span has to do for all: a server that sends a byte now and then would hold us
        // for ever.
        if up.ready || self.timers.get(Timer::Read).is_none() {
            self.timers.set(Timer::Read, now + self.timeout * 2 / 3);
        }
        if self.config.local_expiry {
            self.timers.set(Timer::Expiry, now + self.expiry_silence());
        }
    }

    /// Part of a frame is there. Each byte counts as a sign of life, so a server that sends one now and then would
    /// never be found silent; a whole frame has its own time.
    fn expect_the_rest(&mut self, now: Moment, part: &BytesMut) {
        if part.is_empty() || self.link.up().is_none() || self.timers.get(Timer::Frame).is_some() {
            return;
        }
        let seconds = self.decoder.max() / SLOWEST;
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let limit = self.timeout.saturating_add(Duration::from_secs(seconds));
        self.timers.set(Timer::Frame, now + limit);
    }

    /// A server that closes after it has read the handshake has reasons, and tells none of them.
    fn closed_early(&self, how: &str) -> String {
        let lag = if self.zxids.seen() > Zxid::NONE {
            ", or lag behind what this session has seen"
        } else {
            ""
        };
        let wants = if self.config.encrypted {
            "it may refuse the client's certificate, or the lack of one (ssl.clientAuth)"
        } else {
            "it may expect TLS"
        };
        format!(
            "connected, but it closed the connection during the handshake ({how}): {wants}, or have too many \
             connections from here (maxClientCnxns){lag}"
        )
    }

    fn expiry_silence(&self) -> Duration {
        self.timeout * 4 / 3
    }
}

/// The bytes in a second below which a connection counts as standing still.
const SLOWEST: usize = 64 * 1024;
