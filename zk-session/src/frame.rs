//! What a driver may tell of single frames: their kind and size, never what is in them.

use std::collections::VecDeque;

use zk_wire::OpCode;

use crate::ids::{ConnId, RequestId};

/// A frame that was sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// On which connection.
    pub conn: ConnId,
    /// In which direction.
    pub way: FrameWay,
    /// The number of the request; 0 for a handshake, negative for pings, events, and packets of authentication.
    pub xid: i32,
    /// What it asks for, or answers; `None` for an answer to nothing.
    pub op: Option<OpCode>,
    /// Its bytes, without the four that tell their number.
    pub len: usize,
    /// The users' requests in a frame that was sent.
    pub requests: Vec<RequestId>,
}

/// The direction of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two ends")]
pub enum FrameWay {
    /// To the server: handed to the driver.
    Sent,
    /// From the server.
    Received,
}

/// The frames that nobody has asked for yet; none unless somebody listens.
#[derive(Debug, Default)]
pub(crate) struct FrameLog {
    on: bool,
    frames: VecDeque<Frame>,
}

impl FrameLog {
    pub(crate) const fn is_on(&self) -> bool {
        self.on
    }

    pub(crate) fn listen(&mut self, on: bool) {
        self.on = on;
        if !on {
            self.frames = VecDeque::new();
        }
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        if self.on {
            self.frames.push_back(frame);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }
}
