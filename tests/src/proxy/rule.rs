//! Rules: on which frame, and what then.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use zk_wire::OpCode;

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// What a frame is, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A handshake, or its answer: the first frame each way.
    Connect,
    /// A request, or the reply to one (pings, auth packets and `setWatches` included).
    Op(OpCode),
    /// A watch event.
    Event,
}

/// What the rules know of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) direction: Direction,
    pub(super) kind: Kind,
    /// Paths the request names; a reply's are its request's.
    pub(super) paths: Arc<[String]>,
    /// How many bytes of this direction of the connection are before it.
    pub(super) start: u64,
    /// Its length with the length prefix.
    pub(super) len: u64,
}

/// A condition on frames. All parts must hold; of the frames for which they do, the `nth` is meant, and from then on
/// each `step`th if [`each`](Self::each) or [`every`](Self::every) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct When {
    direction: Direction,
    kind: Option<Kind>,
    path: Option<String>,
    byte: Option<u64>,
    nth: u64,
    step: Option<u64>,
}

impl When {
    /// Frames that go this way.
    pub const fn frame(direction: Direction) -> Self {
        Self {
            direction,
            kind: None,
            path: None,
            byte: None,
            nth: 1,
            step: None,
        }
    }

    /// Requests with this code.
    pub const fn request(op: OpCode) -> Self {
        Self::frame(Direction::ToServer).kind(Kind::Op(op))
    }

    /// Replies to requests with this code.
    pub const fn reply(op: OpCode) -> Self {
        Self::frame(Direction::ToClient).kind(Kind::Op(op))
    }

    /// The frame that holds this byte (from 0) of what a connection carries in this direction.
    pub const fn byte(direction: Direction, byte: u64) -> Self {
        let mut when = Self::frame(direction);
        when.byte = Some(byte);
        when
    }

    /// Only frames of this kind.
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only requests, and replies to requests, that name a path which contains `part`; a multi names all of its paths.
    pub fn path(mut self, part: impl Into<String>) -> Self {
        self.path = Some(part.into());
        self
    }

    /// Only the nth of them, from 1, over all connections since the rule was made.
    pub const fn nth(mut self, nth: u64) -> Self {
        self.nth = nth;
        self
    }

    /// Each from the nth on, and not that one alone.
    pub const fn every(self) -> Self {
        self.each(1)
    }

    /// Each `step`th from the nth on, and not that one alone.
    pub const fn each(mut self, step: u64) -> Self {
        self.step = Some(step);
        self
    }

    pub(super) fn fits(&self, frame: &Frame) -> bool {
        let path = |part: &String| frame.paths.iter().any(|path| path.contains(part));
        self.direction == frame.direction
            && self.kind.is_none_or(|kind| kind == frame.kind)
            && self.path.as_ref().is_none_or(path)
            && self
                .byte
                .is_none_or(|at| (frame.start..frame.start + frame.len).contains(&at))
    }

    /// Whether the `count`th fitting frame is meant.
    pub(super) const fn means(&self, count: u64) -> bool {
        match self.step {
            _ if count < self.nth => false,
            Some(step) if step > 0 => (count - self.nth) % step == 0,
            _ => count == self.nth,
        }
    }

    /// Where in this frame the byte of the condition is.
    pub(super) fn offset_in(&self, frame: &Frame) -> Option<u64> {
        self.byte.map(|at| at - frame.start)
    }
}

/// What happens to the frame, and to its connection. Frames behind it wait, as the connection is one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The frame does not pass and the connection ends: a request is cut before it is applied, a reply after.
    Cut,
    /// The request passes; its reply is awaited from the server, does not pass, and the connection ends: cut after
    /// apply. A reply is cut as by [`Cut`](Self::Cut).
    CutAfter,
    /// That many bytes of the frame pass, its length prefix counted; then the connection ends.
    CutAt(u64),
    /// The connection ends before the byte that [`When::byte`] names.
    CutAtByte,
    /// The frame passes so much later.
    Delay(Duration),
    /// The frame passes when [`Rule::release`] is called.
    Hold,
    /// The frame passes byte by byte, each after this pause.
    Drip(Duration),
}

/// A rule that was given to a proxy.
#[derive(Debug)]
pub struct Rule {
    pub(super) hits: watch::Receiver<u64>,
    pub(super) released: Arc<watch::Sender<bool>>,
}

impl Rule {
    /// How often the rule has acted.
    #[must_use]
    pub fn hits(&self) -> u64 {
        *self.hits.borrow()
    }

    /// Resolves when the rule has acted that often.
    ///
    /// # Panics
    ///
    /// If the proxy is gone.
    pub async fn acted(&mut self, times: u64) {
        let seen = self.hits.wait_for(|hits| *hits >= times).await;
        seen.expect("the proxy is there");
    }

    /// Lets everything pass that the rule holds, now and later.
    pub fn release(&self) {
        self.released.send_replace(true);
    }
}
