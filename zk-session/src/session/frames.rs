//! Telling of frames.

use zk_wire::{Decode as _, OpCode, Reader, ReplyHeader, xid};

use crate::connection::link::Link;
use crate::frame::{Frame, FrameWay};
use crate::requests::purpose::Purpose;
use crate::session::Session;

impl Session {
    /// Whether [`poll_frame`](Self::poll_frame) tells of the frames from here on; at first it does not. A driver that
    /// listens empties it after each input and each batch: what it does not fetch is kept.
    pub fn trace_frames(&mut self, on: bool) {
        self.frames.listen(on);
    }

    /// The next frame that was sent or received.
    #[must_use]
    pub fn poll_frame(&mut self) -> Option<Frame> {
        self.frames.take()
    }

    /// A frame of `len` bytes, its length included, was appended to the batch.
    pub(crate) fn frame_sent(
        &mut self,
        op: OpCode,
        xid: i32,
        len: usize,
        purpose: Option<&Purpose>,
    ) {
        let Some(conn) = self.link.conn().filter(|_| self.frames.is_on()) else {
            return;
        };
        let requests = match purpose {
            Some(Purpose::Reads(joined)) => joined.reads.iter().map(|read| read.id).collect(),
            Some(purpose) => purpose.user().into_iter().collect(),
            None => Vec::new(),
        };
        self.frames.push(Frame {
            conn,
            way: FrameWay::Sent,
            xid,
            op: Some(op),
            len: len.saturating_sub(LENGTH),
            requests,
        });
    }

    /// A frame arrived, and nothing has been done about it yet.
    pub(crate) fn frame_received(&mut self, frame: &bytes::Bytes) {
        let Some(conn) = self.link.conn().filter(|_| self.frames.is_on()) else {
            return;
        };
        let header = ReplyHeader::decode(&mut Reader::new(frame.clone())).ok();
        let header = header.filter(|_| matches!(self.link, Link::Up(_)));
        let (xid, op) = match header.map(|header| header.xid) {
            None => (0, Some(OpCode::CreateSession)),
            Some(xid::NOTIFICATION) => (xid::NOTIFICATION, Some(OpCode::Notification)),
            Some(xid::PING) => (xid::PING, Some(OpCode::Ping)),
            Some(xid::AUTH) => (xid::AUTH, Some(OpCode::Auth)),
            Some(xid) if self.sasl.expects(xid) => (xid, Some(OpCode::Sasl)),
            Some(xid) => (xid, self.in_flight.op_of(xid)),
        };
        self.frames.push(Frame {
            conn,
            way: FrameWay::Received,
            xid,
            op,
            len: frame.len(),
            requests: Vec::new(),
        });
    }
}

/// The bytes in front of a frame that tell its length.
const LENGTH: usize = 4;
