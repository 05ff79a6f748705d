//! One connection: what has come in, what goes out, and who it is.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;
use zk_wire::sasl::Challenge;
use zk_wire::{Moment, SessionId};

use super::acl::{Identities, Schemes};

/// A connection, as the core and its driver call it. Never used twice by one server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnKey(u64);

impl ConnKey {
    pub(super) const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The number: 1 for a server's first connection.
    #[must_use]
    pub const fn as_raw(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}", self.0)
    }
}

impl fmt::Debug for ConnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnKey({})", self.0)
    }
}

/// How far a connection has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The handshake has not come; it is closed if that lasts.
    New {
        until: Moment,
    },
    /// The session is being created; nothing is read until it is.
    Establishing,
    Open(SessionId),
    /// Nothing is read any more, and it ends when everything is sent.
    Closing,
}

#[derive(Debug)]
pub(super) struct Conn {
    pub(super) stage: Stage,
    pub(super) address: IpAddr,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    /// Shared with the requests that are waiting: each keeps what was proven when it arrived.
    pub(super) identities: Arc<Identities>,
    /// What a client has to answer that has begun SASL.
    pub(super) challenge: Option<Challenge>,
    /// When it was last heard.
    pub(super) heard: Moment,
    /// Requests that wait for a commit, their own or that of one before them.
    pub(super) waiting: usize,
}

impl Conn {
    pub(super) fn new(address: IpAddr, schemes: Schemes, now: Moment, until: Moment) -> Self {
        Self {
            stage: Stage::New { until },
            address,
            input: BytesMut::new(),
            output: Output::default(),
            identities: Arc::new(Identities::of_address(address, schemes)),
            challenge: None,
            heard: now,
            waiting: 0,
        }
    }

    pub(super) const fn session(&self) -> Option<SessionId> {
        match self.stage {
            Stage::Open(session) => Some(session),
            Stage::New { .. } | Stage::Establishing | Stage::Closing => None,
        }
    }

    /// Whether there is room for the consequences of more input.
    pub(super) fn wants_input(&self) -> bool {
        matches!(self.stage, Stage::New { .. } | Stage::Open(_))
            && self.waiting < MAX_WAITING
            && self.output.len() < MAX_OUTPUT
    }
}

/// Frames on their way out, some of them not before their time.
#[derive(Debug, Default)]
pub(super) struct Output {
    ready: Vec<u8>,
    later: VecDeque<(Moment, Vec<u8>)>,
    /// Nothing leaves while this is set.
    pub(super) held: bool,
    /// Everything that is pushed is lost.
    pub(super) muted: bool,
}

impl Output {
    /// Appends behind everything that is on its way.
    pub(super) fn push(&mut self, frame: &[u8]) {
        if self.muted {
            return;
        }
        match self.later.back_mut() {
            Some((_, bytes)) => bytes.extend_from_slice(frame),
            None => self.ready.extend_from_slice(frame),
        }
    }

    /// Appends, and holds back this frame and all that follow.
    pub(super) fn push_at(&mut self, at: Moment, frame: Vec<u8>) {
        if !self.muted {
            self.later.push_back((at, frame));
        }
    }

    /// Overtakes what is held back.
    pub(super) fn push_urgent(&mut self, frame: &[u8]) {
        if !self.muted {
            self.ready.extend_from_slice(frame);
        }
    }

    /// Lets go what is due. `true` if there was any.
    pub(super) fn release(&mut self, now: Moment) -> bool {
        let mut any = false;
        while self.later.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, bytes)) = self.later.pop_front() {
                self.ready.extend_from_slice(&bytes);
                any = true;
            }
        }
        any
    }

    pub(super) fn next_release(&self) -> Option<Moment> {
        self.later.front().map(|(at, _)| *at)
    }

    /// Forgets what is not on its way yet.
    pub(super) fn drop_held_back(&mut self) {
        self.later.clear();
        if self.held {
            self.ready.clear();
        }
    }

    /// Moves what may go now to the end of `out`.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) {
        if !self.held {
            out.append(&mut self.ready);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.later.is_empty()
    }

    fn len(&self) -> usize {
        self.ready.len()
            + self
                .later
                .iter()
                .map(|(_, bytes)| bytes.len())
                .sum::<usize>()
    }
}

/// As many unanswered requests as a stock server reads from all its connections together
/// (`zookeeper.globalOutstandingLimit`).
const MAX_WAITING: usize = 1000;

/// A client that does not read its answers gets no more of them.
const MAX_OUTPUT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(output: &mut Output) -> Vec<u8> {
        let mut out = Vec::new();
        output.take(&mut out);
        out
    }

    #[test]
    fn what_follows_a_delayed_frame_waits_with_it_and_a_ping_does_not() {
        let mut output = Output::default();
        let at = |ms: u64| Moment::from_nanos(ms * 1_000_000);
        output.push(b"a");
        output.push_at(at(5), b"b".to_vec());
        output.push(b"c");
        output.push_urgent(b"!");
        assert_eq!(taken(&mut output), b"a!");
        assert!(!output.release(at(4)));
        assert_eq!(output.next_release(), Some(at(5)));
        assert!(output.release(at(5)));
        assert_eq!(taken(&mut output), b"bc");
        assert!(output.is_empty());
    }

    #[test]
    fn a_held_output_keeps_everything() {
        let mut output = Output {
            held: true,
            ..Output::default()
        };
        output.push(b"a");
        assert_eq!(taken(&mut output), b"");
        output.held = false;
        assert_eq!(taken(&mut output), b"a");
    }
}
